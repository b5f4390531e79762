// The tracking kernel: one path in each SIMD lane.
//
// Included once by each kernel_*.cpp, which is compiled for one instruction set and defines LANES.
//
// A step. Cubic Hermite prediction; H there, factorised once (L D Lᵀ without pivoting: the matrix is complex symmetric
// and generic); a Newton step; at the new point one evaluation in dual numbers gives F and its total derivative along
// the predicted tangent, hence a chord step and a refined tangent from the same factors. The first and the last step of
// a path have length zero: they make the first tangent and polish the end.
#pragma once

#include "newton.hpp"

namespace homotopy_lcn {
namespace {

// A chord step above this leaves too much of an error: the point would be accepted too early.
constexpr double chord_limit = 5e-3;

template <class S, template <class> class SegmentOf>
class Tracker : NewtonSystem<S, SegmentOf> {
    using System = NewtonSystem<S, SegmentOf>;
    using System::job, System::shape, System::segment, System::x, System::inverse_norm;
    using System::hessian, System::gauge, System::factorise, System::size_of;

   public:
    Tracker(const Job& job, void* memory) : System(job) {
        Layout layout{static_cast<char*>(memory), memory != nullptr};
        lay_out(layout);
    }

    static std::size_t bytes(const Job& job) {
        Tracker tracker(job, nullptr);
        Layout layout{nullptr, false};
        tracker.lay_out(layout);
        return layout.used + 64;
    }

    void run() {
        for (int lane = 0; lane < LANES; ++lane) {
            path[lane] = -1;
            load(lane);
        }
        std::int64_t iterations = 0;
        while (active > 0 && !job.cancelled->load(std::memory_order_relaxed)) {
            step();
            ++iterations;
        }
        job.iterations->fetch_add(iterations);
        job.finished->fetch_add(finished, std::memory_order_relaxed);
    }

   private:
    C *tangent, *last_x, *last_tangent;  // the paths' states, with x
    Room<S> memory;                      // what a step of a shape that is not small computes with
    C* rare;                             // the matrix and a right-hand side, for ``rounding``

    enum Phase : std::int64_t { idle = 0, first = 1, second = 2, going = 3, polish = 4 };  // in this order
    std::int64_t path[LANES];
    int active = 0;
    I phase{}, rejections{}, steps{}, polished{};
    V s{}, h{}, resume{}, last_s{}, error{}, largest{}, least{}, growth{};

    void lay_out(Layout& layout) {
        const std::size_t N = shape.N;
        for (C** part : {&x, &tangent, &last_x, &last_tangent}) layout.take(*part, N);
        layout.take(rare, N * N + N);
        segment.lay_out(layout);
        memory.lay_out(shape, layout);
    }

    static INLINE void set(C& z, int lane, double re, double im) {
        z.re[lane] = re;
        z.im[lane] = im;
    }

    // The next path of the queue. Taken some at a time: threads that wait for each other's cache lines are slow.
    std::int64_t take() {
        if (next_path == last_path) {
            job.finished->fetch_add(finished, std::memory_order_relaxed);
            finished = 0;
            next_path = job.next->fetch_add(job.taken_together, std::memory_order_relaxed);
            last_path = next_path + job.taken_together;
        }
        return next_path++;
    }
    std::int64_t next_path = 0, last_path = 0, finished = 0;

    // Puts the next path of the queue into a lane; an idle lane keeps computing on what it has, unheeded.
    void load(int lane) {
        const std::int64_t total = job.target_count * job.start_count;
        const std::int64_t mine = take();
        const bool real = mine < total;
        const int N = shape.N;
        active += int(real) - int(path[lane] >= 0);
        path[lane] = real ? mine : -1;
        phase[lane] = real ? first : idle;
        if (!real && steps_ever[lane]) return;
        steps_ever[lane] = true;
        const std::int64_t p = real ? mine % job.start_count : 0, t = real ? mine / job.start_count : 0;
        const double* start = job.starts + 2 * (N + 1) * p;
        const double re = start[0], im = start[1];
        double norm = 0;
        for (int i = 0; i < N; ++i) {
            double a = start[2 * i + 2], b = start[2 * i + 3];
            if (i <= shape.e(Int<0>{})) {
                const double turned = re * a - im * b;
                b = re * b + im * a;
                a = turned;
                norm += a * a + b * b;
            }
            set(x[i], lane, a, b);
            set(tangent[i], lane, 0, 0);
            set(last_x[i], lane, a, b);
            set(last_tangent[i], lane, 0, 0);
        }
        segment.load(lane, t);
        inverse_norm[lane] = 1 / norm;
        s[lane] = 1;
        h[lane] = 0;
        resume[lane] = job.options.first_step;
        rejections[lane] = 0;
        last_s[lane] = 2;
        steps[lane] = 0;
        polished[lane] = 0;
        error[lane] = 1;
        largest[lane] = least[lane] = 1;
        growth[lane] = 0;
    }
    bool steps_ever[LANES] = {};

    void unload(int lane, std::int64_t code) {
        const int N = shape.N;
        const std::int64_t id = path[lane];
        double* out = job.points + 2 * (N + 1) * id;
        double norm = 0;
        for (int i = 0; i <= shape.e(Int<0>{}); ++i)
            norm += x[i].re[lane] * x[i].re[lane] + x[i].im[lane] * x[i].im[lane];
        norm = __builtin_sqrt(norm);
        out[0] = norm;
        out[1] = 0;
        for (int i = 0; i < N; ++i) {
            const double scale = i <= shape.e(Int<0>{}) ? norm : 1.0;
            out[2 * i + 2] = x[i].re[lane] / scale;
            out[2 * i + 3] = x[i].im[lane] / scale;
        }
        job.codes[id] = code;
        job.errors[id] = __builtin_sqrt(error[lane]);
        job.conditions[id] = largest[lane] / least[lane];
        job.steps[id] = steps[lane];
        job.distances[id] = s[lane];
        ++finished;
        load(lane);
    }

    // F̃ and its total derivative along t.guess_tangent at the corrected point t.next_x, into t.chord: (N), (N).
    INLINE void dual_gradient(Room<S>& t) {
        const auto K = shape.K, N = shape.N;
        loop<S>(N, [&](auto i) INLINED { t.dual_point[i] = {t.next_x[i], t.guess_tangent[i]}; });
        build_forms(shape, t.duals, &t.dual_point[0], false);
        segment.dual_residual(&t.dual_residual[0], &t.duals.from[0][0]);
        each(shape.r, [&](auto f) INLINED {
            const auto at = shape.at(f), e = shape.e(f), dil = shape.dil(f), size = K - e * dil;
            C defect = zero_c(), defect_rate = zero_c();
            if (f > 0) {
                defect = t.kappa[f] * (gauge(f, &t.next_x[0]) - one_c());
                defect_rate = t.kappa[f] * gauge(f, &t.guess_tangent[0]);
            }
            each(e + one_more, [&](auto p) INLINED {
                D sum = Unit<D>::zero();
                coefficients_without<S>(f, Int<-1>{}, size, [&](auto i) INLINED {
                    add_product(sum, t.duals.rest[f][i], t.dual_residual[i + p * dil]);
                });
                if (f > 0) {
                    add_product(sum.v, conj(x[at + p]), defect);
                    add_product(sum.d, conj(x[at + p]), defect_rate);
                }
                t.chord[at + p] = sum.v;
                t.chord[N + at + p] = sum.d;
            });
        });
    }

    // step. The factors of the matrix, and a defect of the size of these errors, are in ``rare``.
    __attribute__((noinline)) V rounding() {
        const int N = shape.N;
        C* defect = rare + N * N;
        System::template solve<1>(rare, defect);
        return double(N) * double(N) * size_of(defect);
    }
    INLINE void prepare_rounding(Room<S>& t) {
        const auto K = shape.K, N = shape.N;
        const double eps = 2.220446049250313e-16;
        V filter = V{};
        loop<S>(K, [&](auto i) INLINED { filter += norm2(t.duals.from[0][i].v); });
        const V residual = eps * segment.magnitude(root(filter));
        loop<S>(N, [&](auto i) INLINED {
            loop<S>(i + one_more, [&](auto j) INLINED { rare[i * N + j] = t.matrix[i * N + j]; });
        });
        each(shape.r, [&](auto f) INLINED {
            const auto at = shape.at(f), e = shape.e(f), size = K - e * shape.dil(f);
            V rest = V{};
            coefficients_without<S>(f, Int<-1>{}, size, [&](auto i) INLINED { rest += norm2(t.forms.rest[f][i]); });
            const V scale = residual * root(rest);
            for (int p = 0; p <= e; ++p) rare[N * N + at + p] = {p % 2 ? -scale : scale, p % 3 ? scale : -scale};
        });
    }

    INLINE void step() {
        Room<S> t;
        if constexpr (!S::small) t = memory;
        const auto N = shape.N;
        const Options& options = job.options;
        const I cubic = phase == (std::int64_t)going;
        const I moving = cubic | (phase == (std::int64_t)second);
        const V zero = V{}, one = splat(1.0);

        // Predict.
        V to = s - h;
        to = select(to < 0.1 * h, V{}, to);  // no crumb of a step at the end
        const V step = to - s;
        const V width = select(cubic, s - last_s, one);
        const V inverse_width = 1.0 / width;
        const V theta = 1.0 + step * inverse_width;
        const V square = theta * theta, back = (1.0 - theta) * (1.0 - theta);
        const V w01 = select(cubic, square * (3.0 - 2.0 * theta), one);
        const V w00 = select(cubic, 1.0 - square * (3.0 - 2.0 * theta), zero);
        const V w10 = select(cubic, theta * back * width, zero);
        const V w11 = select(cubic, square * (theta - 1.0) * width, step);
        const V d01 = select(cubic, 6.0 * theta * (1.0 - theta) * inverse_width, zero);
        const V d10 = select(cubic, 1.0 + theta * (3.0 * theta - 4.0), zero);
        const V d11 = select(cubic, theta * (3.0 * theta - 2.0), one);
        loop<S>(N, [&](auto i) INLINED {
            const C a = last_x[i], da = last_tangent[i], z = x[i], dz = tangent[i];
            t.guess[i] = w00 * a + w10 * da + w01 * z + w11 * dz;
            t.guess_tangent[i] = d01 * (z - a) + d10 * da + d11 * dz;
        });

        // Correct.
        segment.mix(to);
        hessian(t);
        V most, fewest;  // squared pivots
        factorise(&t.matrix[0], most, fewest);
        System::template solve<1>(&t.matrix[0], &t.newton[0]);
        // The predictor's error grows like (s − last_s)² (s − s)², so the Newton step tells the error of its slope, too.
        const V reach = select(cubic, to - last_s, step);
        const V slope = select(step < 0, select(cubic, 2.0 * (reach + step), 2.0 * step) /
                                             select(step < 0, step * reach, one), zero);
        loop<S>(N, [&](auto i) INLINED {
            t.next_x[i] = t.guess[i] - t.newton[i];
            t.guess_tangent[i] = t.guess_tangent[i] - slope * t.newton[i];
        });
        dual_gradient(t);
        System::template solve<2>(&t.matrix[0], &t.chord[0]);
        loop<S>(N, [&](auto i) INLINED {
            t.next_x[i] = t.next_x[i] - t.chord[i];
            t.next_tangent[i] = t.guess_tangent[i] - t.chord[N + i];
        });
        // Sizes of the steps and the contraction, squared.
        const V newton = size_of(&t.newton[0]), chord = size_of(&t.chord[0]);
        const V contraction = chord / maximum(newton, splat(1e-300));

        // Accept or reject; NaN fails every comparison.
        const double limit = options.contraction_limit * options.contraction_limit;
        I exact = newton <= 1e-18;
        const I doubtful = (newton <= 1e-6) & ~(contraction <= limit) & ~exact;
        if (any(doubtful)) {
            prepare_rounding(t);
            exact |= doubtful & (chord <= rounding());
        }
        const I still = (phase == (std::int64_t)first) | (phase == (std::int64_t)polish);  // steps of length zero
        I accepted = ((contraction <= limit) & (chord <= chord_limit * chord_limit)) | exact | still;
        accepted &= newton <= options.movement_limit * options.movement_limit;

        // The next step.
        const V aim = splat(options.contraction_target * options.contraction_target);
        V factor = power_of(aim / maximum(minimum(contraction, splat(1e24)), splat(1e-24)), 0.5 * options.control_gain);
        factor = select(contraction <= 1e24, factor, splat(options.shrink));
        factor = select(exact, splat(options.growth), factor);
        factor = minimum(maximum(factor, splat(options.shrink)), select(accepted, splat(options.growth), splat(0.5)));
        V length = select(moving, -step * factor, h);
        length = select(phase == (std::int64_t)first, resume, length);
        h = length;

        // Move on: the last point and tangent follow into the patches through the new point.
        advance(t, accepted, to);
        last_s = select(accepted, s, last_s);
        s = select(accepted, to, s);
        error = select(accepted, chord, error);
        largest = select(accepted, most, largest);
        least = select(accepted, fewest, least);

        rejections = select_i(accepted, I{}, rejections + 1);
        steps += 1;
        const I arrived = moving & accepted & (s <= 0.0);
        const I stuck = moving & ~arrived & ((h < options.smallest_step * s) | (s < 1e-30));
        const I over = moving & ~arrived & (steps >= options.max_steps);
        const I astray = moving & (rejections >= 2);
        const I begun = phase == (std::int64_t)first, finishing = phase == (std::int64_t)polish;
        // What a chord step leaves is smaller by the contraction once more.
        const I done = accepted & ((newton < 1e-20) | ((newton < 1e-10) & (chord < 1e-22)));
        const I good = done | (accepted & ((newton < 1e-16) | (exact & (newton < 1e-12))));
        polished = select_i(finishing, polished + 1, polished);
        phase = select_i(accepted & (begun | (phase == (std::int64_t)second)), phase + 1, phase);
        phase = select_i(arrived, I{} + (std::int64_t)polish, phase);
        h = select(arrived, zero, h);
        const I ended = finishing & (done | (polished >= 6));
        const I lost = begun & ~accepted;
        if (any(ended | lost | stuck | over | astray)) settle(ended, good, lost, stuck, over, astray);
    }

    INLINE void advance(Room<S>& t, I accepted, V to) {
        const I under_way = to > 0;
        V scale = splat(1.0);  // Π ‖Q_f‖^{m_f}
        C stretch = one_c(), rate = zero_c(), new_rate = zero_c();
        each(shape.r, [&](auto f) INLINED {
            if (f == 0) return;
            const auto at = shape.at(f), count = shape.e(f) + one_more;
            const int m = shape.m(f);
            V norm = V{};
            each(count, [&](auto p) INLINED { norm += norm2(t.next_x[at + p]); });
            const V inverse = 1.0 / root(norm);
            norm *= inverse;
            C a = zero_c(), da = zero_c(), dz = zero_c();
            each(count, [&](auto p) INLINED {
                const C u = inverse * conj(t.next_x[at + p]);
                add_product(a, u, x[at + p]);
                add_product(da, u, tangent[at + p]);
                add_product(dz, u, t.next_tangent[at + p]);
            });
            const C inverse_a = reciprocal(a);
            const C log_a = da * inverse_a;           // logarithmic derivatives of the stretch, at the last
            const C log_z = inverse * dz;             // and at the new point
            for (int k = 0; k < m; ++k) {
                scale *= norm;
                stretch = stretch * a;
                rate = rate + log_a;
                new_rate = new_rate + log_z;
            }
            each(count, [&](auto p) INLINED {
                const auto i = at + p;
                const C old = x[i] * inverse_a;
                const C old_tangent = tangent[i] * inverse_a - old * log_a;
                const C centre = inverse * t.next_x[i];
                const C slope = inverse * t.next_tangent[i] - centre * log_z;
                move(i, accepted, under_way, old, old_tangent, centre, slope);
            });
        });
        C top = zero_c();
        V bottom = V{};
        each(shape.e(Int<0>{}) + one_more, [&](auto p) INLINED {
            const C old = x[p] * stretch;
            const C old_tangent = tangent[p] * stretch + old * rate;
            const C centre = scale * t.next_x[p];
            const C slope = scale * t.next_tangent[p] + centre * new_rate;
            add_product(top, conj(centre), slope);
            bottom += norm2(centre);
            move(p, accepted, under_way, old, old_tangent, centre, slope);
        });
        const V inverse = 1.0 / bottom;
        inverse_norm = select(accepted, inverse, inverse_norm);
        // With |w| ~ s^(−p), the relative change of the free factor (the others have norm one) is −p ds/s.
        growth = select(accepted & (to > 1e-8), -top.re * inverse * to, growth);  // nearer, it is noise
    }
    template <class Index>
    INLINE void move(Index i, I accepted, I under_way, C old, C old_tangent, C centre, C slope) {
        last_x[i] = select(accepted, old, last_x[i]);
        last_tangent[i] = select(accepted, old_tangent, last_tangent[i]);
        x[i] = select(accepted, centre, x[i]);
        tangent[i] = select(accepted, select(under_way, slope, zero_c()), tangent[i]);
    }

    // Ends of single paths, and paths to be corrected.
    __attribute__((noinline)) void settle(I ended, I good, I lost, I stuck, I over, I astray) {
        const Options& options = job.options;
        for (int lane = 0; lane < LANES; ++lane) {
            const Code away = growth[lane] > options.divergence_exponent ? diverged : singular;
            const bool near = s[lane] < options.endgame_distance;
            if (ended[lane]) {
                unload(lane, good[lane] ? success : away);
            } else if (lost[lane]) {
                unload(lane, near ? away : step_too_small);
            } else if (stuck[lane] || over[lane]) {
                unload(lane, near ? away : stuck[lane] ? step_too_small : too_many_steps);
            } else if (astray[lane]) {
                // Perhaps the last point was accepted too early: correct it in place, then go on from it alone.
                phase[lane] = first;
                resume[lane] = h[lane];
                h[lane] = 0;
                rejections[lane] = 0;
            }
        }
    }
};

}  // namespace
}  // namespace homotopy_lcn
