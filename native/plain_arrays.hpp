// Networks, strata and the ends of paths from Python, checked, and the results as arrays.
#pragma once

#include <algorithm>
#include <complex>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "plain_examination.hpp"

namespace py = pybind11;

namespace homotopy_lcn {
namespace plain {
namespace {

// An array of another layout, type or alignment is copied.
constexpr int as_needed = py::array::c_style | py::array::forcecast | py::detail::npy_api::NPY_ARRAY_ALIGNED_;
using RealArray = py::array_t<double, as_needed>;
using ComplexArray = py::array_t<std::complex<double>, as_needed>;
using IntegerArray = py::array_t<std::int64_t, as_needed>;
using ExtendedArray = py::array_t<std::complex<Long>, py::array::c_style | py::array::forcecast>;

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

// The paths of a stratum to ``count`` data sets. The arrays that the pointers belong to are added to ``arrays``.
StratumTask task_of(const py::dict& given, const Network& network, std::int64_t count,
                    std::vector<py::object>& arrays) {
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
    arrays.insert(arrays.end(), {ends, codes, errors, gram, b, scales});
    return task;
}

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

}  // namespace
}  // namespace plain
}  // namespace homotopy_lcn
