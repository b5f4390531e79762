// The data along a path: segments s · start + (1 − s) · target of (Σ, b).
#pragma once

#include <type_traits>

#include "forms.hpp"

namespace homotopy_lcn {
namespace {

// Hands out aligned parts of a block of memory; without one (``real`` false) it only counts.
struct Layout {
    char* base;
    bool real;
    std::size_t used = 0;

    template <class T>
    void take(T*& part, std::size_t count) {
        if (real) part = reinterpret_cast<T*>(base + used);
        used += (count * sizeof(T) + 63) / 64 * 64;
    }
};

INLINE C broadcast(const double* z) { return {splat(z[0]), splat(z[1])}; }

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
        for (int i = 0; i < K * K; ++i) target_gram[i].re[lane] = gram[2 * i], target_gram[i].im[lane] = gram[2 * i + 1];
        for (int i = 0; i < K; ++i) target_b[i].re[lane] = b[2 * i], target_b[i].im[lane] = b[2 * i + 1];
    }

    // The data at s.
    INLINE void mix(V s) {
        const int K = shape.K;
        const V rest = 1.0 - s;
        for (int i = 0; i < K; ++i) {
            for (int j = 0; j <= i; ++j) {
                const C g = s * broadcast(job.start_gram + 2 * (i * K + j)) + rest * end_gram(i * K + j);
                gram_now[i * K + j] = g;
                gram_now[j * K + i] = g;
            }
            b_now[i] = s * broadcast(job.start_b + 2 * i) + rest * end_b(i);
        }
        // ∂/∂s of Σ(s) w − b(s) is (Σ(s) w − b(s) − (Σ_1 w − b_1)) / s; rounding errors grow like 1/s, but the steps that
        // the tangent is used for are shorter than s. At s = 0 no tangent is needed.
        inverse = select(s > 0, 1.0 / select(s > 0, s, splat(1.0)), V{});
    }

    // out (e_g + 1, K) = Σ(s) times the columns of J that are ``rest`` shifted by multiples of the dilation.
    template <class G>
    INLINE void columns(G g, C* out, const C* rest) const {
        const auto K = shape.K, dil = shape.dil(g), size = K - shape.e(g) * dil;
        auto block = [&](auto i, auto q, auto rows, auto width) INLINED {
            constexpr int R = decltype(rows)::value, Q = decltype(width)::value;
            C sum[R * Q];
            each(Int<R * Q>{}, [&](auto k) INLINED { sum[k] = zero_c(); });
            coefficients_without<S>(g, Int<-1>{}, size, [&](auto j) INLINED {
                const C a = rest[j];
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
        in_blocks<S, 2>(g, shape, block);
    }

    // Σ(s) w − b(s) and its total derivative.
    INLINE void dual_residual(D* out, const D* w) const {
        const auto K = shape.K;
        loop<S>(K, [&](auto i) INLINED {
            C value = zero_c() - b_now[i], rate = zero_c(), end = zero_c() - end_b(i);
            loop<S>(K, [&](auto j) INLINED {
                add_product(value, gram_now[i * K + j], w[j].v);
                add_product(rate, gram_now[i * K + j], w[j].d);
                add_product(end, end_gram(i * K + j), w[j].v);
            });
            out[i] = {value, rate + inverse * (value - end)};
        });
    }

    // ‖Σ(s)‖ times a norm of w, plus ‖b(s)‖.
    INLINE V magnitude(V norm) const {
        V gram = V{}, b = V{};
        for (int i = 0; i < shape.K * shape.K; ++i) gram += norm2(gram_now[i]);
        for (int i = 0; i < shape.K; ++i) b += norm2(b_now[i]);
        return root(gram) * norm + root(b);
    }

    C* b_now;

   private:
    const Job& job;
    const S shape;
    const bool many;
    C *gram_now, *target_gram, *target_b;
    V inverse{};

    INLINE C end_gram(int i) const { return many ? target_gram[i] : broadcast(job.target_gram + 2 * i); }
    INLINE C end_b(int i) const { return many ? target_b[i] : broadcast(job.target_b + 2 * i); }
};

// From a complex diagonal Gram matrix to real data: Σ(s) = s · diag(Δ) + (1 − s) · Σ_1. A product of Σ_1 takes half the
// multiplications of a complex one, and it alone gives both Σ(s) w and its derivative by s.
template <class S, bool many>
class RealSegment {
    // Of a small shape the lanes have a copy each in any case.
    static constexpr bool copied = many || S::small;

   public:
    explicit RealSegment(const Job& job) : job(job), shape(job) {}

    void lay_out(Layout& layout) {
        const std::size_t K = shape.K;
        layout.take(diagonal, K);
        layout.take(b_now, K);
        layout.take(scratch, K);
        layout.take(target_gram, copied ? K * K : 0);
        layout.take(target_b, copied ? K : 0);
    }

    void load(int lane, std::int64_t t) {
        if (!copied) return;
        const int K = shape.K;
        if (job.target_count == 1) {
            if (lane > 0) return;
            for (int i = 0; i < K * K; ++i) target_gram[i] = splat(job.target_gram[i]);
            for (int i = 0; i < K; ++i) target_b[i] = splat(job.target_b[i]);
            return;
        }
        const double *gram = job.target_gram + K * K * t, *b = job.target_b + K * t;
        for (int i = 0; i < K * K; ++i) target_gram[i][lane] = gram[i];
        for (int i = 0; i < K; ++i) target_b[i][lane] = b[i];
    }

    INLINE void mix(V s) {
        rest = 1.0 - s;
        loop<S>(shape.K, [&](auto i) INLINED {
            diagonal[i] = s * start(i);
            const C b = s * broadcast(job.start_b + 2 * i);
            b_now[i] = {b.re + rest * end_b(i), b.im};
        });
    }

    template <class G>
    INLINE void columns(G g, C* out, const C* form) const {
        const auto K = shape.K, e = shape.e(g), dil = shape.dil(g), size = K - e * dil;
        using Scaled = std::conditional_t<S::small, C[S::small ? 16 : 1], C*>;
        Scaled scaled;
        if constexpr (!S::small) scaled = scratch;
        coefficients_without<S>(g, Int<-1>{}, size, [&](auto j) INLINED { scaled[j] = rest * form[j]; });
        auto block = [&](auto i, auto q, auto rows, auto width) INLINED {
            constexpr int R = decltype(rows)::value, Q = decltype(width)::value;
            C sum[R * Q];
            each(rows, [&](auto r) INLINED {
                each(width, [&](auto c) INLINED {
                    const auto j = i + r - (q + c) * dil;
                    sum[r * Q + c] = may_occur<S>(g, j, size) ? diagonal[i + r] * form[j] : zero_c();
                });
            });
            coefficients_without<S>(g, Int<-1>{}, size, [&](auto j) INLINED {
                const C a = scaled[j];
                each(rows, [&](auto r) INLINED {
                    each(width, [&](auto c) INLINED {
                        const V entry = end_gram((i + r) * K + j + (q + c) * dil);
                        sum[r * Q + c].re += entry * a.re;
                        sum[r * Q + c].im += entry * a.im;
                    });
                });
            });
            each(rows, [&](auto r) INLINED {
                each(width, [&](auto c) INLINED { out[(q + c) * K + i + r] = sum[r * Q + c]; });
            });
        };
        in_blocks<S, 2>(g, shape, block);
    }

    INLINE void dual_residual(D* out, const D* w) const {
        const auto K = shape.K;
        loop<S>(K, [&](auto i) INLINED {
            C end = {-end_b(i), V{}}, end_rate = zero_c();  // Σ_1 w − b_1
            loop<S>(K, [&](auto j) INLINED {
                const V entry = end_gram(i * K + j);
                end.re += entry * w[j].v.re;
                end.im += entry * w[j].v.im;
                end_rate.re += entry * w[j].d.re;
                end_rate.im += entry * w[j].d.im;
            });
            C begin = zero_c() - broadcast(job.start_b + 2 * i);  // Σ_0 w − b_0
            add_product(begin, start(i), w[i].v);
            C value = rest * end, rate = rest * end_rate + begin - end;
            value = value + s_now() * begin;
            add_product(rate, diagonal[i], w[i].d);
            out[i] = {value, rate};
        });
    }

    INLINE V magnitude(V norm) const {
        V gram = V{}, b = V{};
        const int K = shape.K;
        for (int i = 0; i < K * K; ++i) {
            const V entry = rest * end_gram(i);
            gram += entry * entry;
        }
        for (int i = 0; i < K; ++i) {
            gram += norm2(diagonal[i]);
            b += norm2(b_now[i]);
        }
        return root(gram) * norm + root(b);
    }

    C* b_now;

   private:
    const Job& job;
    const S shape;
    C *diagonal, *scratch;
    V *target_gram, *target_b;
    V rest{};

    INLINE V s_now() const { return 1.0 - rest; }
    INLINE C start(int i) const { return broadcast(job.start_gram + 2 * (i * shape.K + i)); }
    INLINE V end_gram(int i) const {
        if constexpr (copied)
            return target_gram[i];
        else
            return splat(job.target_gram[i]);
    }
    INLINE V end_b(int i) const {
        if constexpr (copied)
            return target_b[i];
        else
            return splat(job.target_b[i]);
    }
};
template <class S>
using OneRealTarget = RealSegment<S, false>;
template <class S>
using ManyRealTargets = RealSegment<S, true>;

}  // namespace
}  // namespace homotopy_lcn
