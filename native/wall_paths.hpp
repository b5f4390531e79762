// Paths of walls: predictor, corrector and step control of homotopy_lcn/discriminants/path_tracker.py, one path at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "wall_equations.hpp"

namespace homotopy_lcn {
namespace plain {

// The constants of `WallTolerances` and `PathOptions` in Python.
struct WallPathOptions {
    double first_step, last_step, shrink, growth, aim, least, noise;
    double movement, contraction, largest, smallest_step;
    int max_steps;
};

struct WallPathEnd {
    bool arrived;
    double tau;
    int steps;
};

class WallPaths {
   public:
    explicit WallPaths(const WallGiven& given)
        : equations_(given), N(equations_.unknowns()), matrix_(N * N), right_(2 * N) {
        for (WallVector* vector : {&tangent_, &last_z_, &last_tangent_, &guess_, &next_tangent_}) vector->resize(N);
    }

    const WallGiven& given() const { return equations_.given(); }
    int unknowns() const { return N; }

    // Newton's method at a fixed τ: moves the point, and returns the size of the last step relative to the point.
    double newton(WallNumber* z, double tau, int most, double exact) {
        double best = std::numeric_limits<double>::infinity();
        for (int i = 0; i < most && !(best < exact); ++i) {
            equations_.evaluate(z, tau);
            solve(equations_.value.data(), nullptr);
            const double size = length(right_.data(), 2) / size_of_point(z);
            if (!(size < best)) break;
            for (int a = 0; a < N; ++a) z[a] -= right_[2 * a];
            best = size;
        }
        return best;
    }

    // Follows a path from one τ to another, and moves the point to where the path ends.
    WallPathEnd track(WallNumber* z, double tau, double goal, const WallPathOptions& options) {
        double h = options.first_step * (goal - tau), last_tau = std::numeric_limits<double>::quiet_NaN();
        equations_.evaluate(z, tau);
        solve(equations_.rate.data(), nullptr);
        for (int a = 0; a < N; ++a) tangent_[a] = -right_[2 * a];
        for (int steps = 1; steps <= options.max_steps; ++steps) {
            const double next = tau + h > goal - options.last_step * h ? goal : tau + h;
            predict(z, tau, next, last_tau);
            equations_.evaluate(guess_.data(), next);
            solve(equations_.value.data(), nullptr);
            const double first = length(right_.data(), 2);
            for (int a = 0; a < N; ++a) guess_[a] -= right_[2 * a];
            equations_.evaluate(guess_.data(), next);
            solve(equations_.value.data(), equations_.rate.data());
            const double second = length(right_.data(), 2);
            bool finite = true;
            for (int a = 0; a < N; ++a) {
                guess_[a] -= right_[2 * a];
                next_tangent_[a] = -right_[2 * a + 1];
                finite = finite && std::isfinite(next_tangent_[a].re) && std::isfinite(next_tangent_[a].im);
            }
            const double size = size_of_point(guess_.data()), movement = first / size, rest = second / size;
            const double contraction = rest <= options.noise ? 0 : rest / movement;
            const bool accepted = movement <= options.movement && contraction <= options.contraction && finite;
            const double excess = std::max(movement / options.movement, contraction / options.contraction);
            double factor = std::sqrt(std::sqrt(options.aim / std::max(excess, options.least)));
            if (!std::isfinite(factor) || !std::isfinite(excess)) factor = options.shrink;
            h *= std::clamp(factor, options.shrink, accepted ? options.growth : 0.5);
            if (accepted) {
                std::copy(z, z + N, last_z_.begin());
                std::swap(last_tangent_, tangent_);
                std::swap(tangent_, next_tangent_);
                std::copy(guess_.begin(), guess_.end(), z);
                last_tau = tau, tau = next;
            }
            if (tau == goal) return {true, tau, steps};
            if (h < options.smallest_step * (goal - tau) || length(z, 1) > options.largest) return {false, tau, steps};
        }
        return {false, tau, options.max_steps};
    }

   private:
    WallEquations equations_;
    const int N;
    WallVector matrix_, right_;  // right_: two columns
    WallVector tangent_, last_z_, last_tangent_, guess_, next_tangent_;

    double length(const WallNumber* z, int stride) const {
        double sum = 0;
        for (int a = 0; a < N; ++a) sum += z[a * stride].re * z[a * stride].re + z[a * stride].im * z[a * stride].im;
        return std::sqrt(sum);
    }
    double size_of_point(const WallNumber* z) const { return std::hypot(1.0, length(z, 1)); }

    // Cubic Hermite extrapolation; along the tangent where there is no point before.
    void predict(const WallNumber* z, double tau, double next, double last_tau) {
        const double step = next - tau, width = tau - last_tau;
        if (!(width > 0)) {
            for (int a = 0; a < N; ++a) guess_[a] = z[a] + step * tangent_[a];
            return;
        }
        const double x = 1 + step / width;
        const double w0 = (1 + 2 * x) * (1 - x) * (1 - x), w1 = x * (1 - x) * (1 - x) * width;
        const double w2 = x * x * (3 - 2 * x), w3 = x * x * (x - 1) * width;
        for (int a = 0; a < N; ++a)
            guess_[a] = w0 * last_z_[a] + w1 * last_tangent_[a] + w2 * z[a] + w3 * tangent_[a];
    }

    // The Jacobian's inverse times one or two vectors, by elimination with pivots; NaN where the matrix is singular.
    void solve(const WallNumber* first, const WallNumber* second) {
        matrix_ = equations_.jacobian;
        const int columns = second ? 2 : 1;
        for (int a = 0; a < N; ++a) {
            right_[2 * a] = first[a];
            if (second) right_[2 * a + 1] = second[a];
        }
        for (int k = 0; k < N; ++k) {
            int pivot = k;
            double largest = -1;
            for (int i = k; i < N; ++i) {
                const WallNumber& entry = matrix_[i * N + k];
                const double size = entry.re * entry.re + entry.im * entry.im;
                if (size > largest) largest = size, pivot = i;
            }
            if (!(largest > 0)) {
                std::fill(right_.begin(), right_.end(), WallNumber(std::numeric_limits<double>::quiet_NaN()));
                return;
            }
            if (pivot != k) {
                std::swap_ranges(&matrix_[k * N] + k, &matrix_[k * N] + N, &matrix_[pivot * N] + k);
                std::swap_ranges(&right_[2 * k], &right_[2 * k] + 2, &right_[2 * pivot]);
            }
            const WallNumber* const row = &matrix_[k * N];
            const WallNumber inverse = (1 / largest) * conj(row[k]);
            for (int i = k + 1; i < N; ++i) {
                WallNumber* const other = &matrix_[i * N];
                const WallNumber ratio = other[k] * inverse;
                for (int j = k + 1; j < N; ++j) other[j] -= ratio * row[j];
                for (int c = 0; c < columns; ++c) right_[2 * i + c] -= ratio * right_[2 * k + c];
            }
            matrix_[k * N + k] = inverse;
        }
        for (int k = N - 1; k >= 0; --k) {
            for (int c = 0; c < columns; ++c) {
                WallNumber& entry = right_[2 * k + c];
                for (int j = k + 1; j < N; ++j) entry -= matrix_[k * N + j] * right_[2 * j + c];
                entry = entry * matrix_[k * N + k];
            }
        }
    }
};

}  // namespace plain
}  // namespace homotopy_lcn
