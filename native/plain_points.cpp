// Critical points of many data sets about which nothing is in doubt: ends of paths are refined, verified, classified
// and checked, one data set after the other. A data set with anything in doubt is left to the careful code in Python,
// which answers the same questions for all data.
//
// What is computed for a data set depends on no other data set, so that a batch gives the same bits as single calls.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <tuple>
#include <vector>

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "plain_counts.hpp"
#include "plain_parameters.hpp"

namespace py = pybind11;

namespace homotopy_lcn {
namespace plain {
namespace {

using Number = Complex<double>;
using Extended = Complex<Long>;
// An array of another layout, type or alignment is copied.
constexpr int as_needed = py::array::c_style | py::array::forcecast | py::detail::npy_api::NPY_ARRAY_ALIGNED_;
using RealArray = py::array_t<double, as_needed>;
using ComplexArray = py::array_t<std::complex<double>, as_needed>;
using IntegerArray = py::array_t<std::int64_t, as_needed>;

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

struct StratumTask {
    Stratum stratum;
    std::vector<int> positions;
    std::int64_t paths;
    const double* ends;  // (T P, coordinates) complex
    const std::int64_t* codes;
    const double *errors, *gram, *b, *scales;
    int rank;  // in the order of the patterns
    std::vector<py::object> arrays;  // that the pointers belong to
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

// The arrays that Python gets, for all data sets together.
struct Arrays {
    std::vector<double> thetas, complex_thetas;
    std::vector<std::int64_t> indices;

    void enter(const Network& network, const std::vector<Point>& points, const std::vector<int>& order) {
        for (const int index : order) {
            const Point& point = points[index];
            for (const Polished& polished : point.thetas) {
                thetas.insert(thetas.end(), polished.theta, polished.theta + network.parameters);
                indices.push_back(polished.index);
            }
            if (point.real) continue;
            for (int i = 0; i < network.parameters; ++i) {
                complex_thetas.push_back(point.complex_theta[i].re);
                complex_thetas.push_back(point.complex_theta[i].im);
            }
        }
    }
};

template <class Value>
py::array_t<Value> rows(const std::vector<Value>& values, std::int64_t width) {
    const std::int64_t count = std::int64_t(values.size()) / width;
    py::array_t<Value> result({count, width});
    std::copy(values.begin(), values.end(), result.mutable_data());
    return result;
}

void require(bool condition, const char* message) {
    if (!condition) throw py::value_error(message);
}

Network network_of(const std::vector<std::pair<int, int>>& layers, const std::vector<std::vector<int>>& blocks) {
    Network network;
    int coefficients = 1;
    require(!layers.empty() && layers.size() <= most_layers, "layers: too many");
    require(blocks.size() <= most_blocks, "blocks: too many");
    int parameters = 0, wide = 0;
    for (const auto& [size, dilation] : layers) {
        require(size >= 1 && dilation >= 1 && size <= most_coefficients && dilation <= 1000000, "layers: too large");
        coefficients += size > 1 ? (size - 1) * dilation : 0;
        parameters += size, wide += size > 1;
        require(coefficients <= most_coefficients && parameters <= most_parameters, "layers: too large");
    }
    require(wide <= most_factors, "layers: too many");
    for (const auto& [size, dilation] : layers) network.add(size, dilation);
    std::vector<char> placed(network.depth, 0);
    for (const auto& members : blocks) {
        require(!members.empty(), "blocks: empty");
        for (const int layer : members) {
            require(layer >= 0 && layer < network.depth && network.sizes[layer] > 1, "blocks: no such layer");
            require(network.dilations[layer] == network.dilations[members[0]], "blocks: layers of several dilations");
            require(!placed[layer], "blocks: a layer stands in two of them");
            placed[layer] = 1;
        }
        network.block_dilations[network.blocks] = network.dilations[members[0]];
        network.layers[network.blocks++] = members;
    }
    require(std::count(placed.begin(), placed.end(), 1) == wide, "blocks: a layer is missing");
    return network;
}

// Degree, power, dilation and block of a factor.
using FactorNumbers = std::tuple<int, int, int, int>;

Stratum stratum_of(const std::vector<FactorNumbers>& factors, int blocks) {
    Stratum stratum;
    int rows = 1;
    require(!factors.empty() && factors.size() <= most_factors, "factors: too many");
    for (const auto& [degree, power, dilation, block] : factors) {
        require(degree >= 1 && degree <= 12 && power >= 1 && power <= 12 && dilation >= 1 && dilation <= 1000000,
                "factors: out of range");
        require(block >= 0 && block < blocks, "factors: no such block");
        require((rows += degree) <= most_rows && stratum.coordinates + degree + 1 <= most_coordinates,
                "factors: too large");
        require(stratum.filter_size + std::int64_t(degree) * power * dilation <= most_coefficients,
                "factors: too large");
        stratum.add(degree, power, dilation, block);
    }
    return stratum;
}

StratumTask task_of(const py::dict& given, const Network& network, std::int64_t count) {
    StratumTask task;
    task.stratum = stratum_of(given["factors"].cast<std::vector<FactorNumbers>>(), network.blocks);
    const Stratum& stratum = task.stratum;
    for (int block = 0; block < network.blocks; ++block) {
        int degree = 0, of_layers = 0;
        for (int f = 0; f < stratum.count; ++f)
            if (stratum.factors[f].block == block) degree += stratum.factors[f].degree * stratum.factors[f].power;
        for (const int layer : network.layers[block]) of_layers += network.sizes[layer] - 1;
        require(degree == of_layers, "factors: not of the degree of their block");
    }
    task.positions = given["positions"].cast<std::vector<int>>();
    require(int(task.positions.size()) == stratum.filter_size, "positions: of another length");
    for (const int position : task.positions)
        require(position >= 0 && position < network.filter_size, "positions: out of range");
    task.rank = given["rank"].cast<int>();
    const auto ends = given["ends"].cast<ComplexArray>();
    const auto codes = given["codes"].cast<IntegerArray>();
    const auto errors = given["errors"].cast<RealArray>(), gram = given["gram"].cast<RealArray>();
    const auto b = given["b"].cast<RealArray>(), scales = given["scales"].cast<RealArray>();
    const std::int64_t K = stratum.filter_size, N = stratum.coordinates;
    require(ends.ndim() == 2 && ends.shape(1) == N && (count == 0 || ends.shape(0) % count == 0), "ends: shape");
    require(codes.size() == ends.shape(0) && errors.size() == ends.shape(0), "codes, errors: shape");
    require(gram.size() == count * K * K && b.size() == count * K && scales.size() == count, "gram, b, scales: shape");
    task.paths = count ? ends.shape(0) / count : 0;
    task.ends = reinterpret_cast<const double*>(ends.data());
    task.codes = codes.data(), task.errors = errors.data();
    task.gram = gram.data(), task.b = b.data(), task.scales = scales.data();
    task.arrays = {ends, codes, errors, gram, b, scales};
    return task;
}

using ExtendedArray = py::array_t<std::complex<Long>, py::array::c_style | py::array::forcecast>;

// Half the gradient of the loss in all coordinates at points (P, coordinates), as `half_gradient` in Python.
ExtendedArray half_gradients(const std::vector<FactorNumbers>& factors, const ExtendedArray& points,
                             const ExtendedArray& gram, const ExtendedArray& b) {
    const Stratum stratum = stratum_of(factors, 1);
    const std::int64_t K = stratum.filter_size, N = stratum.coordinates;
    require(points.ndim() == 2 && points.shape(1) == N, "points: shape");
    require(gram.ndim() == 2 && gram.shape(0) == K && gram.shape(1) == K && b.ndim() == 1 && b.size() == K,
            "gram, b: shape");
    const std::int64_t count = points.shape(0);
    ExtendedArray result({count, N});
    const GivenData<Extended> data{reinterpret_cast<const Extended*>(gram.data()),
                                   reinterpret_cast<const Extended*>(b.data())};
    const auto* const point = reinterpret_cast<const Extended*>(points.data());
    auto* const gradient = reinterpret_cast<Extended*>(result.mutable_data());
    const py::gil_scoped_release release;
    for (std::int64_t p = 0; p < count; ++p) half_gradient(stratum, point + p * N, data, gradient + p * N);
    return result;
}

py::dict examine(const std::vector<std::pair<int, int>>& layers, const std::vector<std::vector<int>>& blocks,
                 const std::vector<py::dict>& strata, const std::tuple<RealArray, RealArray, RealArray>& data,
                 const std::array<double, 4>& limits, bool whole) {
    const auto& [gram, b, constants] = data;
    const Network network = network_of(layers, blocks);
    const std::int64_t count = constants.size(), K = network.filter_size;
    require(gram.ndim() == 3 && gram.shape(0) == count && gram.shape(1) == K && gram.shape(2) == K, "gram: shape");
    require(b.ndim() == 2 && b.shape(0) == count && b.shape(1) == K, "b: shape");
    std::vector<StratumTask> tasks;
    std::int64_t total = 0, wide = 1;
    for (const py::dict& stratum : strata) {
        tasks.push_back(task_of(stratum, network, count));
        total += tasks.back().paths;
        wide = std::max<std::int64_t>(wide, tasks.back().stratum.coordinates);
    }
    const Tolerances tolerances{limits[0], limits[1], limits[2], limits[3]};
    py::array_t<std::int64_t> doubts(count), stratum({count, total}), partners({count, total}), numbers({count, total});
    py::array_t<std::int64_t> first_real(count), first_complex(count);
    py::array_t<std::int8_t> answers({count, total, std::int64_t(4)});
    py::array_t<double> conditions({count, total}), residuals({count, total}), infima(count);
    py::array_t<std::complex<double>> filters({count, total, K}), points({count, total, wide}), losses({count, total});
    Arrays arrays;
    const double *sigma = gram.data(), *moments = b.data(), *c = constants.data();
    auto* const doubt_of = doubts.mutable_data();
    auto *const stratum_of = stratum.mutable_data(), *const partner_of = partners.mutable_data();
    auto* const number_of = numbers.mutable_data();
    auto *const real_from = first_real.mutable_data(), *const complex_from = first_complex.mutable_data();
    auto* const answer = answers.mutable_data();
    auto *const condition = conditions.mutable_data(), *const residual = residuals.mutable_data();
    auto* const least = infima.mutable_data();
    auto* const filter = reinterpret_cast<Number*>(filters.mutable_data());
    auto* const coordinate = reinterpret_cast<Number*>(points.mutable_data());
    auto* const loss = reinterpret_cast<Number*>(losses.mutable_data());
    {
        const py::gil_scoped_release release;
        Examination examination(network, tasks, tolerances, whole);
        std::fill(filter, filter + count * total * K, Number(0));
        std::fill(stratum_of, stratum_of + count * total, 0);
        std::fill(coordinate, coordinate + count * total * wide, Number(0));
        std::vector<int> places(total);
        for (std::int64_t t = 0; t < count; ++t) {
            doubt_of[t] = examination.run(t, Data{sigma + t * K * K, moments + t * K}, c[t]);
            least[t] = examination.least_loss;
            real_from[t] = std::int64_t(arrays.indices.size());
            complex_from[t] = std::int64_t(arrays.complex_thetas.size()) / 2 / network.parameters;
            if (doubt_of[t] != none) continue;
            const std::vector<Point>& found = examination.points;
            for (std::int64_t n = 0; n < total; ++n) places[examination.order[n]] = int(n);
            for (std::int64_t n = 0; n < total; ++n) {
                const Point& point = found[examination.order[n]];
                const std::int64_t row = t * total + n;
                stratum_of[row] = point.task;
                partner_of[row] = point.partner < 0 ? -1 : places[point.partner];
                number_of[row] = point.real ? std::int64_t(point.thetas.size()) : 1;
                answer[4 * row] = point.real;
                answer[4 * row + 1] = std::int8_t(point.in_function_space);
                answer[4 * row + 2] = std::int8_t(point.attained);
                answer[4 * row + 3] = std::int8_t(point.interior);
                condition[row] = point.condition, residual[row] = point.residual;
                loss[row] = point.loss;
                std::copy(point.filter, point.filter + K, filter + row * K);
                const int N = tasks[point.task].stratum.coordinates;
                std::copy(point.coordinates, point.coordinates + N, coordinate + row * wide);
            }
            arrays.enter(network, found, examination.order);
        }
    }
    py::array_t<std::complex<double>> complex_thetas(
        {std::int64_t(arrays.complex_thetas.size()) / 2 / network.parameters, std::int64_t(network.parameters)});
    std::copy(arrays.complex_thetas.begin(), arrays.complex_thetas.end(),
              reinterpret_cast<double*>(complex_thetas.mutable_data()));
    py::dict result;
    result["doubts"] = doubts, result["stratum"] = stratum, result["conjugates"] = partners;
    result["numbers"] = numbers, result["answers"] = answers, result["conditions"] = conditions;
    result["residuals"] = residuals, result["infima"] = infima, result["filters"] = filters;
    result["points"] = points, result["losses"] = losses;
    result["thetas"] = rows(arrays.thetas, network.parameters);
    result["complex_thetas"] = complex_thetas;
    result["indices"] = py::array_t<std::int64_t>(py::ssize_t(arrays.indices.size()), arrays.indices.data());
    result["first_real"] = first_real, result["first_complex"] = first_complex;
    return result;
}

py::dict count(const std::vector<std::pair<int, int>>& layers, const std::vector<std::vector<int>>& blocks,
               const std::vector<py::dict>& strata, const std::tuple<RealArray, RealArray, RealArray>& data,
               const std::array<double, 13>& given, int indices) {
    const auto& [gram, b, constants] = data;
    const Network network = network_of(layers, blocks);
    const std::int64_t count = constants.size(), K = network.filter_size, width = saddles + indices;
    require(gram.ndim() == 3 && gram.shape(0) == count && gram.shape(1) == K && gram.shape(2) == K, "gram: shape");
    require(b.ndim() == 2 && b.shape(0) == count && b.shape(1) == K, "b: shape");
    require(indices >= 0 && indices <= most_rows, "indices: out of range");
    std::vector<StratumTask> tasks;
    std::vector<CountedTask<StratumTask>> counted;
    for (const py::dict& stratum : strata) tasks.push_back(task_of(stratum, network, count));
    for (std::size_t s = 0; s < tasks.size(); ++s) counted.push_back({&tasks[s], strata[s]["pure"].cast<bool>()});
    const CountLimits limits{given[0], given[1], given[2], given[3],  given[4],  given[5], given[6],
                             given[7], given[8], given[9], given[10], given[11], given[12]};
    py::array_t<std::int32_t> counts({count, width});
    py::array_t<bool> settled(count), pure(count);
    py::array_t<double> losses(count);
    const double *sigma = gram.data(), *moments = b.data(), *c = constants.data();
    auto* const row = counts.mutable_data();
    auto *const settled_of = settled.mutable_data(), *const pure_of = pure.mutable_data();
    auto* const loss_of = losses.mutable_data();
    {
        const py::gil_scoped_release release;
        Counting<StratumTask> counting(network, counted, limits, indices);
        std::fill(row, row + count * width, 0);
        for (std::int64_t t = 0; t < count; ++t) {
            settled_of[t] = counting.run(t, Data{sigma + t * K * K, moments + t * K}, c[t], row + t * width);
            pure_of[t] = counting.least_is_pure;
            loss_of[t] = counting.least_loss;
        }
    }
    py::dict result;
    result["counts"] = counts, result["settled"] = settled, result["pure"] = pure, result["losses"] = losses;
    return result;
}

}  // namespace
}  // namespace plain
}  // namespace homotopy_lcn

PYBIND11_MODULE(_plain, module) {
    module.doc() = "Critical points of many data sets about which nothing is in doubt, verified and classified.";
    module.def("examine", &homotopy_lcn::plain::examine, py::kw_only(), py::arg("layers"), py::arg("blocks"),
               py::arg("strata"), py::arg("data"), py::arg("tolerances"), py::arg("whole"));
    module.def("half_gradients", &homotopy_lcn::plain::half_gradients, py::arg("factors"), py::arg("points"),
               py::arg("gram"), py::arg("b"));
    module.def("count", &homotopy_lcn::plain::count, py::kw_only(), py::arg("layers"), py::arg("blocks"),
               py::arg("strata"), py::arg("data"), py::arg("limits"), py::arg("indices"));
}
