// The tracking kernel: one path in each SIMD lane.
//
// Each tracker_*.cpp includes this file once, defines LANES and is compiled for one instruction set. The single_tracker_*.cpp
// define NUMBER as float. Steps aim at contractions of one in a hundred, for which single precision suffices, with twice as many
// lanes. A path that has arrived takes its last step in doubles. A path for which single precision does not suffice goes on
// in doubles from its last point, and begins anew in doubles if that fails.
//
// A step consists of
//   1. a prediction by cubic Hermite interpolation;
//   2. the Newton matrix at the predicted point, factorised once, and a Newton step. The factorisation is
//      L D Lᵀ without pivots: the matrix is complex symmetric and generic;
//   3. one evaluation in dual numbers at the new point, which gives F and the total derivative of F along the predicted
//      tangent. The same factors then give a chord step and a better tangent.
// The first and the last step of a path have length zero: the first makes the first tangent, the last polishes the end.
#pragma once

#include "newton_system.hpp"

namespace homotopy_lcn {
namespace {

// A larger chord step leaves too large an error for the point to be accepted.
constexpr Number chord_limit = Number(5e-3);
// Squared relative sizes. A Newton step as small as ``exact_step`` is as exact as the numbers are. A chord step larger than
// ``largest_rounding`` is not put down to rounding errors.
constexpr Number exact_step = Number(single_precision ? 1e-12 : 1e-18);
constexpr Number largest_rounding = Number(single_precision ? 1e-8 : 1e300);
constexpr Number tiny = Number(single_precision ? 1e-36 : 1e-300);
constexpr std::int64_t most_steps = std::int64_t(1) << 30;  // no path takes so many
// In single precision a path goes on in doubles once its steps are shorter than this fraction of the distance to the
// target, and when it is nearer to the target than ``near_target``. An end at which the squared pivots differ by more than
// ``worst_end_of_single`` is reached in doubles from the start: other ends may be as near as single precision is exact.
constexpr double shortest_single_step = 1e-4, near_target = 1e-3, worst_end_of_single = 1e10;

template <class S, template <class> class SegmentOf>
class Tracker : NewtonSystem<S, SegmentOf> {
    using System = NewtonSystem<S, SegmentOf>;
    using System::hessian, System::gauge, System::factorise, System::size_of;
    using System::job, System::shape, System::segment, System::x, System::inverse_norm;

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
        job.iterations->fetch_add(iterations * LANES);
        job.finished->fetch_add(finished, std::memory_order_relaxed);
    }

   private:
    Complex *tangent, *last_x, *last_tangent;  // with x, the states of the paths
    StepArrays<S> memory;                      // the arrays of a step, unless the shape is small
    Complex* rounding_system;                  // the matrix and the right-hand side for ``rounding``

    // A path goes through the phases in this order. ``first`` makes a tangent at the start, ``second`` predicts along
    // the tangent alone, ``going`` interpolates.
    enum Phase : Whole { idle = 0, first = 1, second = 2, going = 3, polish = 4 };
    std::int64_t path[LANES];
    int active = 0;
    Integer phase{}, rejections{}, steps{}, polished{};
    Real s{}, h{}, resume{}, last_s{}, error{}, largest{}, least{}, growth{};

    void lay_out(Layout& layout) {
        const std::size_t N = shape.N;
        for (Complex** part : {&x, &tangent, &last_x, &last_tangent}) layout.take(*part, N);
        layout.take(rounding_system, N * N + N);
        segment.lay_out(layout);
        memory.lay_out(shape, layout);
    }

    static INLINE void set(Complex& z, int lane, double re, double im) {
        z.re[lane] = re;
        z.im[lane] = im;
    }

    // The next path of the queue. A thread takes some paths at once, because threads that wait for each other's cache
    // lines are slow.
    std::int64_t take() {
        if (next_path == last_path) {
            job.finished->fetch_add(finished, std::memory_order_relaxed);
            finished = 0;
            next_path = job.next->fetch_add(job.paths_taken_at_once, std::memory_order_relaxed);
            last_path = next_path + job.paths_taken_at_once;
        }
        return next_path++;
    }
    std::int64_t next_path = 0, last_path = 0, finished = 0;

    // Puts the next path of the queue into a lane. Without a next path the lane goes on computing with its last
    // numbers, and nobody reads the result.
    void load(int lane) {
        const std::int64_t mine = take();
        const bool real = mine < job.target_count * job.start_count;
        active += int(real) - int(path[lane] >= 0);
        path[lane] = real ? mine : -1;
        if (real || !was_loaded[lane]) place(lane, real ? mine : 0, real && job.begun);
        if (!real) phase[lane] = idle;
        was_loaded[lane] = true;
    }
    bool was_loaded[LANES] = {};

    // Puts a path into a lane, at its start or where the single precision has led.
    void place(int lane, std::int64_t id, bool begun) {
        const int N = shape.N;
        went_on[lane] = begun;
        const bool there = begun && job.codes[id] == success;
        phase[lane] = there ? polish : first;
        const double* start = begun ? job.points + 2 * (N + 1) * id : job.starts + 2 * (N + 1) * (id % job.start_count);
        const double re = start[0], im = start[1];
        double norm = 0;
        for (int i = 0; i < N; ++i) {
            double a = start[2 * i + 2], b = start[2 * i + 3];
            if (i <= shape.e(Constant<0>{})) {
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
        segment.load(lane, id / job.start_count);
        inverse_norm[lane] = 1 / norm;
        s[lane] = begun ? job.distances[id] : 1;
        h[lane] = 0;
        resume[lane] = begun ? job.errors[id] : job.options.first_step;
        rejections[lane] = 0;
        last_s[lane] = 2;
        steps[lane] = begun ? job.steps[id] : 0;
        polished[lane] = 0;
        error[lane] = 1;
        largest[lane] = least[lane] = 1;
        growth[lane] = 0;
    }
    bool went_on[LANES] = {};  // whether the path was begun in single precision

    // Ends a path. In single precision it goes on from its last point with steps as long as the last one. A path that went on
    // so without success, or to an ill-conditioned end, begins anew.
    void unload(int lane, std::int64_t code) {
        const int N = shape.N;
        const std::int64_t id = path[lane];
        const bool doubtful = code != success || !(largest[lane] <= worst_end_of_single * least[lane]);
        if (went_on[lane] && doubtful) return place(lane, id, false);
        double* out = job.points + 2 * (N + 1) * id;
        double norm = 0;
        for (int i = 0; i <= shape.e(Constant<0>{}); ++i)
            norm += double(x[i].re[lane]) * x[i].re[lane] + double(x[i].im[lane]) * x[i].im[lane];
        norm = __builtin_sqrt(norm);
        out[0] = norm;
        out[1] = 0;
        for (int i = 0; i < N; ++i) {
            const double scale = i <= shape.e(Constant<0>{}) ? norm : 1.0;
            out[2 * i + 2] = x[i].re[lane] / scale;
            out[2 * i + 3] = x[i].im[lane] / scale;
        }
        job.codes[id] = code;
        job.errors[id] = single_precision ? double(h[lane]) : __builtin_sqrt(error[lane]);
        job.conditions[id] = largest[lane] / least[lane];
        job.steps[id] = steps[lane];
        job.distances[id] = s[lane];
        if (!job.begun) ++finished;
        load(lane);
    }

    // F̃ at the corrected point t.next_x into the first N entries of t.chord; the total derivative of F̃ along
    // t.guess_tangent into the last N entries.
    INLINE void dual_gradient(StepArrays<S>& t) {
        const auto K = shape.K;
        const auto N = shape.N;
        loop<S>(N, [&](auto i) INLINED { t.dual_point[i] = {t.next_x[i], t.guess_tangent[i]}; });
        build_forms(shape, t.duals, &t.dual_point[0], false);
        segment.dual_residual(&t.dual_residual[0], &t.duals.from[0][0]);
        each(shape.r, [&](auto f) INLINED {
            const auto at = shape.at(f);
            const auto e = shape.e(f);
            const auto dil = shape.dil(f);
            const auto size = K - e * dil;
            const int gap = shape.gap(f, -1);
            Complex defect = complex_zero(), defect_rate = complex_zero();
            if (f > 0) {
                defect = t.kappa[f] * (gauge(f, &t.next_x[0]) - complex_one());
                defect_rate = t.kappa[f] * gauge(f, &t.guess_tangent[0]);
            }
            each(e + one_more, [&](auto p) INLINED {
                Dual sum = Identities<Dual>::zero();
                coefficients_without<S>(f, Constant<-1>{}, size, gap, [&](auto i) INLINED {
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

    // The squared size of the step that rounding errors in F alone would cause. With ill-conditioned data a chord step
    // cannot become smaller. The factors of the matrix, and a defect as large as the rounding errors, are in
    // ``rounding_system``.
    __attribute__((noinline)) Real rounding() {
        const int N = shape.N;
        Complex* defect = rounding_system + N * N;
        System::template solve<1>(rounding_system, defect);
        return broadcast(double(N) * double(N)) * size_of(defect);
    }
    INLINE void prepare_rounding(StepArrays<S>& t) {
        const auto K = shape.K;
        const auto N = shape.N;
        const Number eps = single_precision ? 1.2e-7 : 2.220446049250313e-16;
        Real filter = Real{};
        loop<S>(K, [&](auto i) INLINED { filter += squared_norm(t.duals.from[0][i].v); });
        const Real residual = eps * segment.magnitude(square_root(filter));
        loop<S>(N, [&](auto i) INLINED {
            loop<S>(i + one_more, [&](auto j) INLINED { rounding_system[i * N + j] = t.matrix[i * N + j]; });
        });
        each(shape.r, [&](auto f) INLINED {
            const auto at = shape.at(f);
            const auto e = shape.e(f);
            const auto size = K - e * shape.dil(f);
            Real rest = Real{};
            coefficients_without<S>(f, Constant<-1>{}, size, shape.gap(f, -1),
                                    [&](auto i) INLINED { rest += squared_norm(t.forms.rest[f][i]); });
            const Real scale = residual * square_root(rest);
            for (int p = 0; p <= e; ++p)
                rounding_system[N * N + at + p] = {p % 2 ? -scale : scale, p % 3 ? scale : -scale};
        });
    }

    INLINE void step() {
        StepArrays<S> t;
        if constexpr (!S::small) t = memory;
        const auto N = shape.N;
        const TrackerOptions& options = job.options;
        const Integer cubic = phase == Whole(going);
        const Integer moving = cubic | (phase == Whole(second));
        const Real zero = Real{}, one = broadcast(1.0);

        // Predict.
        Real to = s - h;
        to = select(to < Number(0.1) * h, Real{}, to);  // no tiny step at the end
        const Real step = to - s;
        const Real width = select(cubic, s - last_s, one);
        const Real inverse_width = 1.0 / width;
        const Real theta = 1.0 + step * inverse_width;
        const Real square = theta * theta, back = (1.0 - theta) * (1.0 - theta);
        const Real w01 = select(cubic, square * (3.0 - 2.0 * theta), one);
        const Real w00 = select(cubic, 1.0 - square * (3.0 - 2.0 * theta), zero);
        const Real w10 = select(cubic, theta * back * width, zero);
        const Real w11 = select(cubic, square * (theta - 1.0) * width, step);
        const Real d01 = select(cubic, 6.0 * theta * (1.0 - theta) * inverse_width, zero);
        const Real d10 = select(cubic, 1.0 + theta * (3.0 * theta - 4.0), zero);
        const Real d11 = select(cubic, theta * (3.0 * theta - 2.0), one);
        loop<S>(N, [&](auto i) INLINED {
            const Complex a = last_x[i], da = last_tangent[i], z = x[i], dz = tangent[i];
            t.guess[i] = w00 * a + w10 * da + w01 * z + w11 * dz;
            t.guess_tangent[i] = d01 * (z - a) + d10 * da + d11 * dz;
        });

        // Correct.
        segment.mix(to);
        hessian(t);
        Real most, fewest;  // squared pivots
        factorise(&t.matrix[0], most, fewest);
        System::template solve<1>(&t.matrix[0], &t.newton[0]);
        // The error of the predictor at r grows like (r − last_s)² (r − s)². Hence the Newton step gives the error of
        // the predicted slope, too.
        const Real reach = select(cubic, to - last_s, step);
        const Real slope = select(
            step < 0, select(cubic, 2.0 * (reach + step), 2.0 * step) / select(step < 0, step * reach, one), zero);
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
        const Real newton = size_of(&t.newton[0]), chord = size_of(&t.chord[0]);
        const Real contraction = chord / maximum(newton, broadcast(tiny));

        // Accept or reject. NaN fails every comparison and is rejected.
        const Number limit = options.contraction_limit * options.contraction_limit;
        Integer exact = newton <= exact_step;
        const Integer doubtful = (newton <= Number(1e-6)) & ~(contraction <= limit) & ~exact;
        if (any(doubtful)) {
            prepare_rounding(t);
            exact |= doubtful & (chord <= minimum(rounding(), broadcast(largest_rounding)));
        }
        const Integer still = (phase == Whole(first)) | (phase == Whole(polish));  // steps of length zero
        Integer accepted = ((contraction <= limit) & (chord <= broadcast(chord_limit * chord_limit))) | exact | still;
        accepted &= newton <= broadcast(options.movement_limit * options.movement_limit);

        // The next step.
        const Real aim = broadcast(options.contraction_target * options.contraction_target);
        Real factor = rough_power(aim / maximum(minimum(contraction, broadcast(1e24)), broadcast(1e-24)),
                                  0.5 * options.control_gain);
        factor = select(contraction <= Number(1e24), factor, broadcast(options.shrink));
        factor = select(exact, broadcast(options.growth), factor);
        factor = minimum(maximum(factor, broadcast(options.shrink)),
                         select(accepted, broadcast(options.growth), broadcast(0.5)));
        Real length = select(moving, -step * factor, h);
        length = select(phase == Whole(first), resume, length);
        h = length;

        // Move on. The last point and tangent are moved into the patches through the new point.
        advance(t, accepted, to);
        last_s = select(accepted, s, last_s);
        s = select(accepted, to, s);
        error = select(accepted, chord, error);
        largest = select(accepted, most, largest);
        least = select(accepted, fewest, least);

        rejections = select(accepted, Integer{}, rejections + 1);
        steps += 1;
        const Integer arrived = moving & accepted & (s <= 0.0);
        const double shortest = single_precision ? shortest_single_step : options.smallest_step;
        const Integer stuck =
            moving & ~arrived & ((h < Number(shortest) * s) | (s < Number(single_precision ? near_target : 1e-30)));
        const Integer over = moving & ~arrived & (steps >= Whole(options.max_steps < most_steps ? options.max_steps : most_steps));
        const Integer astray = moving & (rejections >= 2);
        const Integer begun = phase == Whole(first), finishing = phase == Whole(polish);
        // The error after a chord step is the chord step times the contraction.
        const Integer done = accepted & ((newton < Number(1e-20)) | ((newton < Number(1e-10)) & (chord < Number(1e-22))));
        const Integer good = done | (accepted & ((newton < Number(1e-16)) | (exact & (newton < Number(1e-12)))));
        polished = select(finishing, polished + 1, polished);
        phase = select(accepted & (begun | (phase == Whole(second))), phase + 1, phase);
        phase = select(arrived, Integer{} + Whole(polish), phase);
        h = select(arrived, zero, h);
        // A path that arrives in single precision ends there: it is polished in doubles.
        const Integer ended = single_precision ? arrived : finishing & (done | (polished >= 6));
        const Integer lost = begun & ~accepted;
        if (any(ended | lost | stuck | over | astray))
            end_or_correct(ended, single_precision ? arrived : good, lost, stuck, over, astray);
    }

    INLINE void advance(StepArrays<S>& t, Integer accepted, Real to) {
        const Integer under_way = to > 0;
        Real scale = broadcast(1.0);  // Π ‖Q_f‖^{m_f}
        Complex stretch = complex_one(), rate = complex_zero(), new_rate = complex_zero();
        each(shape.r, [&](auto f) INLINED {
            if (f == 0) return;
            const auto at = shape.at(f);
            const auto count = shape.e(f) + one_more;
            const int m = shape.m(f);
            Real norm = Real{};
            each(count, [&](auto p) INLINED { norm += squared_norm(t.next_x[at + p]); });
            const Real inverse = 1.0 / square_root(norm);
            norm *= inverse;
            Complex a = complex_zero(), da = complex_zero(), dz = complex_zero();
            each(count, [&](auto p) INLINED {
                const Complex u = inverse * conj(t.next_x[at + p]);
                add_product(a, u, x[at + p]);
                add_product(da, u, tangent[at + p]);
                add_product(dz, u, t.next_tangent[at + p]);
            });
            const Complex inverse_a = reciprocal(a);
            // Logarithmic derivatives of the stretch at the last point and at the new point.
            const Complex log_a = da * inverse_a;
            const Complex log_z = inverse * dz;
            for (int k = 0; k < m; ++k) {
                scale *= norm;
                stretch = stretch * a;
                rate = rate + log_a;
                new_rate = new_rate + log_z;
            }
            each(count, [&](auto p) INLINED {
                const auto i = at + p;
                const Complex old = x[i] * inverse_a;
                const Complex old_tangent = tangent[i] * inverse_a - old * log_a;
                const Complex centre = inverse * t.next_x[i];
                const Complex slope = inverse * t.next_tangent[i] - centre * log_z;
                move(i, accepted, under_way, old, old_tangent, centre, slope);
            });
        });
        Complex top = complex_zero();
        Real bottom = Real{};
        each(shape.e(Constant<0>{}) + one_more, [&](auto p) INLINED {
            const Complex old = x[p] * stretch;
            const Complex old_tangent = tangent[p] * stretch + old * rate;
            const Complex centre = scale * t.next_x[p];
            const Complex slope = scale * t.next_tangent[p] + centre * new_rate;
            add_product(top, conj(centre), slope);
            bottom += squared_norm(centre);
            move(p, accepted, under_way, old, old_tangent, centre, slope);
        });
        const Real inverse = 1.0 / bottom;
        inverse_norm = select(accepted, inverse, inverse_norm);
        // With |w| ~ s^(−p) the relative change of the free factor is −p ds/s, because all others have norm one.
        growth = select(accepted & (to > Number(1e-8)), -top.re * inverse * to, growth);  // nearer to 0 it is noise
    }
    template <class Index>
    INLINE void move(Index i, Integer accepted, Integer under_way, Complex old, Complex old_tangent, Complex centre,
                     Complex slope) {
        last_x[i] = select(accepted, old, last_x[i]);
        last_tangent[i] = select(accepted, old_tangent, last_tangent[i]);
        x[i] = select(accepted, centre, x[i]);
        tangent[i] = select(accepted, select(under_way, slope, complex_zero()), tangent[i]);
    }

    // Ends paths, and has points corrected that may have been accepted too early.
    __attribute__((noinline)) void end_or_correct(Integer ended, Integer good, Integer lost, Integer stuck,
                                                  Integer over, Integer astray) {
        const TrackerOptions& options = job.options;
        for (int lane = 0; lane < LANES; ++lane) {
            const ReturnCode away = growth[lane] > options.divergence_exponent ? diverged : singular;
            const bool near = s[lane] < options.endgame_distance;
            if (ended[lane]) {
                unload(lane, good[lane] ? success : away);
            } else if (lost[lane]) {
                unload(lane, near ? away : step_too_small);
            } else if (stuck[lane] || over[lane]) {
                unload(lane, near ? away : stuck[lane] ? step_too_small : too_many_steps);
            } else if (astray[lane]) {
                // Perhaps the last point was accepted too early. It is corrected where it is, and the path goes on from
                // the corrected point alone.
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
