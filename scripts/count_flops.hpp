// Stands in for the vector types of native/vectors.hpp, one lane wide, and counts floating-point operations.
//
// Additions, subtractions, multiplications, divisions and square roots count as one each. What a compiler may leave out
// does not count: operations on constants alone, adding a constant 0, multiplying by a constant 0 or 1. Neither do
// comparisons, selections, signs, conversions, nor the scalar code that loads and unloads lanes.
#pragma once

#include <cstdint>
#include <cstring>

struct Count {
    std::int64_t additions, multiplications, divisions, roots;
};
static Count count;

struct Integer;

struct Real {
    double value = 0.0;
    bool constant = true;

    Real() = default;
    Real(double value, bool constant) : value(value), constant(constant) {}
    explicit Real(const Integer& bits);
    double& operator[](int) {
        constant = false;
        return value;
    }
    double operator[](int) const { return value; }
    bool is(double x) const { return constant && value == x; }
};

struct Integer {
    std::int64_t value = 0;

    Integer() = default;
    Integer(std::int64_t value) : value(value) {}
    explicit Integer(const Real& a) { std::memcpy(&value, &a.value, 8); }
    explicit operator bool() const { return value != 0; }
    std::int64_t& operator[](int) { return value; }
    std::int64_t operator[](int) const { return value; }
};

inline Real::Real(const Integer& bits) : constant(false) { std::memcpy(&value, &bits.value, 8); }

inline Real counted(double value, std::int64_t& counter, bool both_constant, bool trivial) {
    if (!both_constant && !trivial) ++counter;
    return {value, both_constant};
}
inline Real operator+(Real a, Real b) {
    return counted(a.value + b.value, count.additions, a.constant && b.constant, a.is(0) || b.is(0));
}
inline Real operator-(Real a, Real b) {
    return counted(a.value - b.value, count.additions, a.constant && b.constant, a.is(0) || b.is(0));
}
inline Real operator*(Real a, Real b) {
    if (a.is(0) || b.is(0)) return {};
    return counted(a.value * b.value, count.multiplications, a.constant && b.constant, a.is(1) || b.is(1));
}
inline Real operator/(Real a, Real b) {
    return counted(a.value / b.value, count.divisions, a.constant && b.constant, b.is(1));
}
inline Real operator-(Real a) { return {-a.value, a.constant}; }
inline double counted_root(double x) {
    ++count.roots;
    return __builtin_sqrt(x);
}

// A double next to a vector is a constant in every lane.
#define WITH_DOUBLES(op)                                                  \
    inline Real operator op(Real a, double b) { return a op Real{b, true}; }       \
    inline Real operator op(double a, Real b) { return Real{a, true} op b; }
WITH_DOUBLES(+)
WITH_DOUBLES(-)
WITH_DOUBLES(*)
WITH_DOUBLES(/)
#undef WITH_DOUBLES

inline Real& operator+=(Real& a, Real b) { return a = a + b; }
inline Real& operator-=(Real& a, Real b) { return a = a - b; }
inline Real& operator*=(Real& a, Real b) { return a = a * b; }

#define COMPARISON(op)                                                           \
    inline Integer operator op(Real a, Real b) { return a.value op b.value ? -1 : 0; }       \
    inline Integer operator op(Real a, double b) { return a.value op b ? -1 : 0; }        \
    inline Integer operator op(Integer a, std::int64_t b) { return a.value op b ? -1 : 0; }
COMPARISON(<)
COMPARISON(<=)
COMPARISON(>)
COMPARISON(>=)
COMPARISON(==)
COMPARISON(!=)
#undef COMPARISON

#define BITWISE(op) \
    inline Integer operator op(Integer a, Integer b) { return a.value op b.value; }
BITWISE(&)
BITWISE(|)
BITWISE(^)
BITWISE(+)
BITWISE(-)
BITWISE(<<)
BITWISE(>>)
#undef BITWISE
inline Integer operator~(Integer a) { return ~a.value; }
inline Integer& operator|=(Integer& a, Integer b) { return a = a | b; }
inline Integer& operator&=(Integer& a, Integer b) { return a = a & b; }
inline Integer& operator+=(Integer& a, Integer b) { return a = a + b; }

#define __builtin_sqrt counted_root
