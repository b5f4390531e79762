// The data along a path: the segment s · start + (1 − s) · target of (Σ, b), with s from 1 to 0.
#pragma once

#include <type_traits>

#include "forms.hpp"
#include "memory_layout.hpp"

namespace homotopy_lcn {
namespace {

INLINE Complex broadcast(const double* z) { return {broadcast(z[0]), broadcast(z[1])}; }

// Complex data at both ends.
template <class S>
class GeneralSegment {
   public:
    explicit GeneralSegment(const Job& job) : job(job), shape(job), many(job.target_count > 1) {}

    void lay_out(Layout& layout) {
        const std::size_t K = shape.K;
        layout.take(gram_now, K * K);
        layout.take(b_now, K);
        layout.take(target_gram, many ? K * K : 0);
        layout.take(target_b, many ? K : 0);
    }

    // Puts target t into a lane.
    void load(int lane, std::int64_t t) {
        if (!many) return;
        const int K = shape.K;
        const double *gram = job.target_gram + 2 * K * K * t, *b = job.target_b + 2 * K * t;
        for (int i = 0; i < K * K; ++i)
            target_gram[i].re[lane] = gram[2 * i], target_gram[i].im[lane] = gram[2 * i + 1];
        for (int i = 0; i < K; ++i) target_b[i].re[lane] = b[2 * i], target_b[i].im[lane] = b[2 * i + 1];
    }

    // The data at s.
    INLINE void mix(Real s) {
        const int K = shape.K;
        const Real rest = 1.0 - s;
        for (int i = 0; i < K; ++i) {
            for (int j = 0; j <= i; ++j) {
                const Complex g = s * broadcast(job.start_gram + 2 * (i * K + j)) + rest * end_gram(i * K + j);
                gram_now[i * K + j] = g;
                gram_now[j * K + i] = g;
            }
            b_now[i] = s * broadcast(job.start_b + 2 * i) + rest * end_b(i);
        }
        // The derivative of Σ(s) w − b(s) by s is (Σ(s) w − b(s) − (Σ_1 w − b_1)) / s. Its rounding errors grow like
        // 1/s, but the tangent serves for steps shorter than s only. At s = 0 no tangent is needed.
        inverse = select(s > 0, 1.0 / select(s > 0, s, broadcast(1.0)), Real{});
    }

    // out (e_g + 1, K) = Σ(s) J_g. The columns of J_g are ``rest``, shifted by multiples of the dilation.
    template <class G>
    INLINE void columns(G g, Complex* out, const Complex* rest) const {
        const auto K = shape.K;
        const auto dil = shape.dil(g);
        const auto size = K - shape.e(g) * dil;
        const int gap = shape.gap(g, -1);
        auto block = [&](auto i, auto q, auto rows, auto width) INLINED {
            constexpr int R = decltype(rows)::value, Q = decltype(width)::value;
            Complex sum[R * Q];
            each(Constant<R * Q>{}, [&](auto k) INLINED { sum[k] = complex_zero(); });
            coefficients_without<S>(g, Constant<-1>{}, size, gap, [&](auto j) INLINED {
                const Complex a = rest[j];
                each(rows, [&](auto r) INLINED {
                    each(width, [&](auto c) INLINED {
                        add_product(sum[r * Q + c], gram_now[(i + r) * K + j + (q + c) * dil], a);
                    });
                });
            });
            each(rows, [&](auto r) INLINED {
                each(width, [&](auto c) INLINED { out[(q + c) * K + i + r] = sum[r * Q + c]; });
            });
        };
        in_blocks<S, 2>(g, shape, K, block);
    }

    // Σ(s) w − b(s) and its total derivative.
    INLINE void dual_residual(Dual* out, const Dual* w) const {
        const auto K = shape.K;
        loop<S>(K, [&](auto i) INLINED {
            Complex value = complex_zero() - b_now[i], rate = complex_zero(), end = complex_zero() - end_b(i);
            loop<S>(K, [&](auto j) INLINED {
                add_product(value, gram_now[i * K + j], w[j].v);
                add_product(rate, gram_now[i * K + j], w[j].d);
                add_product(end, end_gram(i * K + j), w[j].v);
            });
            out[i] = {value, rate + inverse * (value - end)};
        });
    }

    // ‖Σ(s)‖ times a norm of w, plus ‖b(s)‖.
    INLINE Real magnitude(Real norm) const {
        Real gram = Real{}, b = Real{};
        for (int i = 0; i < shape.K * shape.K; ++i) gram += squared_norm(gram_now[i]);
        for (int i = 0; i < shape.K; ++i) b += squared_norm(b_now[i]);
        return square_root(gram) * norm + square_root(b);
    }

    Complex* b_now;

   private:
    const Job& job;
    const S shape;
    const bool many;
    Complex *gram_now, *target_gram, *target_b;
    Real inverse{};

    INLINE Complex end_gram(int i) const { return many ? target_gram[i] : broadcast(job.target_gram + 2 * i); }
    INLINE Complex end_b(int i) const { return many ? target_b[i] : broadcast(job.target_b + 2 * i); }
};

// From a complex diagonal Gram matrix to real data: Σ(s) = s · diag(Δ) + (1 − s) · Σ_1. A product with Σ_1 takes half
// the multiplications of a product with a complex matrix, and Σ_1 w gives both Σ(s) w and its derivative by s.
template <class S>
class RealSegment {
   public:
    explicit RealSegment(const Job& job) : job(job), shape(job) {}

    void lay_out(Layout& layout) {
        const std::size_t K = shape.K;
        layout.take(diagonal, K);
        layout.take(b_now, K);
        layout.take(scratch, K);
        layout.take(target_gram, K * K);
        layout.take(target_b, K);
    }

    // Each lane has a copy of its target, even if all have the same.
    void load(int lane, std::int64_t t) {
        const int K = shape.K;
        if (job.target_count == 1) {
            if (lane > 0) return;
            for (int i = 0; i < K * K; ++i) target_gram[i] = broadcast(job.target_gram[i]);
            for (int i = 0; i < K; ++i) target_b[i] = broadcast(job.target_b[i]);
            return;
        }
        const double *gram = job.target_gram + K * K * t, *b = job.target_b + K * t;
        for (int i = 0; i < K * K; ++i) target_gram[i][lane] = gram[i];
        for (int i = 0; i < K; ++i) target_b[i][lane] = b[i];
    }

    INLINE void mix(Real s) {
        rest = 1.0 - s;
        loop<S>(shape.K, [&](auto i) INLINED {
            diagonal[i] = s * start(i);
            const Complex b = s * broadcast(job.start_b + 2 * i);
            b_now[i] = {b.re + rest * end_b(i), b.im};
        });
    }

    template <class G>
    INLINE void columns(G g, Complex* out, const Complex* form) const {
        const auto K = shape.K;
        const auto e = shape.e(g);
        const auto dil = shape.dil(g);
        const auto size = K - e * dil;
        const int gap = shape.gap(g, -1);
        using Scaled = std::conditional_t<S::small, Complex[S::small ? 16 : 1], Complex*>;
        Scaled scaled;
        if constexpr (!S::small) scaled = scratch;
        coefficients_without<S>(g, Constant<-1>{}, size, gap, [&](auto j) INLINED { scaled[j] = rest * form[j]; });
        auto block = [&](auto i, auto q, auto rows, auto width) INLINED {
            constexpr int R = decltype(rows)::value, Q = decltype(width)::value;
            Complex sum[R * Q];
            each(Constant<R * Q>{}, [&](auto k) INLINED {
                constexpr Constant<decltype(k)::value / Q> r{};
                constexpr Constant<decltype(k)::value % Q> c{};
                const auto j = i + r - (q + c) * dil;
                sum[k] = occurs_in_derivative<S>(g, j, size) ? diagonal[i + r] * form[j] : complex_zero();
            });
            coefficients_without<S>(g, Constant<-1>{}, size, gap, [&](auto j) INLINED {
                const Complex a = scaled[j];
                each(Constant<R * Q>{}, [&](auto k) INLINED {
                    constexpr Constant<decltype(k)::value / Q> r{};
                    constexpr Constant<decltype(k)::value % Q> c{};
                    const Real entry = end_gram((i + r) * K + j + (q + c) * dil);
                    sum[k].re += entry * a.re;
                    sum[k].im += entry * a.im;
                });
            });
            each(Constant<R * Q>{}, [&](auto k) INLINED {
                constexpr Constant<decltype(k)::value / Q> r{};
                constexpr Constant<decltype(k)::value % Q> c{};
                out[(q + c) * K + i + r] = sum[k];
            });
        };
        in_blocks<S, 2>(g, shape, K, block);
    }

    INLINE void dual_residual(Dual* out, const Dual* w) const {
        const auto K = shape.K;
        loop<S>(K, [&](auto i) INLINED {
            Complex end = {-end_b(i), Real{}}, end_rate = complex_zero();  // Σ_1 w − b_1
            loop<S>(K, [&](auto j) INLINED {
                const Real entry = end_gram(i * K + j);
                end.re += entry * w[j].v.re;
                end.im += entry * w[j].v.im;
                end_rate.re += entry * w[j].d.re;
                end_rate.im += entry * w[j].d.im;
            });
            Complex begin = complex_zero() - broadcast(job.start_b + 2 * i);  // Σ_0 w − b_0
            add_product(begin, start(i), w[i].v);
            Complex value = rest * end, rate = rest * end_rate + begin - end;
            value = value + s_now() * begin;
            add_product(rate, diagonal[i], w[i].d);
            out[i] = {value, rate};
        });
    }

    INLINE Real magnitude(Real norm) const {
        Real gram = Real{}, b = Real{};
        const int K = shape.K;
        for (int i = 0; i < K * K; ++i) {
            const Real entry = rest * end_gram(i);
            gram += entry * entry;
        }
        for (int i = 0; i < K; ++i) {
            gram += squared_norm(diagonal[i]);
            b += squared_norm(b_now[i]);
        }
        return square_root(gram) * norm + square_root(b);
    }

    Complex* b_now;

   private:
    const Job& job;
    const S shape;
    Complex *diagonal, *scratch;
    Real *target_gram, *target_b;
    Real rest{};

    INLINE Real s_now() const { return 1.0 - rest; }
    INLINE Complex start(int i) const { return broadcast(job.start_gram + 2 * (i * shape.K + i)); }
    INLINE Real end_gram(int i) const { return target_gram[i]; }
    INLINE Real end_b(int i) const { return target_b[i]; }
};

}  // namespace
}  // namespace homotopy_lcn
