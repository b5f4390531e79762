// SIMD vectors with one path in each lane: real, integer, complex and dual numbers.
//
// Everything is in an anonymous namespace, and no function of the standard library that could be compiled out of line
// is used. Otherwise the linker might share code between instruction sets, and run it on a processor that cannot.
#pragma once

#include <cstdint>
#include <type_traits>

#if !defined(NUMBER)
#define NUMBER double
#endif

namespace homotopy_lcn {
namespace {

#define INLINE inline __attribute__((always_inline))
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll_count(2)")
#else
#define UNROLL _Pragma("GCC unroll 2")
#endif

// The numbers of the kernel, double or float, and integers of the same size.
typedef NUMBER Number;
constexpr bool single_precision = sizeof(Number) == sizeof(float);
typedef std::conditional<single_precision, std::int32_t, std::int64_t>::type Whole;

// One number in each lane. An Integer is also a mask: all bits set in a lane is true, 0 is false.
typedef Number Real __attribute__((vector_size(LANES * sizeof(Number))));
typedef Whole Integer __attribute__((vector_size(LANES * sizeof(Number))));

INLINE Real broadcast(double x) { return Real{} + Number(x); }
INLINE Real select(Integer mask, Real a, Real b) { return mask ? a : b; }
INLINE Integer select(Integer mask, Integer a, Integer b) { return mask ? a : b; }
INLINE Real minimum(Real a, Real b) { return select(a < b, a, b); }
INLINE Real maximum(Real a, Real b) { return select(a > b, a, b); }
INLINE Real square_root(Real a) {
    Real r{};
    for (int i = 0; i < LANES; ++i) r[i] = single_precision ? __builtin_sqrtf(a[i]) : __builtin_sqrt(a[i]);
    return r;
}
INLINE bool any(Integer mask) {
    Whole r = 0;
    for (int i = 0; i < LANES; ++i) r |= mask[i];
    return r != 0;
}

// x^exponent for positive normal x, to about three digits: enough to control the length of steps.
INLINE Real rough_power(Real x, double exponent) {
    constexpr int digits = single_precision ? 23 : 52;  // of the fraction
    constexpr Whole one = Whole(single_precision ? 0x3f800000LL : 0x3ff0000000000000LL);  // 1.0
    // 2^digits: its last bits are the units
    constexpr Whole large = Whole(single_precision ? 0x4b000000LL : 0x4330000000000000LL);
    constexpr Whole fraction = Whole((1LL << digits) - 1);
    constexpr Number unit = Number(1LL << digits), bias = single_precision ? 127 : 1023;
    constexpr Number round = Number(1.5) * unit;  // adding it rounds to an integer
    const Integer bits = (Integer)x;
    const Real e = (Real)((bits >> digits) | large) - (unit + bias);
    const Real t = (Real)((bits & fraction) | one) - Number(1);
    const Real log2 = e + t * (Number(1.4172) + t * (Number(-0.5835) + t * Number(0.1663)));  // max error 1e-3
    const Real y = minimum(maximum(log2 * Number(exponent), broadcast(-60.0)), broadcast(60.0));
    const Real whole = y + round;
    const Real f = y - (whole - round);  // −1/2 … 1/2
    const Real scale = (Real)(((Integer)whole << digits) + one);
    return scale * (Number(1) + f * (Number(0.6931) + f * (Number(0.2402) + f * Number(0.0558))));
}

struct Complex {
    Real re, im;
};
INLINE Complex operator+(const Complex& a, const Complex& b) { return {a.re + b.re, a.im + b.im}; }
INLINE Complex operator-(const Complex& a, const Complex& b) { return {a.re - b.re, a.im - b.im}; }
INLINE Complex operator*(const Complex& a, const Complex& b) { return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }
INLINE Complex operator*(Real a, const Complex& b) { return {a * b.re, a * b.im}; }
INLINE Complex conj(const Complex& a) { return {a.re, -a.im}; }
INLINE Real squared_norm(const Complex& a) { return a.re * a.re + a.im * a.im; }
INLINE Complex reciprocal(const Complex& a) {
    const Real n = 1.0 / squared_norm(a);
    return {a.re * n, -a.im * n};
}
INLINE void add_product(Complex& s, const Complex& a, const Complex& b) {
    const Real are = a.re, aim = a.im, bre = b.re, bim = b.im;
    s.re = s.re + are * bre - aim * bim;
    s.im = s.im + are * bim + aim * bre;
}
INLINE void subtract_product(Complex& s, const Complex& a, const Complex& b) {
    const Real are = a.re, aim = a.im, bre = b.re, bim = b.im;
    s.re = s.re - are * bre + aim * bim;
    s.im = s.im - are * bim - aim * bre;
}
INLINE Complex select(Integer mask, Complex a, Complex b) {
    return {select(mask, a.re, b.re), select(mask, a.im, b.im)};
}
INLINE Complex complex_zero() { return {Real{}, Real{}}; }
INLINE Complex complex_one() { return {broadcast(1.0), Real{}}; }

// Dual numbers value + ε derivative.
struct Dual {
    Complex v, d;
};
INLINE void add_product(Dual& s, const Dual& a, const Dual& b) {
    add_product(s.v, a.v, b.v);
    add_product(s.d, a.v, b.d);
    add_product(s.d, a.d, b.v);
}
INLINE Dual operator*(double a, const Dual& b) { return {broadcast(a) * b.v, broadcast(a) * b.d}; }
INLINE Complex operator*(double a, const Complex& b) { return broadcast(a) * b; }

// Zero and one of a type of numbers.
template <class T>
struct Identities;
template <>
struct Identities<Complex> {
    static INLINE Complex zero() { return complex_zero(); }
    static INLINE Complex one() { return complex_one(); }
};
template <>
struct Identities<Dual> {
    static INLINE Dual zero() { return {complex_zero(), complex_zero()}; }
    static INLINE Dual one() { return {complex_one(), complex_zero()}; }
};

}  // namespace
}  // namespace homotopy_lcn
