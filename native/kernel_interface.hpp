// The interface between the Python module and the kernels: the task of a call, and the functions of each kernel.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace homotopy_lcn {

// A factor Q(x^dilation)^power of the filter; ``degree`` is the degree of Q.
struct FactorShape {
    int degree, power, dilation;
};

// The fields of Python's TrackerOptions under the same names. Python's docstring explains them.
struct TrackerOptions {
    double contraction_target, control_gain, contraction_limit, movement_limit, first_step, growth, shrink;
    double smallest_step, endgame_distance, divergence_exponent;
    std::int64_t max_steps;
};

// Python's ReturnCode.
enum ReturnCode : std::int64_t { success = 0, diverged = 1, singular = 2, step_too_small = 3, too_many_steps = 4 };

// The paths of one call. Complex numbers are stored as real part, imaginary part. A point is a scalar followed by the
// coefficients of all factors. The first factor has power one. At the ends all factors have norm one.
// Sizes: K coefficients of the filter, N coordinates of a point without the scalar, T targets, P start points.
struct Job {
    const FactorShape* factors;
    int factor_count, filter_size, coordinates;  // filter_size is K, coordinates is N
    TrackerOptions options;
    const double *start_gram, *start_b;    // (K, K), (K)
    bool real;                             // the start Gram matrix is diagonal, and the targets are stored as reals
    const double *target_gram, *target_b;  // (T, K, K), (T, K)
    const double* starts;                  // (P, 1 + N)
    std::int64_t target_count, start_count;
    bool begun;  // the results say how far the paths were followed in single precision
    // Results for T P paths; path t P + p leads from start p to target t.
    double* points;  // (T P, 1 + N)
    std::int64_t* codes;
    double* errors;
    double* conditions;
    std::int64_t* steps;
    double* distances;
    std::int64_t paths_taken_at_once;  // by a thread that has no path left
    // The counters that all threads of the call share (see Counters).
    std::atomic<std::int64_t>* next;
    std::atomic<std::int64_t>* finished;
    const std::atomic<bool>* cancelled;
    std::atomic<std::int64_t>* iterations;
};

// The counters of a call. Each has a cache line of its own: one of them is read in every step.
struct Counters {
    alignas(64) std::atomic<std::int64_t> next{0};  // the first path that no thread has taken
    alignas(64) std::atomic<std::int64_t> finished{0};
    alignas(64) std::atomic<std::int64_t> iterations{0};  // steps of a whole vector of paths, to count operations
    alignas(64) std::atomic<bool> cancelled{false};

    void enter(Job& job) {
        job.next = &next;
        job.finished = &finished;
        job.cancelled = &cancelled;
        job.iterations = &iterations;
    }
};

// Tracking with one instruction set, in doubles or in single precision.
struct TrackingKernel {
    const char* name;
    int lanes;
    // Bytes of workspace, aligned to 64 bytes, that one thread needs.
    std::size_t (*workspace)(const Job&);
    // Tracks paths until no path is left or the call is cancelled.
    void (*run)(const Job&, void* workspace);
};

// Points to be refined: the starts of ``data``, for its one real target. A number is the sum of a high and a low part.
struct Refinement {
    Job data;
    bool real;          // the points are real
    const double* low;  // (P, 1 + N), the low parts of the starts
    std::int64_t steps;
    double small_step;     // a smaller relative step ends the refinement
    double reused_matrix;  // the matrix is kept once the step times the condition number is below this
    double* points_low;    // (P, 1 + N), the low parts of the points
    double* filters;       // (P, K), rounded
};

// Refinement with one instruction set.
struct RefinementKernel {
    const char* name;
    int lanes;
    std::size_t (*workspace)(const Refinement&);
    void (*run)(const Refinement&, void* workspace);
};

extern const TrackingKernel tracking_baseline;
extern const RefinementKernel refinement_baseline;
#if defined(HOMOTOPY_LCN_X86)
extern const TrackingKernel tracking_avx2, single_tracking_avx2, tracking_avx512, single_tracking_avx512;
extern const RefinementKernel refinement_avx2, refinement_avx512;
#else
extern const TrackingKernel single_tracking_baseline;
#endif

}  // namespace homotopy_lcn
