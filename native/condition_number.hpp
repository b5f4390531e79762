// The condition number of small matrices, one in each lane.
#pragma once

#include "vectors.hpp"

namespace homotopy_lcn {
namespace {

// The largest singular value over the least, to six digits at least, of n × n matrices. The columns of a matrix are
// stored one after the other and are overwritten. One-sided Jacobi rotations make the columns orthogonal (Hestenes
// 1958; Demmel, *Applied Numerical Linear Algebra* (1997), section 5.4.3).
inline Real condition_number(Complex* columns, int n) {
    constexpr int most_sweeps = 40;
    constexpr double orthogonal = 1e-16;  // the square of a cosine
    for (int sweep = 0; sweep < most_sweeps; ++sweep) {
        Real worst = Real{};
        for (int i = 0; i < n; ++i) {
            for (int j = i + 1; j < n; ++j) {
                Complex *a = columns + i * n, *b = columns + j * n;
                Real own = Real{}, other = Real{};
                Complex dot = complex_zero();
                for (int k = 0; k < n; ++k) {
                    own += squared_norm(a[k]);
                    other += squared_norm(b[k]);
                    add_product(dot, conj(a[k]), b[k]);
                }
                const Real size = squared_norm(dot), bound = own * other;
                const Integer oblique = size > 1e-30 * bound;
                if (!any(oblique)) continue;
                worst = maximum(worst, select(oblique, size / select(oblique, bound, broadcast(1.0)), Real{}));
                const Real length = square_root(select(oblique, size, broadcast(1.0)));
                const Real zeta = (other - own) / (2.0 * length);
                const Real magnitude = select(zeta < 0, -zeta, zeta);
                const Real smaller = 1.0 / (magnitude + square_root(1.0 + zeta * zeta));
                const Real tangent = select(oblique, select(zeta < 0, -smaller, smaller), Real{});
                const Real cosine = 1.0 / square_root(1.0 + tangent * tangent), sine = cosine * tangent;
                const Complex phase = select(oblique, (1.0 / length) * conj(dot), complex_one());
                for (int k = 0; k < n; ++k) {
                    const Complex left = a[k], right = phase * b[k];
                    a[k] = cosine * left - sine * right;
                    b[k] = sine * left + cosine * right;
                }
            }
        }
        if (!any(worst > orthogonal)) break;
    }
    Real largest = Real{}, least = broadcast(__builtin_inf());
    for (int i = 0; i < n; ++i) {
        Real size = Real{};
        for (int k = 0; k < n; ++k) size += squared_norm(columns[i * n + k]);
        largest = select(size <= largest, largest, size);  // keeps NaN
        least = select(size >= least, least, size);
    }
    return square_root(largest / least);
}

}  // namespace
}  // namespace homotopy_lcn
