// The examination of one data set about which nothing is in doubt: the ends of all paths are refined, verified,
// classified and checked. Anything in doubt ends the examination.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "plain_parameters.hpp"

namespace homotopy_lcn {
namespace plain {
namespace {

using Number = Complex<double>;
using Extended = Complex<Long>;

// From where on a data set is in doubt. The margins are wide: a data set in doubt costs time, and no answer.
constexpr int most_steps = 6;
constexpr double path_error = 1e-8;         // last step of the tracker
constexpr double ill_conditioned = 1e6;     // condition number at an end
constexpr double largest_move = 1e-5;       // from the end of a path to the refined point, relative
constexpr double real_filter = 1e-7;        // imaginary part of a real filter, relative
constexpr double complex_filter = 1e-5;     // and of a complex one
constexpr double real_factor = 1e-5;        // imaginary part of the factors of a real filter
constexpr double same_filter = 1e-6;        // distance of two filters, relative
constexpr double conjugate_filter = 1e-7;   // distance of a filter from the conjugate of another one
constexpr double roots_apart = 1e-4;        // chordal distance of roots
constexpr double real_root = 1e-7;          // chordal imaginary part of a real root
constexpr double hyperroot_near = 1e-6;     // distance from a form with a hyperroot

// The reasons why a data set is in doubt, in the order in which they are looked at.
enum Doubt { none, path, refinement, separation, conjugation, roots, hyperroots, parameters, soundness, infimum };

// Why a data set is in doubt, as an exception within one data set.
struct InDoubt {
    Doubt reason;
};
inline void require_clear(bool clear, Doubt reason) {
    if (!clear) throw InDoubt{reason};
}

// The paths of one stratum to all data sets.
struct StratumTask {
    Stratum stratum;
    std::vector<int> positions;
    std::int64_t paths;
    const double* ends;  // (T P, coordinates) complex
    const std::int64_t* codes;
    const double *errors, *gram, *b, *scales;
    int rank;  // in the order of the patterns
};

// One critical point as it is found.
struct Point {
    int task, partner = -1;
    bool real;
    Form<Number> end;  // the filter, in the coordinates of the stratum, at the end of the path
    Number coordinates[most_coordinates], filter[most_coefficients], loss;
    double condition, residual = std::numeric_limits<double>::quiet_NaN(), key;
    int in_function_space = -1, attained = -1, interior = -1;
    Number complex_theta[most_parameters];
    std::vector<Polished> thetas;
};

// Whether rounding cannot change which roots of a real polynomial coincide or are real, as `roots_are_settled` in
// Python, with discs that are twice as large: m roots in one point are about the m-th root of the rounding apart.
inline bool are_settled(const std::vector<Root>& found) {
    constexpr Long form_accuracy = 1e-14L, disc_margin = 20;
    const std::size_t size = found.size();
    std::vector<Long> radii(size, disc_margin * Long(size) * form_accuracy * std::pow(Long(2), Long(size) / 2));
    for (std::size_t i = 0; i < size; ++i)
        for (std::size_t j = 0; j < size; ++j)
            if (i != j) radii[i] /= distance(found[i], found[j]);
    for (std::size_t i = 0; i < size; ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (!(distance(found[i], found[j]) > radii[i] + radii[j])) return false;
    return true;
}

// Roots of all factors of the blocks at one point. A block of one factor and one layer, of which no complex root is
// asked for, is left out where the point is complex.
class PointRoots {
   public:
    PointRoots(const Network& network, const Stratum& stratum, const Extended* point, bool all) {
        for (int block = 0; block < network.blocks; ++block) {
            int factors = 0;
            for (int f = 0; f < stratum.count; ++f) factors += stratum.factors[f].block == block;
            if (!all && factors < 2 && network.layers[block].size() < 2) continue;
            std::vector<Root> found;
            for (int f = 0; f < stratum.count; ++f) {
                if (stratum.factors[f].block != block) continue;
                Root* first = of[f];
                require_clear(roots_of(factor_of(stratum.factors[f], point), first), roots);
                found.insert(found.end(), first, first + stratum.factors[f].degree);
            }
            for (std::size_t i = 0; i < found.size(); ++i)
                for (std::size_t j = 0; j < i; ++j) require_clear(distance(found[i], found[j]) > roots_apart, roots);
            require_clear(!all || are_settled(found), roots);
        }
    }
    Root of[most_factors][most_coefficients];
};

// The examination of one data set.
class Examination {
   public:
    // ``whole`` says whether these are all strata. Only then the attained point of least loss has to be a minimum.
    Examination(const Network& network, const std::vector<StratumTask>& tasks, const Tolerances& tolerances, bool whole)
        : network(network), tasks(tasks), tolerances(tolerances), whole(whole) {}

    std::vector<Point> points;
    std::vector<int> order;  // the points in the order of a result
    double least_loss = 0;

    Doubt run(std::int64_t t, const Data& data, double constant) {
        try {
            points.clear();
            for (std::size_t s = 0; s < tasks.size(); ++s)
                for (std::int64_t p = 0; p < tasks[s].paths; ++p) add(int(s), t, t * tasks[s].paths + p, data, constant);
            separate();
            pair();
            for (std::size_t i = 0; i < points.size(); ++i) {
                if (points[i].real)
                    describe_real(points[i], data);
                else if (points[i].partner > int(i))
                    describe_complex(points[i], points[points[i].partner], data);
            }
            sort();
            find_infimum(constant);
        } catch (const InDoubt& doubt) {
            return doubt.reason;
        }
        return none;
    }

   private:
    const Network& network;
    const std::vector<StratumTask>& tasks;
    const Tolerances& tolerances;
    const bool whole;

    void add(int number, std::int64_t t, std::int64_t path_number, const Data& loss_data, double constant) {
        const StratumTask& task = tasks[number];
        const Stratum& stratum = task.stratum;
        const int size = stratum.filter_size, N = stratum.coordinates;
        require_clear(task.codes[path_number] == 0 && task.errors[path_number] <= path_error, path);
        Extended end[most_coordinates];
        for (int i = 0; i < N; ++i) {
            const double* entry = task.ends + 2 * (path_number * N + i);
            require_clear(std::isfinite(entry[0]) && std::isfinite(entry[1]), path);
            end[i] = Extended(entry[0], entry[1]);
        }
        normalize(stratum, end);
        const Data data{task.gram + t * size * size, task.b + t * size};
        points.emplace_back();
        Point& point = points.back();
        point.task = number;
        const Form<Extended> rough = filter_of(stratum, end);
        const Long norm = std::sqrt(square_norm(rough));
        Long asymmetry = 0;
        for (int i = 0; i < size; ++i) asymmetry = std::max(asymmetry, std::abs(rough.c[i].im));
        require_clear(norm > 0, path);
        asymmetry /= norm;
        require_clear(asymmetry <= real_filter || asymmetry >= complex_filter, conjugation);
        point.real = asymmetry <= real_filter;
        point.end.size = size;
        for (int i = 0; i < size; ++i) point.end.c[i] = Number(rough.c[i]);
        if (!point.real && is_conjugate_of_earlier(point)) return;
        Refined refined;
        Extended found[most_coordinates];
        if (point.real) {
            Long start[most_coordinates];
            turn(stratum, end, start);
            for (int i = 0; i < N; ++i) end[i] = Extended(start[i]);
            double matrix[most_rows * most_rows], scale[most_rows];
            refined = refine<Long, double>(stratum, data, tolerances, most_steps, start, matrix, scale);
            for (int i = 0; i < N; ++i) found[i] = Extended(start[i]);
        } else {
            std::copy(end, end + N, found);
            Number matrix[most_rows * most_rows];
            double scale[most_rows];
            refined = refine<Extended, Number>(stratum, data, tolerances, most_steps, found, matrix, scale);
        }
        point.condition = refined.condition;
        Long moved = 0;
        for (int i = 1; i < N; ++i) moved = std::max(moved, size_of(found[i] - end[i]));
        moved = std::max(moved, size_of(found[0] - end[0]) / size_of(end[0]));
        const double rest = std::max(tolerances.verified, tolerances.end_rounding * refined.condition);
        require_clear(refined.error <= rest && refined.condition <= ill_conditioned && moved <= largest_move, refinement);
        const Form<Extended> filter = filter_of(stratum, found);
        std::fill(point.filter, point.filter + network.filter_size, Number(0));
        for (int i = 0; i < size; ++i) point.filter[task.positions[i]] += task.scales[t] * Number(filter.c[i]);
        for (int i = 0; i < N; ++i) point.coordinates[i] = Number(found[i]);
        point.coordinates[0] = task.scales[t] * point.coordinates[0];
        enter_loss(point, loss_data, constant);
        remove_specks(point.filter, network.filter_size);
    }

    // Every factor divided by the phase of its largest coefficient: real, as the filter is.
    static void turn(const Stratum& stratum, const Extended* end, Long* start) {
        Extended scalar = end[0];
        for (int f = 0; f < stratum.count; ++f) {
            const Factor& factor = stratum.factors[f];
            const Extended* q = end + factor.at;
            int largest = 0;
            for (int i = 1; i <= factor.degree; ++i)
                if (square_of(q[i]) > square_of(q[largest])) largest = i;
            const Extended phase = (1 / size_of(q[largest])) * q[largest];
            for (int i = 0; i <= factor.degree; ++i) {
                const Extended entry = q[i] * conj(phase);
                require_clear(std::abs(entry.im) < real_factor, conjugation);
                start[factor.at + i] = entry.re;
            }
            for (int i = 0; i < factor.power; ++i) scalar = scalar * phase;
        }
        require_clear(std::abs(scalar.im) < real_factor * size_of(scalar), conjugation);
        start[0] = scalar.re;
    }

    void enter_loss(Point& point, const Data& loss_data, double constant) const {
        const int K = network.filter_size;
        Number loss(0);
        double terms = std::abs(constant);
        for (int i = 0; i < K; ++i) {
            Number image(0);
            for (int j = 0; j < K; ++j) image += loss_data.gram[i * K + j] * point.filter[j];
            loss += (image - Number(2 * loss_data.b[i])) * point.filter[i];
            terms += size_of(image * point.filter[i]) + 2 * size_of(loss_data.b[i] * point.filter[i]);
        }
        loss.re += constant;
        require_clear(std::isfinite(terms), refinement);
        point.loss = size_of(loss) <= rounding_of_loss * terms ? Number(0) : loss;
    }

    // No two filters are near each other.
    void separate() const {
        const int K = network.filter_size;
        std::vector<double> norms(points.size());
        for (std::size_t i = 0; i < points.size(); ++i) {
            norms[i] = square_norm(points[i].filter, K);
            require_clear(norms[i] > 0, separation);
            for (std::size_t j = 0; j < i; ++j) {
                double apart = 0;
                for (int k = 0; k < K; ++k) apart += square_of(points[i].filter[k] - points[j].filter[k]);
                require_clear(apart > square_of(same_filter) * std::max(norms[i], norms[j]), separation);
            }
        }
    }

    // Whether a complex point is the conjugate of one before it. Then it is made exactly so: the data are real, so that
    // the conjugate of a critical point is one.
    bool is_conjugate_of_earlier(Point& point) {
        const int number = int(points.size()) - 1;
        for (int i = 0; i < number; ++i) {
            Point& other = points[i];
            if (other.real || other.partner >= 0 || other.task != point.task) continue;
            double apart = 0;
            for (int k = 0; k < point.end.size; ++k) apart += square_of(point.end.c[k] - conj(other.end.c[k]));
            if (apart > square_of(conjugate_filter) * square_norm(point.end)) continue;
            point.partner = i, other.partner = number;
            for (int k = 0; k < network.filter_size; ++k) point.filter[k] = conj(other.filter[k]);
            const int N = tasks[point.task].stratum.coordinates;
            for (int k = 0; k < N; ++k) point.coordinates[k] = conj(other.coordinates[k]);
            point.loss = conj(other.loss);
            point.condition = other.condition;
            return true;
        }
        return false;
    }
    void pair() const {
        for (const Point& point : points) require_clear(point.real || point.partner >= 0, conjugation);
    }

    void extend(const Point& point, Extended* x) const {
        const int N = tasks[point.task].stratum.coordinates;
        for (int i = 0; i < N; ++i) x[i] = Extended(point.coordinates[i]);
    }

    void describe_complex(Point& point, Point& conjugate, const Data& loss_data) const {
        const Stratum& stratum = tasks[point.task].stratum;
        Extended x[most_coordinates], filter[most_coefficients], theta[most_parameters];
        extend(point, x);
        check_hyperroots(stratum, x);
        const PointRoots found(network, stratum, x, false);
        Form<Extended> forms[most_layers];
        for (int layer = 0; layer < network.depth; ++layer) forms[layer] = Form<Extended>(Extended(1));
        for (int block = 0; block < network.blocks; ++block) factorize(stratum, x, found, block, forms);
        for (int i = 0; i < network.filter_size; ++i) filter[i] = Extended(point.filter[i]);
        balanced_parameters(network, forms, filter, theta);
        for (int i = 0; i < network.parameters; ++i) point.complex_theta[i] = Number(theta[i]);
        point.residual = conjugate.residual = relative_gradient(network, loss_data, point.complex_theta);
        for (int i = 0; i < network.parameters; ++i) conjugate.complex_theta[i] = conj(point.complex_theta[i]);
    }

    // One way to give the complex roots of a block to its layers, as `complex_factorization` in Python.
    void factorize(const Stratum& stratum, const Extended* x, const PointRoots& found, int block,
                   Form<Extended>* forms) const {
        const std::vector<int>& layers = network.layers[block];
        std::vector<int> factors;
        for (int f = 0; f < stratum.count; ++f)
            if (stratum.factors[f].block == block) factors.push_back(f);
        if (layers.size() == 1) {
            for (const int f : factors) {
                const Factor& factor = stratum.factors[f];
                forms[layers[0]] = product(forms[layers[0]], power(factor_of(factor, x), factor.power));
            }
            return;
        }
        std::stable_sort(factors.begin(), factors.end(), [&stratum](int a, int b) {
            return stratum.factors[a].power > stratum.factors[b].power;
        });
        std::vector<int> room, chosen(layers.size());
        for (const int layer : layers) room.push_back(network.sizes[layer] - 1);
        for (const int f : factors)
            for (int root = 0; root < stratum.factors[f].degree; ++root) {
                const Extended line[2] = {found.of[f][root].y, -found.of[f][root].x};
                std::iota(chosen.begin(), chosen.end(), 0);
                std::stable_sort(chosen.begin(), chosen.end(), [&room](int a, int b) { return room[a] > room[b]; });
                for (int place = 0; place < stratum.factors[f].power; ++place) {
                    const int layer = chosen[place];
                    require_clear(room[layer]-- > 0, roots);
                    forms[layers[layer]] = product(forms[layers[layer]], Form<Extended>(line, 2));
                }
            }
    }

    void describe_real(Point& point, const Data& loss_data) const {
        const Stratum& stratum = tasks[point.task].stratum;
        Extended x[most_coordinates];
        extend(point, x);
        check_hyperroots(stratum, x);
        const PointRoots found(network, stratum, x, true);
        std::vector<Piece> pieces[most_blocks];
        point.in_function_space = point.interior = 1;
        for (int block = 0; block < network.blocks; ++block) {
            std::vector<Piece> lines;
            int needed = 0, with_multiplicity = 0, odd = 0;
            for (const int layer : network.layers[block]) needed += (network.sizes[layer] - 1) % 2;
            for (int f = 0; f < stratum.count; ++f) {
                const Factor& factor = stratum.factors[f];
                if (factor.block != block) continue;
                const std::size_t before = lines.size();
                enter_pieces(factor, x, found.of[f], lines, pieces[block]);
                const int number = int(lines.size() - before);
                with_multiplicity += number * factor.power;
                odd += number * (factor.power % 2);
            }
            if (needed > with_multiplicity) point.in_function_space = 0;
            if (needed > odd) point.interior = 0;
            pieces[block].insert(pieces[block].end(), lines.begin(), lines.end());
        }
        if (!point.in_function_space) point.interior = -1;
        Long filter[most_coefficients];
        double rounded[most_coefficients];
        for (int i = 0; i < network.filter_size; ++i) filter[i] = rounded[i] = point.filter[i].re;
        const auto receive = [&](const Form<Long>* forms) {
            Long theta[most_parameters];
            balanced_parameters(network, forms, filter, theta);
            Polished polished;
            require_clear(polish(network, loss_data, tolerances, theta, polished), parameters);
            require_clear(is_sound(network, loss_data, polished.theta, rounded, polished.index), soundness);
            point.thetas.push_back(polished);
            return true;
        };
        Distribution<const decltype(receive)>(network, pieces, receive).run();
        point.attained = !point.thetas.empty();
        for (const Polished& polished : point.thetas)
            if (!(point.residual >= polished.residual)) point.residual = polished.residual;
    }

    // The real factors of degree one and two of a real factor; linear ones by decreasing size of the root.
    static void enter_pieces(const Factor& factor, const Extended* x, const Root* found, std::vector<Piece>& lines,
                             std::vector<Piece>& quadratics) {
        if (factor.degree == 1) {
            const Long norm = std::sqrt(square_norm(x + factor.at, 2));
            const Long line[2] = {x[factor.at].re / norm, x[factor.at + 1].re / norm};
            lines.push_back({factor.power, Form<Long>(line, 2)});
            return;
        }
        std::vector<Root> real;
        int pairs = 0;
        for (int j = 0; j < factor.degree; ++j) {
            const Extended turned = found[j].x * conj(found[j].y);  // x / y times |y|²
            if (std::abs(turned.im) <= real_root) {
                const Long sign = turned.re < 0 ? -1 : 1;
                real.push_back({Extended(sign * size_of(found[j].x)), Extended(size_of(found[j].y))});
            } else if (turned.im > 0) {
                Long square[3] = {square_of(found[j].y), -2 * turned.re, square_of(found[j].x)};
                const Long norm = std::sqrt(square_norm(square, 3));
                for (Long& entry : square) entry /= norm;
                quadratics.push_back({factor.power, Form<Long>(square, 3)});
                ++pairs;
            }
        }
        require_clear(int(real.size()) + 2 * pairs == factor.degree, roots);
        std::stable_sort(real.begin(), real.end(), [](const Root& a, const Root& b) {
            return std::abs(a.x.re) * b.y.re > std::abs(b.x.re) * a.y.re;
        });
        for (const Root& root : real) {
            const Long line[2] = {root.y.re, -root.x.re};
            lines.push_back({factor.power, Form<Long>(line, 2)});
        }
    }

    // The products of the blocks below a block are far from having a hyperroot of its level.
    void check_hyperroots(const Stratum& stratum, const Extended* x) const {
        Form<Extended> below(Extended(1));
        for (int block = 0; block < network.blocks; ++block) {
            const int dilation = network.block_dilations[block];
            if (below.size - 1 >= dilation)
                require_clear(distance_to_hyperroot(below, dilation) > hyperroot_near, hyperroots);
            if (block + 1 == network.blocks) break;
            Form<Extended> form(Extended(1));
            for (int f = 0; f < stratum.count; ++f)
                if (stratum.factors[f].block == block)
                    form = product(form, power(factor_of(stratum.factors[f], x), stratum.factors[f].power));
            below = product(below, times(Extended(1 / std::sqrt(square_norm(form))), form), dilation);
        }
    }

    // Real points by loss, then complex points by |loss|, conjugates next to each other; see `sorted_points` in Python.
    void sort() {
        const int K = network.filter_size;
        for (Point& point : points) point.key = point.real ? point.loss.re : std::hypot(point.loss.re, point.loss.im);
        order.resize(points.size());
        std::iota(order.begin(), order.end(), 0);
        std::sort(order.begin(), order.end(), [this, K](int left, int right) {
            const Point &a = points[left], &b = points[right];
            if (a.real != b.real) return a.real;
            if (a.key != b.key) return a.key < b.key;
            for (int k = 0; k < K; ++k)
                if (a.filter[k].re != b.filter[k].re) return a.filter[k].re < b.filter[k].re;
            for (int k = 0; k < K; ++k)
                if (std::abs(a.filter[k].im) != std::abs(b.filter[k].im))
                    return std::abs(a.filter[k].im) < std::abs(b.filter[k].im);
            for (int k = 0; k < K; ++k)
                if (a.filter[k].im != b.filter[k].im) return a.filter[k].im < b.filter[k].im;
            return tasks[a.task].rank < tasks[b.task].rank;
        });
        std::vector<int> adjacent;
        std::vector<char> taken(points.size(), 0);
        for (const int index : order) {
            if (taken[index]) continue;
            adjacent.push_back(index), taken[index] = 1;
            const int partner = points[index].partner;
            if (partner >= 0) adjacent.push_back(partner), taken[partner] = 1;
        }
        order = adjacent;
    }

    // The least loss of an attained point, or of w = 0. An attained point of least loss is a minimum.
    void find_infimum(double constant) {
        least_loss = constant;
        bool minimum = true;
        for (const int index : order) {
            const Point& point = points[index];
            if (!point.real || !point.attained || !(point.loss.re < least_loss)) continue;
            least_loss = point.loss.re;
            minimum = false;
            for (const Polished& polished : point.thetas) minimum = minimum || polished.index == 0;
        }
        require_clear(minimum || !whole, infimum);
    }
};

}  // namespace
}  // namespace plain
}  // namespace homotopy_lcn
