// The equations of a stratum at one point in each lane: their symmetric matrix, factorised, and solves with it.
//
// Equations. w = Π_f Q_f^{m_f}; factor 0 has m = 1 and is free, the others live in the affine patches g_fᵀ Q_f = 1 with
// g_f = conj(Q_f) / ‖Q_f‖² at the last accepted point. With F = Jᵀ(Σw − b) in all coordinates the tracked system is
//
//     F̃_0 = F_0,      F̃_f = F_f + κ_f g_f (g_fᵀ Q_f − 1).
//
// By Euler's relation Q_fᵀ F_f = m_f wᵀ(Σw − b), so F̃_0 = 0 implies Q_fᵀ F_f = 0 for all f; multiplying F̃_f = 0 by
// Q_fᵀ then gives g_fᵀ Q_f = 1 and F_f = 0: the system is square, symmetric and has just the critical points in the patches as
// solutions, without a basis of the patch ever being formed.
#pragma once

#include "segments.hpp"

namespace homotopy_lcn {
namespace {

// Room for the forms of a shape that is not small.
template <class S, class T>
void take_forms(const S& shape, Layout& layout, Forms<S, T, false>& forms) {
    const int r = shape.r;
    for (T*** part : {&forms.before, &forms.from, &forms.rest, &forms.power, &forms.slope, &forms.curve})
        layout.take(*part, r);
    layout.take(forms.scratch, shape.K + 1);
    int before = 0, from = shape.K - 1;  // degrees
    T* unused;
    for (int f = 0; f < r; ++f) {
        const FactorShape factor = shape.factor(f);
        const int power = factor.degree * factor.power;
        layout.take(layout.real ? forms.before[f] : unused, before + 1);
        layout.take(layout.real ? forms.from[f] : unused, from + 1);
        layout.take(layout.real ? forms.rest[f] : unused, shape.K);
        for (T** part : {forms.power, forms.slope, forms.curve})
            layout.take(layout.real ? part[f] : unused, power + 1);
        before += power * factor.dilation;
        from -= power * factor.dilation;
    }
}

// Where a step computes: of a small shape local variables, otherwise in the workspace.
template <class S, bool local = S::small>
struct Room;

template <class S>
struct Room<S, true> {
    C guess[S::N], guess_tangent[S::N], newton[S::N], chord[2 * S::N], next_x[S::N], next_tangent[S::N];
    C residual[S::K], columns[S::N * S::K], matrix[S::N * S::N], mixed[2 * S::K];
    V kappa[S::r];
    D dual_point[S::N], dual_residual[S::K];
    Forms<S, C> forms;
    Forms<S, D> duals;
    template <class Layout>
    void lay_out(const S&, Layout&) {}
};
template <class S>
struct Room<S, false> {
    C *guess, *guess_tangent, *newton, *chord, *next_x, *next_tangent;
    C *residual, *columns, *matrix, *mixed;
    V* kappa;
    D *dual_point, *dual_residual;
    Forms<S, C> forms;
    Forms<S, D> duals;

    void lay_out(const S& shape, Layout& layout) {
        const std::size_t K = shape.K, N = shape.N, r = shape.r;
        for (C** part : {&guess, &guess_tangent, &newton, &next_x, &next_tangent}) layout.take(*part, N);
        layout.take(chord, 2 * N), layout.take(residual, K), layout.take(columns, N * K), layout.take(matrix, N * N);
        layout.take(mixed, 2 * K), layout.take(kappa, r), layout.take(dual_point, N), layout.take(dual_residual, K);
        take_forms(shape, layout, forms);
        take_forms(shape, layout, duals);
    }
};

template <class S, template <class> class SegmentOf>
class NewtonSystem {
    using Segment = SegmentOf<S>;

   protected:
    explicit NewtonSystem(const Job& job) : job(job), shape(job), segment(job) {}

    const Job& job;
    const S shape;
    Segment segment;
    C* x;              // the points that the patches are laid through
    V inverse_norm{};  // 1 / ‖Q_0‖² there

    // H̃ at the predicted point, into t.matrix, and F̃ into t.newton.
    INLINE void hessian(Room<S>& t) {
        const auto K = shape.K, N = shape.N;
        Forms<S, C>& forms = t.forms;
        build_forms(shape, forms, &t.guess[0], true);
        // Σ J: J_f has the columns P_f shifted by q D_f.
        each(shape.r, [&](auto g) INLINED {
            segment.columns(g, &t.columns[shape.at(g) * K], &forms.rest[g][0]);
        });
        // Σ w = Σ J_0 Q_0.
        loop<S>(K, [&](auto i) INLINED {
            C sum = zero_c() - segment.b_now[i];
            each(shape.e(Int<0>{}) + one_more,
                 [&](auto q) INLINED { add_product(sum, t.columns[q * K + i], t.guess[q]); });
            t.residual[i] = sum;
        });
        // JᵀΣJ and the second derivatives of w against the residual, lower triangle by blocks g ≥ f.
        each(shape.r, [&](auto g) INLINED {
            const auto atg = shape.at(g), eg = shape.e(g), dg = shape.dil(g), size = K - eg * dg;
            each(shape.r, [&](auto f) INLINED {
                if (f > g) return;
                const auto atf = shape.at(f), ef = shape.e(f), df = shape.dil(f);
                const auto size_both = K - (eg * dg + ef * df);
                const C* both = nullptr;
                const bool curved = f < g || shape.m(g) > 1;
                if (curved) both = second_form(t, f, g);
                loop<S>(eg + one_more, [&](auto p) INLINED {
                    dots(&t.matrix[(atg + p) * N + atf], &forms.rest[g][0], &t.columns[atf * K + p * dg], f, g, size,
                         p);
                    if (!curved) return;
                    each(ef + one_more, [&](auto q) INLINED {
                        if (f == g && q > p) return;
                        const C* shifted = &t.residual[p * dg + q * df];
                        C sum = t.matrix[(atg + p) * N + atf + q];
                        if (size_both == 1) {
                            if (both == nullptr)
                                sum = sum + shifted[0];
                            else
                                add_product(sum, both[0], shifted[0]);
                        } else {
                            coefficients_without<S>(f, g, size_both,
                                                    [&](auto i) INLINED { add_product(sum, both[i], shifted[i]); });
                        }
                        t.matrix[(atg + p) * N + atf + q] = sum;
                    });
                });
            });
        });
        // F and the gauges.
        each(shape.r, [&](auto f) INLINED {
            const auto at = shape.at(f), e = shape.e(f), dil = shape.dil(f), size = K - e * dil;
            each(e + one_more, [&](auto p) INLINED {
                C sum = zero_c();
                coefficients_without<S>(f, Int<-1>{}, size, [&](auto i) INLINED {
                    add_product(sum, forms.rest[f][i], t.residual[i + p * dil]);
                });
                t.newton[at + p] = sum;
            });
            if (f == 0) return;
            V scale = V{};
            each(e + one_more, [&](auto p) INLINED {
                const C d = t.matrix[(at + p) * N + at + p];
                scale += maximum(select(d.re < 0, -d.re, d.re), select(d.im < 0, -d.im, d.im));
            });
            t.kappa[f] = scale;
            const C defect = scale * (gauge(f, &t.guess[0]) - one_c());
            each(e + one_more, [&](auto p) INLINED {
                const C gp = scale * conj(x[at + p]);
                add_product(t.newton[at + p], conj(x[at + p]), defect);
                each(p + one_more, [&](auto q) INLINED {
                    add_product(t.matrix[(at + p) * N + at + q], gp, conj(x[at + q]));
                });
            });
        });
    }

    // Products of a row, P_g, with the columns of factor f: a row of a block of JᵀΣJ, up to the diagonal.
    template <class F, class G, class Size, class P>
    INLINE void dots(C* out, const C* row, const C* columns, F f, G g, Size size, P p) const {
        const auto K = shape.K;
        if constexpr (S::fixed) {
            constexpr int Q = S::degrees[F::value] + 1;
            const int last = f == g ? int(p) : Q - 1;
            C sum[Q];
            each(Int<Q>{}, [&](auto q) INLINED { sum[q] = zero_c(); });
            coefficients_without<S>(g, Int<-1>{}, size, [&](auto i) INLINED {
                const C a = row[i];
                each(Int<Q>{}, [&](auto q) INLINED {
                    if (!S::small || q <= last) add_product(sum[q], a, columns[q * K + i]);
                });
            });
            each(Int<Q>{}, [&](auto q) INLINED {
                if (q <= last) out[q] = sum[q];
            });
        } else {
            for (int q = 0; q <= (f == g ? int(p) : shape.e(f)); ++q) {
                C sum = zero_c();
                for (int i = 0; i < size; ++i) add_product(sum, row[i], columns[q * K + i]);
                out[q] = sum;
            }
        }
    }

    // The patches are laid through x, where ‖Q_f‖ = 1 for f ≥ 1.
    template <class F>
    INLINE C gauge(F f, const C* point) const {
        const auto at = shape.at(f);
        C sum = zero_c();
        each(shape.e(f) + one_more, [&](auto p) INLINED { add_product(sum, conj(x[at + p]), point[at + p]); });
        return sum;
    }

    // ∂²w/∂Q_f∂Q_g as a form, f ≤ g; null if it is 1.
    template <class F, class G>
    INLINE const C* second_form(Room<S>& t, F f, G g) const {
        Forms<S, C>& forms = t.forms;
        const auto r = shape.r;
        C *now = &t.mixed[0], *then = &t.mixed[int(shape.K)];
        int n = 0;
        auto times = [&](const C* form, int count, int step) INLINED {
            if (n == 0) {
                dilate(now, form, count, step);
                n = 1 + (count - 1) * step;
                return;
            }
            multiply<AnyShape>(then, 0, 0, static_cast<const C*>(now), n, 0, form, count, step);
            n += (count - 1) * step;
            C* swap = now;
            now = then;
            then = swap;
        };
        const auto none = Int<0>{};
        const bool powers = shape.m(f) > 1 || shape.m(g) > 1;
        if (!powers && shape.degree(f + one_more, g) == 0) {
            if (g + 1 == r && shape.degree(none, f) == 0) return nullptr;
            if (g + 1 == r) return &forms.before[f][0];
            if (shape.degree(none, f) == 0) return &forms.from[g + (g < r - 1)][0];
        }
        if constexpr (S::small) {
            if (!powers && f == 0 && g == r - 1 && r == 3) {
                dilate(now, static_cast<const C*>(&forms.power[f + (f < r - 1)][0]),
                       shape.e(f + Int<(F::value < S::r - 1)>{}) * shape.m(f + Int<(F::value < S::r - 1)>{}) + one_more,
                       shape.dil(f + Int<(F::value < S::r - 1)>{}));
                return now;
            }
        }
        if (f > 0) times(&forms.before[f][0], shape.degree(none, f) + 1, 1);
        if (g + 1 < r) times(&forms.from[g + (g < r - 1)][0], shape.degree(g + one_more, r) + 1, 1);
        each(r, [&](auto k) INLINED {
            if (k > f && k < g) times(&forms.power[k][0], shape.e(k) * shape.m(k) + 1, shape.dil(k));
        });
        if (f == g) {
            times(&forms.curve[g][0], shape.e(g) * (shape.m(g) - 2) + 1, shape.dil(g));
        } else {
            if (shape.m(f) > 1) times(&forms.slope[f][0], shape.e(f) * (shape.m(f) - 1) + 1, shape.dil(f));
            if (shape.m(g) > 1) times(&forms.slope[g][0], shape.e(g) * (shape.m(g) - 1) + 1, shape.dil(g));
        }
        return now;
    }

    // L D Lᵀ in place: L below the diagonal, 1/D on it.
    template <class M>
    INLINE void factorise(M&& a, V& most, V& fewest) const {
        const auto N = shape.N;
        most = V{}, fewest = splat(1e300);
        loop<S>(N, [&](auto k) INLINED {
            const C pivot = a[k * N + k];
            const V size = norm2(pivot);
            most = maximum(most, size);
            fewest = minimum(fewest, size);
            const V n = 1.0 / size;
            const C inverse = {pivot.re * n, -pivot.im * n};
            a[k * N + k] = inverse;
            loop<S>(N - one_more - k, [&](auto row) INLINED {
                const auto i = k + one_more + row;
                const C l = a[i * N + k] * inverse;
                loop<S>(row + one_more, [&](auto column) INLINED {
                    const auto j = k + one_more + column;
                    subtract_product(a[i * N + j], l, a[j * N + k]);
                });
            });
            loop<S>(N - one_more - k, [&](auto row) INLINED {
                const auto i = k + one_more + row;
                a[i * N + k] = a[i * N + k] * inverse;
            });
        });
    }

    // Solves for ``count`` right-hand sides that lie N apart.
    template <int count>
    INLINE void solve(C* a, C* y) const {
        const auto N = shape.N;
        constexpr Int<count> sides{};
        loop<S>(N, [&](auto i) INLINED {
            C sum[count];
            each(sides, [&](auto c) INLINED { sum[c] = y[c * N + i]; });
            loop<S>(i, [&](auto j) INLINED {
                each(sides, [&](auto c) INLINED { subtract_product(sum[c], a[i * N + j], y[c * N + j]); });
            });
            each(sides, [&](auto c) INLINED { y[c * N + i] = sum[c]; });
        });
        loop<S>(N, [&](auto back) INLINED {
            const auto i = N - one_more - back;
            C sum[count];
            each(sides, [&](auto c) INLINED { sum[c] = y[c * N + i] * a[i * N + i]; });
            loop<S>(back, [&](auto above) INLINED {
                const auto j = i + one_more + above;
                each(sides, [&](auto c) INLINED { subtract_product(sum[c], a[j * N + i], y[c * N + j]); });
            });
            each(sides, [&](auto c) INLINED { y[c * N + i] = sum[c]; });
        });
    }
    // Squared size of a step relative to the point: the free factor relative to its norm, the others have norm one.
    INLINE V size_of(const C* step) const {
        const auto own_count = shape.e(Int<0>{}) + one_more;
        V own = V{}, rest = V{};
        each(own_count, [&](auto p) INLINED { own += norm2(step[p]); });
        each(shape.N - own_count, [&](auto i) INLINED { rest += norm2(step[own_count + i]); });
        return own * inverse_norm + rest;
    }

    // Squared size of the step that rounding errors in F alone would cause: what ill-conditioned data leave of a chord
};

}  // namespace
}  // namespace homotopy_lcn
