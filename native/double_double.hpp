// Numbers of twice the precision of a double, one in each lane: unevaluated sums of two doubles.
//
// Source: Dekker, *A floating-point technique for extending the available precision* (1971). The error of a sum is
// about 2^−104 times the size of its terms, the error of a product about 2^−104 times the size of the product. The
// algorithms need each operation rounded by itself: compile without contraction to fused multiply-adds.
#pragma once

#include "forms.hpp"

namespace homotopy_lcn {
namespace {

struct DoubleDouble {
    Real high, low;
};
// high + low = a + b exactly.
INLINE DoubleDouble exact_sum(Real a, Real b) {
    const Real sum = a + b, part = sum - a;
    return {sum, (a - (sum - part)) + (b - part)};
}
// high + low = a + b exactly, if |a| ≥ |b|.
INLINE DoubleDouble renormalised(Real a, Real b) {
    const Real sum = a + b;
    return {sum, b - (sum - a)};
}
// high + low = a b exactly.
INLINE DoubleDouble exact_product(Real a, Real b) {
    constexpr double splitter = 134217729.0;  // 2^27 + 1
    const Real product = a * b;
    const Real shifted_a = splitter * a, shifted_b = splitter * b;
    const Real a1 = shifted_a - (shifted_a - a), b1 = shifted_b - (shifted_b - b);
    const Real a2 = a - a1, b2 = b - b1;
    return {product, ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2};
}
INLINE DoubleDouble operator+(DoubleDouble a, DoubleDouble b) {
    const DoubleDouble sum = exact_sum(a.high, b.high);
    return renormalised(sum.high, sum.low + (a.low + b.low));
}
INLINE DoubleDouble operator-(DoubleDouble a) { return {-a.high, -a.low}; }
INLINE DoubleDouble operator-(DoubleDouble a, DoubleDouble b) { return a + -b; }
INLINE DoubleDouble operator*(DoubleDouble a, DoubleDouble b) {
    const DoubleDouble product = exact_product(a.high, b.high);
    return renormalised(product.high, product.low + (a.high * b.low + a.low * b.high));
}
INLINE DoubleDouble operator*(Real a, DoubleDouble b) {
    const DoubleDouble product = exact_product(a, b.high);
    return renormalised(product.high, product.low + a * b.low);
}
INLINE DoubleDouble operator/(DoubleDouble a, DoubleDouble b) {
    const Real first = a.high / b.high;
    const DoubleDouble rest = a - first * b;
    return renormalised(first, rest.high / b.high);
}
INLINE DoubleDouble select(Integer mask, DoubleDouble a, DoubleDouble b) {
    return {select(mask, a.high, b.high), select(mask, a.low, b.low)};
}

struct ComplexDoubleDouble {
    DoubleDouble re, im;
};
INLINE ComplexDoubleDouble operator+(ComplexDoubleDouble a, ComplexDoubleDouble b) {
    return {a.re + b.re, a.im + b.im};
}
INLINE ComplexDoubleDouble operator*(ComplexDoubleDouble a, ComplexDoubleDouble b) {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
INLINE ComplexDoubleDouble operator*(Real a, ComplexDoubleDouble b) { return {a * b.re, a * b.im}; }
INLINE ComplexDoubleDouble operator*(double a, ComplexDoubleDouble b) { return broadcast(a) * b; }
INLINE void add_product(ComplexDoubleDouble& s, ComplexDoubleDouble a, ComplexDoubleDouble b) { s = s + a * b; }
INLINE ComplexDoubleDouble select(Integer mask, ComplexDoubleDouble a, ComplexDoubleDouble b) {
    return {select(mask, a.re, b.re), select(mask, a.im, b.im)};
}
INLINE ComplexDoubleDouble widened(Complex a) { return {{a.re, Real{}}, {a.im, Real{}}}; }
INLINE Complex rounded(ComplexDoubleDouble a) { return {a.re.high, a.im.high}; }
INLINE ComplexDoubleDouble operator/(ComplexDoubleDouble a, ComplexDoubleDouble b) {
    const DoubleDouble norm = b.re * b.re + b.im * b.im;
    const ComplexDoubleDouble product = a * ComplexDoubleDouble{b.re, -b.im};
    return {product.re / norm, product.im / norm};
}

template <>
struct Identities<ComplexDoubleDouble> {
    static INLINE ComplexDoubleDouble zero() { return widened(complex_zero()); }
    static INLINE ComplexDoubleDouble one() { return widened(complex_one()); }
};

}  // namespace
}  // namespace homotopy_lcn
