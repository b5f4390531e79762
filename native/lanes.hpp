// Vectors of lanes, complex numbers and dual numbers of them.
//
// One path in each lane. Everything is in an anonymous namespace and nothing of the standard library that could be
// emitted out of line is used, so that no code compiled for one instruction set is shared with another.
#pragma once

#include <cstdint>

namespace homotopy_lcn {
namespace {

#define INLINE inline __attribute__((always_inline))
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll_count(8)")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif

typedef double V __attribute__((vector_size(LANES * 8)));
typedef std::int64_t I __attribute__((vector_size(LANES * 8)));

INLINE V splat(double x) { return V{} + x; }
INLINE V select(I mask, V a, V b) { return mask ? a : b; }
INLINE I select_i(I mask, I a, I b) { return mask ? a : b; }
INLINE V minimum(V a, V b) { return select(a < b, a, b); }
INLINE V maximum(V a, V b) { return select(a > b, a, b); }
INLINE V root(V a) {
    V r;
    for (int i = 0; i < LANES; ++i) r[i] = __builtin_sqrt(a[i]);
    return r;
}
INLINE bool any(I mask) {
    std::int64_t r = 0;
    for (int i = 0; i < LANES; ++i) r |= mask[i];
    return r != 0;
}

// x^exponent for positive normal x, to about three digits: for step control only.
INLINE V power_of(V x, double exponent) {
    constexpr std::int64_t one = 0x3ff0000000000000LL;            // 1.0
    constexpr std::int64_t large = 0x4330000000000000LL;          // 2^52: its last bits count units
    constexpr double round = 6755399441055744.0;                  // 1.5 · 2^52: adding it rounds to an integer
    const I bits = (I)x;
    const V e = (V)((bits >> 52) | large) - (4503599627370496.0 + 1023.0);
    const V t = (V)((bits & 0x000fffffffffffffLL) | one) - 1.0;
    const V log2 = e + t * (1.4172 + t * (-0.5835 + t * 0.1663));  // max error 1e-3
    const V y = minimum(maximum(log2 * exponent, splat(-60.0)), splat(60.0));
    const V whole = y + round;
    const V f = y - (whole - round);  // −1/2 … 1/2
    const V scale = (V)(((I)whole << 52) + one);
    return scale * (1.0 + f * (0.6931 + f * (0.2402 + f * 0.0558)));
}

struct C {
    V re, im;
};
INLINE C operator+(C a, C b) { return {a.re + b.re, a.im + b.im}; }
INLINE C operator-(C a, C b) { return {a.re - b.re, a.im - b.im}; }
INLINE C operator*(C a, C b) { return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }
INLINE C operator*(V a, C b) { return {a * b.re, a * b.im}; }
INLINE C conj(C a) { return {a.re, -a.im}; }
INLINE V norm2(C a) { return a.re * a.re + a.im * a.im; }
INLINE C reciprocal(C a) {
    const V n = 1.0 / norm2(a);
    return {a.re * n, -a.im * n};
}
INLINE void add_product(C& s, C a, C b) {
    s.re += a.re * b.re;
    s.im += a.re * b.im;
    s.re -= a.im * b.im;
    s.im += a.im * b.re;
}
INLINE void subtract_product(C& s, C a, C b) {
    s.re -= a.re * b.re;
    s.im -= a.re * b.im;
    s.re += a.im * b.im;
    s.im -= a.im * b.re;
}
INLINE C select(I mask, C a, C b) { return {select(mask, a.re, b.re), select(mask, a.im, b.im)}; }
INLINE C zero_c() { return {V{}, V{}}; }
INLINE C one_c() { return {splat(1.0), V{}}; }

// Dual numbers value + ε derivative.
struct D {
    C v, d;
};
INLINE void add_product(D& s, D a, D b) {
    add_product(s.v, a.v, b.v);
    add_product(s.d, a.v, b.d);
    add_product(s.d, a.d, b.v);
}
INLINE D operator*(double a, D b) { return {splat(a) * b.v, splat(a) * b.d}; }
INLINE C operator*(double a, C b) { return splat(a) * b; }

template <class T>
struct Unit;
template <>
struct Unit<C> {
    static INLINE C zero() { return zero_c(); }
    static INLINE C one() { return one_c(); }
};
template <>
struct Unit<D> {
    static INLINE D zero() { return {zero_c(), zero_c()}; }
    static INLINE D one() { return {one_c(), zero_c()}; }
};

}  // namespace
}  // namespace homotopy_lcn
