// The critical-point equations of a stratum, one point in each lane: Newton matrix, factorisation, solves.
//
// The filter is w = Π_f Q_f^{m_f}. Factor 0 has power m_0 = 1 and is free. Every other factor lies in the affine patch
// g_fᵀ Q_f = 1 with g_f = conj(Q_f) / ‖Q_f‖² at the last accepted point. With F = Jᵀ(Σw − b) in all coordinates the
// tracked system is
//
//     F̃_0 = F_0,      F̃_f = F_f + κ_f g_f (g_fᵀ Q_f − 1).
//
// By Euler's relation Q_fᵀ F_f = m_f wᵀ(Σw − b). Hence F̃_0 = 0 implies Q_fᵀ F_f = 0 for all f. The product of Q_fᵀ and
// F̃_f = 0 then gives g_fᵀ Q_f = 1, and F_f = 0 remains. The system is therefore square and symmetric, and its
// solutions are the critical points in the patches. No basis of a patch is needed.
#pragma once

#include "data_segments.hpp"

namespace homotopy_lcn {
namespace {

// Memory for the forms of a shape that is not small.
template <class S, class T>
void lay_out_forms(const S& shape, Layout& layout, Forms<S, T, false>& forms) {
    const int r = shape.r;
    for (T*** part : {&forms.before, &forms.from, &forms.rest, &forms.power, &forms.slope, &forms.curve})
        layout.take(*part, r);
    layout.take(forms.scratch, shape.K + 1);
    int before = 0, from = shape.K - 1;  // degrees
    T* unused;
    for (int f = 0; f < r; ++f) {
        const FactorShape factor = shape.factor(f);
        const int power = factor.degree * factor.power;
        layout.take(layout.has_block ? forms.before[f] : unused, before + 1);
        layout.take(layout.has_block ? forms.from[f] : unused, from + 1);
        layout.take(layout.has_block ? forms.rest[f] : unused, shape.K);
        for (T** part : {forms.power, forms.slope, forms.curve})
            layout.take(layout.has_block ? part[f] : unused, power + 1);
        before += power * factor.dilation;
        from -= power * factor.dilation;
    }
}

// The arrays of a step: local variables for a small shape, parts of the workspace for any other shape.
template <class S, bool local = S::small>
struct StepArrays;

template <class S>
struct StepArrays<S, true> {
    Complex guess[S::N], guess_tangent[S::N], newton[S::N], chord[2 * S::N], next_x[S::N], next_tangent[S::N];
    Complex residual[S::K], columns[S::N * S::K], matrix[S::N * S::N], mixed[2 * S::K];
    Real kappa[S::r];
    Dual dual_point[S::N], dual_residual[S::K];
    Forms<S, Complex> forms;
    Forms<S, Dual> duals;

    void lay_out(const S&, Layout&) {}
};

template <class S>
struct StepArrays<S, false> {
    Complex *guess, *guess_tangent, *newton, *chord, *next_x, *next_tangent;
    Complex *residual, *columns, *matrix, *mixed;
    Real* kappa;
    Dual *dual_point, *dual_residual;
    Forms<S, Complex> forms;
    Forms<S, Dual> duals;

    void lay_out(const S& shape, Layout& layout) {
        const std::size_t K = shape.K, N = shape.N, r = shape.r;
        for (Complex** part : {&guess, &guess_tangent, &newton, &next_x, &next_tangent}) layout.take(*part, N);
        layout.take(chord, 2 * N), layout.take(residual, K), layout.take(columns, N * K), layout.take(matrix, N * N);
        layout.take(mixed, 2 * K), layout.take(kappa, r), layout.take(dual_point, N), layout.take(dual_residual, K);
        lay_out_forms(shape, layout, forms);
        lay_out_forms(shape, layout, duals);
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
    Complex* x;           // the points that the patches pass through
    Real inverse_norm{};  // 1 / ‖Q_0‖² at x

    // H̃ at the predicted point, into t.matrix, and F̃ into t.newton.
    INLINE void hessian(StepArrays<S>& t) {
        const auto K = shape.K;
        const auto N = shape.N;
        Forms<S, Complex>& forms = t.forms;
        build_forms(shape, forms, &t.guess[0], true);
        // Σ J: J_f has the columns P_f shifted by q D_f.
        each(shape.r, [&](auto g) INLINED { segment.columns(g, &t.columns[shape.at(g) * K], &forms.rest[g][0]); });
        // Σ w = Σ J_0 Q_0.
        loop<S>(K, [&](auto i) INLINED {
            Complex sum = complex_zero() - segment.b_now[i];
            each(shape.e(Constant<0>{}) + one_more,
                 [&](auto q) INLINED { add_product(sum, t.columns[q * K + i], t.guess[q]); });
            t.residual[i] = sum;
        });
        // JᵀΣJ plus the second derivatives of w times the residual: the lower triangle by blocks g ≥ f.
        each(shape.r, [&](auto g) INLINED {
            const auto atg = shape.at(g);
            const auto eg = shape.e(g);
            const auto dg = shape.dil(g);
            const auto size = K - eg * dg;
            each(shape.r, [&](auto f) INLINED {
                if (f > g) return;
                const auto atf = shape.at(f);
                const auto ef = shape.e(f);
                const auto df = shape.dil(f);
                const auto size_both = K - (eg * dg + ef * df);
                const int gap = shape.gap(g, -1), gap_of_both = shape.gap(f, g);
                const Complex* both = nullptr;
                const bool curved = f < g || shape.m(g) > 1;
                if (curved) both = second_form(t, f, g);
                loop<S>(eg + one_more, [&](auto p) INLINED {
                    row_of_products(&t.matrix[(atg + p) * N + atf], &forms.rest[g][0], &t.columns[atf * K + p * dg], f,
                                    g, size, gap, p);
                    if (!curved) return;
                    each(ef + one_more, [&](auto q) INLINED {
                        if (f == g && q > p) return;
                        const Complex* shifted = t.residual + int(p * dg + q * df);
                        Complex sum = t.matrix[(atg + p) * N + atf + q];
                        if (size_both == 1) {
                            if (both == nullptr)
                                sum = sum + shifted[0];
                            else
                                add_product(sum, both[0], shifted[0]);
                        } else {
                            coefficients_without<S>(f, g, size_both, gap_of_both,
                                                    [&](auto i) INLINED { add_product(sum, both[i], shifted[i]); });
                        }
                        t.matrix[(atg + p) * N + atf + q] = sum;
                    });
                });
            });
        });
        // F and the gauges.
        each(shape.r, [&](auto f) INLINED {
            const auto at = shape.at(f);
            const auto e = shape.e(f);
            const auto dil = shape.dil(f);
            const auto size = K - e * dil;
            const int gap = shape.gap(f, -1);
            each(e + one_more, [&](auto p) INLINED {
                Complex sum = complex_zero();
                coefficients_without<S>(f, Constant<-1>{}, size, gap, [&](auto i) INLINED {
                    add_product(sum, forms.rest[f][i], t.residual[i + p * dil]);
                });
                t.newton[at + p] = sum;
            });
            if (f == 0) return;
            Real scale = Real{};
            each(e + one_more, [&](auto p) INLINED {
                const Complex d = t.matrix[(at + p) * N + at + p];
                scale += maximum(select(d.re < 0, -d.re, d.re), select(d.im < 0, -d.im, d.im));
            });
            t.kappa[f] = scale;
            const Complex defect = scale * (gauge(f, &t.guess[0]) - complex_one());
            each(e + one_more, [&](auto p) INLINED {
                const Complex gp = scale * conj(x[at + p]);
                add_product(t.newton[at + p], conj(x[at + p]), defect);
                each(p + one_more,
                     [&](auto q) INLINED { add_product(t.matrix[(at + p) * N + at + q], gp, conj(x[at + q])); });
            });
        });
    }

    // Products of a row, P_g, with the columns of Σ J_f: a row of a block of JᵀΣJ, up to the diagonal.
    template <class F, class G, class Size, class P>
    INLINE void row_of_products(Complex* out, const Complex* row, const Complex* columns, F f, G g, Size size,
                                int gap, P p) const {
        const auto K = shape.K;
        if constexpr (S::fixed) {
            constexpr int Q = S::degrees[F::value] + 1;
            const int last = f == g ? int(p) : Q - 1;
            Complex sum[Q];
            each(Constant<Q>{}, [&](auto q) INLINED { sum[q] = complex_zero(); });
            coefficients_without<S>(g, Constant<-1>{}, size, gap, [&](auto i) INLINED {
                const Complex a = row[i];
                each(Constant<Q>{}, [&](auto q) INLINED {
                    if (!S::small || q <= last) add_product(sum[q], a, columns[q * K + i]);
                });
            });
            each(Constant<Q>{}, [&](auto q) INLINED {
                if (q <= last) out[q] = sum[q];
            });
        } else {
            for (int q = 0; q <= (f == g ? int(p) : shape.e(f)); ++q) {
                Complex sum = complex_zero();
                for (int i = 0; i < size; i += gap) add_product(sum, row[i], columns[q * K + i]);
                out[q] = sum;
            }
        }
    }

    // g_fᵀ Q_f, where g_f is conj(x) because ‖Q_f‖ = 1 at x for f ≥ 1.
    template <class F>
    INLINE Complex gauge(F f, const Complex* point) const {
        const auto at = shape.at(f);
        Complex sum = complex_zero();
        each(shape.e(f) + one_more, [&](auto p) INLINED { add_product(sum, conj(x[at + p]), point[at + p]); });
        return sum;
    }

    // ∂²w/∂Q_f∂Q_g as a form, f ≤ g; null if the form is 1.
    template <class F, class G>
    INLINE const Complex* second_form(StepArrays<S>& t, F f, G g) const {
        Forms<S, Complex>& forms = t.forms;
        const auto r = shape.r;
        Complex *now = &t.mixed[0], *then = &t.mixed[int(shape.K)];
        int n = 0;
        auto times = [&](const Complex* form, int count, int step) INLINED {
            if (n == 0) {
                dilate(now, form, count, step);
                n = 1 + (count - 1) * step;
                return;
            }
            multiply<AnyShape>(then, 0, 0, static_cast<const Complex*>(now), n, 0, form, count, step);
            n += (count - 1) * step;
            Complex* swap = now;
            now = then;
            then = swap;
        };
        const auto none = Constant<0>{};
        const bool powers = shape.m(f) > 1 || shape.m(g) > 1;
        if (!powers && shape.degree(f + one_more, g) == 0) {
            if (g + 1 == r && shape.degree(none, f) == 0) return nullptr;
            if (g + 1 == r) return &forms.before[f][0];
            if (shape.degree(none, f) == 0) return &forms.from[g + (g < r - 1)][0];
        }
        if constexpr (S::small) {
            if (!powers && f == 0 && g == r - 1 && r == 3) {
                dilate(now, static_cast<const Complex*>(&forms.power[f + (f < r - 1)][0]),
                       shape.e(f + Constant<(F::value < S::r - 1)>{}) * shape.m(f + Constant<(F::value < S::r - 1)>{}) +
                           one_more,
                       shape.dil(f + Constant<(F::value < S::r - 1)>{}));
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

    // L D Lᵀ in place: L below the diagonal, 1/D on the diagonal. The squared pivots lie between ``fewest`` and
    // ``most``.
    template <class M>
    INLINE void factorise(M&& a, Real& most, Real& fewest) const {
        const auto N = shape.N;
        most = Real{}, fewest = broadcast(single_precision ? 1e30 : 1e300);
        loop<S>(N, [&](auto k) INLINED {
            const Complex pivot = a[k * N + k];
            const Real size = squared_norm(pivot);
            most = maximum(most, size);
            fewest = minimum(fewest, size);
            const Real n = 1.0 / size;
            const Complex inverse = {pivot.re * n, -pivot.im * n};
            a[k * N + k] = inverse;
            loop<S>(N - one_more - k, [&](auto row) INLINED {
                const auto i = k + one_more + row;
                const Complex l = a[i * N + k] * inverse;
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

    // Solves for ``count`` right-hand sides that lie N apart. Column by column, so that no sum waits for another.
    template <int count>
    INLINE void solve(Complex* a, Complex* y) const {
        const auto N = shape.N;
        constexpr Constant<count> sides{};
        loop<S>(N, [&](auto j) INLINED {
            Complex known[count];
            each(sides, [&](auto c) INLINED { known[c] = y[c * N + j]; });
            loop<S>(N - one_more - j, [&](auto below) INLINED {
                const auto i = j + one_more + below;
                each(sides, [&](auto c) INLINED { subtract_product(y[c * N + i], a[i * N + j], known[c]); });
            });
            each(sides, [&](auto c) INLINED { y[c * N + j] = known[c] * a[j * N + j]; });
        });
        loop<S>(N, [&](auto back) INLINED {
            const auto j = N - one_more - back;
            Complex known[count];
            each(sides, [&](auto c) INLINED { known[c] = y[c * N + j]; });
            loop<S>(j, [&](auto i) INLINED {
                each(sides, [&](auto c) INLINED { subtract_product(y[c * N + i], a[j * N + i], known[c]); });
            });
        });
    }
    // Squared size of a step relative to the point: the free factor relative to its norm; all others have norm one.
    INLINE Real size_of(const Complex* step) const {
        const auto own_count = shape.e(Constant<0>{}) + one_more;
        Real own = Real{}, rest = Real{};
        each(own_count, [&](auto p) INLINED { own += squared_norm(step[p]); });
        each(shape.N - own_count, [&](auto i) INLINED { rest += squared_norm(step[own_count + i]); });
        return own * inverse_norm + rest;
    }
};

}  // namespace
}  // namespace homotopy_lcn
