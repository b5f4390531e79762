// Products of forms: the filter and its derivatives at a point.
#pragma once

#include "shapes.hpp"

namespace homotopy_lcn {
namespace {

// out (n + (count − 1) step coefficients) = a (n coefficients) times b (count coefficients), b dilated by ``step``.
// For a small shape coefficients that vanish by structure are left out: a vanishes where Π_{lo ≤ g < hi} Q_g^{m_g}
// does, and b where Π_{g ≥ above} Q_g^{m_g} does. With above = −1 no coefficient of b is left out.
template <class S, class T, class Lo, class Hi, class N, class Above, class Count, class Step>
INLINE void multiply(T* out, Lo, Hi, const T* a, N n, Above, const T* b, Count count, Step step) {
    if constexpr (S::small) {
        each(n + (count - one_more) * step, [&](auto i) INLINED {
            T sum = Identities<T>::zero();
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
        for (int i = 0; i < size; ++i) out[i] = Identities<T>::zero();
        for (int j = 0; j < count; ++j) {
            const T factor = b[j];
            T* shifted = out + j * step;
            UNROLL for (int k = 0; k < n; ++k) add_product(shifted[k], a[k], factor);
        }
    }
}

// out = form (n coefficients) dilated by ``step``.
template <class T, class N, class Step>
INLINE void dilate(T* out, const T* form, N n, Step step) {
    each(n, [&](auto i) INLINED {
        if (i > 0) each(step, [&](auto k) INLINED { out[i * step - k] = Identities<T>::zero(); });
        out[i * step] = form[i];
    });
}

// The forms at a point. The filter w is from[0].
//
//     before[f] = Π_{g<f} Q_g^{m_g}, f ≥ 1      power[f] = Q_f^{m_f}
//     from[f] = Π_{g≥f} Q_g^{m_g}               slope[f] = m_f Q_f^{m_f−1}, unless m_f = 1
//     rest[f] = P_f = ∂w/∂Q_f                   curve[f] = m_f (m_f − 1) Q_f^{m_f−2}, unless m_f = 1
//
// power, slope and curve are not dilated.
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

// The forms at ``point`` (N); curve[f] only if ``curves``.
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
        // The powers m − 2 (curve), m − 1 (slope) and m, at first without their scalars.
        T *low = &forms.curve[f][0], *scratch = &forms.scratch[0];
        low[0] = Identities<T>::one();
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
    // From the last factor down: from[r − 1] is the power of the last factor alone.
    each(r, [&](auto back) INLINED {
        const auto f = r - one_more - back;
        const auto count = shape.e(f) * shape.m(f) + one_more;
        if (f == r - 1)
            dilate(&forms.from[f][0], &forms.power[f][0], count, shape.dil(f));
        else
            multiply<S>(&forms.from[f][0], f + one_more, r, &forms.from[f + (f < r - 1)][0],
                        shape.degree(f + one_more, r) + one_more, Constant<-1>{}, &forms.power[f][0], count,
                        shape.dil(f));
    });
    each(r - one_more, [&](auto f) INLINED {  // before[f + 1]
        const auto count = shape.e(f) * shape.m(f) + one_more;
        if (f == 0)
            dilate(&forms.before[f + one_more][0], &forms.power[f][0], count, shape.dil(f));
        else
            multiply<S>(&forms.before[f + one_more][0], Constant<0>{}, f, &forms.before[f][0],
                        shape.degree(Constant<0>{}, f) + one_more, Constant<-1>{}, &forms.power[f][0], count,
                        shape.dil(f));
    });
    each(r, [&](auto f) INLINED {
        const auto left = shape.degree(Constant<0>{}, f) + one_more;
        const auto right = shape.degree(f + one_more, r) + one_more;
        T* out = shape.m(f) == 1 ? &forms.rest[f][0] : &forms.scratch[0];
        if (f == 0 && f == r - 1) {
            out[0] = Identities<T>::one();
        } else if (f == 0) {
            each(right, [&](auto i) INLINED { out[i] = forms.from[f + (f < r - 1)][i]; });
        } else if (f == r - 1) {
            each(left, [&](auto i) INLINED { out[i] = forms.before[f][i]; });
        } else {
            multiply<S>(out, Constant<0>{}, f, &forms.before[f][0], left, f + one_more, &forms.from[f + (f < r - 1)][0],
                        right, one_more);
        }
        if (shape.m(f) > 1)
            multiply<AnyShape>(&forms.rest[f][0], 0, 0, out, left + right - 1, 0, &forms.slope[f][0],
                               shape.e(f) * (shape.m(f) - 1) + 1, int(shape.dil(f)));
    });
}

}  // namespace
}  // namespace homotopy_lcn
