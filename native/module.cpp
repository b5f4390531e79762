// The Python binding of the kernel: checks every argument, chooses the instruction set, runs the threads.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <complex>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "job.hpp"

namespace py = pybind11;
using namespace homotopy_lcn;

namespace {

// Another layout, type or alignment is copied.
template <class Number>
using Array = py::array_t<Number, py::array::c_style | py::detail::npy_api::NPY_ARRAY_ALIGNED_>;
using Complexes = Array<std::complex<double>>;
using Reals = Array<double>;
constexpr std::size_t largest_result = std::size_t(1) << 36;     // bytes
constexpr std::size_t largest_workspace = std::size_t(1) << 32;  // bytes, all threads together
constexpr double short_call = 1e6;                               // products in a step of all paths: below, Ctrl-C can wait

bool runs_here(const Kernel& kernel) {
#if defined(HOMOTOPY_LCN_X86)
    __builtin_cpu_init();
    if (&kernel == &kernel_avx512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
    if (&kernel == &kernel_avx2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    (void)kernel;
    return true;
}

std::vector<const Kernel*> find_kernels() {
    std::vector<const Kernel*> result;
#if defined(HOMOTOPY_LCN_X86)
    for (const Kernel* kernel : {&kernel_avx512, &kernel_avx2})
        if (runs_here(*kernel)) result.push_back(kernel);
#endif
    result.push_back(&kernel_baseline);
    return result;
}

// The kernels that run on this processor, fastest first.
const std::vector<const Kernel*>& kernels() {
    static const std::vector<const Kernel*> found = find_kernels();
    return found;
}

const Kernel& kernel_named(const std::string& name) {
    for (const Kernel* kernel : kernels())
        if (name.empty() || name == kernel->name) return *kernel;
    throw py::value_error("instruction_set: " + name + " is not available here");
}

void require(bool condition, const std::string& message) {
    if (!condition) throw py::value_error(message);
}

void require_finite(const char* name, const double* data, py::ssize_t count) {
    for (py::ssize_t i = 0; i < count; ++i) require(std::isfinite(data[i]), std::string(name) + ": not finite");
}

struct AlignedFree {
    void operator()(void* p) const { std::free(p); }
};

const double* raw(const Complexes& array) { return reinterpret_cast<const double*>(array.data()); }
const double* raw(const Reals& array) { return array.data(); }
template <class Number>
void require_finite(const char* name, const Array<Number>& array) {
    require_finite(name, raw(array), array.size() * py::ssize_t(sizeof(Number) / sizeof(double)));
}

bool is_diagonal(const Complexes& gram) {
    const py::ssize_t size = gram.shape(0);
    for (py::ssize_t i = 0; i < size * size; ++i)
        if (i % (size + 1) != 0 && gram.data()[i] != 0.0) return false;
    return true;
}

// The calls under way. A thread may not come back to Python once the interpreter has begun to shut down, so at exit all
// calls are cancelled and waited for, and no other begins.
class Calls {
   public:
    void begin(std::atomic<bool>* cancelled) {
        const std::lock_guard<std::mutex> lock(mutex);
        if (closed) throw std::runtime_error("the interpreter is exiting");
        running.push_back(cancelled);
    }
    void end(std::atomic<bool>* cancelled) {
        const std::lock_guard<std::mutex> lock(mutex);
        running.erase(std::find(running.begin(), running.end(), cancelled));
        ended.notify_all();
    }
    void close() {
        const py::gil_scoped_release release;
        std::unique_lock<std::mutex> lock(mutex);
        closed = true;
        for (std::atomic<bool>* cancelled : running) *cancelled = true;
        // Not forever: a forked process may have inherited calls that nobody ends.
        ended.wait_for(lock, std::chrono::seconds(10), [&] { return running.empty(); });
    }
    bool is_closed() {
        const std::lock_guard<std::mutex> lock(mutex);
        return closed;
    }

   private:
    std::mutex mutex;
    std::condition_variable ended;
    std::vector<std::atomic<bool>*> running;
    bool closed = false;
};

Calls& calls() {
    static Calls* all = new Calls;  // outlives every thread
    return *all;
}

struct Call {
    explicit Call(std::atomic<bool>* cancelled) : cancelled(cancelled) { calls().begin(cancelled); }
    ~Call() { calls().end(cancelled); }
    std::atomic<bool>* cancelled;
};

// ``Number`` is that of the targets. Real ones are tracked to as such from a diagonal start Gram matrix only.
template <class Number>
py::dict track(const std::vector<std::tuple<int, int, int>>& factors, const Complexes& starts,
               const Complexes& start_gram, const Complexes& start_b, const Array<Number>& target_gram,
               const Array<Number>& target_b, const std::vector<double>& options, std::int64_t max_steps, int jobs,
               const std::string& instruction_set, const py::object& report) {
    require(!factors.empty(), "factors: empty");
    std::vector<FactorShape> shape;
    std::int64_t size = 1, coordinates = 0;
    for (auto [degree, power, dilation] : factors) {
        require(degree >= 0 && power >= 1 && dilation >= 1 && degree <= 4096 && power <= 4096 && dilation <= 1000000,
                "factors: a degree, power or dilation is out of range");
        shape.push_back({degree, power, dilation});
        size += std::int64_t(degree) * power * dilation;
        coordinates += degree + 1;
        require(size <= 4096 && coordinates <= 4096, "factors: too large");
    }
    require(shape[0].power == 1, "factors: the first must have power 1");
    require(starts.ndim() == 2 && starts.shape(1) == coordinates + 1, "starts: wrong shape");
    require(start_gram.ndim() == 2 && start_gram.shape(0) == size && start_gram.shape(1) == size,
            "start_gram: wrong shape");
    require(start_b.ndim() == 1 && start_b.shape(0) == size, "start_b: wrong shape");
    require(target_gram.ndim() == 3 && target_gram.shape(1) == size && target_gram.shape(2) == size,
            "target_gram: wrong shape");
    require(target_b.ndim() == 2 && target_b.shape(0) == target_gram.shape(0) && target_b.shape(1) == size,
            "target_b: wrong shape");
    require(options.size() == 10, "options: ten numbers expected");
    for (double option : options) require(std::isfinite(option) && option > 0, "options: not positive");
    require(max_steps >= 1, "max_steps: not positive");
    require(jobs >= 1 && jobs <= 1024, "jobs: out of range");
    require_finite("starts", starts);
    require_finite("start_gram", start_gram);
    require_finite("start_b", start_b);
    require_finite("target_gram", target_gram);
    require_finite("target_b", target_b);

    constexpr bool real = std::is_same<Number, double>::value;
    if constexpr (real)
        if (!is_diagonal(start_gram))
            return track<std::complex<double>>(factors, starts, start_gram, start_b, Complexes(target_gram),
                                               Complexes(target_b), options, max_steps, jobs, instruction_set, report);

    const std::int64_t targets = target_gram.shape(0), paths = starts.shape(0);
    require(targets == 0 || paths <= std::int64_t(largest_result / 16 / (coordinates + 1)) / targets,
            "starts: too many paths for one call");
    const std::int64_t total = targets * paths;
    Complexes points({total, coordinates + 1});
    py::array_t<std::int64_t> codes(total), steps(total);
    py::array_t<double> errors(total), conditions(total), distances(total);

    std::atomic<std::int64_t> next{0}, finished{0}, iterations{0};
    std::atomic<bool> cancelled{false};
    Job job{};
    job.factors = shape.data();
    job.factor_count = int(shape.size());
    job.filter_size = int(size);
    job.coordinates = int(coordinates);
    job.options = {options[0], options[1], options[2], options[3], options[4], options[5],
                   options[6], options[7], options[8], options[9], max_steps};
    job.start_gram = raw(start_gram);
    job.start_b = raw(start_b);
    job.real = real;
    job.target_gram = raw(target_gram);
    job.target_b = raw(target_b);
    job.starts = raw(starts);
    job.target_count = targets;
    job.start_count = paths;
    job.points = reinterpret_cast<double*>(points.mutable_data());
    job.codes = codes.mutable_data();
    job.errors = errors.mutable_data();
    job.conditions = conditions.mutable_data();
    job.steps = steps.mutable_data();
    job.distances = distances.mutable_data();
    job.next = &next;
    job.finished = &finished;
    job.cancelled = &cancelled;
    job.iterations = &iterations;

    const Kernel& kernel = kernel_named(instruction_set);
    const Call call(&cancelled);
    if (total > 0) {
        const std::size_t bytes = (kernel.workspace(job) + 127) / 64 * 64;
        const std::int64_t useful = (total + kernel.lanes - 1) / kernel.lanes;
        const int threads = int(std::min<std::int64_t>(jobs, useful));
        require(bytes <= largest_workspace / std::size_t(threads),
                "jobs: " + std::to_string(threads) + " threads need too much workspace (" + std::to_string(bytes) +
                    " bytes each)");
        std::vector<std::unique_ptr<void, AlignedFree>> memory;
        for (int i = 0; i < threads; ++i) {
            void* block = std::aligned_alloc(64, bytes);
            if (block == nullptr) throw std::bad_alloc();
            std::memset(block, 0, bytes);
            memory.emplace_back(block);
        }
        const double work = double(total) * double(size) * double(size) * double(coordinates);
        if (threads == 1 && report.is_none() && work <= short_call) {
            py::gil_scoped_release release;  // not worth a thread
            kernel.run(job, memory[0].get());
        } else {
            std::mutex mutex;
            std::condition_variable done;
            int running = threads;
            std::vector<std::thread> pool;
            const auto join = [&] {
                for (std::thread& thread : pool) thread.join();
            };
            try {
                for (int i = 0; i < threads; ++i)
                    pool.emplace_back([&, i] {
                        kernel.run(job, memory[i].get());
                        const std::lock_guard<std::mutex> lock(mutex);
                        --running;
                        done.notify_all();
                    });
                std::int64_t told = 0;
                while (true) {
                    bool over;
                    {
                        py::gil_scoped_release release;
                        std::unique_lock<std::mutex> lock(mutex);
                        over = done.wait_for(lock, std::chrono::milliseconds(50), [&] { return running == 0; });
                    }
                    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
                    if (!report.is_none() && finished.load() > told) {
                        told = finished.load();
                        report(told);
                    }
                    if (over) break;
                }
            } catch (...) {
                cancelled = true;
                {
                    py::gil_scoped_release release;
                    join();
                }
                throw;
            }
            py::gil_scoped_release release;
            join();
        }
    }
    if (cancelled && calls().is_closed()) throw std::runtime_error("the interpreter is exiting");
    py::dict result;
    result["points"] = points;
    result["codes"] = codes;
    result["errors"] = errors;
    result["conditions"] = conditions;
    result["steps"] = steps;
    result["distances"] = distances;
    result["iterations"] = iterations.load() * kernel.lanes;
    return result;
}

}  // namespace

PYBIND11_MODULE(_native, module) {
    module.doc() = "The compiled tracking kernel.";
    module.def("instruction_sets", [] {
        std::vector<std::string> names;
        for (const Kernel* kernel : kernels()) names.emplace_back(kernel->name);
        return names;
    });
    const auto define = [&](auto function) {
        module.def("track", function, py::arg("factors"), py::arg("starts"), py::arg("start_gram"),
                   py::arg("start_b"), py::arg("target_gram"), py::arg("target_b"), py::arg("options"),
                   py::arg("max_steps"), py::arg("jobs"), py::arg("instruction_set"), py::arg("report"));
    };
    define(&track<double>);
    define(&track<std::complex<double>>);
    py::module_::import("atexit").attr("register")(py::cpp_function([] { calls().close(); }));
}
