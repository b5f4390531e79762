// Newton's method at the ends of paths, with residuals in twice the precision: one point in each SIMD lane.
//
// Included once by each refiner_*.cpp, which is compiled for one instruction set and defines LANES, without contraction of
// products and sums (see extended.hpp).
//
// The matrix is the kernel's (newton.hpp) at the rounded point, the patches laid through it. It is formed anew as long as
// the last step, multiplied by the condition number, is not small: then it is as good as a new one.
#pragma once

#include "extended.hpp"
#include "newton.hpp"
#include "singular_values.hpp"

namespace homotopy_lcn {
namespace {

template <class S>
class Refiner : NewtonSystem<S, OneRealTarget> {
    using System = NewtonSystem<S, OneRealTarget>;
    using System::job, System::shape, System::segment, System::x, System::inverse_norm;
    using System::hessian, System::factorise, System::size_of;

   public:
    Refiner(const Refinement& task, void* memory) : System(task.data), task(task) {
        Layout layout{static_cast<char*>(memory), memory != nullptr};
        lay_out(layout);
    }
    static std::size_t bytes(const Refinement& task) {
        Refiner refiner(task, nullptr);
        Layout layout{nullptr, false};
        refiner.lay_out(layout);
        return layout.used + 64;
    }

    void run() {
        const std::int64_t count = job.start_count;
        while (!job.cancelled->load(std::memory_order_relaxed)) {
            const std::int64_t first = job.next->fetch_add(LANES, std::memory_order_relaxed);
            if (first >= count) return;
            const int used = int(count - first < LANES ? count - first : LANES);
            for (int lane = 0; lane < LANES; ++lane) load(lane, first + (lane < used ? lane : 0));
            refine();
            for (int lane = 0; lane < used; ++lane) unload(lane, first + lane);
            job.finished->fetch_add(used, std::memory_order_relaxed);
        }
    }

   private:
    const Refinement& task;
    Room<S> room;
    Forms<S, X> forms;
    X *point, *residual, *filter, scalar;
    C* local;
    V error, condition;

    void lay_out(Layout& layout) {
        const std::size_t N = shape.N, K = shape.K;
        layout.take(x, N), layout.take(point, N), layout.take(residual, K), layout.take(filter, K);
        layout.take(local, 2 * N * N);
        room.lay_out(shape, layout);
        take_forms(shape, layout, forms);
        segment.lay_out(layout);
    }

    static void set(E& number, int lane, double high, double low) {
        number.high[lane] = high;
        number.low[lane] = low;
    }
    void set(X& number, int lane, const double* high, const double* low) const {
        set(number.re, lane, high[0], low[0]);
        set(number.im, lane, task.real ? 0.0 : high[1], task.real ? 0.0 : low[1]);
    }
    void load(int lane, std::int64_t p) {
        const int N = shape.N;
        const double *high = job.starts + 2 * (N + 1) * p, *low = task.low + 2 * (N + 1) * p;
        set(scalar, lane, high, low);
        for (int i = 0; i < N; ++i) set(point[i], lane, high + 2 * i + 2, low + 2 * i + 2);
    }
    static void get(const X& number, int lane, double* high, double* low) {
        high[0] = number.re.high[lane], high[1] = number.im.high[lane];
        low[0] = number.re.low[lane], low[1] = number.im.low[lane];
    }
    void unload(int lane, std::int64_t p) {
        const int N = shape.N, K = shape.K;
        double *high = job.points + 2 * (N + 1) * p, *low = task.points_low + 2 * (N + 1) * p;
        get(scalar, lane, high, low);
        for (int i = 0; i < N; ++i) get(point[i], lane, high + 2 * i + 2, low + 2 * i + 2);
        for (int i = 0; i < K; ++i) {
            task.filters[2 * (K * p + i)] = filter[i].re.high[lane];
            task.filters[2 * (K * p + i) + 1] = filter[i].im.high[lane];
        }
        job.errors[p] = error[lane];
        job.conditions[p] = condition[lane];
    }

    void refine() {
        const int N = shape.N, K = shape.K, free = shape.e(0) + 1;
        const V infinity = splat(__builtin_inf());
        // The free factor takes the scalar, and gives it back in the end.
        for (int i = 0; i < free; ++i) point[i] = scalar * point[i];
        error = condition = infinity;
        I active = I{} - 1;
        segment.mix(V{});
        for (std::int64_t step = 0; step < task.steps; ++step) {
            if (step == 0 || any(active & ~(error * condition < task.near))) {
                V norm = V{};
                for (int i = 0; i < N; ++i) {
                    x[i] = room.guess[i] = rounded(point[i]);
                    if (i < free) norm += norm2(x[i]);
                }
                inverse_norm = 1.0 / norm;
                hessian(room);
                if (step == 0) take_condition();
                V most, fewest;
                factorise(room.matrix, most, fewest);
            }
            gradient();
            System::template solve<1>(room.matrix, room.newton);
            const V size = root(size_of(room.newton));
            const I better = active & (size < infinity) & (size < maximum(0.5 * error, splat(1e-300)));
            for (int i = 0; i < N; ++i)
                point[i] = select(better, point[i] + widened({-room.newton[i].re, -room.newton[i].im}), point[i]);
            error = select(better, size, error);
            active = better & ~((error < task.small) & (error * condition < task.near));
            if (!any(active)) break;
        }
        build_forms(shape, forms, point, false);
        for (int i = 0; i < K; ++i) filter[i] = forms.from[0][i];
        for (int i = 0; i < free; ++i) point[i] = over(point[i], scalar);
    }

    // F at the point, rounded, into room.newton.
    void gradient() {
        const int K = shape.K;
        build_forms(shape, forms, point, false);
        const X* w = forms.from[0];
        for (int i = 0; i < K; ++i) {
            X sum = widened({splat(-job.target_b[i]), V{}});
            for (int j = 0; j < K; ++j) sum = sum + splat(job.target_gram[i * K + j]) * w[j];
            residual[i] = sum;
        }
        for (int f = 0; f < shape.r; ++f) {
            const int e = shape.e(f), dil = shape.dil(f), size = K - e * dil;
            for (int p = 0; p <= e; ++p) {
                X sum = Unit<X>::zero();
                for (int i = 0; i < size; ++i) add_product(sum, forms.rest[f][i], residual[i + p * dil]);
                room.newton[shape.at(f) + p] = rounded(sum);
            }
        }
    }

    // The condition number of the Newton matrix in local coordinates, scaled to unit diagonal: the free factor varies
    // along itself, and every factor along an orthonormal basis of the complement of itself, the last columns of the
    // Householder matrix that turns the first unit vector into it.
    void take_condition() {
        const int N = shape.N;
        C *matrix = local, *turned = local + N * N;
        for (int i = 0; i < N; ++i)
            for (int j = 0; j < N; ++j) matrix[i * N + j] = room.matrix[i < j ? j * N + i : i * N + j];
        const int columns = turn_rows(matrix, N, turned);
        for (int i = 0; i < N; ++i)  // (columns, N): the transpose
            for (int j = 0; j < columns; ++j) matrix[j * N + i] = turned[i * columns + j];
        turn_rows(matrix, columns, turned);
        V* const scale = reinterpret_cast<V*>(matrix);
        for (int i = 0; i < columns; ++i) {
            const V diagonal = root(root(norm2(turned[i * columns + i])));
            scale[i] = 1.0 / select(diagonal > 0, diagonal, splat(1.0));
        }
        for (int i = 0; i < columns; ++i)
            for (int j = 0; j < columns; ++j)
                turned[i * columns + j] = scale[i] * scale[j] * turned[i * columns + j];
        condition = condition_number(turned, columns);
    }
    // Rows (count, N) times the bases of all factors, into ``out`` (count, columns).
    int turn_rows(const C* rows, int count, C* out) const {
        const int N = shape.N, columns = N - (shape.r - 1);
        for (int i = 0; i < count; ++i) {
            int column = 0;
            for (int f = 0; f < shape.r; ++f) {
                const int size = shape.e(f) + 1;
                const C *row = rows + i * N + shape.at(f), *q = x + shape.at(f);
                V norm = V{};
                for (int k = 0; k < size; ++k) norm += norm2(q[k]);
                const V inverse = 1.0 / root(norm);
                const V first = inverse * root(norm2(q[0]));
                const V to_phase = 1.0 / select(first > 0, first, splat(1.0));
                const C head = inverse * q[0];
                const C phase = select(first > 0, to_phase * head, one_c());
                C along = zero_c();
                for (int k = 0; k < size; ++k) add_product(along, row[k], inverse * q[k]);
                if (f == 0) out[i * columns + column++] = along;
                add_product(along, row[0], phase);
                along = (1.0 / (1.0 + first)) * along;
                for (int k = 1; k < size; ++k) {
                    C entry = row[k];
                    subtract_product(entry, along, conj(inverse * q[k]));
                    out[i * columns + column++] = entry;
                }
            }
        }
        return columns;
    }
};

}  // namespace
}  // namespace homotopy_lcn
