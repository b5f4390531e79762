// The Python module: from checked arguments to a job of the kernels, and from the results of the job to arrays.
#include <algorithm>
#include <complex>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "arguments.hpp"
#include "dispatch.hpp"
#include "threads.hpp"

using namespace homotopy_lcn;

namespace {

constexpr std::size_t largest_result = std::size_t(1) << 36;  // bytes
// A call in which a step of all paths takes fewer products than this is over before anyone presses Ctrl-C.
constexpr double products_of_short_call = 1e6;
// In single precision the contraction is not known well enough for a smaller target.
constexpr double least_target_of_single = 5e-3;
constexpr double refinement_steps_as_tracking_steps = 1.0 / 16;

// Products that one step of all paths takes, about.
double products_of_step(const Job& job, std::int64_t paths) {
    return double(paths) * double(job.filter_size) * double(job.filter_size) * double(job.coordinates);
}

// Runs ``work`` in the threads. Every now and then signals are handled, and ``report`` is told the number of paths that
// have ended. The interpreter is free in the meantime.
void run_for_python(const Sharing& sharing, Counters& counters, const std::function<void(void*)>& work,
                    const py::object& report) {
    std::int64_t told = 0;
    const py::gil_scoped_release release;
    run_in_threads(sharing, counters.cancelled, work, [&] {
        const py::gil_scoped_acquire acquire;
        if (PyErr_CheckSignals() != 0) throw py::error_already_set();
        if (!report.is_none() && counters.finished.load() > told) {
            told = counters.finished.load();
            report(told);
        }
    });
}

// The arrays that Python gives for tracking.
template <class Number>
struct TrackingData {
    ComplexArray starts, start_gram, start_b;  // (P, 1 + N), (K, K), (K)
    Array<Number> target_gram, target_b;       // (T, K, K), (T, K)

    void check(const FilterShape& shape) const {
        const std::int64_t size = shape.filter_size;
        require_shape("starts", starts, {any_length, shape.coordinates + 1});
        require_shape("start_gram", start_gram, {size, size});
        require_shape("start_b", start_b, {size});
        require_shape("target_gram", target_gram, {any_length, size, size});
        require_shape("target_b", target_b, {target_gram.shape(0), size});
        require_finite("starts", starts);
        require_finite("start_gram", start_gram);
        require_finite("start_b", start_b);
        require_finite("target_gram", target_gram);
        require_finite("target_b", target_b);
        require(paths_fit(shape), "starts: too many paths for one call");
    }
    bool paths_fit(const FilterShape& shape) const {
        const std::int64_t targets = target_gram.shape(0);
        const std::int64_t bytes_of_point = 16 * (shape.coordinates + 1);
        return targets == 0 || starts.shape(0) <= std::int64_t(largest_result) / bytes_of_point / targets;
    }
    void enter(Job& job) const {
        job.starts = numbers(starts);
        job.start_count = starts.shape(0);
        job.start_gram = numbers(start_gram);
        job.start_b = numbers(start_b);
        job.real = std::is_same<Number, double>::value;
        job.target_gram = numbers(target_gram);
        job.target_b = numbers(target_b);
        job.target_count = target_gram.shape(0);
    }
};

// The arrays that Python gets from tracking.
struct TrackingResults {
    TrackingResults(std::int64_t paths, std::int64_t coordinates)
        : points({paths, coordinates + 1}),
          errors(paths),
          conditions(paths),
          distances(paths),
          codes(paths),
          steps(paths) {}

    void enter(Job& job) {
        job.points = numbers(points);
        job.errors = numbers(errors);
        job.conditions = numbers(conditions);
        job.distances = numbers(distances);
        job.codes = codes.mutable_data();
        job.steps = steps.mutable_data();
    }
    py::dict by_name() const {
        py::dict result;
        result["points"] = points;
        result["codes"] = codes;
        result["errors"] = errors;
        result["conditions"] = conditions;
        result["steps"] = steps;
        result["distances"] = distances;
        return result;
    }

    ComplexArray points;
    RealArray errors, conditions, distances;
    Array<std::int64_t> codes, steps;
};

template <class Kernel, class Task>
void run_kernel(const Kernel& kernel, const Task& task, void* workspace) {
    kernel.run(task, workspace);
    if (kernel.lanes > 2) clear_vector_registers();
}

// Tracks the paths of a job with one kernel.
void run_tracking_with(const TrackingKernel& kernel, Job& job, int jobs, Counters& counters, const py::object& report) {
    const std::int64_t paths = job.target_count * job.start_count;
    const std::int64_t vectors = (paths + kernel.lanes - 1) / kernel.lanes;
    const int threads = int(std::min<std::int64_t>(jobs, vectors));
    // Few paths at once, so that at the end no thread is left with many.
    job.paths_taken_at_once = std::clamp<std::int64_t>(vectors / threads / 16, 1, 16);
    const bool is_short = products_of_step(job, paths) <= products_of_short_call;
    const Sharing sharing{threads, kernel.workspace(job), threads == 1 && is_short && report.is_none()};
    counters.next = 0;
    run_for_python(sharing, counters, [&](void* workspace) { run_kernel(kernel, job, workspace); }, report);
}

// Tracks the paths of a job, of which there is at least one: in single precision as far as it leads, then in doubles.
// Returns the iterations in single precision.
std::int64_t run_tracking(Job& job, int jobs, const InstructionSet& set, Counters& counters, const py::object& report) {
    std::int64_t in_single = 0;
    if (set.single != nullptr && job.options.contraction_target >= least_target_of_single) {
        run_tracking_with(*set.single, job, jobs, counters, report);
        in_single = counters.iterations.load();
        job.begun = true;
        if (counters.cancelled) return in_single;
    }
    run_tracking_with(set.tracking, job, jobs, counters, report);
    return in_single;
}

template <class Number>
py::dict track_checked(const FilterShape& shape, const TrackingData<Number>& data, const TrackerOptions& options,
                       int jobs, const InstructionSet& set, const py::object& report) {
    Counters counters;
    Job job{};
    counters.enter(job);
    job.options = options;
    shape.enter(job);
    data.enter(job);
    const std::int64_t paths = job.target_count * job.start_count;
    TrackingResults results(paths, shape.coordinates);
    results.enter(job);

    const CallUnderWay call(&counters.cancelled);
    const std::int64_t in_single = paths > 0 ? run_tracking(job, jobs, set, counters, report) : 0;
    call.require_not_closed();
    py::dict result = results.by_name();
    result["iterations"] = counters.iterations.load();
    result["iterations_in_single"] = in_single;
    return result;
}

// Real targets have a kernel of their own, which needs a diagonal start Gram matrix. (Two overloads would not do: of an
// overloaded function with keyword-only arguments alone pybind11 converts none, and refuses arrays of another layout.)
py::dict track(const Factors& factors, const ComplexArray& starts, const ComplexArray& start_gram,
               const ComplexArray& start_b, const py::object& target_gram, const py::object& target_b,
               const py::dict& options, int jobs, const std::string& instruction_set, const py::object& report) {
    const FilterShape shape(factors);
    require_shape("start_gram", start_gram, {shape.filter_size, shape.filter_size});
    const auto track_to = [&](const auto& data) {
        data.check(shape);
        const TrackerOptions checked = tracker_options(options);
        require_jobs(jobs);
        return track_checked(shape, data, checked, jobs, instruction_set_named(instruction_set), report);
    };
    if (is_real(target_gram) && is_real(target_b) && is_diagonal(start_gram))
        return track_to(TrackingData<double>{starts, start_gram, start_b, converted<double>("target_gram", target_gram),
                                             converted<double>("target_b", target_b)});
    return track_to(TrackingData<std::complex<double>>{
        starts, start_gram, start_b, converted<std::complex<double>>("target_gram", target_gram),
        converted<std::complex<double>>("target_b", target_b)});
}

// The data at the corners of a chain of segments.
struct ChainData {
    ComplexArray starts, gram, b;  // (P, 1 + N), (L, K, K), (L, K)

    void check(const FilterShape& shape) const {
        const std::int64_t size = shape.filter_size;
        require_shape("starts", starts, {any_length, shape.coordinates + 1});
        require_shape("gram", gram, {any_length, size, size});
        require_shape("b", b, {gram.shape(0), size});
        require(gram.shape(0) >= 1, "gram: no corner");
        require_finite("starts", starts);
        require_finite("gram", gram);
        require_finite("b", b);
        const std::int64_t bytes_of_point = 16 * (shape.coordinates + 1);
        require(starts.shape(0) <= std::int64_t(largest_result) / bytes_of_point / gram.shape(0),
                "starts: too many paths for one call");
    }
    // The segment from a corner to the next one.
    void enter(Job& job, std::int64_t corner) const {
        const std::int64_t size = job.filter_size;
        job.real = false;
        job.start_count = starts.shape(0);
        job.target_count = 1;
        job.start_gram = numbers(gram) + 2 * corner * size * size;
        job.start_b = numbers(b) + 2 * corner * size;
        job.target_gram = job.start_gram + 2 * size * size;
        job.target_b = job.start_b + 2 * size;
    }
};

// Tracks points along a chain of segments, from corner to corner, up to the first segment on which a path is lost.
// Returns the points (L, P, 1 + N) at the corners, the codes of the paths on the last segment tracked, and the number of
// segments on which no path is lost. The points beyond the last segment tracked mean nothing.
py::tuple track_along(const Factors& factors, const ComplexArray& starts, const ComplexArray& gram,
                      const ComplexArray& b, const py::dict& options, int jobs, const std::string& instruction_set) {
    const FilterShape shape(factors);
    const ChainData chain{starts, gram, b};
    chain.check(shape);
    const TrackerOptions checked = tracker_options(options);
    require_jobs(jobs);
    const InstructionSet& set = instruction_set_named(instruction_set);

    const std::int64_t paths = starts.shape(0), corners = gram.shape(0);
    ComplexArray points({corners, paths, shape.coordinates + 1});
    std::copy_n(numbers(starts), 2 * starts.size(), numbers(points));
    TrackingResults ends(paths, shape.coordinates);
    std::fill_n(ends.codes.mutable_data(), paths, std::int64_t(success));
    std::int64_t segment = 0;
    for (; segment < corners - 1 && paths > 0; ++segment) {
        Counters counters;
        Job job{};
        counters.enter(job);
        job.options = checked;
        shape.enter(job);
        chain.enter(job, segment);
        ends.enter(job);
        job.starts = numbers(points) + 2 * segment * starts.size();
        job.points = numbers(points) + 2 * (segment + 1) * starts.size();
        const CallUnderWay call(&counters.cancelled);
        // In doubles: at the corners of a circle around a singular end the points may be close together.
        run_tracking_with(set.tracking, job, jobs, counters, py::none());
        call.require_not_closed();
        const auto is_lost = [](std::int64_t code) { return code != success; };
        if (std::any_of(job.codes, job.codes + paths, is_lost)) break;
    }
    return py::make_tuple(points, ends.codes, paths > 0 ? segment : corners - 1);
}

// The arrays that Python gets from refinement.
struct RefinementResults {
    RefinementResults(std::int64_t count, const FilterShape& shape)
        : points({count, shape.coordinates + 1}),
          points_low({count, shape.coordinates + 1}),
          filters({count, shape.filter_size}),
          errors(count),
          conditions(count) {}

    void enter(Refinement& task) {
        task.data.points = numbers(points);
        task.points_low = numbers(points_low);
        task.filters = numbers(filters);
        task.data.errors = numbers(errors);
        task.data.conditions = numbers(conditions);
    }

    ComplexArray points, points_low, filters;
    RealArray errors, conditions;
};

py::tuple refine(const Factors& factors, const ComplexArray& high, const ComplexArray& low, const RealArray& gram,
                 const RealArray& b, bool real, std::int64_t steps, double small_step, double reused_matrix, int jobs,
                 const std::string& instruction_set) {
    const FilterShape shape(factors);
    const std::int64_t size = shape.filter_size, count = high.ndim() > 0 ? high.shape(0) : 0;
    require_shape("high", high, {any_length, shape.coordinates + 1});
    require_shape("low", low, {count, shape.coordinates + 1});
    require_shape("gram", gram, {size, size});
    require_shape("b", b, {size});
    require_finite("gram", gram);
    require_finite("b", b);
    require(steps >= 1, "steps: " + std::to_string(steps) + " given; expected a positive integer");
    require(small_step > 0, "small_step: expected a positive number");
    require(reused_matrix > 0, "reused_matrix: expected a positive number");
    require_jobs(jobs);

    RefinementResults results(count, shape);
    const std::vector<double> no_start_data(2 * size * size);
    Counters counters;
    Refinement task{};
    Job& job = task.data;
    counters.enter(job);
    shape.enter(job);
    job.real = true;
    job.start_gram = job.start_b = no_start_data.data();
    job.target_gram = numbers(gram);
    job.target_b = numbers(b);
    job.target_count = 1;
    job.starts = numbers(high);
    job.start_count = count;
    task.real = real;
    task.low = numbers(low);
    task.steps = steps;
    task.small_step = small_step;
    task.reused_matrix = reused_matrix;
    results.enter(task);

    const RefinementKernel& kernel = instruction_set_named(instruction_set).refinement;
    const CallUnderWay call(&counters.cancelled);
    if (count > 0) {
        const int threads = int(std::min<std::int64_t>(jobs, (count + kernel.lanes - 1) / kernel.lanes));
        const bool is_short =
            products_of_step(job, count) <= products_of_short_call * refinement_steps_as_tracking_steps;
        const Sharing sharing{threads, kernel.workspace(task), threads == 1 && is_short};
        run_for_python(sharing, counters, [&](void* workspace) { run_kernel(kernel, task, workspace); }, py::none());
    }
    call.require_not_closed();
    return py::make_tuple(results.points, results.points_low, results.filters, results.errors, results.conditions);
}

std::vector<std::string> instruction_set_names() {
    std::vector<std::string> names;
    for (const InstructionSet& set : instruction_sets()) names.emplace_back(set.tracking.name);
    return names;
}

}  // namespace

PYBIND11_MODULE(_native, module) {
    module.doc() = "The compiled tracking kernel.";
    module.def("instruction_sets", &instruction_set_names);
    module.def("track", &track, py::kw_only(), py::arg("factors"), py::arg("starts"), py::arg("start_gram"),
               py::arg("start_b"), py::arg("target_gram"), py::arg("target_b"), py::arg("options"), py::arg("jobs"),
               py::arg("instruction_set"), py::arg("report"));
    module.def("track_along", &track_along, py::kw_only(), py::arg("factors"), py::arg("starts"), py::arg("gram"),
               py::arg("b"), py::arg("options"), py::arg("jobs"), py::arg("instruction_set"));
    module.def("refine", &refine, py::kw_only(), py::arg("factors"), py::arg("high"), py::arg("low"), py::arg("gram"),
               py::arg("b"), py::arg("real"), py::arg("steps"), py::arg("small_step"), py::arg("reused_matrix"),
               py::arg("jobs"), py::arg("instruction_set"));
    // A thread must not come back to Python once the interpreter has begun to shut down.
    py::module_::import("atexit").attr("register")(py::cpp_function([] {
        const py::gil_scoped_release release;
        close_calls();
    }));
}
