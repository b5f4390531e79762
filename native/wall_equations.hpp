// The equations of walls at one point, with all derivatives: those of homotopy_lcn/discriminants/extended_system.py and
// conditions.py, in the same unknowns. All sizes are known only when the program runs.
//
// Filters are values at the K-th roots of unity. P = Π_f Q_f^{m_f} is a product of them, and c ΣP − s b the residual.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "small_forms.hpp"

namespace homotopy_lcn {
namespace plain {

using WallNumber = Complex<double>;
using WallVector = std::vector<WallNumber>;

// Σ_k a_k b_k, without conjugation.
inline WallNumber paired(const WallNumber* a, const WallNumber* b, int n) {
    double re = 0, im = 0;
    for (int k = 0; k < n; ++k) {
        re += a[k].re * b[k].re - a[k].im * b[k].im;
        im += a[k].re * b[k].im + a[k].im * b[k].re;
    }
    return {re, im};
}

enum class WallKind { critical, fold, pieces };

// One block of a condition about the pieces of a point: the powers of the pieces in P_{−b} G_b, and forms by their values.
struct WallBlock {
    std::vector<int> powers;
    int forms = 0;
    WallVector values;  // (forms, K)
};

// What the equations of one homotopy consist of. Unknowns: local coordinates of the factors, of (c : s) unless the filter
// is zero, of (t_0 : t_1) unless the points are critical points, and of the kernel vector of a fold.
struct WallGiven {
    WallKind kind = WallKind::critical;
    bool at_zero = false, gram_moves = false, b_moves = false;
    int K = 0, factors = 0, n = 0;
    std::vector<int> powers, owners;  // owners: the factor of each local coordinate
    WallVector centres, directions;   // (factors, K), (n, K)
    WallVector grams, bs;             // (2, 2, K, K), (2, 2, K): start and target, of (t_0 : t_1) = (1 : 0) and (0 : 1)
    WallVector scale, place, kernel;  // (2, 2), (2, 2), (n + 1, n + 1): the centre of a patch, then its basis, as columns
    std::vector<WallBlock> blocks;

    int unknowns() const {
        if (kind == WallKind::critical) return n + 1;
        return kind == WallKind::fold ? 2 * n + 2 : n + (at_zero ? 1 : 2);
    }
};

class WallEquations {
   public:
    WallVector value, jacobian, rate;  // N, N × N, N: the equations, their derivatives in the unknowns and in τ

    explicit WallEquations(const WallGiven& given)
        : given_(given), K(given.K), F(given.factors), n(given.n), N(given.unknowns()) {
        value.resize(N), jacobian.resize(N * N), rate.resize(N);
        q_.resize(F * K), ladder_.resize(F * orders * K), steps_.resize(F * K), along_first_.resize(F * K);
        first_.resize(F * K), second_.resize(F * F * K), third_.resize(F * F * K);
        j_.resize((n + 1) * K), ja_.resize((n + 1) * K);
        for (WallVector* matrix : {&gram_, &gram_slope_, &gram_rate_}) matrix->resize(K * K);
        for (WallVector* vector : {&b_, &b_slope_, &b_rate_}) vector->resize(K);
        gj_.resize((n + 1) * K), gja_.resize((n + 1) * K);
        work_.resize((12 + n) * K), kernel_vector_.resize(n + 1);
    }

    const WallGiven& given() const { return given_; }
    int unknowns() const { return N; }

    void evaluate(const WallNumber* z, double tau) {
        switch (given_.kind) {
            case WallKind::critical: return evaluate_critical(z, tau);
            case WallKind::fold: return evaluate_fold(z, tau);
            case WallKind::pieces: return evaluate_pieces(z, tau);
        }
    }

   private:
    static constexpr int orders = 4;  // Q^m and three derivatives
    const WallGiven given_;
    const int K, F, n, N;
    WallVector q_, ladder_, steps_, first_, along_first_, second_, third_;
    WallVector j_, ja_, gj_, gja_;  // the columns of J and of its derivative along v, and their images under Σ
    WallVector gram_, gram_slope_, gram_rate_, b_, b_slope_, b_rate_, work_, kernel_vector_;
    WallNumber c_{0}, s_{1}, t_[2];

    // A pair of homogeneous coordinates from a local one.
    static void enter(const WallVector& patch, const WallNumber& local, WallNumber* pair) {
        for (int i = 0; i < 2; ++i) pair[i] = patch[2 * i] + local * patch[2 * i + 1];
    }
    void enter_scale(const WallNumber& local) {
        WallNumber pair[2];
        enter(given_.scale, local, pair);
        c_ = pair[0], s_ = pair[1];
    }

    // One datum and its derivatives in the local coordinate of (t_0 : t_1) and in τ.
    void mix(const WallVector& lines, bool moves, double tau, int size, WallVector& at, WallVector& slope,
             WallVector& change) const {
        const WallNumber *start = lines.data(), *target = start + 2 * size;
        const WallNumber t0 = moves ? t_[0] : WallNumber(1), t1 = moves ? t_[1] : WallNumber(0);
        const WallNumber d0 = given_.place[1], d1 = given_.place[3];
        for (int i = 0; i < size; ++i) {
            const WallNumber first = (1 - tau) * start[i] + tau * target[i], moved = target[i] - start[i];
            if (!moves) {
                at[i] = first, change[i] = moved;
                continue;
            }
            const WallNumber last = (1 - tau) * start[size + i] + tau * target[size + i];
            at[i] = t0 * first + t1 * last;
            slope[i] = d0 * first + d1 * last;
            change[i] = t0 * moved + t1 * (target[size + i] - start[size + i]);
        }
    }
    void enter_data(double tau) {
        mix(given_.grams, given_.gram_moves, tau, K * K, gram_, gram_slope_, gram_rate_);
        mix(given_.bs, given_.b_moves, tau, K, b_, b_slope_, b_rate_);
    }
    void times(const WallVector& matrix, const WallNumber* vector, WallNumber* result) const {
        for (int k = 0; k < K; ++k) result[k] = paired(matrix.data() + k * K, vector, K);
    }

    void enter_factors(const WallNumber* y) {
        q_ = given_.centres;
        for (int i = 0; i < n; ++i) {
            WallNumber* const q = q_.data() + given_.owners[i] * K;
            const WallNumber* const direction = given_.directions.data() + i * K;
            for (int k = 0; k < K; ++k) q[k] += y[i] * direction[k];
        }
    }
    // The derivatives of Q_f^{m_f} up to an order.
    void enter_ladder(const std::vector<int>& powers, int order) {
        for (int f = 0; f < F; ++f) {
            for (int d = 0; d <= order; ++d) {
                double number = 1;
                for (int i = 0; i < d; ++i) number *= powers[f] - i;
                WallNumber* const result = ladder_.data() + (f * orders + d) * K;
                for (int k = 0; k < K; ++k) {
                    result[k] = WallNumber(number);
                    for (int i = d; i < powers[f]; ++i) result[k] = result[k] * q_[f * K + k];
                }
            }
        }
    }
    // The derivative of P in the values of up to three factors (−1: none).
    void partial(int f, int g, int h, WallNumber* result) const {
        for (int e = 0; e < F; ++e) {
            const WallNumber* const part = ladder_.data() + (e * orders + (e == f) + (e == g) + (e == h)) * K;
            for (int k = 0; k < K; ++k) result[k] = e == 0 ? part[k] : result[k] * part[k];
        }
    }
    // P, its first derivatives, and the columns of J.
    void enter_columns(bool second) {
        partial(-1, -1, -1, j_.data());
        for (int f = 0; f < F; ++f) {
            partial(f, -1, -1, first_.data() + f * K);
            for (int g = 0; second && g < F; ++g) partial(f, g, -1, second_.data() + (f * F + g) * K);
        }
        for (int i = 0; i < n; ++i) {
            const WallNumber *first = first_.data() + given_.owners[i] * K, *direction = given_.directions.data() + i * K;
            for (int k = 0; k < K; ++k) j_[(i + 1) * K + k] = first[k] * direction[k];
        }
    }
    // The same for the derivative of J along v.
    void enter_columns_along(const WallNumber* v) {
        std::fill(steps_.begin(), steps_.end(), WallNumber(0));
        std::fill(along_first_.begin(), along_first_.end(), WallNumber(0));
        std::fill(third_.begin(), third_.end(), WallNumber(0));
        std::fill(ja_.begin(), ja_.begin() + K, WallNumber(0));
        WallNumber* const product = work_.data();
        for (int i = 0; i < n; ++i)
            for (int k = 0; k < K; ++k) steps_[given_.owners[i] * K + k] += v[i] * given_.directions[i * K + k];
        for (int f = 0; f < F; ++f) {
            for (int k = 0; k < K; ++k) ja_[k] += first_[f * K + k] * steps_[f * K + k];
            for (int g = 0; g < F; ++g) {
                for (int k = 0; k < K; ++k) along_first_[f * K + k] += second_[(f * F + g) * K + k] * steps_[g * K + k];
                for (int h = 0; h < F; ++h) {
                    partial(f, g, h, product);
                    for (int k = 0; k < K; ++k) third_[(f * F + g) * K + k] += product[k] * steps_[h * K + k];
                }
            }
        }
        for (int i = 0; i < n; ++i) {
            const WallNumber *first = along_first_.data() + given_.owners[i] * K;
            const WallNumber* const direction = given_.directions.data() + i * K;
            for (int k = 0; k < K; ++k) ja_[(i + 1) * K + k] = first[k] * direction[k];
        }
    }

    // The Jacobian of F = Jᵀ r for the unknowns y and (c : s), into the first n + 1 columns of rows of a length, with the
    // residual r and its derivative in the local coordinate of (c : s).
    void hessian(const WallNumber* r, const WallNumber* r_scale, WallNumber* result, int length) {
        WallNumber* const column = work_.data() + 11 * K;
        for (int j = 0; j < n; ++j) {
            const WallNumber *image = gj_.data() + (j + 1) * K, *direction = given_.directions.data() + j * K;
            result[j] = c_ * paired(j_.data(), image, K) + paired(j_.data() + (j + 1) * K, r, K);
            for (int i = 0; i <= j; ++i) {
                const int f = given_.owners[i];
                if (i == 0 || f != given_.owners[i - 1]) {
                    const WallNumber *first = first_.data() + f * K;
                    const WallNumber* const second = second_.data() + (f * F + given_.owners[j]) * K;
                    for (int k = 0; k < K; ++k)
                        column[k] = first[k] * (c_ * image[k]) + second[k] * (r[k] * direction[k]);
                }
                const WallNumber entry = paired(given_.directions.data() + i * K, column, K);
                result[(i + 1) * length + j] = entry;
                result[(j + 1) * length + i] = entry;
            }
        }
        for (int a = 0; a <= n; ++a) result[a * length + n] = paired(j_.data() + a * K, r_scale, K);
    }

    void evaluate_critical(const WallNumber* z, double tau) {
        t_[0] = WallNumber(1), t_[1] = WallNumber(0);
        enter_scale(z[n]);
        enter_data(tau);
        enter_factors(z);
        enter_ladder(given_.powers, 2);
        enter_columns(true);
        for (int a = 0; a <= n; ++a) times(gram_, j_.data() + a * K, gj_.data() + a * K);
        WallNumber *r = work_.data(), *r_scale = r + K, *r_tau = r_scale + K;
        times(gram_rate_, j_.data(), r_tau);
        const WallNumber dc = given_.scale[1], ds = given_.scale[3];
        for (int k = 0; k < K; ++k) {
            r[k] = c_ * gj_[k] - s_ * b_[k];
            r_scale[k] = dc * gj_[k] - ds * b_[k];
            r_tau[k] = c_ * r_tau[k] - s_ * b_rate_[k];
        }
        for (int a = 0; a <= n; ++a) {
            value[a] = paired(j_.data() + a * K, r, K);
            rate[a] = paired(j_.data() + a * K, r_tau, K);
        }
        hessian(r, r_scale, jacobian.data(), N);
    }

    void evaluate_fold(const WallNumber* z, double tau) {
        WallVector& v = kernel_vector_;
        for (int a = 0; a <= n; ++a) {
            const WallNumber* const row = given_.kernel.data() + a * (n + 1);
            v[a] = row[0] + paired(row + 1, z + n + 2, n);
        }
        enter_scale(z[n]);
        enter(given_.place, z[n + 1], t_);
        enter_data(tau);
        enter_factors(z);
        enter_ladder(given_.powers, 3);
        enter_columns(true);
        enter_columns_along(v.data());
        for (int a = 0; a <= n; ++a) {
            times(gram_, j_.data() + a * K, gj_.data() + a * K);
            times(gram_, ja_.data() + a * K, gja_.data() + a * K);
        }
        // Residuals, their derivatives, and the derivatives of r_v, each of K values. The last vector is for `hessian`.
        WallNumber* const r = work_.data();
        WallNumber *r_scale = r + K, *r_t = r + 2 * K, *r_tau = r + 3 * K, *r_v = r + 4 * K;
        WallNumber *v_scale = r + 5 * K, *v_t = r + 6 * K, *v_tau = r + 7 * K, *image_along = r + 8 * K;
        const WallNumber dc = given_.scale[1], ds = given_.scale[3], last = v[n], ldc = last * dc, lds = last * ds;
        times(gram_rate_, j_.data(), r_tau);
        times(gram_rate_, ja_.data(), image_along);
        for (int k = 0; k < K; ++k) {
            r[k] = c_ * gj_[k] - s_ * b_[k];
            r_scale[k] = dc * gj_[k] - ds * b_[k];
            r_v[k] = c_ * gja_[k] + last * r_scale[k];
            v_scale[k] = dc * gja_[k];
            v_tau[k] = c_ * image_along[k] + ldc * r_tau[k] - lds * b_rate_[k];
            r_tau[k] = c_ * r_tau[k] - s_ * b_rate_[k];
            r_t[k] = v_t[k] = WallNumber(0);
        }
        if (given_.gram_moves) {
            times(gram_slope_, j_.data(), r_t);
            times(gram_slope_, ja_.data(), image_along);
            for (int k = 0; k < K; ++k) {
                v_t[k] = c_ * image_along[k] + ldc * r_t[k];
                r_t[k] = c_ * r_t[k];
            }
        }
        if (given_.b_moves) {
            for (int k = 0; k < K; ++k) {
                v_t[k] -= lds * b_slope_[k];
                r_t[k] -= s_ * b_slope_[k];
            }
        }
        std::fill(jacobian.begin(), jacobian.end(), WallNumber(0));
        hessian(r, r_scale, jacobian.data(), N);
        for (int a = 0; a <= n; ++a) {
            const WallNumber *upper = j_.data() + a * K, *lower = ja_.data() + a * K;
            WallNumber *row = jacobian.data() + a * N, *moved = row + (n + 1) * N;
            value[a] = paired(upper, r, K);
            value[n + 1 + a] = paired(upper, r_v, K) + paired(lower, r, K);
            rate[a] = paired(upper, r_tau, K);
            rate[n + 1 + a] = paired(lower, r_tau, K) + paired(upper, v_tau, K);
            row[n + 1] = paired(upper, r_t, K);
            moved[n] = paired(lower, r_scale, K) + paired(upper, v_scale, K);
            moved[n + 1] = paired(lower, r_t, K) + paired(upper, v_t, K);
            for (int j = 0; j < n; ++j) {
                WallNumber sum(0);
                for (int i = 0; i <= n; ++i) sum += row[i] * given_.kernel[i * (n + 1) + j + 1];
                moved[n + 2 + j] = sum;
            }
        }
        add_third(r, r_v, ldc);
    }

    // The derivatives in y of H v, the lower left part of the Jacobian of a fold.
    void add_third(const WallNumber* r, const WallNumber* r_v, const WallNumber& ldc) {
        WallNumber *column = work_.data() + 9 * K, *image = work_.data() + 10 * K;
        WallNumber* const lower = jacobian.data() + (n + 1) * N;
        for (int j = 0; j < n; ++j) {
            const WallNumber *gj = gj_.data() + (j + 1) * K, *gja = gja_.data() + (j + 1) * K;
            const WallNumber* const direction = given_.directions.data() + j * K;
            for (int k = 0; k < K; ++k) image[k] = c_ * gja[k] + ldc * gj[k];
            lower[j] = c_ * paired(ja_.data(), gj, K) + paired(j_.data(), image, K) +
                       paired(ja_.data() + (j + 1) * K, r, K) + paired(j_.data() + (j + 1) * K, r_v, K);
            for (int i = 0; i <= j; ++i) {
                const int f = given_.owners[i];
                if (i == 0 || f != given_.owners[i - 1]) {
                    const WallNumber *first = first_.data() + f * K, *along = along_first_.data() + f * K;
                    const int pair = (f * F + given_.owners[j]) * K;
                    for (int k = 0; k < K; ++k)
                        column[k] = along[k] * (c_ * gj[k]) + first[k] * image[k] +
                                    (third_[pair + k] * r[k] + second_[pair + k] * r_v[k]) * direction[k];
                }
                const WallNumber entry = paired(given_.directions.data() + i * K, column, K);
                lower[(i + 1) * N + j] = entry;
                lower[(j + 1) * N + i] = entry;
            }
        }
    }

    void evaluate_pieces(const WallNumber* z, double tau) {
        c_ = WallNumber(0), s_ = WallNumber(1);
        if (!given_.at_zero) enter_scale(z[n]);
        enter(given_.place, z[N - 1], t_);
        enter_data(tau);
        enter_factors(z);
        enter_ladder(given_.powers, 1);
        enter_columns(false);
        const int changes = N + 1;  // columns: y, (c : s), (t_0 : t_1), τ
        const WallNumber dc = given_.scale[1], ds = given_.scale[3];
        WallVector& change = gja_;
        change.resize(std::max<std::size_t>(change.size(), changes * K));
        WallNumber *r = work_.data(), *image = r + K, *u = r + 2 * K, *product = r + 3 * K;
        for (int j = 0; j < n; ++j) {
            times(gram_, j_.data() + (j + 1) * K, change.data() + j * K);
            for (int k = 0; k < K; ++k) change[j * K + k] = c_ * change[j * K + k];
        }
        times(gram_, j_.data(), image);
        WallNumber *scale = change.data() + n * K, *place = change.data() + (N - 1) * K, *shift = place + K;
        for (int k = 0; k < K; ++k) r[k] = c_ * image[k] - s_ * b_[k];
        if (!given_.at_zero)
            for (int k = 0; k < K; ++k) scale[k] = dc * image[k] - ds * b_[k];
        times(gram_rate_, j_.data(), shift);
        if (given_.gram_moves) times(gram_slope_, j_.data(), place);
        for (int k = 0; k < K; ++k) {
            shift[k] = c_ * shift[k] - s_ * b_rate_[k];
            place[k] = given_.gram_moves ? c_ * place[k] : WallNumber(0);
            if (given_.b_moves) place[k] -= s_ * b_slope_[k];
        }
        int row = 0;
        for (const WallBlock& block : given_.blocks) {
            enter_ladder(block.powers, 1);
            partial(-1, -1, -1, u);
            for (int f = 0; f < F; ++f) partial(f, -1, -1, first_.data() + f * K);
            for (int column = 0; column <= changes; ++column) {  // the last one: the equations themselves
                const WallNumber* const moved = column == changes ? r : change.data() + column * K;
                for (int k = 0; k < K; ++k) product[k] = u[k] * moved[k];
                if (column < n) {
                    const WallNumber* const slope = first_.data() + given_.owners[column] * K;
                    const WallNumber* const direction = given_.directions.data() + column * K;
                    for (int k = 0; k < K; ++k) product[k] += slope[k] * direction[k] * r[k];
                }
                for (int m = 0; m < block.forms; ++m) {
                    const WallNumber entry = paired(block.values.data() + m * K, product, K);
                    if (column == changes) value[row + m] = entry;
                    else if (column == N) rate[row + m] = entry;
                    else jacobian[(row + m) * N + column] = entry;
                }
            }
            row += block.forms;
        }
    }
};

}  // namespace plain
}  // namespace homotopy_lcn
