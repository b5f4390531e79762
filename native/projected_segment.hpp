// The data along a path to real targets in which coefficients of the filter coincide.
//
// A network of filters of any support is solved as the tensor product of its layers, with the Gram matrix PᵀΣP and the
// moment vector Pᵀb, where P adds the coefficients whose exponents coincide. Then rows of PᵀΣP are equal, and a product
// with Σ in place of PᵀΣP takes fewer multiplications and a part of the memory.
#pragma once

#include "data_segments.hpp"

namespace homotopy_lcn {
namespace {

// Whether the real targets of a job have the same rows and columns, and the same moments, for coefficients i and j.
inline bool coincide(const Job& job, int i, int j) {
    const int K = job.filter_size;
    for (std::int64_t t = 0; t < job.target_count; ++t) {
        const double *gram = job.target_gram + K * K * t, *b = job.target_b + K * t;
        if (b[i] != b[j]) return false;
        for (int k = 0; k < K; ++k)
            if (gram[i * K + k] != gram[j * K + k] || gram[k * K + i] != gram[k * K + j]) return false;
    }
    return true;
}

// The first coefficient that coincides with coefficient i.
inline int first_coincident(const Job& job, int i) {
    int j = 0;
    while (j < i && !coincide(job, i, j)) ++j;
    return j;
}

// The number of coefficients that are the first of those that coincide.
inline int distinct_coefficients(const Job& job) {
    int count = 0;
    for (int i = 0; i < job.filter_size; ++i) count += first_coincident(job, i) == i;
    return count;
}

// From a complex diagonal Gram matrix to real data, as RealSegment, for shapes that the compiler does not know.
template <class S>
class ProjectedSegment {
   public:
    explicit ProjectedSegment(const Job& job) : job(job), shape(job), size(distinct_coefficients(job)) {}

    void lay_out(Layout& layout) {
        const std::size_t K = shape.K, N = shape.N, n = size;
        layout.take(diagonal, K), layout.take(b_now, K), layout.take(scratch, K), layout.take(products, N * n);
        layout.take(sums, n), layout.take(images, n), layout.take(target_gram, n * n), layout.take(target_b, n);
        layout.take(place, K), layout.take(chosen, n);
        if (!layout.has_block) return;
        int count = 0;
        for (int i = 0; i < int(K); ++i) {
            const int first = first_coincident(job, i);
            if (first == i) chosen[count] = i;
            place[i] = first == i ? count++ : place[first];
        }
    }

    void load(int lane, std::int64_t t) {
        const int K = shape.K;
        const double *gram = job.target_gram + K * K * t, *b = job.target_b + K * t;
        for (int i = 0; i < size; ++i) {
            for (int j = 0; j < size; ++j) target_gram[i * size + j][lane] = gram[chosen[i] * K + chosen[j]];
            target_b[i][lane] = b[chosen[i]];
        }
    }

    INLINE void mix(Real s) {
        rest = 1.0 - s;
        for (int i = 0; i < shape.K; ++i) {
            diagonal[i] = s * start(i);
            const Complex b = s * broadcast(job.start_b + 2 * i);
            b_now[i] = {b.re + rest * target_b[place[i]], b.im};
        }
    }

    // out (e_g + 1, K) = Σ(s) J_g, from the products (e_g + 1, n) of Σ with the projected columns of J_g.
    INLINE void columns(int g, Complex* out, const Complex* form) const {
        const int K = shape.K, e = shape.e(g), dil = shape.dil(g), gap = shape.gap(g, -1), count = K - e * dil;
        for (int j = 0; j < count; j += gap) scratch[j] = rest * form[j];
        auto block = [&](int i, int q, auto rows, auto width) INLINED {
            constexpr int R = decltype(rows)::value, Q = decltype(width)::value;
            Complex sum[R * Q];
            each(Constant<R * Q>{}, [&](auto k) INLINED { sum[k] = complex_zero(); });
            for (int j = 0; j < count; j += gap) {
                const Complex a = scratch[j];
                each(width, [&](auto c) INLINED {
                    const Real* column = target_gram + i * size + place[j + (q + c) * dil];
                    each(rows, [&](auto r) INLINED {
                        const Real entry = column[r * size];
                        sum[r * Q + c].re += entry * a.re;
                        sum[r * Q + c].im += entry * a.im;
                    });
                });
            }
            each(rows, [&](auto r) INLINED {
                each(width, [&](auto c) INLINED { products[(q + c) * size + i + r] = sum[r * Q + c]; });
            });
        };
        in_blocks<S, 2>(g, shape, size, block);
        for (int q = 0; q <= e; ++q) {
            for (int i = 0; i < K; ++i) out[q * K + i] = products[q * size + place[i]];
            for (int j = 0; j < count; j += gap) add_product(out[q * K + j + q * dil], diagonal[j + q * dil], form[j]);
        }
    }

    INLINE void dual_residual(Dual* out, const Dual* w) const {
        for (int i = 0; i < size; ++i) sums[i] = Identities<Dual>::zero();
        for (int j = 0; j < shape.K; ++j) {
            Dual& sum = sums[place[j]];
            sum = {sum.v + w[j].v, sum.d + w[j].d};
        }
        for (int i = 0; i < size; ++i) {
            Complex end = {-target_b[i], Real{}}, end_rate = complex_zero();  // Σ_1 w − b_1
            UNROLL for (int j = 0; j < size; ++j) {
                const Real entry = target_gram[i * size + j];
                end.re += entry * sums[j].v.re;
                end.im += entry * sums[j].v.im;
                end_rate.re += entry * sums[j].d.re;
                end_rate.im += entry * sums[j].d.im;
            }
            images[i] = {end, end_rate};
        }
        for (int i = 0; i < shape.K; ++i) {
            const Dual image = images[place[i]];
            Complex begin = complex_zero() - broadcast(job.start_b + 2 * i);  // Σ_0 w − b_0
            add_product(begin, start(i), w[i].v);
            Complex value = rest * image.v, rate = rest * image.d + begin - image.v;
            value = value + (1.0 - rest) * begin;
            add_product(rate, diagonal[i], w[i].d);
            out[i] = {value, rate};
        }
    }

    INLINE Real magnitude(Real norm) const {
        Real gram = Real{}, b = Real{};
        for (int i = 0; i < shape.K; ++i) {
            for (int j = 0; j < shape.K; ++j) {
                const Real entry = rest * target_gram[place[i] * size + place[j]];
                gram += entry * entry;
            }
            gram += squared_norm(diagonal[i]);
            b += squared_norm(b_now[i]);
        }
        return square_root(gram) * norm + square_root(b);
    }

   private:
    const Job& job;
    const S shape;

   public:
    Complex* b_now;
    const int size;  // n, the number of distinct coefficients
    int* place;      // the number of each coefficient among the distinct ones
    // The target for the distinct coefficients alone: (n, n) and (n).
    Real *target_gram, *target_b;

   private:
    int* chosen;  // the distinct coefficients
    Complex *diagonal, *scratch, *products;
    Dual *sums, *images;
    Real rest{};

    INLINE Complex start(int i) const { return broadcast(job.start_gram + 2 * (i * shape.K + i)); }
};

}  // namespace
}  // namespace homotopy_lcn
