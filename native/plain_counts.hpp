// Counts of the critical points of many data sets by kind, one data set after the other, for surveys: from the ends of
// paths as they are, in doubles. A data set with anything in doubt has no counts. The rules and their margins are those
// of homotopy_lcn/surveys/together.py and homotopy_lcn/classification/rules.py.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "plain_parameters.hpp"

namespace homotopy_lcn {
namespace plain {

// From where on a data set is in doubt; Python names and explains these numbers in its records of tolerances.
struct CountLimits {
    double accurate, critical, real, complex, near, equal_loss;  // SurveyTolerances
    double straight;                                             // STRAIGHT_FACTOR
    double hyperroot, index, gradient;                           // ClassificationTolerances
    double form_accuracy, apart, disc_margin;                    // GeometryTolerances
};

// What is counted for each data set, in this order; the saddles of index 1, 2, … follow.
enum Count { real_ones, real_pure, inside, attained_ones, thetas_in_all, interior_ones, minima, spurious_minima, saddles };

// The paths of a stratum to all data sets, and whether the stratum is that of the pure points.
template <class Task>
struct CountedTask {
    const Task* task;
    bool pure;
};

template <class Task>
class Counting {
   public:
    Counting(const Network& network, const std::vector<CountedTask<Task>>& tasks, const CountLimits& limits, int indices)
        : network(network), tasks(tasks), limits(limits), indices(indices) {}

    double least_loss;
    bool least_is_pure;

    // Counts the points of data set t. False where anything is in doubt; the counts are void then.
    bool run(std::int64_t t, const Data& data, double constant, std::int32_t* counts) {
        const int K = network.filter_size;
        loss_data = data, loss_constant = constant, row = counts;
        size_of_terms = std::sqrt(square_norm(data.gram, K * K));
        size_of_b = std::sqrt(square_norm(data.b, K));
        least_loss = second_loss = std::numeric_limits<double>::infinity();
        least_is_pure = false;
        filters.clear(), norms.clear();
        for (const CountedTask<Task>& counted : tasks)
            if (!count_stratum(counted, t)) return false;
        if (!are_apart()) return false;
        const double scale = std::abs(constant) + std::abs(constant - least_loss);
        return !(second_loss < INFINITY && second_loss - least_loss <= limits.equal_loss * scale);
    }

   private:
    using Number = Complex<double>;
    const Network& network;
    const std::vector<CountedTask<Task>>& tasks;
    const CountLimits& limits;
    const int indices;
    Data loss_data;
    double loss_constant, size_of_terms, size_of_b, second_loss;
    std::int32_t* row;
    std::vector<Number> filters;  // of all points, one after the other
    std::vector<double> norms;    // squares
    std::vector<Form<Number>> open;  // complex filters whose conjugates are still to come
    std::vector<PieceOf<double>> pieces[most_blocks];

    bool count_stratum(const CountedTask<Task>& counted, std::int64_t t) {
        const Task& task = *counted.task;
        const Stratum& stratum = task.stratum;
        const int size = stratum.filter_size, N = stratum.coordinates;
        const Data data{task.gram + t * size * size, task.b + t * size};
        const double terms = std::sqrt(square_norm(data.gram, size * size)), b_size = std::sqrt(square_norm(data.b, size));
        open.clear();
        for (std::int64_t path = t * task.paths; path < (t + 1) * task.paths; ++path) {
            if (task.codes[path] != 0 || !(task.errors[path] <= limits.accurate)) return false;
            const Number* end = reinterpret_cast<const Number*>(task.ends) + path * N;
            const Form<Number> filter = filter_of(stratum, end);
            const double square = square_norm(filter), norm = std::sqrt(square);
            double asymmetry = 0;
            for (int i = 0; i < size; ++i) asymmetry = std::max(asymmetry, std::abs(filter.c[i].im));
            if (!(norm > 0) || !(square < INFINITY)) return false;
            enter_filter(task, task.scales[t], filter);
            if (asymmetry > limits.real * norm) {
                if (!(asymmetry >= limits.complex * norm)) return false;
                // The data are real, so that the conjugate of a critical point is one.
                if (is_conjugate(filter, square)) continue;
                if (!is_critical<Number>(stratum, end, data, terms, b_size)) return false;
                open.push_back(filter);
                continue;
            }
            double point[most_coordinates];
            if (!turn(stratum, end, point) || !is_critical<double>(stratum, point, data, terms, b_size)) return false;
            if (!describe(stratum, point, counted.pure)) return false;
        }
        return open.empty();
    }

    void enter_filter(const Task& task, double scale, const Form<Number>& filter) {
        const std::size_t at = filters.size();
        filters.resize(at + network.filter_size, Number(0));
        for (int i = 0; i < filter.size; ++i) filters[at + task.positions[i]] += scale * filter.c[i];
        norms.push_back(square_norm(filters.data() + at, network.filter_size));
    }

    // Whether an open filter is the conjugate; it is open no more then.
    bool is_conjugate(const Form<Number>& filter, double square) {
        const double bound = square_of(limits.accurate * 1e3) * square;
        for (std::size_t i = 0; i < open.size(); ++i) {
            double apart = 0;
            for (int k = 0; k < filter.size && apart <= bound; ++k) apart += square_of(filter.c[k] - conj(open[i].c[k]));
            if (apart > bound) continue;
            open[i] = open.back();
            open.pop_back();
            return true;
        }
        return false;
    }

    // The gradient, relative to the terms that cancel in it; the factors have norm one.
    template <class T>
    bool is_critical(const Stratum& stratum, const T* point, const Data& data, double terms, double b_size) const {
        T gradient[most_coordinates];
        const Form<T> filter = half_gradient(stratum, point, data, gradient);
        gradient[0] = point[0] * gradient[0];
        const double size = size_of(point[0]) * (terms * std::sqrt(square_norm(filter)) + b_size);
        return std::sqrt(square_norm(gradient, stratum.coordinates)) <= limits.critical * size;
    }

    // Every factor divided by the phase of its largest coefficient: real, as the filter is.
    bool turn(const Stratum& stratum, const Number* end, double* point) const {
        Number scalar = end[0];
        for (int f = 0; f < stratum.count; ++f) {
            const Factor& factor = stratum.factors[f];
            const Number* q = end + factor.at;
            int largest = 0;
            for (int i = 1; i <= factor.degree; ++i)
                if (square_of(q[i]) > square_of(q[largest])) largest = i;
            const double size = size_of(q[largest]);
            const Number phase = (1 / size) * q[largest];
            for (int i = 0; i <= factor.degree; ++i) {
                const Number entry = q[i] * conj(phase);
                if (!(std::abs(entry.im) <= limits.straight * size)) return false;
                point[factor.at + i] = entry.re;
            }
            for (int i = 0; i < factor.power; ++i) scalar = scalar * phase;
        }
        point[0] = scalar.re;
        return true;
    }

    // No two filters of the data set are near each other.
    bool are_apart() const {
        const int K = network.filter_size;
        const double bound = square_of(limits.near);
        for (std::size_t i = 0; i < norms.size(); ++i) {
            const Number* one = filters.data() + i * K;
            for (std::size_t j = 0; j < i; ++j) {
                const Number* other = filters.data() + j * K;
                const double near = bound * std::max(norms[i], norms[j]);
                double apart = 0;
                for (int k = 0; k < K && apart <= near; ++k) apart += square_of(one[k] - other[k]);
                if (apart <= near) return false;
            }
        }
        return true;
    }

    // Counts a real point, the filter of which is the last one that was entered.
    bool describe(const Stratum& stratum, const double* point, bool pure) {
        const int K = network.filter_size;
        double filter[most_coefficients], residual[most_coefficients];
        for (int i = 0; i < K; ++i) filter[i] = filters[filters.size() - K + i].re;
        if (!far_from_hyperroots(stratum, point)) return false;
        bool is_inside = true, is_interior = true;
        for (int block = 0; block < network.blocks; ++block)
            if (!describe_block(stratum, point, block, is_inside, is_interior)) return false;
        for (int i = 0; i < K; ++i) {
            residual[i] = -loss_data.b[i];
            for (int j = 0; j < K; ++j) residual[i] += loss_data.gram[i * K + j] * filter[j];
        }
        int number = 0, lowest = 0;
        bool clear = true;
        const auto receive = [&](const Form<double>* forms) {
            const int index = index_at(forms, filter, residual);
            if (index < 0 || index > indices) return clear = false;
            if (index > 0) ++row[saddles + index - 1];
            ++number, lowest += index == 0;
            return true;
        };
        Distribution<const decltype(receive), double>(network, pieces, receive).run();
        if (!clear) return false;
        row[real_ones] += 1, row[real_pure] += pure, row[inside] += is_inside;
        if (number == 0) return true;
        row[attained_ones] += 1, row[thetas_in_all] += number, row[interior_ones] += is_interior && is_inside;
        row[minima] += lowest > 0, row[spurious_minima] += lowest > 0 && !pure;
        double loss = loss_constant, terms = std::abs(loss_constant);
        for (int i = 0; i < K; ++i) {
            loss += filter[i] * (residual[i] - loss_data.b[i]);
            terms += std::abs(filter[i]) * (std::abs(residual[i] + loss_data.b[i]) + 2 * std::abs(loss_data.b[i]));
        }
        if (std::abs(loss) <= rounding_of_loss * terms) loss = 0;
        if (loss < least_loss) {
            second_loss = least_loss, least_loss = loss, least_is_pure = pure;
        } else
            second_loss = std::min(second_loss, loss);
        return true;
    }

    bool far_from_hyperroots(const Stratum& stratum, const double* point) const {
        Form<double> below(1.0);
        for (int block = 0; block < network.blocks; ++block) {
            const int dilation = network.block_dilations[block];
            if (below.size - 1 >= dilation) {
                Form<Number> form;
                form.size = below.size;
                std::copy(below.c, below.c + below.size, form.c);
                if (!(distance_to_hyperroot(form, dilation) > limits.hyperroot)) return false;
            }
            if (block + 1 == network.blocks) break;
            Form<double> form(1.0);
            for (int f = 0; f < stratum.count; ++f)
                if (stratum.factors[f].block == block)
                    form = product(form, power(factor_of(stratum.factors[f], point), stratum.factors[f].power));
            below = product(below, times(1 / std::sqrt(square_norm(form)), form), dilation);
        }
        return true;
    }

    // The pieces of a block, and what its real roots decide.
    bool describe_block(const Stratum& stratum, const double* point, int block, bool& is_inside, bool& is_interior) {
        std::vector<PieceOf<double>>& found = pieces[block];
        found.clear();
        int factors = 0, alone = 0, needed = 0, with_multiplicity = 0, odd = 0;
        for (int f = 0; f < stratum.count; ++f)
            if (stratum.factors[f].block == block) ++factors, alone = f;
        if (network.layers[block].size() == 1 && factors == 1 && stratum.factors[alone].power == 1) {
            // The layer is the factor. A form of odd degree has a real root.
            found.push_back({1, factor_of(stratum.factors[alone], point)});
            return true;
        }
        RootOf<double> roots[most_coefficients];
        double radii[most_coefficients];
        int number = 0, first[most_factors], factor_of_root[most_coefficients];
        for (int f = 0; f < stratum.count; ++f) {
            if (stratum.factors[f].block != block) continue;
            Form<Number> form;
            form.size = stratum.factors[f].degree + 1;
            std::copy(point + stratum.factors[f].at, point + stratum.factors[f].at + form.size, form.c);
            first[f] = number;
            if (!roots_of(form, roots + number)) return false;
            for (int j = 0; j < stratum.factors[f].degree; ++j) factor_of_root[number++] = f;
        }
        if (!are_settled(roots, factor_of_root, number, radii)) return false;
        for (const int layer : network.layers[block]) needed += (network.sizes[layer] - 1) % 2;
        for (int f = 0; f < stratum.count; ++f) {
            const Factor& factor = stratum.factors[f];
            if (factor.block != block) continue;
            int real = 0, pairs = 0;
            for (int j = first[f]; j < first[f] + factor.degree; ++j) {
                const Number turned = roots[j].x * conj(roots[j].y);  // x / y times |y|²
                if (std::abs(turned.im) <= radii[j]) {
                    const double sign = turned.re < 0 ? -1 : 1;
                    const double line[2] = {size_of(roots[j].y), -sign * size_of(roots[j].x)};
                    found.push_back({factor.power, Form<double>(line, 2)});
                    ++real;
                } else if (turned.im > 0) {
                    const double square[3] = {square_of(roots[j].y), -2 * turned.re, square_of(roots[j].x)};
                    found.push_back({factor.power, Form<double>(square, 3)});
                    ++pairs;
                }
            }
            if (real + 2 * pairs != factor.degree) return false;
            with_multiplicity += real * factor.power;
            odd += real * (factor.power % 2);
        }
        is_inside = is_inside && needed <= with_multiplicity;
        is_interior = is_interior && needed <= odd;
        return true;
    }

    // Rounding cannot change which roots coincide or are real: discs around the roots are disjoint; see
    // `roots_are_settled` in Python. The radii of the discs. Roots of different factors may be nearer to each other than
    // roots of one factor, as they do not move each other.
    bool are_settled(const RootOf<double>* roots, const int* factors, int number, double* radii) const {
        double distances[most_coefficients][most_coefficients];
        const double error = limits.disc_margin * number * limits.form_accuracy * std::exp2(number / 2.0);
        for (int i = 0; i < number; ++i) {
            radii[i] = error;
            for (int j = 0; j < i; ++j) distances[i][j] = distances[j][i] = distance(roots[i], roots[j]);
        }
        for (int i = 0; i < number; ++i)
            for (int j = 0; j < number; ++j)
                if (j != i) radii[i] /= distances[i][j];
        for (int i = 0; i < number; ++i)
            for (int j = 0; j < i; ++j)
                if (!(distances[i][j] >
                      std::max(radii[i] + radii[j], factors[i] == factors[j] ? limits.apart : limits.near)))
                    return false;
        return true;
    }

    // The index of the Hessian at θ with these forms, up to scale; negative where anything is in doubt. The scalar is
    // varied relatively, the forms orthogonally to themselves.
    int index_at(const Form<double>* forms, const double* filter, const double* residual) const {
        const int K = network.filter_size, r = network.layer_factors.count, n = network.layer_factors.dimension;
        const Factor* factors = network.layer_factors.factors;
        double theta[most_coordinates];
        Form<double> units[most_factors], before[most_factors + 1], after[most_factors + 1];
        theta[0] = 1;
        for (int layer = 0, f = 0; layer < network.depth; ++layer) {
            if (network.sizes[layer] == 1) continue;
            units[f] = times(1 / std::sqrt(square_norm(forms[layer])), forms[layer]);
            std::copy(units[f].c, units[f].c + units[f].size, theta + factors[f].at);
            ++f;
        }
        before[0] = after[r] = Form<double>(1.0);
        for (int f = 0; f < r; ++f) before[f + 1] = product(before[f], units[f], factors[f].dilation);
        for (int f = r; f-- > 1;) after[f] = product(after[f + 1], units[f], factors[f].dilation);
        double along = 0, off = 0, square = 0;
        for (int i = 0; i < K; ++i) along += before[r].c[i] * filter[i], square += square_of(filter[i]);
        const double scalar = along / square_norm(before[r]);
        for (int i = 0; i < K; ++i) off += square_of(scalar * before[r].c[i] - filter[i]);
        if (!(off <= square_of(limits.gradient) * square)) return -1;

        const Bases<double> bases(network.layer_factors, theta);
        double columns[most_rows * most_coefficients], image[most_rows * most_coefficients];
        double matrix[most_rows * most_rows], work[most_rows * most_rows], sizes[most_rows], scale[most_rows];
        matrix[0] = sizes[0] = 0;
        std::fill(columns, columns + n * K, 0.0);
        std::copy(filter, filter + K, columns);
        for (int f = 0, column = 1; f < r; ++f) {
            const Form<double> rest = times(scalar, product(before[f], after[f + 1]));
            const int e = factors[f].degree;
            for (int j = 0; j < e; ++j, ++column)
                for (int p = 0; p <= e; ++p) {
                    const double entry = bases.of[f][p * e + j];
                    double* const shifted = columns + column * K + p * factors[f].dilation;
                    for (int i = 0; i < rest.size; ++i) shifted[i] += entry * rest.c[i];
                }
        }
        const double terms = size_of_terms * std::sqrt(square) + size_of_b;
        for (int c = 0; c < n; ++c) {
            const double* const column = columns + c * K;
            double slope = 0;
            for (int i = 0; i < K; ++i) slope += column[i] * residual[i];
            if (!(std::abs(slope) <= limits.gradient * terms * std::sqrt(square_norm(column, K)))) return -1;
            for (int i = 0; i < K; ++i) {
                double sum = 0;
                for (int j = 0; j < K; ++j) sum += loss_data.gram[i * K + j] * column[j];
                image[c * K + i] = sum;
            }
            for (int a = 0; a <= c; ++a) {
                double sum = 0;
                for (int i = 0; i < K; ++i) sum += columns[a * K + i] * image[c * K + i];
                matrix[a * n + c] = matrix[c * n + a] = sum;
            }
            sizes[c] = std::abs(matrix[c * n + c]);
        }
        for (int f = 0, row_of = 1; f < r; row_of += factors[f].degree, ++f)
            for (int g = f + 1, column_of = row_of + factors[f].degree; g < r; column_of += factors[g].degree, ++g)
                add_block(f, g, units, before[f], after[g + 1], scalar, residual, bases, matrix, row_of, column_of);
        symmetric_scale(matrix, sizes, n, scale);
        scaled(matrix, scale, n, work);
        return negative_eigenvalues(work, n, limits.index);
    }

    void add_block(int f, int g, const Form<double>* units, const Form<double>& before, const Form<double>& after,
                   double scalar, const double* residual, const Bases<double>& bases, double* matrix, int row_of,
                   int column_of) const {
        const Factor* factors = network.layer_factors.factors;
        const int n = network.layer_factors.dimension, d = factors[f].degree, e = factors[g].degree;
        Form<double> rest = times(scalar, product(before, after));
        for (int h = f + 1; h < g; ++h) rest = product(rest, units[h], factors[h].dilation);
        double half[most_coefficients];
        for (int p = 0; p <= d; ++p) {
            double moments[most_coefficients];
            for (int q = 0; q <= e; ++q) {
                const double* const shifted = residual + p * factors[f].dilation + q * factors[g].dilation;
                moments[q] = 0;
                for (int i = 0; i < rest.size; ++i) moments[q] += rest.c[i] * shifted[i];
            }
            for (int c = 0; c < e; ++c) {
                half[c] = 0;
                for (int q = 0; q <= e; ++q) half[c] += moments[q] * bases.of[g][q * e + c];
            }
            for (int a = 0; a < d; ++a)
                for (int c = 0; c < e; ++c) {
                    const double term = bases.of[f][p * d + a] * half[c];
                    matrix[(row_of + a) * n + column_of + c] += term;
                    matrix[(column_of + c) * n + row_of + a] += term;
                }
        }
    }
};

}  // namespace plain
}  // namespace homotopy_lcn
