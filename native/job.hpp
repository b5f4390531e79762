// What a tracking call is told, and the interface of the kernel compiled for each instruction set.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace homotopy_lcn {

// A factor Q(x^dilation)^power of the filter, Q of the given degree.
struct FactorShape {
    int degree, power, dilation;
};

struct Options {
    double contraction_target, control_gain, contraction_limit, movement_limit, first_step, growth, shrink;
    double smallest_step, endgame_distance, divergence_exponent;
    std::int64_t max_steps;
};

enum Code : std::int64_t { success = 0, diverged = 1, singular = 2, step_too_small = 3, too_many_steps = 4 };

// Complex numbers are interleaved (re, im). A point is a scalar and the coefficients of all factors in turn; the first of
// them has power one. At the ends all factors have norm one.
struct Job {
    const FactorShape* factors;
    int factor_count, filter_size, coordinates;  // coefficients of all factors
    Options options;
    const double *start_gram, *start_b;    // (K, K), (K)
    bool real;  // the start Gram matrix is diagonal, and the targets are real and not interleaved
    const double *target_gram, *target_b;  // (T, K, K), (T, K)
    const double* starts;                  // (P, 1 + coordinates)
    std::int64_t target_count, start_count;
    // Results for T × P paths, path t P + p from start p to target t.
    double* points;      // (T P, 1 + coordinates)
    std::int64_t* codes;
    double* errors;
    double* conditions;
    std::int64_t* steps;
    double* distances;
    std::int64_t taken_together;      // paths that a thread takes from the queue at once
    std::atomic<std::int64_t>* next;  // the queue of paths
    std::atomic<std::int64_t>* finished;
    const std::atomic<bool>* cancelled;
    std::atomic<std::int64_t>* iterations;  // lane-iterations, for flop counts
};

// The kernel of one instruction set.
struct Kernel {
    const char* name;
    int lanes;
    // Bytes of 64-byte aligned workspace that one thread needs.
    std::size_t (*workspace)(const Job&);
    // Takes paths from the queue until it is empty.
    void (*run)(const Job&, void* workspace);
};

// Points to be refined: the starts of ``data``, for its one real target. A number is the sum of a high and a low part.
struct Refinement {
    Job data;
    bool real;         // the points are real
    const double* low;  // (P, 1 + coordinates), as the starts
    std::int64_t steps;
    double small, near;   // a step that is good enough; one that, times the condition number, needs no new matrix
    double* points_low;   // (P, 1 + coordinates), as the points
    double* filters;      // (P, K), rounded
};

struct RefinementKernel {
    const char* name;
    int lanes;
    std::size_t (*workspace)(const Refinement&);
    void (*run)(const Refinement&, void* workspace);
};

extern const Kernel kernel_baseline;
extern const RefinementKernel refinement_baseline;
#if defined(HOMOTOPY_LCN_X86)
extern const Kernel kernel_avx2, kernel_avx512;
extern const RefinementKernel refinement_avx2, refinement_avx512;
#endif

}  // namespace homotopy_lcn
