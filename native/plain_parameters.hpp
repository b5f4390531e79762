// The parameters over one filter: from roots to balanced θ, polished θ, the index of the Hessian, and the statements
// that hold for every θ, checked in the original parameters.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "plain_equations.hpp"

namespace homotopy_lcn {
namespace plain {

// A loss below this part of its terms is zero, as in stratum_problem.py.
constexpr double rounding_of_loss = 8 * std::numeric_limits<double>::epsilon();
constexpr int most_layers = 12, most_blocks = 8, most_parameters = most_rows;

// A network: sizes and dilations of its layers, and the layers of size above one of each block.
struct Network {
    int depth = 0, filter_size = 1, parameters = 0, blocks = 0;
    int sizes[most_layers], dilations[most_layers], starts[most_layers];  // starts: in a vector of all parameters
    int block_dilations[most_blocks];
    std::vector<int> layers[most_blocks];
    Stratum layer_factors;  // the parameter space: every layer a factor of power one

    void add(int size, int dilation) {
        sizes[depth] = size, dilations[depth] = dilation, starts[depth] = parameters;
        parameters += size;
        filter_size += (size - 1) * dilation;
        ++depth;
        if (size > 1) layer_factors.add(size - 1, 1, dilation, 0);
    }
};

template <class T>
inline Form<T> layer_of(const Network& network, const T* theta, int layer) {
    return Form<T>(theta + network.starts[layer], network.sizes[layer]);
}
// The end-to-end filter of all layers but two, of all layers but one, or of all layers.
template <class T>
inline Form<T> composed(const Network& network, const T* theta, int without = -1, int other = -1) {
    Form<T> result(T(1));
    for (int layer = 0; layer < network.depth; ++layer)
        if (layer != without && layer != other)
            result = product(result, layer_of(network, theta, layer), network.dilations[layer]);
    return result;
}

// Layers rescaled to equal norms, and the scalar shared out; its phase goes to the first layer.
template <class T>
inline void balance(const Network& network, const T& scale, T* theta) {
    using R = RealOf<T>;
    R norms[most_layers], size = size_of(scale);
    for (int layer = 0; layer < network.depth; ++layer) {
        norms[layer] = std::sqrt(square_norm(theta + network.starts[layer], network.sizes[layer]));
        size *= norms[layer];
    }
    const R common = network.depth == 2 ? std::sqrt(size) : std::pow(size, R(1) / network.depth), length = size_of(scale);
    const T phase = length > 0 ? (1 / length) * scale : T(1);
    for (int layer = 0; layer < network.depth; ++layer)
        for (int i = 0; i < network.sizes[layer]; ++i) {
            T& entry = theta[network.starts[layer] + i];
            entry = (common / norms[layer]) * entry;
            if (layer == 0) entry = phase * entry;
        }
}

// Balanced θ with a given filter from the forms of the layers of size above one, up to scale.
template <class T>
inline void balanced_parameters(const Network& network, const Form<T>* forms, const T* filter, T* theta) {
    using R = RealOf<T>;
    for (int layer = 0; layer < network.depth; ++layer) {
        T* w = theta + network.starts[layer];
        w[0] = T(1);
        if (network.sizes[layer] == 1) continue;
        const R inverse = 1 / std::sqrt(square_norm(forms[layer]));
        for (int i = 0; i < network.sizes[layer]; ++i) w[i] = inverse * forms[layer].c[i];
    }
    const Form<T> shape = composed(network, theta);
    T along = zero<T>();
    for (int i = 0; i < network.filter_size; ++i) along += conj(shape.c[i]) * filter[i];
    balance(network, (1 / square_norm(shape)) * along, theta);
}

// Entries that are nothing beside the largest entry of their row mean zero.
template <class T>
inline void remove_specks(T* row, int size) {
    constexpr double speck = 1e-30;
    double largest = 0;
    for (int i = 0; i < size; ++i) largest = std::max(largest, double(size_of(row[i])));
    for (int i = 0; i < size; ++i)
        if (double(size_of(row[i])) <= speck * largest) row[i] = zero<T>();
}

template <class T>
inline void residual_of(const Data& data, const Form<T>& filter, T* residual) {
    for (int i = 0; i < filter.size; ++i) {
        residual[i] = T(-data.b[i]);
        for (int j = 0; j < filter.size; ++j) residual[i] += data.gram[i * filter.size + j] * filter.c[j];
    }
}

// Norm of the gradient at θ relative to the terms that cancel in it, as `relative_gradient` in Python.
template <class T>
inline double relative_gradient(const Network& network, const Data& data, const T* theta) {
    const int K = network.filter_size;
    const Form<T> filter = composed(network, theta);
    T residual[most_coefficients];
    residual_of(data, filter, residual);
    const double size = std::sqrt(square_norm(data.gram, K * K) * square_norm(filter)) +
                        std::sqrt(square_norm(data.b, K));
    double total = 0, scale = 0;
    for (int layer = 0; layer < network.depth; ++layer) {
        const Form<T> rest = composed(network, theta, layer);
        scale += 2 * std::sqrt(square_norm(rest)) * size;
        for (int p = 0; p < network.sizes[layer]; ++p) {
            T sum = zero<T>();
            for (int i = 0; i < rest.size; ++i) sum += rest.c[i] * residual[i + p * network.dilations[layer]];
            total += 4 * square_of(sum);
        }
    }
    return std::sqrt(total) / (scale > 0 ? scale : 1);
}

// Real θ after Newton's method, with the index of the Hessian.
struct Polished {
    double theta[most_parameters], residual;
    int index;
};

// Polishes balanced θ. False if anything is in doubt: θ is not near a critical point, or an eigenvalue may be zero.
inline bool polish(const Network& network, const Data& data, const Tolerances& tolerances, const Long* theta,
                   Polished& result) {
    constexpr int steps = 3;
    constexpr double near = 1e-12, clear = 1e-8;
    const Stratum& stratum = network.layer_factors;
    Long point[most_coordinates], balanced[most_parameters];
    point[0] = 1;
    for (int layer = 0, f = 0; layer < network.depth; ++layer) {
        const Long* w = theta + network.starts[layer];
        if (network.sizes[layer] == 1)
            point[0] *= w[0];
        else
            std::copy(w, w + network.sizes[layer], point + stratum.factors[f++].at);
    }
    normalize(stratum, point);
    const int n = stratum.dimension;
    double matrix[most_rows * most_rows], work[most_rows * most_rows], scale[most_rows], values[most_rows];
    const Refined refined = refine<Long, double>(stratum, data, tolerances, steps, point, matrix, scale, true);
    if (!(refined.error <= near)) return false;
    for (int layer = 0, f = 0; layer < network.depth; ++layer) {
        Long* w = balanced + network.starts[layer];
        w[0] = 1;
        if (network.sizes[layer] == 1) continue;
        const Long* part = point + stratum.factors[f++].at;
        std::copy(part, part + network.sizes[layer], w);
    }
    balance(network, point[0], balanced);
    for (int i = 0; i < network.parameters; ++i) result.theta[i] = double(balanced[i]);
    for (int layer = 0; layer < network.depth; ++layer)
        remove_specks(result.theta + network.starts[layer], network.sizes[layer]);
    result.residual = relative_gradient(network, data, result.theta);

    // The last step is so small that H is the same after it, to many more digits than its signs need.
    scaled(matrix, scale, n, work);
    if (!eigenvalues(work, n, values)) return false;
    double largest = 0, least = INFINITY;
    result.index = 0;
    for (int i = 0; i < n; ++i) {
        largest = std::max(largest, std::abs(values[i]));
        least = std::min(least, std::abs(values[i]));
        result.index += values[i] < 0;
    }
    return least > clear * largest;
}

// The statements of homotopy_lcn/results/invariants.py about real θ of a filter, in the original parameters and apart
// from the code above: θ composes to the filter, the gradient vanishes entry by entry, the Hessian has the index.
inline bool is_sound(const Network& network, const Data& data, const double* theta, const double* filter, int index) {
    constexpr double other_filter = 1e-6, nonzero_gradient = 1e-7, rounding = 1e-12, clear_eigenvalue = 1e-7;
    const int K = network.filter_size, n = network.parameters;
    const Form<double> w = composed(network, theta);
    double residual[most_coefficients], terms[most_coefficients];
    double gradient[most_parameters], sizes[most_parameters];
    std::vector<double> columns(std::size_t(n) * K, 0.0), image(std::size_t(n) * K);
    double distance = 0;
    for (int i = 0; i < K; ++i) {
        distance += square_of(w.c[i] - filter[i]);
        residual[i] = -data.b[i], terms[i] = std::abs(data.b[i]);
        for (int j = 0; j < K; ++j) {
            residual[i] += data.gram[i * K + j] * w.c[j];
            terms[i] += std::abs(data.gram[i * K + j] * w.c[j]);
        }
    }
    if (!(distance <= square_of(other_filter) * square_norm(filter, K))) return false;
    for (int layer = 0, column = 0; layer < network.depth; ++layer) {
        const Form<double> rest = composed(network, theta, layer);
        for (int p = 0; p < network.sizes[layer]; ++p, ++column)
            for (int i = 0; i < rest.size; ++i) columns[column * K + i + p * network.dilations[layer]] = rest.c[i];
    }
    double most = 0;
    for (int c = 0; c < n; ++c) {
        gradient[c] = sizes[c] = 0;
        for (int i = 0; i < K; ++i) {
            gradient[c] += residual[i] * columns[c * K + i];
            sizes[c] += terms[i] * std::abs(columns[c * K + i]);
            image[c * K + i] = 0;
            for (int j = 0; j < K; ++j) image[c * K + i] += data.gram[i * K + j] * columns[c * K + j];
        }
        most = std::max(most, sizes[c]);
    }
    for (int c = 0; c < n; ++c)
        if (!(std::abs(gradient[c]) <= nonzero_gradient * sizes[c] + rounding * most)) return false;
    double hessian[most_parameters * most_parameters], values[most_parameters];
    for (int a = 0; a < n; ++a)
        for (int c = 0; c < n; ++c) {
            double sum = 0;
            for (int i = 0; i < K; ++i) sum += columns[a * K + i] * image[c * K + i];
            hessian[a * n + c] = 2 * sum;
        }
    for (int left = 0; left < network.depth; ++left)
        for (int right = left + 1; right < network.depth; ++right) {
            const Form<double> rest = composed(network, theta, left, right);
            for (int p = 0; p < network.sizes[left]; ++p)
                for (int q = 0; q < network.sizes[right]; ++q) {
                    const int shift = p * network.dilations[left] + q * network.dilations[right];
                    double sum = 0;
                    for (int i = 0; i < rest.size; ++i) sum += rest.c[i] * residual[i + shift];
                    const int row = network.starts[left] + p, column = network.starts[right] + q;
                    hessian[row * n + column] += 2 * sum, hessian[column * n + row] += 2 * sum;
                }
        }
    if (!eigenvalues(hessian, n, values)) return false;
    double largest = 0;
    for (int i = 0; i < n; ++i) largest = std::max(largest, std::abs(values[i]));
    int fewest = 0, highest = 1 - network.depth;
    for (int i = 0; i < n; ++i) {
        fewest += values[i] < -clear_eigenvalue * largest;
        highest += values[i] <= clear_eigenvalue * largest;
    }
    return fewest <= index && index <= highest;
}

// A real factor of a block's polynomial, of degree one or two, that as many layers get as its multiplicity says.
template <class R>
struct PieceOf {
    int multiplicity;
    Form<R> form;
};
using Piece = PieceOf<Long>;

// All ways to give the pieces of every block to the layers of the block, in the order of `distributions` in Python.
template <class Receiver, class R = Long>
class Distribution {
   public:
    Distribution(const Network& network, const std::vector<PieceOf<R>>* pieces, Receiver& receiver)
        : network(network), pieces(pieces), receiver(receiver) {
        for (int layer = 0; layer < network.depth; ++layer) {
            forms[layer] = Form<R>(R(1));
            room[layer] = network.sizes[layer] - 1;
        }
    }
    // False if the receiver asks for no more.
    bool run() { return next(0, 0); }

   private:
    const Network& network;
    const std::vector<PieceOf<R>>* pieces;
    Receiver& receiver;
    Form<R> forms[most_layers];
    int room[most_layers];

    bool next(int block, std::size_t item) {
        if (block == network.blocks) return receiver(forms);
        if (item < pieces[block].size()) return give(block, item, 0, pieces[block][item].multiplicity);
        for (const int layer : network.layers[block])
            if (room[layer] != 0) return true;
        return next(block + 1, 0);
    }
    bool give(int block, std::size_t item, std::size_t place, int left) {
        const std::size_t places = network.layers[block].size();
        if (place == places) return left > 0 || next(block, item + 1);
        const PieceOf<R>& piece = pieces[block][item];
        const int layer = network.layers[block][place], degree = piece.form.size - 1;
        if (left > 0 && room[layer] >= degree) {
            const Form<R> before = forms[layer];
            forms[layer] = product(before, piece.form);
            room[layer] -= degree;
            const bool more = give(block, item, place + 1, left - 1);
            room[layer] += degree;
            forms[layer] = before;
            if (!more) return false;
        }
        return give(block, item, place + 1, left);
    }
};

}  // namespace plain
}  // namespace homotopy_lcn
