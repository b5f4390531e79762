// The Python module of critical points of many data sets about which nothing is in doubt, examined or counted one data
// set after the other. A data set with anything in doubt is left to the careful code in Python, which answers the same
// questions for all data.
//
// What is computed for a data set depends on no other data set, so that a batch gives the same bits as single calls.
#include <algorithm>
#include <array>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include "plain_arrays.hpp"
#include "plain_counts.hpp"
#include "wall_arrays.hpp"

namespace homotopy_lcn {
namespace plain {
namespace {

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
    std::vector<py::object> kept;
    std::int64_t total = 0, wide = 1;
    for (const py::dict& stratum : strata) {
        tasks.push_back(task_of(stratum, network, count, kept));
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
    std::vector<py::object> kept;
    std::vector<CountedTask<StratumTask>> counted;
    for (const py::dict& stratum : strata) tasks.push_back(task_of(stratum, network, count, kept));
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
    homotopy_lcn::plain::bind_wall_paths(module);
}
