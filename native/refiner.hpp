// Newton's method at the ends of paths, with residuals in twice the precision of a double: one point in each SIMD lane.
//
// Each refiner_*.cpp includes this file once, defines LANES and is compiled for one instruction set, without
// contraction of products and sums (see double_double.hpp).
//
// The Newton matrix is the matrix of the tracker (newton_system.hpp) at the rounded point, with the patches through the
// rounded point. A new matrix is made in each step until the last step, multiplied by the condition number, is small;
// from then on the old matrix is as good as a new one.
#pragma once

#include "condition_number.hpp"
#include "double_double.hpp"
#include "newton_system.hpp"
#include "projected_segment.hpp"

namespace homotopy_lcn {
namespace {

template <class S>
class Refiner : NewtonSystem<S, ProjectedSegment> {
    using System = NewtonSystem<S, ProjectedSegment>;
    using System::hessian, System::factorise, System::size_of;
    using System::job, System::shape, System::segment, System::x, System::inverse_norm;

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

    static void run(const Refinement& task, void* memory) { Refiner(task, memory).refine_all(); }

   private:
    void refine_all() {
        const std::int64_t count = job.start_count;
        for (int lane = 0; lane < LANES; ++lane) segment.load(lane, 0);
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

    const Refinement& task;
    StepArrays<S> arrays;
    Forms<S, ComplexDoubleDouble> forms;
    ComplexDoubleDouble *point, *residual, *filter, *sums, *images, scalar;
    Complex* local;
    Real *scale, *rows, *curvature, *diagonals;
    Real error, condition;

    void lay_out(Layout& layout) {
        const std::size_t N = shape.N, K = shape.K;
        layout.take(x, N), layout.take(point, N), layout.take(residual, K), layout.take(filter, K);
        layout.take(sums, segment.size), layout.take(images, segment.size);
        layout.take(local, 2 * N * N);
        layout.take(scale, N), layout.take(rows, N), layout.take(curvature, N);
        layout.take(diagonals, 2 * N);
        arrays.lay_out(shape, layout);
        lay_out_forms(shape, layout, forms);
        segment.lay_out(layout);
    }

    static void set(DoubleDouble& number, int lane, double high, double low) {
        number.high[lane] = high;
        number.low[lane] = low;
    }
    void set(ComplexDoubleDouble& number, int lane, const double* high, const double* low) const {
        set(number.re, lane, high[0], low[0]);
        set(number.im, lane, task.real ? 0.0 : high[1], task.real ? 0.0 : low[1]);
    }
    void load(int lane, std::int64_t p) {
        const int N = shape.N;
        const double *high = job.starts + 2 * (N + 1) * p, *low = task.low + 2 * (N + 1) * p;
        set(scalar, lane, high, low);
        for (int i = 0; i < N; ++i) set(point[i], lane, high + 2 * i + 2, low + 2 * i + 2);
    }
    static void get(const ComplexDoubleDouble& number, int lane, double* high, double* low) {
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
        const Real infinity = broadcast(__builtin_inf());
        // The scalar is multiplied into the free factor, and divided out at the end.
        for (int i = 0; i < free; ++i) point[i] = scalar * point[i];
        error = condition = infinity;
        Integer active = Integer{} - 1, weak = Integer{};
        segment.mix(Real{});
        for (std::int64_t step = 0; step < task.steps; ++step) {
            if (step == 0 || any(active & ~(error * condition < task.reused_matrix))) {
                Real norm = Real{};
                for (int i = 0; i < N; ++i) {
                    x[i] = arrays.guess[i] = rounded(point[i]);
                    if (i < free) norm += squared_norm(x[i]);
                }
                inverse_norm = 1.0 / norm;
                hessian(arrays);
                if (step == 0) compute_condition();
                Real most, fewest;
                factorise(arrays.matrix, most, fewest);
                // A pivot that is rounding sends a point anywhere, and the same factors then find it at rest there.
                weak |= ~(fewest > least_pivot * least_pivot * most);
            }
            gradient();
            System::template solve<1>(arrays.matrix, arrays.newton);
            const Real size = square_root(size_of(arrays.newton));
            const Integer better = active & (size < infinity) & (size < maximum(0.5 * error, broadcast(1e-300)));
            for (int i = 0; i < N; ++i)
                point[i] = select(better, point[i] + widened({-arrays.newton[i].re, -arrays.newton[i].im}), point[i]);
            error = select(better, size, error);
            active = better & ~((error < task.small_step) & (error * condition < task.reused_matrix));
            if (!any(active)) break;
        }
        error = select(weak, infinity, error);
        build_forms(shape, forms, point, false);
        for (int i = 0; i < K; ++i) filter[i] = forms.from[0][i];
        for (int i = 0; i < free; ++i) point[i] = point[i] / scalar;
    }

    // F at the point, rounded, into arrays.newton.
    void gradient() {
        const int K = shape.K;
        build_forms(shape, forms, point, false);
        const ComplexDoubleDouble* w = forms.from[0];
        for (int i = 0; i < segment.size; ++i) sums[i] = Identities<ComplexDoubleDouble>::zero();
        for (int j = 0; j < K; ++j) sums[segment.place[j]] = sums[segment.place[j]] + w[j];
        for (int i = 0; i < segment.size; ++i) {
            ComplexDoubleDouble sum = widened({-segment.target_b[i], Real{}});
            for (int j = 0; j < segment.size; ++j) sum = sum + segment.target_gram[i * segment.size + j] * sums[j];
            images[i] = sum;
        }
        for (int i = 0; i < K; ++i) residual[i] = images[segment.place[i]];
        for (int f = 0; f < shape.r; ++f) {
            const int e = shape.e(f), dil = shape.dil(f), size = K - e * dil;
            for (int p = 0; p <= e; ++p) {
                ComplexDoubleDouble sum = Identities<ComplexDoubleDouble>::zero();
                for (int i = 0; i < size; ++i) add_product(sum, forms.rest[f][i], residual[i + p * dil]);
                arrays.newton[shape.at(f) + p] = rounded(sum);
            }
        }
    }

    // The condition number of the Newton matrix in local coordinates, its rows and columns scaled, first by its entries
    // alone. Where the matrix itself may have a condition number above `trusted`, a small entry may be all that is left
    // of large ones, and this scaling would hide that the matrix is nearly singular: the sizes of the terms then scale
    // it. What is above `told` is left infinite: NumPy's code tells. The free factor varies along itself. Every factor Q
    // varies along an orthonormal basis of the complement of Q: the last columns of the Householder matrix that turns
    // the first unit vector into Q.
    static constexpr double trusted = 1e4, told = 1e6, least_pivot = 1e-13;
    void compute_condition() {
        Complex* const turned = local + shape.N * shape.N;
        const int columns = in_local_coordinates(turned);
        scales_of_rows(turned, columns, scale);
        Real least = scale[0], most = scale[0];
        for (int i = 1; i < columns; ++i) {
            least = minimum(least, scale[i]);
            most = maximum(most, scale[i]);
        }
        const Real infinity = broadcast(__builtin_inf()), spread = most / least;
        const Real by_entries = scaled_condition(turned, columns);
        const Integer enough = by_entries * spread * spread <= trusted;
        condition = select(enough, by_entries, infinity);
        if (!any(~enough)) return;
        loss_curvatures();
        in_local_coordinates(turned);
        scales_of_terms(turned, columns);
        const Real by_terms = scaled_condition(turned, columns);
        condition = select(enough | ~(by_terms <= told), condition, by_terms);
    }
    // The Newton matrix in local coordinates, into ``turned``. Returns the number of its columns.
    int in_local_coordinates(Complex* turned) const {
        const int N = shape.N;
        Complex* const matrix = local;
        for (int i = 0; i < N; ++i)
            for (int j = 0; j < N; ++j) matrix[i * N + j] = arrays.matrix[i < j ? j * N + i : i * N + j];
        const int columns = multiply_by_bases(matrix, N, turned);
        for (int i = 0; i < N; ++i)  // (columns, N): the transpose
            for (int j = 0; j < columns; ++j) matrix[j * N + i] = turned[i * columns + j];
        multiply_by_bases(matrix, columns, turned);
        return columns;
    }
    // The condition number of a matrix, which is overwritten, with its rows and columns multiplied by the scales.
    Real scaled_condition(Complex* turned, int columns) {
        for (int i = 0; i < columns; ++i)
            for (int j = 0; j < columns; ++j) turned[i * columns + j] = scale[i] * scale[j] * turned[i * columns + j];
        return condition_number(turned, columns, diagonals);
    }
    // The scales of rows and columns by the rule of `symmetric_scale` in Python, with the curvatures of the loss. As
    // there, the free factor varies relative to its own size. `loss_curvatures` is called before.
    void scales_of_terms(const Complex* symmetric, int n) {
        constexpr double rounding = 1e-14;
        const Real own_size = 1.0 / square_root(inverse_norm);
        const int relative = shape.e(0) + 1;
        auto unit = [&](int i) { return i < relative ? own_size : broadcast(1.0); };
        Real largest = Real{};
        for (int i = 0; i < n; ++i) {
            Real row = Real{};
            for (int j = 0; j < n; ++j) row = maximum(row, unit(j) * square_root(squared_norm(symmetric[i * n + j])));
            rows[i] = unit(i) * row;
            curvature[i] = unit(i) * unit(i) * curvature[i];
            largest = maximum(largest, maximum(rows[i], curvature[i]));
        }
        largest = select(largest > 0, largest, broadcast(1.0));
        for (int i = 0; i < n; ++i) {
            const Real diagonal = unit(i) * unit(i) * square_root(squared_norm(symmetric[i * n + i]));
            const Real own = maximum(maximum(diagonal, curvature[i]), rows[i] * (rows[i] / largest));
            scale[i] = unit(i) / square_root(select(own > rounding * largest, own, largest));
        }
    }
    // The diagonal of |JᴴΣJ| in local coordinates, from the columns ΣJ of the Newton matrix.
    void loss_curvatures() {
        const int N = shape.N, K = shape.K;
        Complex *const products = local, *const turned = local + N * N;
        for (int i = 0; i < N * N; ++i) products[i] = complex_zero();
        for (int f = 0; f < shape.r; ++f) {
            const int size = K - shape.e(f) * shape.dil(f);
            for (int p = 0; p <= shape.e(f); ++p)
                for (int q = 0; q <= shape.e(f); ++q) {
                    const Complex* column = &arrays.columns[(shape.at(f) + q) * K + p * shape.dil(f)];
                    Complex sum = complex_zero();
                    for (int i = 0; i < size; ++i) add_product(sum, conj(arrays.forms.rest[f][i]), column[i]);
                    products[(shape.at(f) + p) * N + shape.at(f) + q] = sum;
                }
        }
        // Rows times bases, and their conjugate transposes again: only the diagonal is asked for.
        const int columns = multiply_by_bases(products, N, turned);
        for (int i = 0; i < N; ++i)
            for (int j = 0; j < columns; ++j) products[j * N + i] = conj(turned[i * columns + j]);
        multiply_by_bases(products, columns, turned);
        for (int i = 0; i < columns; ++i) curvature[i] = square_root(squared_norm(turned[i * columns + i]));
    }
    // The scales of the rows and columns of a symmetric matrix: to unit diagonal, except where a diagonal entry is small
    // beside its row. A row that is rounding alone is not scaled up. The rule of `symmetric_scale` in Python.
    static void scales_of_rows(const Complex* symmetric, int n, Real* scale) {
        constexpr double rounding = 1e-14;
        Real largest = Real{};
        for (int i = 0; i < n * n; ++i) largest = maximum(largest, squared_norm(symmetric[i]));
        largest = select(largest > 0, largest, broadcast(1.0));
        for (int i = 0; i < n; ++i) {
            Real row = Real{};
            for (int j = 0; j < n; ++j) row = maximum(row, squared_norm(symmetric[i * n + j]));
            const Real own = maximum(squared_norm(symmetric[i * n + i]), row * (row / largest));
            scale[i] = 1.0 / square_root(square_root(select(own > rounding * rounding * largest, own, largest)));
        }
    }
    // Rows (count, N) times the bases of all factors, into ``out`` (count, columns). Returns the number of columns.
    int multiply_by_bases(const Complex* rows, int count, Complex* out) const {
        const int N = shape.N, columns = N - (shape.r - 1);
        for (int i = 0; i < count; ++i) {
            int column = 0;
            for (int f = 0; f < shape.r; ++f) {
                const int size = shape.e(f) + 1;
                const Complex *row = rows + i * N + shape.at(f), *q = x + shape.at(f);
                Real norm = Real{};
                for (int k = 0; k < size; ++k) norm += squared_norm(q[k]);
                const Real inverse = 1.0 / square_root(norm);
                const Real first = inverse * square_root(squared_norm(q[0]));
                const Real to_phase = 1.0 / select(first > 0, first, broadcast(1.0));
                const Complex head = inverse * q[0];
                const Complex phase = select(first > 0, to_phase * head, complex_one());
                Complex along = complex_zero();
                for (int k = 0; k < size; ++k) add_product(along, row[k], inverse * q[k]);
                if (f == 0) out[i * columns + column++] = along;
                add_product(along, row[0], phase);
                along = (1.0 / (1.0 + first)) * along;
                for (int k = 1; k < size; ++k) {
                    Complex entry = row[k];
                    subtract_product(entry, along, conj(inverse * q[k]));
                    out[i * columns + column++] = entry;
                }
            }
        }
        return columns;
    }
};

// Refinement takes little time, so that the general code serves all shapes.
using AnyRefiner = Refiner<AnyShape>;

}  // namespace
}  // namespace homotopy_lcn
