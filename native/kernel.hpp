// The tracking kernel: one path in each SIMD lane.
//
// Included once by each kernel_*.cpp, which is compiled for one instruction set and defines LANES and KERNEL_NAME.
// Everything is in an anonymous namespace and nothing of the standard library that could be emitted out of line is used,
// so that no code compiled for one instruction set is shared with another.
//
// Equations. w = Π_f Q_f^{m_f}; factor 0 has m = 1 and is free, the others live in the affine patches g_fᵀ Q_f = 1 with
// g_f = conj(Q_f) / ‖Q_f‖² at the last accepted point. With F = Jᵀ(Σw − b) in all coordinates the tracked system is
//
//     F̃_0 = F_0,      F̃_f = F_f + κ_f g_f (g_fᵀ Q_f − 1).
//
// By Euler's relation Q_fᵀ F_f = m_f wᵀ(Σw − b), so F̃_0 = 0 implies Q_fᵀ F_f = 0 for all f; multiplying F̃_f = 0 by
// Q_fᵀ then gives g_fᵀ Q_f = 1 and F_f = 0: the system is square, symmetric and has just the critical points in the patches as
// solutions, without a basis of the patch ever being formed.
//
// A step. Cubic Hermite prediction; H there, factorised once (L D Lᵀ without pivoting: the matrix is complex symmetric
// and generic); a Newton step; at the new point one evaluation in dual numbers gives F and its total derivative along
// the predicted tangent, hence a chord step and a refined tangent from the same factors. The first and the last step of
// a path have length zero: they make the first tangent and polish the end.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include "job.hpp"

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
    const I bits = (I)x;
    const V mantissa = (V)((bits & 0x000fffffffffffffLL) | 0x3ff0000000000000LL);
    V e;
    for (int i = 0; i < LANES; ++i) e[i] = (double)((bits[i] >> 52) - 1023);
    const V t = mantissa - 1.0;
    const V log2 = e + t * (1.4172 + t * (-0.5835 + t * 0.1663));  // max error 1e-3
    V y = log2 * exponent;
    y = minimum(maximum(y, splat(-60.0)), splat(60.0));
    I whole;
    for (int i = 0; i < LANES; ++i) whole[i] = (std::int64_t)(y[i] + 1024.0) - 1024;
    V floor;
    for (int i = 0; i < LANES; ++i) floor[i] = (double)whole[i];
    const V f = y - floor;
    const V scale = (V)((whole + 1023) << 52);
    return scale * (1.0 + f * (0.6951 + f * (0.2262 + f * 0.0787)));
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

// Shapes known when compiling, and any other.

template <int Degree, int Power, int Dilation>
struct Fac {
    static constexpr int degree = Degree, power = Power, dilation = Dilation;
};

template <class... F>
struct StaticShape {
    static constexpr bool fixed = true;
    static constexpr int r = sizeof...(F);
    static constexpr int e(int f) {
        constexpr int table[] = {F::degree...};
        return table[f];
    }
    static constexpr int m(int f) {
        constexpr int table[] = {F::power...};
        return table[f];
    }
    static constexpr int dil(int f) {
        constexpr int table[] = {F::dilation...};
        return table[f];
    }
    static constexpr int K = 1 + (0 + ... + (F::degree * F::power * F::dilation));
    static constexpr int N = (0 + ... + (F::degree + 1));
    static bool fits(const Job& job) {
        if (job.factor_count != r) return false;
        for (int f = 0; f < r; ++f) {
            const FactorShape& s = job.factors[f];
            if (s.degree != e(f) || s.power != m(f) || s.dilation != dil(f)) return false;
        }
        return true;
    }
    explicit StaticShape(const Job&) {}
};

struct AnyShape {
    static constexpr bool fixed = false;
    int r, K, N;
    const FactorShape* factors;
    explicit AnyShape(const Job& job)
        : r(job.factor_count), K(job.filter_size), N(job.coordinates), factors(job.factors) {}
    int e(int f) const { return factors[f].degree; }
    int m(int f) const { return factors[f].power; }
    int dil(int f) const { return factors[f].dilation; }
};

// Calls body(f) for every factor; f is a compile-time constant for a static shape.
template <class S, class Body, int... f>
INLINE void unroll(Body&& body, std::integer_sequence<int, f...>) {
    (body(std::integral_constant<int, f>{}), ...);
}
template <class S, class Body>
INLINE void each_factor(const S& shape, Body&& body) {
    if constexpr (S::fixed) {
        unroll<S>(body, std::make_integer_sequence<int, S::r>{});
    } else {
        for (int f = 0; f < shape.r; ++f) body(f);
    }
}

// Calls body(first, width) for blocks of the ``count`` columns of factor f, the width a compile-time constant: all at once
// if the shape is known, otherwise by fours and singly.
template <class S, class F, class Body>
INLINE void each_block(int count, F, Body&& body) {
    if constexpr (S::fixed) {
        constexpr int width = S::e(F::value) + 1;
        body(0, std::integral_constant<int, width>{});
    } else {
        int q = 0;
        for (; q + 4 <= count; q += 4) body(q, std::integral_constant<int, 4>{});
        for (; q < count; ++q) body(q, std::integral_constant<int, 1>{});
    }
}

template <class S>
INLINE constexpr int offset_of(const S& shape, int f) {
    int at = 0;
    for (int g = 0; g < f; ++g) at += shape.e(g) + 1;
    return at;
}
// Degree of Π_{f ≤ g < h} Q_g^{m_g}.
template <class S>
INLINE constexpr int degree_of(const S& shape, int f, int h) {
    int degree = 0;
    for (int g = f; g < h; ++g) degree += shape.e(g) * shape.m(g) * shape.dil(g);
    return degree;
}

// out (n + (count − 1) step coefficients) = a (n coefficients) times the form b dilated by ``step``.
template <class T>
INLINE void multiply(T* __restrict out, const T* a, int n, const T* b, int count, int step) {
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

// The forms at a point: products before and from each factor, P_f = ∂w/∂Q_f, and w.
template <class T>
struct Forms {
    T** before;  // before[f] = Π_{g<f} Q_g^{m_g}, f ≥ 1
    T** from;    // from[f] = Π_{g≥f} Q_g^{m_g}; from[0] = w
    T** rest;    // P_f = m_f Q_f^{m_f−1} Π_{g≠f} Q_g^{m_g}
    T** power;   // Q_f^{m_f}, the coefficients themselves if m_f = 1
    T** slope;   // m_f Q_f^{m_f−1} (null if m_f = 1)
    T** curve;   // m_f (m_f − 1) Q_f^{m_f−2} (null if m_f = 1)
    T* scratch;  // two forms of size K
};

template <class S, class T>
INLINE void build_forms(const S& shape, Forms<T>& forms, T* point, bool curves) {
    each_factor(shape, [&](auto f) {
        T* q = point + offset_of(shape, f);
        const int e = shape.e(f), m = shape.m(f);
        if (m == 1) {
            forms.power[f] = q;
            return;
        }
        // Powers up to m: keep m−2 (curve), m−1 (slope) and m, unscaled at first.
        T* low = forms.curve[f];
        low[0] = Unit<T>::one();
        int n = 1;
        T* scratch = forms.scratch;
        for (int k = 0; k < m - 2; ++k) {
            multiply(scratch, low, n, q, e + 1, 1);
            n += e;
            for (int i = 0; i < n; ++i) low[i] = scratch[i];
        }
        multiply(forms.slope[f], low, n, q, e + 1, 1);
        multiply(forms.power[f], forms.slope[f], n + e, q, e + 1, 1);
        for (int i = 0; i < n + e; ++i) forms.slope[f][i] = double(m) * forms.slope[f][i];
        if (curves)
            for (int i = 0; i < n; ++i) low[i] = double(m * (m - 1)) * low[i];
    });
    const int r = shape.r;
    // From the last factor down; from[r−1] is that factor alone.
    for (int f = r - 1; f >= 0; --f) {
        const int count = shape.e(f) * shape.m(f) + 1, step = shape.dil(f);
        if (f == r - 1) {
            const T one = Unit<T>::one();
            multiply(forms.from[f], &one, 1, forms.power[f], count, step);
        } else {
            multiply(forms.from[f], forms.from[f + 1], degree_of(shape, f + 1, r) + 1, forms.power[f], count, step);
        }
    }
    for (int f = 1; f < r; ++f) {
        const int count = shape.e(f - 1) * shape.m(f - 1) + 1, step = shape.dil(f - 1);
        if (f == 1) {
            const T one = Unit<T>::one();
            multiply(forms.before[1], &one, 1, forms.power[0], count, step);
        } else {
            multiply(forms.before[f], forms.before[f - 1], degree_of(shape, 0, f - 1) + 1, forms.power[f - 1], count,
                     step);
        }
    }
    each_factor(shape, [&](auto f) {
        const int left = degree_of(shape, 0, f) + 1, right = degree_of(shape, f + 1, shape.r) + 1;
        T* out = shape.m(f) == 1 ? forms.rest[f] : forms.scratch;
        if (f == 0 && f == shape.r - 1) {
            out[0] = Unit<T>::one();
        } else if (f == 0) {
            for (int i = 0; i < right; ++i) out[i] = forms.from[f + 1][i];
        } else if (f == shape.r - 1) {
            for (int i = 0; i < left; ++i) out[i] = forms.before[f][i];
        } else {
            multiply(out, forms.before[f], left, forms.from[f + 1], right, 1);
        }
        if (shape.m(f) > 1)
            multiply(forms.rest[f], out, left + right - 1, forms.slope[f], shape.e(f) * (shape.m(f) - 1) + 1,
                     shape.dil(f));
    });
}

// Everything a thread needs, laid out in one aligned block.
template <class S>
struct Workspace {
    C *x, *tangent, *last_x, *last_tangent;  // the paths' states
    C *guess, *guess_tangent, *newton, *chord, *next_x, *next_tangent;
    C *gram, *b;                // data at s, per lane: (K, K), (K)
    C *target_gram, *target_b;  // per lane, only if there are many targets
    C* residual;
    C *columns;  // Σ J: (N, K)
    C *matrix;   // (N, N), lower triangle
    V *kappa;
    C *mixed;
    D *dual_point, *dual_residual;
    Forms<C> forms;
    Forms<D> duals;
    char* cursor;

    template <class T>
    T* take(std::size_t count) {
        T* p = reinterpret_cast<T*>(cursor);
        cursor += (count * sizeof(T) + 63) / 64 * 64;
        return p;
    }
    template <class T>
    void take_forms(const S& shape, Forms<T>& forms) {
        const int r = shape.r, K = shape.K;
        forms.before = take<T*>(r + 1);
        forms.from = take<T*>(r + 1);
        forms.rest = take<T*>(r);
        forms.power = take<T*>(r);
        forms.slope = take<T*>(r);
        forms.curve = take<T*>(r);
        forms.scratch = take<T>(K + 1);
        for (int f = 0; f < r; ++f) {
            T* before = take<T>(degree_of(shape, 0, f) + 1);
            T* from = take<T>(degree_of(shape, f, r) + 1);
            T* rest = take<T>(K);
            T* power = take<T>(shape.e(f) * shape.m(f) + 1);
            T* slope = take<T>(shape.e(f) * shape.m(f) + 1);
            T* curve = take<T>(shape.e(f) * shape.m(f) + 1);
            if (cursor_is_real) {
                forms.before[f] = before;
                forms.from[f] = from;
                forms.rest[f] = rest;
                forms.power[f] = power;
                forms.slope[f] = slope;
                forms.curve[f] = curve;
            }
        }
    }
    bool cursor_is_real;

    // With base null only the size is counted.
    std::size_t lay_out(const S& shape, bool many_targets, char* base) {
        const std::size_t K = shape.K, N = shape.N;
        cursor = base;
        cursor_is_real = base != nullptr;
        x = take<C>(N), tangent = take<C>(N), last_x = take<C>(N), last_tangent = take<C>(N);
        guess = take<C>(N), guess_tangent = take<C>(N), newton = take<C>(N), chord = take<C>(2 * N);
        next_x = take<C>(N), next_tangent = take<C>(N);
        gram = take<C>(K * K), b = take<C>(K);
        target_gram = many_targets ? take<C>(K * K) : nullptr;
        target_b = many_targets ? take<C>(K) : nullptr;
        residual = take<C>(K);
        columns = take<C>(N * K), matrix = take<C>(N * N), kappa = take<V>(shape.r);
        mixed = take<C>(2 * K);
        dual_point = take<D>(N), dual_residual = take<D>(K);
        take_forms(shape, forms);
        take_forms(shape, duals);
        return static_cast<std::size_t>(cursor - base);
    }
};

INLINE C broadcast(const double* z) { return {splat(z[0]), splat(z[1])}; }

// A chord step above this leaves too much of an error: the point would be accepted too early.
constexpr double chord_limit = 5e-3;

template <class S>
class Tracker {
   public:
    Tracker(const Job& job, void* memory) : job(job), shape(job), many(job.target_count > 1) {
        ws.lay_out(shape, many, static_cast<char*>(memory));
    }

    static std::size_t bytes(const Job& job) {
        Workspace<S> workspace;
        return workspace.lay_out(S(job), job.target_count > 1, nullptr) + 64;
    }

    void run() {
        for (int lane = 0; lane < LANES; ++lane) {
            path[lane] = -1;
            load(lane);
        }
        std::int64_t iterations = 0;
        while (active() && !job.cancelled->load(std::memory_order_relaxed)) {
            step();
            ++iterations;
        }
        job.iterations->fetch_add(iterations);
    }

   private:
    const Job& job;
    const S shape;
    const bool many;
    Workspace<S> ws;

    enum Phase : std::int64_t { idle = 0, first = 1, second = 2, going = 3, polish = 4 };
    std::int64_t path[LANES], polished[LANES];
    I phase{}, rejections{}, steps{};
    V s{}, h{}, resume{}, last_s{}, error{}, spread{}, growth{};

    bool active() const {
        for (int lane = 0; lane < LANES; ++lane)
            if (path[lane] >= 0) return true;
        return false;
    }

    static INLINE void set(C& z, int lane, double re, double im) {
        z.re[lane] = re;
        z.im[lane] = im;
    }

    // Puts the next path of the queue into a lane; an idle lane keeps computing on what it has, unheeded.
    void load(int lane) {
        const std::int64_t total = job.target_count * job.start_count;
        const std::int64_t mine = job.next->fetch_add(1, std::memory_order_relaxed);
        const bool real = mine < total;
        const int K = shape.K, N = shape.N;
        path[lane] = real ? mine : -1;
        phase[lane] = real ? first : idle;
        if (!real && steps_ever[lane]) return;
        steps_ever[lane] = true;
        const std::int64_t p = real ? mine % job.start_count : 0, t = real ? mine / job.start_count : 0;
        const double* start = job.starts + 2 * N * p;
        for (int i = 0; i < N; ++i) {
            set(ws.x[i], lane, start[2 * i], start[2 * i + 1]);
            set(ws.tangent[i], lane, 0, 0);
            set(ws.last_x[i], lane, start[2 * i], start[2 * i + 1]);
            set(ws.last_tangent[i], lane, 0, 0);
        }
        if (many) {
            const double *gram = job.target_gram + 2 * K * K * t, *b = job.target_b + 2 * K * t;
            for (int i = 0; i < K * K; ++i) set(ws.target_gram[i], lane, gram[2 * i], gram[2 * i + 1]);
            for (int i = 0; i < K; ++i) set(ws.target_b[i], lane, b[2 * i], b[2 * i + 1]);
        }
        s[lane] = 1;
        h[lane] = 0;
        resume[lane] = job.options.first_step;
        rejections[lane] = 0;
        last_s[lane] = 2;
        steps[lane] = 0;
        polished[lane] = 0;
        error[lane] = 1;
        spread[lane] = 1;
        growth[lane] = 0;
    }
    bool steps_ever[LANES] = {};

    void unload(int lane, std::int64_t code) {
        const int N = shape.N;
        const std::int64_t id = path[lane];
        double* out = job.points + 2 * N * id;
        for (int i = 0; i < N; ++i) {
            out[2 * i] = ws.x[i].re[lane];
            out[2 * i + 1] = ws.x[i].im[lane];
        }
        job.codes[id] = code;
        job.errors[id] = error[lane];
        job.conditions[id] = spread[lane];
        job.steps[id] = steps[lane];
        job.distances[id] = s[lane];
        job.finished->fetch_add(1, std::memory_order_relaxed);
        load(lane);
    }

    INLINE C target_gram(int i) const { return many ? ws.target_gram[i] : broadcast(job.target_gram + 2 * i); }
    INLINE C target_b(int i) const { return many ? ws.target_b[i] : broadcast(job.target_b + 2 * i); }

    // The data at s.
    INLINE void mix(V at) {
        const int K = shape.K;
        const V rest = 1.0 - at;
        for (int i = 0; i < K; ++i) {
            for (int j = 0; j <= i; ++j) {
                const C a = broadcast(job.start_gram + 2 * (i * K + j)), z = target_gram(i * K + j);
                const C g = {at * a.re + rest * z.re, at * a.im + rest * z.im};
                ws.gram[i * K + j] = g;
                ws.gram[j * K + i] = g;
            }
            const C a = broadcast(job.start_b + 2 * i), z = target_b(i);
            ws.b[i] = {at * a.re + rest * z.re, at * a.im + rest * z.im};
        }
    }

    // H̃ at the predicted point, into ws.matrix, and F̃ into ws.newton.
    INLINE void hessian() {
        const int K = shape.K, N = shape.N;
        Forms<C>& forms = ws.forms;
        build_forms(shape, forms, ws.guess, true);
        // Σ J: J_f has the columns P_f shifted by q D_f.
        each_factor(shape, [&](auto g) {
            const int dil = shape.dil(g), size = K - shape.e(g) * dil;
            C* out = ws.columns + offset_of(shape, g) * K;
            each_block<S>(shape.e(g) + 1, g, [&](int q, auto width) {
                constexpr int Q = decltype(width)::value, R = Q < 4 ? 2 : 1;
                int i = 0;
                for (; i + R <= K; i += R)
                    times_gram<R, Q>(out + q * K + i, ws.gram + i * K + q * dil, forms.rest[g], K, size, dil);
                if (R == 2 && i < K)
                    times_gram<1, Q>(out + q * K + i, ws.gram + i * K + q * dil, forms.rest[g], K, size, dil);
            });
        });
        // Σ w = Σ J_0 Q_0.
        for (int i = 0; i < K; ++i) {
            C sum = zero_c() - ws.b[i];
            for (int q = 0; q <= shape.e(0); ++q) add_product(sum, ws.columns[q * K + i], ws.guess[q]);
            ws.residual[i] = sum;
        }
        // JᵀΣJ, lower triangle by blocks g ≥ f (the whole of the diagonal blocks).
        each_factor(shape, [&](auto g) {
            const int atg = offset_of(shape, g), eg = shape.e(g), dg = shape.dil(g), size = K - eg * dg;
            each_factor(shape, [&](auto f) {
                if (f > g) return;
                const int atf = offset_of(shape, f);
                each_block<S>(shape.e(f) + 1, f, [&](int q, auto width) {
                    for (int p = 0; p <= eg; ++p)
                        dots<decltype(width)::value>(ws.matrix + (atg + p) * N + atf + q, forms.rest[g],
                                                     ws.columns + (atf + q) * K + p * dg, size, K);
                });
            });
        });
        // The second derivatives of w against the residual.
        each_factor(shape, [&](auto g) {
            const int atg = offset_of(shape, g), eg = shape.e(g), dg = shape.dil(g);
            each_factor(shape, [&](auto f) {
                if (f > g || (f == g && shape.m(g) == 1)) return;
                const int atf = offset_of(shape, f), ef = shape.e(f), df = shape.dil(f);
                const int size = K - (f == g ? 2 * eg * dg : eg * dg + ef * df);
                const C* both = second_form(f, g);
                for (int p = 0; p <= eg; ++p)
                    for (int q = 0; q <= (f == g ? p : ef); ++q) {
                        const C* shifted = ws.residual + p * dg + q * df;
                        C& entry = ws.matrix[(atg + p) * N + atf + q];
                        C sum = entry;
                        for (int i = 0; i < size; ++i) add_product(sum, both[i], shifted[i]);
                        entry = sum;
                    }
            });
        });
        // F and the gauges.
        each_factor(shape, [&](auto f) {
            const int at = offset_of(shape, f), e = shape.e(f), dil = shape.dil(f), size = K - e * dil;
            const C* rest = forms.rest[f];
            for (int p = 0; p <= e; ++p) {
                C sum = zero_c();
                for (int i = 0; i < size; ++i) add_product(sum, rest[i], ws.residual[i + p * dil]);
                ws.newton[at + p] = sum;
            }
            if (f == 0) return;
            V scale = V{};
            for (int p = 0; p <= e; ++p) {
                const C d = ws.matrix[(at + p) * N + at + p];
                scale += maximum(select(d.re < 0, -d.re, d.re), select(d.im < 0, -d.im, d.im));
            }
            ws.kappa[f] = scale;
            const C defect = scale * (gauge(f, ws.guess) - one_c());
            for (int p = 0; p <= e; ++p) {
                const C gp = scale * conj(ws.x[at + p]);
                add_product(ws.newton[at + p], conj(ws.x[at + p]), defect);
                for (int q = 0; q <= p; ++q) add_product(ws.matrix[(at + p) * N + at + q], gp, conj(ws.x[at + q]));
            }
        });
    }

    // Rows i … i + R − 1 of Σ times the Q columns that are ``rest`` shifted by multiples of dil.
    template <int R, int Q>
    static INLINE void times_gram(C* out, const C* gram, const C* rest, int K, int size, int dil) {
        C sum[R][Q];
        for (int r = 0; r < R; ++r)
            for (int q = 0; q < Q; ++q) sum[r][q] = zero_c();
        for (int j = 0; j < size; ++j) {
            const C a = rest[j];
            for (int r = 0; r < R; ++r)
                for (int q = 0; q < Q; ++q) add_product(sum[r][q], gram[r * K + j + q * dil], a);
        }
        for (int r = 0; r < R; ++r)
            for (int q = 0; q < Q; ++q) out[q * K + r] = sum[r][q];
    }

    // Products of one row with Q columns that lie ``stride`` apart.
    template <int Q>
    static INLINE void dots(C* out, const C* row, const C* columns, int size, int stride) {
        C sum[Q];
        for (int q = 0; q < Q; ++q) sum[q] = zero_c();
        for (int i = 0; i < size; ++i) {
            const C a = row[i];
            for (int q = 0; q < Q; ++q) add_product(sum[q], a, columns[q * stride + i]);
        }
        for (int q = 0; q < Q; ++q) out[q] = sum[q];
    }

    // The patches are laid through ws.x, where ‖Q_f‖ = 1 for f ≥ 1.
    template <class F>
    INLINE C gauge(F f, const C* point) const {
        const int at = offset_of(shape, f);
        C sum = zero_c();
        for (int p = 0; p <= shape.e(f); ++p) add_product(sum, conj(ws.x[at + p]), point[at + p]);
        return sum;
    }

    // ∂²w/∂Q_f∂Q_g as a form, f ≤ g.
    template <class F, class G>
    INLINE const C* second_form(F f, G g) {
        Forms<C>& forms = ws.forms;
        const int r = shape.r;
        C *now = ws.mixed, *then = ws.mixed + shape.K;
        int n = 0;
        auto times = [&](const C* form, int count, int step) {
            if (n == 0 && step == 1) {  // the first product is a copy
                for (int i = 0; i < count; ++i) now[i] = form[i];
                n = count;
                return;
            }
            if (n == 0) now[0] = one_c(), n = 1;
            multiply(then, now, n, form, count, step);
            n += (count - 1) * step;
            C* swap = now;
            now = then;
            then = swap;
        };
        if (f > 0) times(forms.before[f], degree_of(shape, 0, f) + 1, 1);
        if (g + 1 < r) times(forms.from[g + 1], degree_of(shape, g + 1, r) + 1, 1);
        for (int k = f + 1; k < g; ++k) times(forms.power[k], shape.e(k) * shape.m(k) + 1, shape.dil(k));
        if (f == g) {
            times(forms.curve[g], shape.e(g) * (shape.m(g) - 2) + 1, shape.dil(g));
        } else {
            if (shape.m(f) > 1) times(forms.slope[f], shape.e(f) * (shape.m(f) - 1) + 1, shape.dil(f));
            if (shape.m(g) > 1) times(forms.slope[g], shape.e(g) * (shape.m(g) - 1) + 1, shape.dil(g));
        }
        if (n == 0) now[0] = one_c();
        return now;
    }

    // L D Lᵀ in place: L below the diagonal, 1/D on it.
    INLINE void factorise() {
        const int N = shape.N;
        V largest = V{}, least = splat(1e300);
        UNROLL for (int k = 0; k < N; ++k) {
            const C pivot = ws.matrix[k * N + k];
            const V size = norm2(pivot);
            largest = maximum(largest, size);
            least = minimum(least, size);
            const C inverse = reciprocal(pivot);
            ws.matrix[k * N + k] = inverse;
            UNROLL for (int i = k + 1; i < N; ++i) {
                const C l = ws.matrix[i * N + k] * inverse;
                UNROLL for (int j = k + 1; j <= i; ++j) subtract_product(ws.matrix[i * N + j], l, ws.matrix[j * N + k]);
            }
            UNROLL for (int i = k + 1; i < N; ++i) ws.matrix[i * N + k] = ws.matrix[i * N + k] * inverse;
        }
        pivots = largest / least;
    }
    V pivots{};

    // Solves for ``count`` right-hand sides that lie N apart.
    template <int count>
    INLINE void solve(C* y) const {
        const int N = shape.N;
        UNROLL for (int i = 0; i < N; ++i) {
            C sum[count];
            for (int c = 0; c < count; ++c) sum[c] = y[c * N + i];
            UNROLL for (int j = 0; j < i; ++j)
                for (int c = 0; c < count; ++c) subtract_product(sum[c], ws.matrix[i * N + j], y[c * N + j]);
            for (int c = 0; c < count; ++c) y[c * N + i] = sum[c];
        }
        UNROLL for (int i = N - 1; i >= 0; --i) {
            C sum[count];
            for (int c = 0; c < count; ++c) sum[c] = y[c * N + i] * ws.matrix[i * N + i];
            UNROLL for (int j = i + 1; j < N; ++j)
                for (int c = 0; c < count; ++c) subtract_product(sum[c], ws.matrix[j * N + i], y[c * N + j]);
            for (int c = 0; c < count; ++c) y[c * N + i] = sum[c];
        }
    }

    // F̃ and its total derivative along guess_tangent at the corrected point next_x, into ws.chord: (N), (N).
    INLINE void dual_gradient(V at) {
        const int K = shape.K, N = shape.N;
        UNROLL for (int i = 0; i < N; ++i) ws.dual_point[i] = {ws.next_x[i], ws.guess_tangent[i]};
        build_forms(shape, ws.duals, ws.dual_point, false);
        const D* w = ws.duals.from[0];
        // ∂/∂s of Σ(s) w − b(s) is (Σ(s) w − b(s) − (Σ_1 w − b_1)) / s; rounding errors grow like 1/s, but the steps
        // that the tangent is used for are shorter than s. At s = 0 no tangent is needed.
        const V inverse = select(at > 0, 1.0 / select(at > 0, at, splat(1.0)), V{});
        UNROLL for (int i = 0; i < K; ++i) {
            const C* row = ws.gram + i * K;
            C value = zero_c() - ws.b[i], rate = zero_c(), end = zero_c() - target_b(i);
            UNROLL for (int j = 0; j < K; ++j) {
                add_product(value, row[j], w[j].v);
                add_product(rate, row[j], w[j].d);
                add_product(end, target_gram(i * K + j), w[j].v);
            }
            ws.dual_residual[i] = {value, rate + inverse * (value - end)};
        }
        each_factor(shape, [&](auto f) {
            const int off = offset_of(shape, f), e = shape.e(f), dil = shape.dil(f), size = K - e * dil;
            const D* form = ws.duals.rest[f];
            C defect = zero_c(), defect_rate = zero_c();
            if (f > 0) {
                defect = ws.kappa[f] * (gauge(f, ws.next_x) - one_c());
                defect_rate = ws.kappa[f] * gauge(f, ws.guess_tangent);
            }
            UNROLL for (int p = 0; p <= e; ++p) {
                D sum = Unit<D>::zero();
                UNROLL for (int i = 0; i < size; ++i) add_product(sum, form[i], ws.dual_residual[i + p * dil]);
                if (f > 0) {
                    add_product(sum.v, conj(ws.x[off + p]), defect);
                    add_product(sum.d, conj(ws.x[off + p]), defect_rate);
                }
                ws.chord[off + p] = sum.v;
                ws.chord[N + off + p] = sum.d;
            }
        });
    }

    // Size of a step relative to the point: the free factor relative to its norm, the others have norm one.
    INLINE V size_of(const C* step) const {
        V own = V{}, norm = V{}, rest = V{};
        for (int p = 0; p <= shape.e(0); ++p) {
            own += norm2(step[p]);
            norm += norm2(ws.x[p]);
        }
        for (int i = shape.e(0) + 1; i < shape.N; ++i) rest += norm2(step[i]);
        return root(own / norm + rest);
    }

    // Size of the step that rounding errors in F alone would cause: what ill-conditioned data leave of a chord step.
    __attribute__((noinline)) V rounding() {
        const int K = shape.K, N = shape.N;
        const double eps = 2.220446049250313e-16;
        V gram = V{}, filter = V{}, b = V{};
        for (int i = 0; i < K * K; ++i) gram += norm2(ws.gram[i]);
        for (int i = 0; i < K; ++i) {
            filter += norm2(ws.duals.from[0][i].v);
            b += norm2(ws.b[i]);
        }
        const V residual = eps * (root(gram * filter) + root(b));
        C* defect = ws.chord + N;  // spent
        each_factor(shape, [&](auto f) {
            const int at = offset_of(shape, f), e = shape.e(f), size = K - e * shape.dil(f);
            V rest = V{};
            for (int i = 0; i < size; ++i) rest += norm2(ws.forms.rest[f][i]);
            const V scale = residual * root(rest);
            for (int p = 0; p <= e; ++p) defect[at + p] = {p % 2 ? -scale : scale, p % 3 ? scale : -scale};
        });
        solve<1>(defect);
        return double(N) * size_of(defect);
    }

    INLINE void step() {
        const int N = shape.N;
        const Options& options = job.options;
        const I moving = phase >= (std::int64_t)second;
        const I cubic = phase == (std::int64_t)going;

        // Predict.
        V to = s - h;
        to = select(to < 0.1 * h, V{}, to);  // no crumb of a step at the end
        const V step = to - s;
        const V width = select(cubic, s - last_s, splat(1.0));
        const V theta = 1.0 + step / width;
        const V zero = V{}, one = splat(1.0);
        const V square = theta * theta, back = (1.0 - theta) * (1.0 - theta);
        const V w01 = select(cubic, square * (3.0 - 2.0 * theta), one);
        const V w00 = select(cubic, 1.0 - square * (3.0 - 2.0 * theta), zero);
        const V w10 = select(cubic, theta * back * width, zero);
        const V w11 = select(cubic, square * (theta - 1.0) * width, step);
        const V d01 = select(cubic, 6.0 * theta * (1.0 - theta) / width, zero);
        const V d10 = select(cubic, 1.0 + theta * (3.0 * theta - 4.0), zero);
        const V d11 = select(cubic, theta * (3.0 * theta - 2.0), one);
        for (int i = 0; i < N; ++i) {
            const C a = ws.last_x[i], da = ws.last_tangent[i], z = ws.x[i], dz = ws.tangent[i];
            ws.guess[i] = {w00 * a.re + w10 * da.re + w01 * z.re + w11 * dz.re,
                           w00 * a.im + w10 * da.im + w01 * z.im + w11 * dz.im};
            ws.guess_tangent[i] = {d01 * (z.re - a.re) + d10 * da.re + d11 * dz.re,
                                   d01 * (z.im - a.im) + d10 * da.im + d11 * dz.im};
        }

        // Correct.
        mix(to);
        hessian();
        factorise();
        solve<1>(ws.newton);
        // The predictor's error grows like (s − last_s)² (s − s)², so the Newton step tells the error of its slope, too.
        const V slope = select(step < 0, 2.0 / select(step < 0, step, one), zero) +
                        select(cubic, 2.0 / select(cubic, to - last_s, one), zero);
        for (int i = 0; i < N; ++i) {
            ws.next_x[i] = ws.guess[i] - ws.newton[i];
            ws.guess_tangent[i] = ws.guess_tangent[i] - slope * ws.newton[i];
        }
        dual_gradient(to);
        solve<2>(ws.chord);
        for (int i = 0; i < N; ++i) {
            ws.next_x[i] = ws.next_x[i] - ws.chord[i];
            ws.next_tangent[i] = ws.guess_tangent[i] - ws.chord[N + i];
        }
        const V newton = size_of(ws.newton), chord = size_of(ws.chord);
        const V contraction = chord / maximum(newton, splat(1e-300));

        // Accept or reject; NaN fails every comparison.
        I exact = newton <= 1e-9;
        const I doubtful = (newton <= 1e-3) & ~(contraction <= options.contraction_limit) & ~exact;
        if (any(doubtful)) exact |= doubtful & (chord <= rounding());
        const I still = (phase == (std::int64_t)first) | (phase == (std::int64_t)polish);  // steps of length zero
        I accepted = ((contraction <= options.contraction_limit) & (chord <= chord_limit)) | exact | still;
        accepted &= newton <= options.movement_limit;

        // The next step.
        V factor = power_of(options.contraction_target / maximum(minimum(contraction, splat(1e12)), splat(1e-12)),
                            options.control_gain);
        factor = select(contraction <= 1e12, factor, splat(options.shrink));
        factor = select(exact, splat(options.growth), factor);
        factor = minimum(maximum(factor, splat(options.shrink)), select(accepted, splat(options.growth), splat(0.5)));
        V length = select(moving, -step * factor, h);
        length = select(phase == (std::int64_t)first, resume, length);
        length = select(phase == (std::int64_t)polish, zero, length);
        h = length;

        // Move on: the last point and tangent follow into the patches through the new point.
        advance(accepted, to);
        last_s = select(accepted, s, last_s);
        s = select(accepted, to, s);
        error = select(accepted, chord, error);
        spread = select(accepted, pivots, spread);

        rejections = select_i(accepted, I{}, rejections + 1);
        steps += 1;
        const I arrived = accepted & (s <= 0.0);
        const I stuck = moving & ~arrived & ((h < options.smallest_step * s) | (s < 1e-30));
        const I early = (phase == (std::int64_t)first) | (phase == (std::int64_t)second);
        const I astray = moving & (rejections >= 2);
        const I over = steps >= options.max_steps;
        if (any(arrived | stuck | early | astray | over | (phase == (std::int64_t)polish)))
            settle(accepted, arrived, stuck, newton, (newton < 1e-8) | (exact & (newton < 1e-6)));
    }

    INLINE void advance(I accepted, V to) {
        const I under_way = to > 0;
        const int e0 = shape.e(0);
        V scale = splat(1.0);  // Π ‖Q_f‖^{m_f}
        C stretch = one_c(), rate = zero_c();
        each_factor(shape, [&](auto f) {
            if (f == 0) return;
            const int at = offset_of(shape, f), e = shape.e(f), m = shape.m(f);
            V norm = V{};
            for (int p = 0; p <= e; ++p) norm += norm2(ws.next_x[at + p]);
            norm = root(norm);
            const V inverse = 1.0 / norm;
            for (int k = 0; k < m; ++k) scale *= norm;
            C a = zero_c(), da = zero_c(), dz = zero_c();
            for (int p = 0; p <= e; ++p) {
                const C u = inverse * conj(ws.next_x[at + p]);
                add_product(a, u, ws.x[at + p]);
                add_product(da, u, ws.tangent[at + p]);
                add_product(dz, u, ws.next_tangent[at + p]);
            }
            const C inverse_a = reciprocal(a);
            const C log_a = da * inverse_a;           // logarithmic derivatives of the stretch, at the last
            const C log_z = inverse * dz;             // and at the new point
            for (int k = 0; k < m; ++k) {
                stretch = stretch * a;
                rate = rate + log_a;
                new_rate_add(log_z);
            }
            for (int p = 0; p <= e; ++p) {
                const C old = ws.x[at + p] * inverse_a;
                const C old_tangent = ws.tangent[at + p] * inverse_a - old * log_a;
                const C centre = inverse * ws.next_x[at + p];
                const C tangent = inverse * ws.next_tangent[at + p] - centre * log_z;
                ws.last_x[at + p] = select(accepted, old, ws.last_x[at + p]);
                ws.last_tangent[at + p] = select(accepted, old_tangent, ws.last_tangent[at + p]);
                ws.x[at + p] = select(accepted, centre, ws.x[at + p]);
                const C kept = select(accepted, zero_c(), ws.tangent[at + p]);
                ws.tangent[at + p] = select(accepted & under_way, tangent, kept);
            }
        });
        C top = zero_c();
        V bottom = V{};
        for (int p = 0; p <= e0; ++p) {
            const C old = ws.x[p] * stretch;
            const C old_tangent = ws.tangent[p] * stretch + old * rate;
            const C centre = scale * ws.next_x[p];
            const C tangent = scale * ws.next_tangent[p] + centre * new_rate;
            add_product(top, conj(centre), tangent);
            bottom += norm2(centre);
            ws.last_x[p] = select(accepted, old, ws.last_x[p]);
            ws.last_tangent[p] = select(accepted, old_tangent, ws.last_tangent[p]);
            ws.x[p] = select(accepted, centre, ws.x[p]);
            ws.tangent[p] = select(accepted & under_way, tangent, select(accepted, zero_c(), ws.tangent[p]));
        }
        // With |w| ~ s^(−p), the relative change of the free factor (the others have norm one) is −p ds/s.
        growth = select(accepted & (to > 1e-8), -top.re / bottom * to, growth);  // nearer, it is noise
        new_rate = zero_c();
    }
    C new_rate{};
    INLINE void new_rate_add(C z) { new_rate = new_rate + z; }

    // Phases and ends of single paths.
    __attribute__((noinline)) void settle(I accepted, I arrived, I stuck, V newton, I settled) {
        const Options& options = job.options;
        for (int lane = 0; lane < LANES; ++lane) {
            if (phase[lane] == idle) continue;
            const bool ok = accepted[lane] != 0;
            const Code away = growth[lane] > options.divergence_exponent ? diverged : singular;
            if (phase[lane] == polish) {
                if ((ok && newton[lane] < 1e-10) || ++polished[lane] >= 6)
                    unload(lane, ok && settled[lane] ? success : away);
            } else if (arrived[lane]) {
                phase[lane] = polish;
                h[lane] = 0;
            } else if (phase[lane] == first) {
                if (ok)
                    phase[lane] = second;
                else
                    unload(lane, step_too_small);
            } else if (stuck[lane] || steps[lane] >= options.max_steps) {
                const bool near = s[lane] < options.endgame_distance;
                unload(lane, near ? away : stuck[lane] ? step_too_small : too_many_steps);
            } else if (rejections[lane] >= 2) {
                // Perhaps the last point was accepted too early: correct it in place, then go on from it alone.
                phase[lane] = first;
                resume[lane] = h[lane];
                h[lane] = 0;
                rejections[lane] = 0;
            } else if (ok) {
                phase[lane] = going;
            }
        }
    }
};

}  // namespace
}  // namespace homotopy_lcn
