// The condition number of small matrices, one in each lane.
//
// Householder reflections make a matrix bidiagonal, which keeps its singular values (Golub and Kahan 1965). With the
// moduli d_1, e_1, d_2, …, d_n of the two diagonals beside a zero diagonal, the symmetric tridiagonal matrix has the
// eigenvalues ±σ. Counts of negative pivots of that matrix minus x then bisect for the largest and the least σ (Demmel
// and Kahan, *Accurate singular values of bidiagonal matrices* (1990)).
#pragma once

#include "vectors.hpp"

namespace homotopy_lcn {
namespace {

// The reflection I − v vᴴ/c that takes a vector z to a multiple of the first unit vector: v is z, but for its first
// entry, which is ``head``. Where z = 0, c is infinite.
struct Reflection {
    Complex head;
    Real inverse, length;  // 1 / c, and the norm of z

    Reflection(const Complex& first, Real squared_length) : length(square_root(squared_length)) {
        const Real size = square_root(squared_norm(first));
        const Integer turned = size > 0;
        const Real ratio = length / select(turned, size, broadcast(1.0));
        head = {select(turned, first.re + ratio * first.re, length),
                select(turned, first.im + ratio * first.im, Real{})};
        const Real c = length * (length + size);
        inverse = select(c > 0, 1.0 / select(c > 0, c, broadcast(1.0)), Real{});
    }
};

// Makes n × n matrices bidiagonal, and enters d_1, e_1, d_2, …, d_n, 0 into ``diagonals``. The columns of a matrix are
// stored one after the other and are overwritten.
inline void make_bidiagonal(Complex* columns, int n, Real* diagonals) {
    for (int j = 0; j < n; ++j) {
        Complex* const own = columns + j * n;
        Real square = Real{};
        for (int k = j; k < n; ++k) square += squared_norm(own[k]);
        const Reflection down(own[j], square);
        own[j] = down.head;
        for (int i = j + 1; i < n; ++i) {
            Complex* const other = columns + i * n;
            Complex dot = complex_zero();
            for (int k = j; k < n; ++k) add_product(dot, conj(own[k]), other[k]);
            dot = down.inverse * dot;
            for (int k = j; k < n; ++k) subtract_product(other[k], dot, own[k]);
        }
        Real beside = Real{};
        if (j + 1 < n) {
            square = Real{};
            for (int i = j + 1; i < n; ++i) square += squared_norm(columns[i * n + j]);
            const Reflection across(columns[(j + 1) * n + j], square);
            columns[(j + 1) * n + j] = across.head;
            for (int k = j + 1; k < n; ++k) own[k] = complex_zero();
            for (int i = j + 1; i < n; ++i)
                for (int k = j + 1; k < n; ++k) add_product(own[k], columns[i * n + k], conj(columns[i * n + j]));
            for (int k = j + 1; k < n; ++k) own[k] = across.inverse * own[k];
            for (int i = j + 1; i < n; ++i)
                for (int k = j + 1; k < n; ++k) subtract_product(columns[i * n + k], own[k], columns[i * n + j]);
            beside = across.length;
        }
        diagonals[2 * j] = down.length;
        diagonals[2 * j + 1] = beside;
    }
}

// How many of the n singular values are below x > 0 and y > 0, from the squares of d_1, e_1, d_2, …, d_n: two counts
// together, since each waits for its divisions.
INLINE void count_below(const Real* squares, int n, Real x, Real y, Integer& below_x, Integer& below_y) {
    const Real tiny = broadcast(-1e-300);
    below_x = below_y = Integer{} - Whole(n - 1);  // with the first pivots, n of the negative ones belong to −σ
    Real of_x = -x, of_y = -y;
    for (int i = 0; i < 2 * n - 1; ++i) {
        of_x = -x - squares[i] / select(of_x == 0, tiny, of_x);
        of_y = -y - squares[i] / select(of_y == 0, tiny, of_y);
        below_x -= of_x < 0;
        below_y -= of_y < 0;
    }
}

// The largest singular value over the least, to ten digits at least, of n × n matrices, whose columns are stored one
// after the other and are overwritten; ``squares`` has room for 2n numbers. A condition number above 1e18 is given as
// about 1e18.
inline Real condition_number(Complex* columns, int n, Real* squares) {
    constexpr int halvings = 46;
    constexpr double rounding = 1e-18;
    make_bidiagonal(columns, n, squares);
    Real norm = Real{};
    for (int i = 0; i < 2 * n; ++i) norm += squares[i] * squares[i];
    const Real inverse = 1.0 / select(norm > 0, norm, broadcast(1.0));
    for (int i = 0; i < 2 * n; ++i) squares[i] = inverse * (squares[i] * squares[i]);
    // Now Σσ² = 1. The logarithm of an interval is halved: its middle is the square root of the product of its ends.
    Real most_low = square_root(broadcast(0.5 / n)), most_high = broadcast(1.0 + 1e-12);
    Real least_low = broadcast(rounding), least_high = most_high;
    for (int i = 0; i < halvings; ++i) {
        const Real most = square_root(most_low * most_high), least = square_root(least_low * least_high);
        Integer below_most, below_least;
        count_below(squares, n, most, least, below_most, below_least);
        const Integer all_below = below_most >= Whole(n), some_below = below_least > 0;
        most_low = select(all_below, most_low, most);
        most_high = select(all_below, most, most_high);
        least_low = select(some_below, least_low, least);
        least_high = select(some_below, least, least_high);
    }
    const Real ratio = square_root((most_low * most_high) / (least_low * least_high));
    return select(norm < broadcast(__builtin_inf()), ratio, norm - norm);  // NaN stays
}

}  // namespace
}  // namespace homotopy_lcn
