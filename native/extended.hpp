// Numbers of twice the precision of a double: unevaluated sums of two, in lanes.
//
// Dekker, *A floating-point technique for extending the available precision* (1971). Sums are accurate relative to the
// size of their terms, products relative to themselves, to about 2^−104. Everything rests on each operation being rounded
// by itself: compile without contraction to fused multiply-adds.
#pragma once

#include "forms.hpp"

namespace homotopy_lcn {
namespace {

struct E {
    V high, low;
};
// high + low = a + b exactly.
INLINE E exact_sum(V a, V b) {
    const V sum = a + b, part = sum - a;
    return {sum, (a - (sum - part)) + (b - part)};
}
// The same for |a| ≥ |b|.
INLINE E renormalised(V a, V b) {
    const V sum = a + b;
    return {sum, b - (sum - a)};
}
INLINE E exact_product(V a, V b) {
    constexpr double splitter = 134217729.0;  // 2^27 + 1
    const V product = a * b;
    const V shifted_a = splitter * a, shifted_b = splitter * b;
    const V a1 = shifted_a - (shifted_a - a), b1 = shifted_b - (shifted_b - b);
    const V a2 = a - a1, b2 = b - b1;
    return {product, ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2};
}
INLINE E operator+(E a, E b) {
    const E sum = exact_sum(a.high, b.high);
    return renormalised(sum.high, sum.low + (a.low + b.low));
}
INLINE E operator-(E a) { return {-a.high, -a.low}; }
INLINE E operator-(E a, E b) { return a + -b; }
INLINE E operator*(E a, E b) {
    const E product = exact_product(a.high, b.high);
    return renormalised(product.high, product.low + (a.high * b.low + a.low * b.high));
}
INLINE E operator*(V a, E b) {
    const E product = exact_product(a, b.high);
    return renormalised(product.high, product.low + a * b.low);
}
INLINE E operator/(E a, E b) {
    const V first = a.high / b.high;
    const E rest = a - first * b;
    return renormalised(first, rest.high / b.high);
}
INLINE E select(I mask, E a, E b) { return {select(mask, a.high, b.high), select(mask, a.low, b.low)}; }

struct X {
    E re, im;
};
INLINE X operator+(X a, X b) { return {a.re + b.re, a.im + b.im}; }
INLINE X operator*(X a, X b) { return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }
INLINE X operator*(V a, X b) { return {a * b.re, a * b.im}; }
INLINE X operator*(double a, X b) { return splat(a) * b; }
INLINE void add_product(X& s, X a, X b) { s = s + a * b; }
INLINE X select(I mask, X a, X b) { return {select(mask, a.re, b.re), select(mask, a.im, b.im)}; }
INLINE X widened(C a) { return {{a.re, V{}}, {a.im, V{}}}; }
INLINE C rounded(X a) { return {a.re.high, a.im.high}; }
INLINE X over(X a, X b) {
    const E norm = b.re * b.re + b.im * b.im;
    const X product = a * X{b.re, -b.im};
    return {product.re / norm, product.im / norm};
}

template <>
struct Unit<X> {
    static INLINE X zero() { return widened(zero_c()); }
    static INLINE X one() { return widened(one_c()); }
};

}  // namespace
}  // namespace homotopy_lcn
