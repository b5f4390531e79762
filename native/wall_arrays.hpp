// Paths of walls for Python: checked arrays to the equations of a homotopy, and the ends of its paths to arrays.
#pragma once

#include <complex>
#include <string>
#include <tuple>
#include <vector>

#include "plain_arrays.hpp"
#include "wall_paths.hpp"

namespace homotopy_lcn {
namespace plain {
namespace {

constexpr int most_wall_values = 4096;

WallVector numbers_of(const py::dict& given, const char* name, std::int64_t size) {
    const auto array = given[name].cast<ComplexArray>();
    require(array.size() == size, name);
    const auto* const data = reinterpret_cast<const WallNumber*>(array.data());
    return WallVector(data, data + size);
}

WallGiven wall_equations_of(const py::dict& given) {
    WallGiven result;
    const auto kind = given["kind"].cast<std::string>();
    require(kind == "critical" || kind == "fold" || kind == "pieces", "kind");
    result.kind = kind == "critical" ? WallKind::critical : kind == "fold" ? WallKind::fold : WallKind::pieces;
    std::tie(result.gram_moves, result.b_moves) = given["motion"].cast<std::tuple<bool, bool>>();
    const auto degrees = given["degrees"].cast<std::vector<int>>();
    result.powers = given["powers"].cast<std::vector<int>>();
    result.factors = int(degrees.size()), result.K = given["filter_size"].cast<int>();
    require(!degrees.empty() && result.powers.size() == degrees.size(), "powers: length");
    require(result.K >= 1 && result.K <= most_wall_values, "filter_size: out of range");
    for (int f = 0; f < result.factors; ++f) {
        require(degrees[f] >= 0 && degrees[f] < result.K && result.powers[f] >= 1, "degrees, powers: out of range");
        result.owners.insert(result.owners.end(), degrees[f], f);
    }
    result.n = int(result.owners.size());
    const std::int64_t K = result.K, n = result.n;
    require(n < K, "degrees: too large");
    result.centres = numbers_of(given, "centres", result.factors * K);
    result.directions = numbers_of(given, "directions", n * K);
    result.grams = numbers_of(given, "grams", 4 * K * K);
    result.bs = numbers_of(given, "bs", 4 * K);
    result.scale = numbers_of(given, "scale", 4);
    result.place = numbers_of(given, "place", 4);
    if (result.kind == WallKind::fold) result.kernel = numbers_of(given, "kernel", (n + 1) * (n + 1));
    if (result.kind != WallKind::pieces) return result;
    result.at_zero = given["at_zero"].cast<bool>();
    int equations = 0;
    for (const auto& [powers, forms] : given["blocks"].cast<std::vector<std::pair<std::vector<int>, ComplexArray>>>()) {
        require(powers.size() == degrees.size(), "blocks: powers");
        for (const int power : powers) require(power >= 0, "blocks: powers");
        require(forms.ndim() == 2 && forms.shape(1) == K, "blocks: forms");
        const auto* const data = reinterpret_cast<const WallNumber*>(forms.data());
        result.blocks.push_back({powers, int(forms.shape(0)), WallVector(data, data + forms.size())});
        equations += int(forms.shape(0));
    }
    require(equations == result.unknowns(), "blocks: as many equations as unknowns expected");
    return result;
}

// Does something for all points. Signals are handled after each, and the interpreter is free in the meantime.
template <class Work>
void for_all_points(std::int64_t count, const Work& work) {
    for (std::int64_t p = 0; p < count; ++p) {
        {
            const py::gil_scoped_release release;
            work(p);
        }
        if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    }
}

py::array_t<std::complex<double>> copied_points(const WallPaths& paths, const ComplexArray& z, const RealArray& tau) {
    require(z.ndim() == 2 && z.shape(1) == paths.unknowns() && tau.ndim() == 1 && tau.size() == z.shape(0), "points: shape");
    py::array_t<std::complex<double>> result({z.shape(0), z.shape(1)});
    std::copy_n(z.data(), z.size(), result.mutable_data());
    return result;
}

py::tuple evaluate_walls(const WallPaths& paths, const ComplexArray& z, const RealArray& tau) {
    auto points = copied_points(paths, z, tau);
    const std::int64_t count = z.shape(0), N = paths.unknowns();
    py::array_t<std::complex<double>> values({count, N}), jacobians({count, N, N}), rates({count, N});
    const auto* const from = reinterpret_cast<const WallNumber*>(points.data());
    auto* const value = reinterpret_cast<WallNumber*>(values.mutable_data());
    auto* const jacobian = reinterpret_cast<WallNumber*>(jacobians.mutable_data());
    auto* const rate = reinterpret_cast<WallNumber*>(rates.mutable_data());
    const double* const at = tau.data();
    WallEquations equations(paths.given());
    for_all_points(count, [&](std::int64_t p) {
        equations.evaluate(from + p * N, at[p]);
        std::copy_n(equations.value.begin(), N, value + p * N);
        std::copy_n(equations.jacobian.begin(), N * N, jacobian + p * N * N);
        std::copy_n(equations.rate.begin(), N, rate + p * N);
    });
    return py::make_tuple(values, jacobians, rates);
}

py::tuple newton_of_walls(const WallPaths& paths, const ComplexArray& z, const RealArray& tau, int most, double exact) {
    auto points = copied_points(paths, z, tau);
    py::array_t<double> sizes(z.shape(0));
    auto* const point = reinterpret_cast<WallNumber*>(points.mutable_data());
    auto* const size = sizes.mutable_data();
    const double* const at = tau.data();
    WallPaths own(paths.given());  // calls of several threads share no memory
    for_all_points(z.shape(0), [&](std::int64_t p) { size[p] = own.newton(point + p * own.unknowns(), at[p], most, exact); });
    return py::make_tuple(points, sizes);
}

py::tuple track_walls(const WallPaths& paths, const ComplexArray& z, const RealArray& tau, double goal,
                      const std::array<double, 11>& given, int max_steps) {
    auto points = copied_points(paths, z, tau);
    const std::int64_t count = z.shape(0);
    py::array_t<bool> arrived(count);
    py::array_t<double> reached(count), steps(count);
    auto* const point = reinterpret_cast<WallNumber*>(points.mutable_data());
    auto* const there = arrived.mutable_data();
    double *const last = reached.mutable_data(), *const number = steps.mutable_data();
    const double* const from = tau.data();
    const WallPathOptions options{given[0], given[1], given[2], given[3], given[4],  given[5],
                                  given[6], given[7], given[8], given[9], given[10], max_steps};
    WallPaths own(paths.given());
    for_all_points(count, [&](std::int64_t p) {
        const WallPathEnd end = own.track(point + p * own.unknowns(), from[p], goal, options);
        there[p] = end.arrived, last[p] = end.tau, number[p] = end.steps;
    });
    return py::make_tuple(points, arrived, reached, steps);
}

void bind_wall_paths(py::module_& module) {
    py::class_<WallPaths>(module, "WallPaths", "The equations of walls along a homotopy, and their paths.")
        .def(py::init([](const py::dict& given) { return WallPaths(wall_equations_of(given)); }), py::arg("given"))
        .def("evaluate", &evaluate_walls, py::arg("points"), py::arg("tau"))
        .def("newton", &newton_of_walls, py::arg("points"), py::arg("tau"), py::arg("most"), py::arg("exact"))
        .def("track", &track_walls, py::arg("points"), py::arg("tau"), py::arg("goal"), py::arg("options"),
             py::arg("max_steps"));
}

}  // namespace
}  // namespace plain
}  // namespace homotopy_lcn
