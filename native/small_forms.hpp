// Numbers and binary forms of few coefficients, one at a time: no vectors, no memory from the heap.
//
// A form (w_0, …, w_n) is Σ_j w_j x^{n−j} y^j, as in homotopy_lcn/networks/binary_forms.py.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

namespace homotopy_lcn {
namespace plain {

using Long = long double;

// Complex numbers without the care that std::complex takes of infinities.
template <class R>
struct Complex {
    R re, im;
    Complex() = default;
    Complex(R re, R im = 0) : re(re), im(im) {}
    template <class Other>
    explicit Complex(const Complex<Other>& other) : re(R(other.re)), im(R(other.im)) {}
};
template <class R>
inline Complex<R> operator+(const Complex<R>& a, const Complex<R>& b) {
    return {a.re + b.re, a.im + b.im};
}
template <class R>
inline Complex<R> operator-(const Complex<R>& a, const Complex<R>& b) {
    return {a.re - b.re, a.im - b.im};
}
template <class R>
inline Complex<R> operator-(const Complex<R>& a) {
    return {-a.re, -a.im};
}
template <class R>
inline Complex<R> operator*(const Complex<R>& a, const Complex<R>& b) {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
template <class R>
inline Complex<R> operator*(R a, const Complex<R>& b) {
    return {a * b.re, a * b.im};
}
template <class R>
inline Complex<R>& operator+=(Complex<R>& a, const Complex<R>& b) {
    return a = a + b;
}
template <class R>
inline Complex<R>& operator-=(Complex<R>& a, const Complex<R>& b) {
    return a = a - b;
}

// The real numbers that belong to a type of numbers, and the complex ones.
template <class T>
struct Parts {
    using Real = T;
    static constexpr bool complex = false;
};
template <class R>
struct Parts<Complex<R>> {
    using Real = R;
    static constexpr bool complex = true;
};
template <class T>
using RealOf = typename Parts<T>::Real;

template <class R>
inline R conj(R a) {
    return a;
}
template <class R>
inline Complex<R> conj(const Complex<R>& a) {
    return {a.re, -a.im};
}
template <class R>
inline R square_of(R a) {
    return a * a;
}
template <class R>
inline R square_of(const Complex<R>& a) {
    return a.re * a.re + a.im * a.im;
}
template <class R>
inline R real_part(R a) {
    return a;
}
template <class R>
inline R real_part(const Complex<R>& a) {
    return a.re;
}
template <class T>
inline RealOf<T> size_of(const T& a) {
    return std::sqrt(square_of(a));
}
template <class T>
inline T over(const T& a, const T& b) {
    return (RealOf<T>(1) / square_of(b)) * (a * conj(b));
}
template <>
inline double over(const double& a, const double& b) {
    return a / b;
}
template <>
inline Long over(const Long& a, const Long& b) {
    return a / b;
}
template <class T>
inline T zero() {
    return T(0);
}

constexpr int most_coefficients = 32;

template <class T>
struct Form {
    int size;
    T c[most_coefficients];

    Form() = default;
    Form(const Form& other) : Form(other.c, other.size) {}
    Form& operator=(const Form& other) {
        size = other.size;
        for (int i = 0; i < size; ++i) c[i] = other.c[i];
        return *this;
    }
    Form(const T* first, int size) : size(size) {
        for (int i = 0; i < size; ++i) c[i] = first[i];
    }
    explicit Form(const T& constant) : size(1) { c[0] = constant; }
};

template <class T>
inline RealOf<T> square_norm(const T* vector, int size) {
    RealOf<T> sum = 0;
    for (int i = 0; i < size; ++i) sum += square_of(vector[i]);
    return sum;
}
template <class T>
inline RealOf<T> square_norm(const Form<T>& form) {
    return square_norm(form.c, form.size);
}

// The product of a form and a form in x^dilation, y^dilation.
template <class T>
inline Form<T> product(const Form<T>& left, const Form<T>& right, int dilation = 1) {
    Form<T> result;
    result.size = left.size + (right.size - 1) * dilation;
    for (int i = 0; i < left.size; ++i) result.c[i] = left.c[i] * right.c[0];
    for (int i = left.size; i < result.size; ++i) result.c[i] = zero<T>();
    for (int j = 1; j < right.size; ++j)
        for (int i = 0; i < left.size; ++i) result.c[i + j * dilation] += left.c[i] * right.c[j];
    return result;
}
template <class T>
inline Form<T> times(const T& number, Form<T> form) {
    for (int i = 0; i < form.size; ++i) form.c[i] = number * form.c[i];
    return form;
}
template <class T>
inline Form<T> power(const Form<T>& form, int exponent) {
    if (exponent == 0) return Form<T>(T(1));
    Form<T> result = form;
    for (int i = 1; i < exponent; ++i) result = product(result, form);
    return result;
}

// A root on the projective line: the form vanishes at (x : y), |x|² + |y|² = 1.
template <class R>
struct RootOf {
    Complex<R> x, y;
};
using Root = RootOf<Long>;
template <class R>
inline R distance(const RootOf<R>& a, const RootOf<R>& b) {
    return size_of(a.x * b.y - a.y * b.x);
}

template <class R>
inline RootOf<R> unit_root(const Complex<R>& x, const Complex<R>& y) {
    const R scale = 1 / std::sqrt(square_of(x) + square_of(y));
    return {scale * x, scale * y};
}
template <class R>
inline Complex<R> square_root(const Complex<R>& a) {
    const R size = size_of(a);
    Complex<R> root(std::sqrt(std::max<R>((size + a.re) / 2, 0)), std::sqrt(std::max<R>((size - a.re) / 2, 0)));
    return a.im < 0 ? conj(root) : root;
}

// Simultaneous iteration of Ehrlich and Aberth for a form whose end coefficients are not small. False if it does not
// come to rest.
template <class R>
inline bool iterated_roots(const Form<Complex<R>>& form, RootOf<R>* roots) {
    constexpr int most_steps = 200, most_degree = most_coefficients;
    constexpr R at_rest = 10000 * std::numeric_limits<R>::epsilon();
    const int degree = form.size - 1;
    Complex<R> z[most_degree];
    const R radius = std::pow(std::sqrt(square_of(form.c[degree]) / square_of(form.c[0])), R(1) / degree);
    for (int j = 0; j < degree; ++j) {
        const R angle = R(6.283185307179586L) * (j + R(0.35L)) / degree + R(0.4L);
        z[j] = radius * Complex<R>(std::cos(angle), std::sin(angle));
    }
    for (int step = 0; step < most_steps; ++step) {
        R worst = 0;
        for (int j = 0; j < degree; ++j) {
            Complex<R> value = form.c[0], slope(0), rest(0);
            for (int i = 1; i <= degree; ++i) {
                slope = slope * z[j] + value;
                value = value * z[j] + form.c[i];
            }
            if (square_of(value) == 0) continue;
            const Complex<R> newton = over(value, slope);
            for (int i = 0; i < degree; ++i)
                if (i != j) rest += over(Complex<R>(1), z[j] - z[i]);
            const Complex<R> move = over(newton, Complex<R>(1) - newton * rest);
            if (!(square_of(move) < std::numeric_limits<R>::infinity())) return false;
            z[j] -= move;
            worst = std::max(worst, square_of(move) / square_of(z[j]));
        }
        if (worst <= at_rest * at_rest) {
            for (int j = 0; j < degree; ++j) roots[j] = unit_root(z[j], Complex<R>(1));
            return true;
        }
    }
    return false;
}

// The roots of a form, false where they are in doubt.
template <class R>
inline bool roots_of(const Form<Complex<R>>& form, RootOf<R>* roots) {
    constexpr R small_end = R(1e-6L);
    const int degree = form.size - 1;
    const auto* c = form.c;
    if (degree == 0) return true;
    R largest = 0;
    for (int i = 0; i <= degree; ++i) largest = std::max(largest, square_of(c[i]));
    if (!(largest > 0)) return false;
    if (degree == 1) {
        roots[0] = unit_root(-c[1], c[0]);
        return true;
    }
    if (degree == 2) {
        Complex<R> root = square_root(c[1] * c[1] - R(4) * (c[0] * c[2]));
        if (real_part(conj(c[1]) * root) < 0) root = -root;
        const Complex<R> q = R(-0.5) * (c[1] + root);
        if (!(square_of(q) > 0)) return false;
        roots[0] = unit_root(q, c[0]);
        roots[1] = unit_root(c[2], q);
        return true;
    }
    if (std::min(square_of(c[0]), square_of(c[degree])) <= small_end * small_end * largest) return false;
    return iterated_roots(form, roots);
}

// How far a form is from having a hyperroot of a level: the coefficients whose places differ by multiples of the
// dilation have a common root then; see `distance_to_hyperroot` in Python. Negative where roots are in doubt.
template <class R>
inline R distance_to_hyperroot(const Form<Complex<R>>& form, int dilation) {
    const int degree = form.size - 1, length = degree / dilation + 1;
    Form<Complex<R>> largest(Complex<R>(0)), part[most_coefficients];
    for (int j = 0; j < dilation; ++j) {
        part[j].size = 0;
        for (int i = j; i <= degree; i += dilation) part[j].c[part[j].size++] = form.c[i];
        if (square_norm(part[j]) > square_norm(largest)) largest = part[j];
    }
    R result = std::numeric_limits<R>::infinity();
    if (largest.size < 2) return result;
    RootOf<R> found[most_coefficients];
    if (!roots_of(largest, found)) return -1;
    for (int root = 0; root + 1 < largest.size; ++root) {
        R worst = 0;
        for (int j = 0; j < dilation; ++j) {
            Complex<R> sum(0), y(1);
            for (int i = 0; i < part[j].size; ++i) {
                sum = sum * found[root].x + part[j].c[i] * y;
                y = y * found[root].y;
            }
            worst = std::max(worst, size_of(sum));
        }
        result = std::min(result, worst);
    }
    return result / (length * std::sqrt(square_norm(form)));
}

}  // namespace plain
}  // namespace homotopy_lcn
