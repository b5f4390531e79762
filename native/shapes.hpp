// Shapes, and loops over the sizes of a shape.
//
// A shape is the list of the factors of a filter. If a shape is known to the compiler (StaticShape), its sizes are
// types (Constant). Loops over them are unrolled, and indices are constants. Arrays of a small shape then live in
// registers as far as there are registers, and coefficients that vanish by structure take no work. The same code with
// ordinary loops serves every other shape (AnyShape).
#pragma once

#include <type_traits>
#include <utility>

#include "kernel_interface.hpp"
#include "vectors.hpp"

#if defined(HOMOTOPY_LCN_FEW_SHAPES)
// With the sanitizers the compiler needs minutes for a function that has all others inlined. There it may choose.
#undef INLINE
#define INLINE inline
#define INLINED
#else
// A lambda marked so is never compiled as a function of its own.
#define INLINED __attribute__((always_inline))
#endif

namespace homotopy_lcn {
namespace {

// An integer known to the compiler.
template <int n>
struct Constant {
    static constexpr int value = n;
    constexpr operator int() const { return n; }
};
template <int a, int b>
constexpr Constant<a + b> operator+(Constant<a>, Constant<b>) {
    return {};
}
template <int a, int b>
constexpr Constant<a - b> operator-(Constant<a>, Constant<b>) {
    return {};
}
template <int a, int b>
constexpr Constant<a * b> operator*(Constant<a>, Constant<b>) {
    return {};
}
constexpr Constant<1> one_more{};
// GCC warns at a loop with UNROLL whose length is a Constant, and ignores UNROLL there.
template <class Count>
constexpr bool is_constant = !std::is_same<Count, int>::value;

// The calls body(0), …, body(n − 1) for a constant n, and the same for any n. Written out: the compiler takes a third longer
// for a pack of indices.
#define UP_TO_SIXTEEN(n, body) \
    if constexpr (n > 0) body(Constant<0>{});  \
    if constexpr (n > 1) body(Constant<1>{});  \
    if constexpr (n > 2) body(Constant<2>{});  \
    if constexpr (n > 3) body(Constant<3>{});  \
    if constexpr (n > 4) body(Constant<4>{});  \
    if constexpr (n > 5) body(Constant<5>{});  \
    if constexpr (n > 6) body(Constant<6>{});  \
    if constexpr (n > 7) body(Constant<7>{});  \
    if constexpr (n > 8) body(Constant<8>{});  \
    if constexpr (n > 9) body(Constant<9>{});  \
    if constexpr (n > 10) body(Constant<10>{});  \
    if constexpr (n > 11) body(Constant<11>{});  \
    if constexpr (n > 12) body(Constant<12>{});  \
    if constexpr (n > 13) body(Constant<13>{});  \
    if constexpr (n > 14) body(Constant<14>{});  \
    if constexpr (n > 15) body(Constant<15>{});
template <int n, class Body>
INLINE void each(Constant<n>, Body&& body) {
    static_assert(n <= 16, "write more calls");
    UP_TO_SIXTEEN(n, body)
}
template <class Body>
INLINE void each(int n, Body&& body) {
    for (int i = 0; i < n; ++i) body(i);
}

// The factor Q(x^dilation)^power of a shape known to the compiler.
template <int Degree, int Power, int Dilation>
struct Factor {
    static constexpr int degree = Degree, power = Power, dilation = Dilation;
};

constexpr int gcd(int a, int b) { return b == 0 ? a : gcd(b, a % b); }

// Members of a shape:
//     r, K, N              numbers of factors, of coefficients of the filter, and of coefficients of all factors
//     e(f), m(f), dil(f)   degree, power and dilation of factor f, in formulas e_f, m_f, D_f
//     at(f)                index of the first coefficient of factor f
//     degree(f, h)         degree of Π_{f ≤ g < h} Q_g^{m_g}
//     fixed                whether the shape is known to the compiler
//     small                whether all loops of a step are unrolled
template <class... F>
struct StaticShape {
    static constexpr bool fixed = true;
    static constexpr int degrees[sizeof...(F)] = {F::degree...}, powers[sizeof...(F)] = {F::power...};
    static constexpr int dilations[sizeof...(F)] = {F::dilation...};
    static constexpr Constant<int(sizeof...(F))> r{};
    static constexpr Constant<1 + (0 + ... + (F::degree * F::power * F::dilation))> K{};
    static constexpr Constant<(0 + ... + (F::degree + 1))> N{};
#if defined(HOMOTOPY_LCN_FEW_SHAPES)
    static constexpr bool small = K <= 4;
#else
    static constexpr bool small = K <= 11 && N <= 8;
#endif

    static constexpr int offset(int f) {
        int at = 0;
        for (int g = 0; g < f; ++g) at += degrees[g] + 1;
        return at;
    }
    static constexpr int total_degree(int f, int h) {
        int degree = 0;
        for (int g = f; g < h; ++g) degree += degrees[g] * powers[g] * dilations[g];
        return degree;
    }
    // Whether Π_{lo ≤ g < hi} Q_g^{m_g}, divided by Q_f and Q_g, has a coefficient i that does not vanish by structure.
    static constexpr bool occurs(int lo, int hi, int f, int g, int i) {
        if (lo >= hi) return i == 0;
        const int degree = degrees[lo] * (powers[lo] - (lo == f) - (lo == g));
        for (int j = 0; j <= degree; ++j)
            if (i >= j * dilations[lo] && occurs(lo + 1, hi, f, g, i - j * dilations[lo])) return true;
        return false;
    }
    // A number that divides the index of every coefficient that occurs in Π_k Q_k^{m_k}, divided by Q_f and Q_g.
    static constexpr int gap(int f, int g) {
        int result = 0;
        for (int k = 0; k < r; ++k)
            if (degrees[k] * (powers[k] - (k == f) - (k == g)) > 0) result = gcd(result, dilations[k]);
        return result == 0 ? 1 : result;
    }

    template <int f>
    static constexpr Constant<degrees[f]> e(Constant<f>) {
        return {};
    }
    template <int f>
    static constexpr Constant<powers[f]> m(Constant<f>) {
        return {};
    }
    template <int f>
    static constexpr Constant<dilations[f]> dil(Constant<f>) {
        return {};
    }
    template <int f>
    static constexpr Constant<offset(f)> at(Constant<f>) {
        return {};
    }
    template <int f, int h>
    static constexpr Constant<total_degree(f, h)> degree(Constant<f>, Constant<h>) {
        return {};
    }

    static FactorShape factor(int f) { return {degrees[f], powers[f], dilations[f]}; }
    static bool fits(const Job& job) {
        if (job.factor_count != r) return false;
        for (int f = 0; f < r; ++f) {
            const FactorShape& given = job.factors[f];
            if (given.degree != degrees[f] || given.power != powers[f] || given.dilation != dilations[f]) return false;
        }
        return true;
    }
    explicit StaticShape(const Job&) {}
};

// A shape that is known only when the kernel runs.
struct AnyShape {
    static constexpr bool fixed = false, small = false;
    int r, K, N;
    const FactorShape* factors;
    explicit AnyShape(const Job& job)
        : r(job.factor_count), K(job.filter_size), N(job.coordinates), factors(job.factors) {}
    int e(int f) const { return factors[f].degree; }
    int m(int f) const { return factors[f].power; }
    int dil(int f) const { return factors[f].dilation; }
    int at(int f) const {
        int at = 0;
        for (int g = 0; g < f; ++g) at += e(g) + 1;
        return at;
    }
    int degree(int f, int h) const {
        int degree = 0;
        for (int g = f; g < h; ++g) degree += e(g) * m(g) * dil(g);
        return degree;
    }
    const FactorShape& factor(int f) const { return factors[f]; }
    int gap(int f, int g) const {
        int result = 0;
        for (int k = 0; k < r; ++k)
            if (e(k) * (m(k) - (k == f) - (k == g)) > 0) result = gcd(result, dil(k));
        return result == 0 ? 1 : result;
    }
};

// Calls body(0), …, body(n − 1), with constants for a small shape only.
template <class S, class Count, class Body>
INLINE void loop(Count n, Body&& body) {
    if constexpr (S::small) {
        constexpr int size = Count::value;
        UP_TO_SIXTEEN(size, body)
    } else if constexpr (is_constant<Count>) {
        for (int i = 0; i < int(n); ++i) body(i);
    } else {
        UNROLL for (int i = 0; i < int(n); ++i) body(i);
    }
}

// Calls body(i) for every coefficient i < size of Π_k Q_k^{m_k}, divided by Q_f and Q_g, that does not vanish by
// structure. For a shape that is not small these are the multiples of ``gap``, which is that of the shape for f and g;
// some vanishing coefficients are among them.
template <class S, class F, class G, class Size, class Body>
INLINE void coefficients_without(F, G, Size size, [[maybe_unused]] int gap, Body&& body) {
    if constexpr (S::small) {
        constexpr auto occurs = [](int i) { return i < Size::value && S::occurs(0, S::r, F::value, G::value, i); };
        static_assert(Size::value <= 16, "write more calls");
        if constexpr (occurs(0)) body(Constant<0>{});
        if constexpr (occurs(1)) body(Constant<1>{});
        if constexpr (occurs(2)) body(Constant<2>{});
        if constexpr (occurs(3)) body(Constant<3>{});
        if constexpr (occurs(4)) body(Constant<4>{});
        if constexpr (occurs(5)) body(Constant<5>{});
        if constexpr (occurs(6)) body(Constant<6>{});
        if constexpr (occurs(7)) body(Constant<7>{});
        if constexpr (occurs(8)) body(Constant<8>{});
        if constexpr (occurs(9)) body(Constant<9>{});
        if constexpr (occurs(10)) body(Constant<10>{});
        if constexpr (occurs(11)) body(Constant<11>{});
        if constexpr (occurs(12)) body(Constant<12>{});
        if constexpr (occurs(13)) body(Constant<13>{});
        if constexpr (occurs(14)) body(Constant<14>{});
        if constexpr (occurs(15)) body(Constant<15>{});
    } else {
        if constexpr (is_constant<Size>) {
            for (int i = 0; i < int(size); i += gap) body(i);
        } else {
            UNROLL for (int i = 0; i < int(size); i += gap) body(i);
        }
    }
}

// Whether P_f = ∂w/∂Q_f has a coefficient i that does not vanish by structure.
template <class S, class F, class Index, class Size>
INLINE bool occurs_in_derivative(F, Index i, Size size) {
    if constexpr (S::small)
        return Index::value >= 0 && Index::value < Size::value && S::occurs(0, S::r, F::value, -1, Index::value);
    else
        return i >= 0 && i < size;
}

// Divides Σ J_g, with ``height`` rows i and columns q ≤ e_g, into blocks, and calls body(i, q, rows, width) for each
// block, rows and width constants. A block has all columns if the compiler knows the shape, otherwise four columns or one. A
// block with few columns has ``rows`` rows, any other block one row.
template <class S, int rows, class G, class Height, class Body>
INLINE void in_blocks(G g, const S& shape, Height height, Body&& body) {
    auto all_rows = [&](auto q, auto width) INLINED {
        constexpr int R = decltype(width)::value < 4 && !S::small ? rows : 1;
        if constexpr (S::small) {
            each(height, [&](auto i) INLINED { body(i, q, Constant<1>{}, width); });
        } else {
            int i = 0;
            for (; i + R <= height; i += R) body(i, q, Constant<R>{}, width);
            if (R > 1 && i < height) body(i, q, Constant<1>{}, width);
        }
    };
    if constexpr (S::fixed) {
        all_rows(Constant<0>{}, Constant<S::degrees[G::value] + 1>{});
    } else {
        const int count = shape.e(g) + 1;
        int q = 0;
        for (; q + 4 <= count; q += 4) all_rows(q, Constant<4>{});
        for (; q < count; ++q) all_rows(q, Constant<1>{});
    }
}

}  // namespace
}  // namespace homotopy_lcn
