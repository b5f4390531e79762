// Small matrices, one at a time: linear equations, condition numbers, eigenvalues. Row i of a matrix starts at i × n.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "small_forms.hpp"

namespace homotopy_lcn {
namespace plain {

constexpr int most_rows = 24;
constexpr int most_sweeps = 60;

// Solves by elimination with pivots from the rows; overwrites both arguments. False if the matrix is singular.
template <class T>
inline bool solve(T* matrix, T* vector, int n) {
    for (int k = 0; k < n; ++k) {
        int pivot = k;
        for (int i = k + 1; i < n; ++i)
            if (square_of(matrix[i * n + k]) > square_of(matrix[pivot * n + k])) pivot = i;
        if (!(square_of(matrix[pivot * n + k]) > 0)) return false;
        if (pivot != k) {
            for (int j = k; j < n; ++j) std::swap(matrix[k * n + j], matrix[pivot * n + j]);
            std::swap(vector[k], vector[pivot]);
        }
        for (int i = k + 1; i < n; ++i) {
            const T ratio = over(matrix[i * n + k], matrix[k * n + k]);
            for (int j = k + 1; j < n; ++j) matrix[i * n + j] -= ratio * matrix[k * n + j];
            vector[i] -= ratio * vector[k];
        }
    }
    for (int k = n - 1; k >= 0; --k) {
        for (int j = k + 1; j < n; ++j) vector[k] -= matrix[k * n + j] * vector[j];
        vector[k] = over(vector[k], matrix[k * n + k]);
    }
    return true;
}

// The largest singular value over the least of a symmetric matrix, which is overwritten, by one-sided Jacobi rotations
// (Hestenes 1958; Demmel, *Applied Numerical Linear Algebra* (1997), section 5.4.3).
template <class T>
inline RealOf<T> condition_number(T* rows, int n) {
    using R = RealOf<T>;
    for (int sweep = 0; sweep < most_sweeps; ++sweep) {
        R worst = 0;
        for (int i = 0; i < n; ++i) {
            for (int j = i + 1; j < n; ++j) {
                T *a = rows + i * n, *b = rows + j * n, dot = zero<T>();
                const R own = square_norm(a, n), other = square_norm(b, n);
                for (int k = 0; k < n; ++k) dot += conj(a[k]) * b[k];
                const R size = square_of(dot), bound = own * other;
                if (!(size > R(1e-30) * bound)) continue;
                worst = std::max(worst, size / bound);
                const R length = std::sqrt(size), zeta = (other - own) / (2 * length);
                const R tangent = std::copysign(1 / (std::abs(zeta) + std::sqrt(1 + zeta * zeta)), zeta);
                const R cosine = 1 / std::sqrt(1 + tangent * tangent), sine = cosine * tangent;
                const T phase = (1 / length) * conj(dot);
                for (int k = 0; k < n; ++k) {
                    const T left = a[k], right = phase * b[k];
                    a[k] = cosine * left - sine * right;
                    b[k] = sine * left + cosine * right;
                }
            }
        }
        if (!(worst > R(1e-16))) break;
    }
    R largest = 0, least = std::numeric_limits<R>::infinity();
    for (int i = 0; i < n; ++i) {
        const R size = square_norm(rows + i * n, n);
        largest = std::max(largest, size);
        least = std::min(least, size);
    }
    return std::sqrt(largest / least);
}

// The eigenvalues of a symmetric matrix, which is overwritten, by Jacobi rotations. False if they do not converge.
inline bool eigenvalues(double* matrix, int n, double* values) {
    const auto at = [matrix, n](int i, int j) -> double& { return matrix[i * n + j]; };
    for (int sweep = 0; sweep < most_sweeps; ++sweep) {
        double off = 0, all = 0;
        for (int i = 0; i < n; ++i)
            for (int j = 0; j < n; ++j) {
                all += at(i, j) * at(i, j);
                if (i != j) off += at(i, j) * at(i, j);
            }
        if (!(all < INFINITY)) return false;
        if (off <= 1e-30 * all) {
            for (int i = 0; i < n; ++i) values[i] = at(i, i);
            return true;
        }
        for (int p = 0; p < n; ++p) {
            for (int q = p + 1; q < n; ++q) {
                if (at(p, q) == 0) continue;
                const double theta = (at(q, q) - at(p, p)) / (2 * at(p, q));
                const double t = std::copysign(1 / (std::abs(theta) + std::sqrt(1 + theta * theta)), theta);
                const double c = 1 / std::sqrt(1 + t * t), s = t * c;
                for (int k = 0; k < n; ++k) {
                    const double left = at(k, p), right = at(k, q);
                    at(k, p) = c * left - s * right;
                    at(k, q) = s * left + c * right;
                }
                for (int k = 0; k < n; ++k) {
                    const double left = at(p, k), right = at(q, k);
                    at(p, k) = c * left - s * right;
                    at(q, k) = s * left + c * right;
                }
                at(p, q) = at(q, p) = 0;
            }
        }
    }
    return false;
}

// The number of negative eigenvalues of a symmetric matrix; −1 where an eigenvalue is within ``zero`` times a bound of
// the largest one. By Sylvester's law of inertia the pivots of A − μ have the signs of its eigenvalues; small pivots,
// which would spoil others, are avoided by computing the eigenvalues themselves.
inline int negative_eigenvalues(const double* matrix, int n, double zero) {
    constexpr double small_pivot = 1e-5;
    double work[most_rows * most_rows], values[most_rows], largest = 0;
    for (int i = 0; i < n; ++i) {
        double sum = 0;
        for (int j = 0; j < n; ++j) sum += std::abs(matrix[i * n + j]);
        largest = std::max(largest, sum);
    }
    if (!(largest < INFINITY) || !(largest > 0)) return -1;
    int numbers[2];
    bool stable = true;
    for (int side = 0; side < 2 && stable; ++side) {
        const double shift = (side ? 1 : -1) * zero * largest;
        std::copy(matrix, matrix + n * n, work);
        numbers[side] = 0;
        for (int k = 0; k < n && stable; ++k) {
            const double pivot = work[k * n + k] + shift;
            stable = std::abs(pivot) > small_pivot * largest;
            numbers[side] += pivot < 0;
            for (int i = k + 1; i < n; ++i) {
                const double ratio = work[k * n + i] / pivot;
                for (int j = i; j < n; ++j) work[i * n + j] -= ratio * work[k * n + j];
            }
        }
    }
    if (stable) return numbers[0] == numbers[1] ? numbers[0] : -1;
    std::copy(matrix, matrix + n * n, work);
    if (!eigenvalues(work, n, values)) return -1;
    int negative = 0;
    for (int i = 0; i < n; ++i) {
        if (!(std::abs(values[i]) > zero * largest)) return -1;
        negative += values[i] < 0;
    }
    return negative;
}

// The factors of `symmetric_scale` in Python: rows and columns of a symmetric matrix are multiplied by them before its
// condition is judged. Without ``sizes`` they are those of the kernel (refiner.hpp).
template <class T>
inline void symmetric_scale(const T* matrix, const double* sizes, int n, double* scale) {
    constexpr double rounding = 1e-14;
    double rows[most_rows] = {}, largest = 0;
    for (int i = 0; i < n; ++i) {
        rows[i] = 0;
        for (int j = 0; j < n; ++j) rows[i] = std::max(rows[i], size_of(matrix[i * n + j]));
        largest = std::max(largest, std::max(rows[i], sizes ? sizes[i] : 0.0));
    }
    if (!(largest > 0)) largest = 1;
    for (int i = 0; i < n; ++i) {
        const double diagonal = std::max(size_of(matrix[i * n + i]), sizes ? sizes[i] : 0.0);
        const double own = std::max(diagonal, rows[i] * (rows[i] / largest));
        scale[i] = 1 / std::sqrt(own > rounding * largest ? own : largest);
    }
}
template <class T>
inline void scaled(const T* matrix, const double* scale, int n, T* result) {
    for (int i = 0; i < n; ++i)
        for (int j = 0; j < n; ++j) result[i * n + j] = (scale[i] * scale[j]) * matrix[i * n + j];
}

}  // namespace plain
}  // namespace homotopy_lcn
