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

bool runs_here(const std::string& instruction_set) {
#if defined(HOMOTOPY_LCN_X86)
    __builtin_cpu_init();
    if (instruction_set == "avx512")
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
    if (instruction_set == "avx2") return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return instruction_set == "baseline";
}

// What is compiled for one instruction set.
struct Compiled {
    const Kernel& kernel;
    const RefinementKernel& refinement;
};

std::vector<Compiled> find_compiled() {
    std::vector<Compiled> result;
    const auto add = [&](const Kernel& kernel, const RefinementKernel& refinement) {
        if (runs_here(kernel.name)) result.push_back({kernel, refinement});
    };
#if defined(HOMOTOPY_LCN_X86)
    add(kernel_avx512, refinement_avx512);
    add(kernel_avx2, refinement_avx2);
#endif
    add(kernel_baseline, refinement_baseline);
    return result;
}

// What runs on this processor, fastest first.
const std::vector<Compiled>& all_compiled() {
    static const std::vector<Compiled> found = find_compiled();
    return found;
}

const Compiled& compiled_for(const std::string& instruction_set) {
    for (const Compiled& compiled : all_compiled())
        if (instruction_set.empty() || instruction_set == compiled.kernel.name) return compiled;
    throw py::value_error("instruction_set: " + instruction_set + " is not available here");
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

using Factors = std::vector<std::tuple<int, int, int>>;

// The factors of a filter, checked.
struct Shape {
    explicit Shape(const Factors& given) {
        require(!given.empty(), "factors: empty");
        for (auto [degree, power, dilation] : given) {
            require(degree >= 0 && power >= 1 && dilation >= 1 && degree <= 4096 && power <= 4096 && dilation <= 1000000,
                    "factors: a degree, power or dilation is out of range");
            factors.push_back({degree, power, dilation});
            filter_size += std::int64_t(degree) * power * dilation;
            coordinates += degree + 1;
            require(filter_size <= 4096 && coordinates <= 4096, "factors: too large");
        }
        require(factors[0].power == 1, "factors: the first must have power 1");
    }
    std::vector<FactorShape> factors;
    std::int64_t filter_size = 1, coordinates = 0;
};

// Counters that threads share, each in a cache line of its own: one of them is read in every step.
struct Counters {
    alignas(64) std::atomic<std::int64_t> next{0};
    alignas(64) std::atomic<std::int64_t> finished{0};
    alignas(64) std::atomic<std::int64_t> iterations{0};
    alignas(64) std::atomic<bool> cancelled{false};

    void enter(Job& job) {
        job.next = &next;
        job.finished = &finished;
        job.iterations = &iterations;
        job.cancelled = &cancelled;
    }
};

// Calls work(workspace) in so many threads, or in this one if the work is ``short``, with ``bytes`` of workspace each.
template <class Work>
void in_threads(int threads, std::size_t bytes, bool is_short, Counters& counters, const py::object& report,
                const Work& work) {
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
    if (is_short && threads == 1 && report.is_none()) {
        py::gil_scoped_release release;  // not worth a thread
        work(memory[0].get());
        return;
    }
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
                work(memory[i].get());
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
            if (!report.is_none() && counters.finished.load() > told) {
                told = counters.finished.load();
                report(told);
            }
            if (over) break;
        }
    } catch (...) {
        counters.cancelled = true;
        {
            py::gil_scoped_release release;
            join();
        }
        throw;
    }
    py::gil_scoped_release release;
    join();
}

// ``Number`` is that of the targets. Real ones are tracked to as such from a diagonal start Gram matrix only.
template <class Number>
py::dict track(const Factors& factors, const Complexes& starts,
               const Complexes& start_gram, const Complexes& start_b, const Array<Number>& target_gram,
               const Array<Number>& target_b, const std::vector<double>& options, std::int64_t max_steps, int jobs,
               const std::string& instruction_set, const py::object& report) {
    const Shape checked(factors);
    const std::vector<FactorShape>& shape = checked.factors;
    const std::int64_t size = checked.filter_size, coordinates = checked.coordinates;
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

    Counters counters;
    Job job{};
    counters.enter(job);
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

    const Kernel& kernel = compiled_for(instruction_set).kernel;
    const Call call(&counters.cancelled);
    if (total > 0) {
        const std::size_t bytes = (kernel.workspace(job) + 127) / 64 * 64;
        const std::int64_t useful = (total + kernel.lanes - 1) / kernel.lanes;
        const int threads = int(std::min<std::int64_t>(jobs, useful));
        // Few enough that no thread is left with much at the end.
        job.taken_together = std::max<std::int64_t>(1, std::min<std::int64_t>(16, useful / threads / 16));
        const double work = double(total) * double(size) * double(size) * double(coordinates);
        in_threads(threads, bytes, work <= short_call, counters, report, [&](void* memory) { kernel.run(job, memory); });
    }
    if (counters.cancelled && calls().is_closed()) throw std::runtime_error("the interpreter is exiting");
    py::dict result;
    result["points"] = points;
    result["codes"] = codes;
    result["errors"] = errors;
    result["conditions"] = conditions;
    result["steps"] = steps;
    result["distances"] = distances;
    result["iterations"] = counters.iterations.load() * kernel.lanes;
    return result;
}

// Newton's method at points (P, 1 + coordinates) in two parts, for real data.
py::tuple refine(const Factors& factors, const Complexes& high, const Complexes& low, const Reals& gram, const Reals& b,
                 bool real, std::int64_t steps, double small, double near, int jobs,
                 const std::string& instruction_set) {
    const Shape shape(factors);
    const py::ssize_t size = shape.filter_size, coordinates = shape.coordinates;
    for (const auto& [name, points] : {std::pair{"high", &high}, std::pair{"low", &low}})
        require(points->ndim() == 2 && points->shape(1) == coordinates + 1, std::string(name) + ": wrong shape");
    require(low.shape(0) == high.shape(0), "low: wrong shape");
    require(gram.ndim() == 2 && gram.shape(0) == size && gram.shape(1) == size, "gram: wrong shape");
    require(b.ndim() == 1 && b.shape(0) == size, "b: wrong shape");
    require_finite("gram", gram);
    require_finite("b", b);
    require(steps >= 1, "steps: not positive");
    require(small > 0 && near > 0, "small, near: not positive");
    require(jobs >= 1 && jobs <= 1024, "jobs: out of range");

    const py::ssize_t count = high.shape(0);
    Complexes points({count, coordinates + 1}), points_low({count, coordinates + 1}), filters({count, size});
    py::array_t<double> errors(count), conditions(count);
    const std::vector<double> nothing(2 * size * size);  // the start data
    Counters counters;
    Refinement task{};
    Job& job = task.data;
    counters.enter(job);
    job.factors = shape.factors.data();
    job.factor_count = int(shape.factors.size());
    job.filter_size = int(size);
    job.coordinates = int(coordinates);
    job.real = true;
    job.start_gram = job.start_b = nothing.data();
    job.target_gram = raw(gram);
    job.target_b = raw(b);
    job.target_count = 1;
    job.starts = raw(high);
    job.start_count = count;
    job.points = reinterpret_cast<double*>(points.mutable_data());
    job.errors = errors.mutable_data();
    job.conditions = conditions.mutable_data();
    task.real = real;
    task.low = raw(low);
    task.steps = steps;
    task.small = small;
    task.near = near;
    task.points_low = reinterpret_cast<double*>(points_low.mutable_data());
    task.filters = reinterpret_cast<double*>(filters.mutable_data());

    const RefinementKernel& kernel = compiled_for(instruction_set).refinement;
    const Call call(&counters.cancelled);
    if (count > 0) {
        const std::size_t bytes = (kernel.workspace(task) + 127) / 64 * 64;
        const int threads = int(std::min<std::int64_t>(jobs, (count + kernel.lanes - 1) / kernel.lanes));
        const double work = double(count) * double(size) * double(size) * double(coordinates);
        in_threads(threads, bytes, work <= short_call / 16, counters, py::none(),
                   [&](void* memory) { kernel.run(task, memory); });
    }
    if (counters.cancelled && calls().is_closed()) throw std::runtime_error("the interpreter is exiting");
    return py::make_tuple(points, points_low, filters, errors, conditions);
}

}  // namespace

PYBIND11_MODULE(_native, module) {
    module.doc() = "The compiled tracking kernel.";
    module.def("instruction_sets", [] {
        std::vector<std::string> names;
        for (const Compiled& compiled : all_compiled()) names.emplace_back(compiled.kernel.name);
        return names;
    });
    const auto define = [&](auto function) {
        module.def("track", function, py::arg("factors"), py::arg("starts"), py::arg("start_gram"),
                   py::arg("start_b"), py::arg("target_gram"), py::arg("target_b"), py::arg("options"),
                   py::arg("max_steps"), py::arg("jobs"), py::arg("instruction_set"), py::arg("report"));
    };
    define(&track<double>);
    define(&track<std::complex<double>>);
    module.def("refine", &refine, py::arg("factors"), py::arg("high"), py::arg("low"), py::arg("gram"), py::arg("b"),
               py::arg("real"), py::arg("steps"), py::arg("small"), py::arg("near"), py::arg("jobs"),
               py::arg("instruction_set"));
    py::module_::import("atexit").attr("register")(py::cpp_function([] { calls().close(); }));
}
