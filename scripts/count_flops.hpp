// Stands in for the vector types of native/lanes.hpp, one lane wide, and counts floating-point operations.
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

struct I;

struct V {
    double value = 0.0;
    bool constant = true;

    V() = default;
    V(double value, bool constant) : value(value), constant(constant) {}
    explicit V(const I& bits);
    double& operator[](int) {
        constant = false;
        return value;
    }
    double operator[](int) const { return value; }
    bool is(double x) const { return constant && value == x; }
};

struct I {
    std::int64_t value = 0;

    I() = default;
    I(std::int64_t value) : value(value) {}
    explicit I(const V& a) { std::memcpy(&value, &a.value, 8); }
    explicit operator bool() const { return value != 0; }
    std::int64_t& operator[](int) { return value; }
    std::int64_t operator[](int) const { return value; }
};

inline V::V(const I& bits) : constant(false) { std::memcpy(&value, &bits.value, 8); }

inline V counted(double value, std::int64_t& counter, bool both_constant, bool trivial) {
    if (!both_constant && !trivial) ++counter;
    return {value, both_constant};
}
inline V operator+(V a, V b) {
    return counted(a.value + b.value, count.additions, a.constant && b.constant, a.is(0) || b.is(0));
}
inline V operator-(V a, V b) {
    return counted(a.value - b.value, count.additions, a.constant && b.constant, a.is(0) || b.is(0));
}
inline V operator*(V a, V b) {
    if (a.is(0) || b.is(0)) return {};
    return counted(a.value * b.value, count.multiplications, a.constant && b.constant, a.is(1) || b.is(1));
}
inline V operator/(V a, V b) { return counted(a.value / b.value, count.divisions, a.constant && b.constant, b.is(1)); }
inline V operator-(V a) { return {-a.value, a.constant}; }
inline double counted_root(double x) {
    ++count.roots;
    return __builtin_sqrt(x);
}

// A double next to a vector is a constant in every lane.
#define WITH_DOUBLES(op)                                                  \
    inline V operator op(V a, double b) { return a op V{b, true}; }       \
    inline V operator op(double a, V b) { return V{a, true} op b; }
WITH_DOUBLES(+)
WITH_DOUBLES(-)
WITH_DOUBLES(*)
WITH_DOUBLES(/)
#undef WITH_DOUBLES

inline V& operator+=(V& a, V b) { return a = a + b; }
inline V& operator-=(V& a, V b) { return a = a - b; }
inline V& operator*=(V& a, V b) { return a = a * b; }

#define COMPARISON(op)                                                           \
    inline I operator op(V a, V b) { return a.value op b.value ? -1 : 0; }       \
    inline I operator op(V a, double b) { return a.value op b ? -1 : 0; }        \
    inline I operator op(I a, std::int64_t b) { return a.value op b ? -1 : 0; }
COMPARISON(<)
COMPARISON(<=)
COMPARISON(>)
COMPARISON(>=)
COMPARISON(==)
COMPARISON(!=)
#undef COMPARISON

#define BITWISE(op) \
    inline I operator op(I a, I b) { return a.value op b.value; }
BITWISE(&)
BITWISE(|)
BITWISE(^)
BITWISE(+)
BITWISE(-)
BITWISE(<<)
BITWISE(>>)
#undef BITWISE
inline I operator~(I a) { return ~a.value; }
inline I& operator|=(I& a, I b) { return a = a | b; }
inline I& operator&=(I& a, I b) { return a = a & b; }
inline I& operator+=(I& a, I b) { return a = a + b; }

#define __builtin_sqrt counted_root
