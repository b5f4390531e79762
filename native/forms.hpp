// Shapes, loops over them, and products of forms.
//
// A shape says which factors the filter has. Sizes of a shape known when compiling are types (Int), so that loops over
// them are unrolled with constants for indices: arrays of a small shape live in registers as far as these reach, and
// coefficients that vanish by structure are left out. The same code runs any other shape with ordinary loops.
#pragma once

#include <utility>

#include "job.hpp"
#include "lanes.hpp"

#if defined(HOMOTOPY_LCN_FEW_SHAPES)
// With the sanitizers, functions that have taken in all others take the compiler minutes each.
#undef INLINE
#define INLINE inline
#define INLINED
#else
// Lambdas that must not become functions of their own.
#define INLINED __attribute__((always_inline))
#endif

namespace homotopy_lcn {
namespace {

// An integer known when compiling.
template <int n>
struct Int {
    static constexpr int value = n;
    constexpr operator int() const { return n; }
};
template <int a, int b>
constexpr Int<a + b> operator+(Int<a>, Int<b>) {
    return {};
}
template <int a, int b>
constexpr Int<a - b> operator-(Int<a>, Int<b>) {
    return {};
}
template <int a, int b>
constexpr Int<a * b> operator*(Int<a>, Int<b>) {
    return {};
}
constexpr Int<1> one_more{};

// Calls body(0), …, body(n − 1), with constants if n is one.
template <class Body, int... i>
INLINE void each_of(Body&& body, std::integer_sequence<int, i...>) {
    (body(Int<i>{}), ...);
}
template <int n, class Body>
INLINE void each(Int<n>, Body&& body) {
    each_of(body, std::make_integer_sequence<int, (n > 0 ? n : 0)>{});
}
template <class Body>
INLINE void each(int n, Body&& body) {
    for (int i = 0; i < n; ++i) body(i);
}

template <int Degree, int Power, int Dilation>
struct Fac {
    static constexpr int degree = Degree, power = Power, dilation = Dilation;
};

constexpr int gcd(int a, int b) { return b == 0 ? a : gcd(b, a % b); }

template <class... F>
struct StaticShape {
    static constexpr bool fixed = true;
    static constexpr int degrees[] = {F::degree...}, powers[] = {F::power...}, dilations[] = {F::dilation...};
    static constexpr Int<int(sizeof...(F))> r{};
    static constexpr Int<1 + (0 + ... + (F::degree * F::power * F::dilation))> K{};
    static constexpr Int<(0 + ... + (F::degree + 1))> N{};
    // Whether everything of a step is unrolled; whether even for kinds of data that are tracked less often.
#if defined(HOMOTOPY_LCN_FEW_SHAPES)
    static constexpr bool small = K <= 4, unroll_always = false;
#else
    static constexpr bool small = K <= 11 && N <= 8, unroll_always = K <= 8 && N <= 6;
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
    // Every coefficient that occurs in the product without Q_f and Q_g is a multiple of this.
    static constexpr int gap(int f, int g) {
        int result = 0;
        for (int k = 0; k < r; ++k)
            if (degrees[k] * (powers[k] - (k == f) - (k == g)) > 0) result = gcd(result, dilations[k]);
        return result == 0 ? 1 : result;
    }

    template <int f>
    static constexpr Int<degrees[f]> e(Int<f>) {
        return {};
    }
    template <int f>
    static constexpr Int<powers[f]> m(Int<f>) {
        return {};
    }
    template <int f>
    static constexpr Int<dilations[f]> dil(Int<f>) {
        return {};
    }
    template <int f>
    static constexpr Int<offset(f)> at(Int<f>) {
        return {};
    }
    // Degree of Π_{f ≤ g < h} Q_g^{m_g}.
    template <int f, int h>
    static constexpr Int<total_degree(f, h)> degree(Int<f>, Int<h>) {
        return {};
    }

    static FactorShape factor(int f) { return {degrees[f], powers[f], dilations[f]}; }
    static bool fits(const Job& job) {
        if (job.factor_count != r) return false;
        for (int f = 0; f < r; ++f) {
            const FactorShape& s = job.factors[f];
            if (s.degree != degrees[f] || s.power != powers[f] || s.dilation != dilations[f]) return false;
        }
        return true;
    }
    explicit StaticShape(const Job&) {}
};

struct AnyShape {
    static constexpr bool fixed = false, small = false, unroll_always = false;
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
    static int gap(int, int) { return 1; }
};

// A shape without its larger loops unrolled: quicker to compile, for kinds of data that are tracked less often.
template <class S>
struct Rolled : S {
    static constexpr bool small = S::small && S::unroll_always;
    using S::S;
};

// A loop unrolled with constants for small shapes only.
template <class S, class Count, class Body>
INLINE void loop(Count n, Body&& body) {
    if constexpr (S::small) {
        each(n, body);
    } else {
        UNROLL for (int i = 0; i < int(n); ++i) body(i);
    }
}

// Calls body(i) for the coefficients i < size of the product of all factors without Q_f and Q_g that do not vanish by
// structure (and perhaps for some that do).
template <class S, class F, class G, class Size, class Body>
INLINE void coefficients_without(F f, G g, Size size, Body&& body) {
    if constexpr (S::small) {
        each(size, [&](auto i) INLINED {
            if constexpr (S::occurs(0, S::r, F::value, G::value, decltype(i)::value)) body(i);
        });
    } else {
        const int gap = S::gap(f, g);
        UNROLL for (int i = 0; i < int(size); i += gap) body(i);
    }
}

// Whether there is a coefficient i of P_f that need not vanish.
template <class S, class F, class Index, class Size>
INLINE bool may_occur(F, Index i, Size size) {
    if constexpr (S::small)
        return Index::value >= 0 && Index::value < Size::value && S::occurs(0, S::r, F::value, -1, Index::value);
    else
        return i >= 0 && i < size;
}

// out (n + (count − 1) step coefficients) = a (n coefficients) times the form b dilated by ``step``; a is the product of
// the factors lo ≤ g < hi, as far as zeros by structure go, and b that of the factors from ``above`` on (−1: b has none).
template <class S, class T, class Lo, class Hi, class N, class Above, class Count, class Step>
INLINE void multiply(T* out, Lo, Hi, const T* a, N n, Above, const T* b, Count count, Step step) {
    if constexpr (S::small) {
        each(n + (count - one_more) * step, [&](auto i) INLINED {
            T sum = Unit<T>::zero();
            each(count, [&](auto j) INLINED {
                constexpr int k = decltype(i)::value - decltype(j)::value * Step::value;
                if constexpr (k >= 0 && k < N::value && S::occurs(Lo::value, Hi::value, -1, -1, k) &&
                              (Above::value < 0 || S::occurs(Above::value, S::r, -1, -1, decltype(j)::value)))
                    add_product(sum, a[k], b[j]);
            });
            out[i] = sum;
        });
    } else {
        const int size = n + (count - 1) * step;
        for (int i = 0; i < size; ++i) {
            T sum = Unit<T>::zero();
            for (int j = 0; j < count; ++j) {
                const int k = i - j * step;
                if (k >= 0 && k < n) add_product(sum, a[k], b[j]);
            }
            out[i] = sum;
        }
    }
}
template <class T, class N, class Step>
INLINE void dilate(T* out, const T* form, N n, Step step) {
    each(n, [&](auto i) INLINED {
        if (i > 0) each(step, [&](auto k) INLINED { out[i * step - k] = Unit<T>::zero(); });
        out[i * step] = form[i];
    });
}

// Calls body(i, q, rows, width) for blocks of rows i < K and columns q ≤ e_g of Σ J_g, rows and width constants: all
// columns at once if the shape is known, otherwise by fours and singly; ``rows`` rows at once if there are few columns.
template <class S, int rows, class G, class Body>
INLINE void in_blocks(G g, const S& shape, Body&& body) {
    auto all_rows = [&](auto q, auto width) INLINED {
        constexpr int R = decltype(width)::value < 4 && !S::small ? rows : 1;
        if constexpr (S::small) {
            each(shape.K, [&](auto i) INLINED { body(i, q, Int<1>{}, width); });
        } else {
            int i = 0;
            for (; i + R <= shape.K; i += R) body(i, q, Int<R>{}, width);
            if (R > 1 && i < shape.K) body(i, q, Int<1>{}, width);
        }
    };
    if constexpr (S::fixed) {
        all_rows(Int<0>{}, Int<S::degrees[G::value] + 1>{});
    } else {
        const int count = shape.e(g) + 1;
        int q = 0;
        for (; q + 4 <= count; q += 4) all_rows(q, Int<4>{});
        for (; q < count; ++q) all_rows(q, Int<1>{});
    }
}

// The forms at a point: products before and from each factor, P_f = ∂w/∂Q_f, and w.
//
//     before[f] = Π_{g<f} Q_g^{m_g}, f ≥ 1       power[f] = Q_f^{m_f}, the coefficients themselves if m_f = 1
//     from[f] = Π_{g≥f} Q_g^{m_g}                 slope[f] = m_f Q_f^{m_f−1}, unless m_f = 1
//     rest[f] = P_f                               curve[f] = m_f (m_f − 1) Q_f^{m_f−2}, unless m_f = 1
template <class S, class T, bool local = S::small>
struct Forms;

template <class S, class T>
struct Forms<S, T, true> {
    T before[S::r][S::K], from[S::r][S::K], rest[S::r][S::K], power[S::r][S::K], slope[S::r][S::K], curve[S::r][S::K];
    T scratch[S::K];
};
template <class S, class T>
struct Forms<S, T, false> {
    T **before, **from, **rest, **power, **slope, **curve;
    T* scratch;
};

template <class S, class T>
INLINE void build_forms(const S& shape, Forms<S, T>& forms, const T* point, bool curves) {
    const auto r = shape.r;
    each(r, [&](auto f) INLINED {
        const T* q = point + shape.at(f);
        const auto e = shape.e(f);
        const int m = shape.m(f);
        if (m == 1) {
            each(e + one_more, [&](auto i) INLINED { forms.power[f][i] = q[i]; });
            return;
        }
        // Powers up to m: keep m−2 (curve), m−1 (slope) and m, unscaled at first.
        T *low = &forms.curve[f][0], *scratch = &forms.scratch[0];
        low[0] = Unit<T>::one();
        int n = 1;
        for (int k = 0; k < m - 2; ++k) {
            multiply<AnyShape>(scratch, 0, 0, low, n, 0, q, int(e) + 1, 1);
            n += e;
            for (int i = 0; i < n; ++i) low[i] = scratch[i];
        }
        multiply<AnyShape>(&forms.slope[f][0], 0, 0, low, n, 0, q, int(e) + 1, 1);
        multiply<AnyShape>(&forms.power[f][0], 0, 0, &forms.slope[f][0], n + e, 0, q, int(e) + 1, 1);
        for (int i = 0; i < n + e; ++i) forms.slope[f][i] = double(m) * forms.slope[f][i];
        if (curves)
            for (int i = 0; i < n; ++i) low[i] = double(m * (m - 1)) * low[i];
    });
    // From the last factor down; from[r−1] is that factor alone.
    each(r, [&](auto back) INLINED {
        const auto f = r - one_more - back;
        const auto count = shape.e(f) * shape.m(f) + one_more;
        if (f == r - 1)
            dilate(&forms.from[f][0], &forms.power[f][0], count, shape.dil(f));
        else
            multiply<S>(&forms.from[f][0], f + one_more, r, &forms.from[f + (f < r - 1)][0],
                        shape.degree(f + one_more, r) + one_more, Int<-1>{}, &forms.power[f][0], count, shape.dil(f));
    });
    each(r - one_more, [&](auto f) INLINED {  // before[f + 1]
        const auto count = shape.e(f) * shape.m(f) + one_more;
        if (f == 0)
            dilate(&forms.before[f + one_more][0], &forms.power[f][0], count, shape.dil(f));
        else
            multiply<S>(&forms.before[f + one_more][0], Int<0>{}, f, &forms.before[f][0],
                        shape.degree(Int<0>{}, f) + one_more, Int<-1>{}, &forms.power[f][0], count, shape.dil(f));
    });
    each(r, [&](auto f) INLINED {
        const auto left = shape.degree(Int<0>{}, f) + one_more, right = shape.degree(f + one_more, r) + one_more;
        T* out = shape.m(f) == 1 ? &forms.rest[f][0] : &forms.scratch[0];
        if (f == 0 && f == r - 1) {
            out[0] = Unit<T>::one();
        } else if (f == 0) {
            each(right, [&](auto i) INLINED { out[i] = forms.from[f + (f < r - 1)][i]; });
        } else if (f == r - 1) {
            each(left, [&](auto i) INLINED { out[i] = forms.before[f][i]; });
        } else {
            multiply<S>(out, Int<0>{}, f, &forms.before[f][0], left, f + one_more, &forms.from[f + (f < r - 1)][0],
                        right, one_more);
        }
        if (shape.m(f) > 1)
            multiply<AnyShape>(&forms.rest[f][0], 0, 0, out, left + right - 1, 0, &forms.slope[f][0],
                               shape.e(f) * (shape.m(f) - 1) + 1, int(shape.dil(f)));
    });
}

}  // namespace
}  // namespace homotopy_lcn
