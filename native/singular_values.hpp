// The condition number of small matrices, one in each lane.
#pragma once

#include "lanes.hpp"

namespace homotopy_lcn {
namespace {

// The largest singular value over the least, to six digits at least, of n × n matrices whose columns are stored one after
// the other. They are overwritten. One-sided Jacobi rotations make the columns orthogonal (Hestenes 1958; Demmel,
// *Applied Numerical Linear Algebra* (1997), section 5.4.3).
inline V condition_number(C* columns, int n) {
    constexpr int most_sweeps = 40;
    constexpr double orthogonal = 1e-16;  // square of a cosine
    for (int sweep = 0; sweep < most_sweeps; ++sweep) {
        V worst = V{};
        for (int i = 0; i < n; ++i) {
            for (int j = i + 1; j < n; ++j) {
                C *a = columns + i * n, *b = columns + j * n;
                V own = V{}, other = V{};
                C dot = zero_c();
                for (int k = 0; k < n; ++k) {
                    own += norm2(a[k]);
                    other += norm2(b[k]);
                    add_product(dot, conj(a[k]), b[k]);
                }
                const V size = norm2(dot), bound = own * other;
                const I oblique = size > 1e-30 * bound;
                if (!any(oblique)) continue;
                worst = maximum(worst, select(oblique, size / select(oblique, bound, splat(1.0)), V{}));
                const V length = root(select(oblique, size, splat(1.0)));
                const V zeta = (other - own) / (2.0 * length);
                const V magnitude = select(zeta < 0, -zeta, zeta);
                const V smaller = 1.0 / (magnitude + root(1.0 + zeta * zeta));
                const V tangent = select(oblique, select(zeta < 0, -smaller, smaller), V{});
                const V cosine = 1.0 / root(1.0 + tangent * tangent), sine = cosine * tangent;
                const C phase = select(oblique, (1.0 / length) * conj(dot), one_c());
                for (int k = 0; k < n; ++k) {
                    const C left = a[k], right = phase * b[k];
                    a[k] = cosine * left - sine * right;
                    b[k] = sine * left + cosine * right;
                }
            }
        }
        if (!any(worst > orthogonal)) break;
    }
    V largest = V{}, least = splat(__builtin_inf());
    for (int i = 0; i < n; ++i) {
        V size = V{};
        for (int k = 0; k < n; ++k) size += norm2(columns[i * n + k]);
        largest = select(size <= largest, largest, size);  // NaN is passed on
        least = select(size >= least, least, size);
    }
    return root(largest / least);
}

}  // namespace
}  // namespace homotopy_lcn
