// The arguments of the Python functions, checked. A failed check raises ValueError.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <string>
#include <tuple>
#include <vector>

#include "kernel_interface.hpp"

namespace homotopy_lcn {

namespace py = pybind11;

// An array of another layout, type or alignment is copied.
template <class Number>
using Array = py::array_t<Number, py::array::c_style | py::detail::npy_api::NPY_ARRAY_ALIGNED_>;
using ComplexArray = Array<std::complex<double>>;
using RealArray = Array<double>;
using Factors = std::vector<std::tuple<int, int, int>>;  // degree, power, dilation

inline void require(bool condition, const std::string& message) {
    if (!condition) throw py::value_error(message);
}

inline bool is_real(const py::object& given) {
    const py::array array = py::array::ensure(given);
    if (!array) PyErr_Clear();
    return array && array.dtype().kind() != 'c';
}

// An array, or what NumPy makes one of, of numbers of any type and layout, as the kernels need it.
template <class Number>
Array<Number> converted(const char* name, const py::object& given) {
    Array<Number> result = Array<Number>::ensure(given);
    if (!result) {
        PyErr_Clear();
        throw py::type_error(std::string(name) + ": " + std::string(py::repr(py::type::of(given))) +
                             " given; expected an array of numbers");
    }
    return result;
}

// The numbers of an array as the kernels read them: a complex number is its real part and its imaginary part.
inline const double* numbers(const ComplexArray& array) { return reinterpret_cast<const double*>(array.data()); }
inline const double* numbers(const RealArray& array) { return array.data(); }
inline double* numbers(ComplexArray& array) { return reinterpret_cast<double*>(array.mutable_data()); }
inline double* numbers(RealArray& array) { return array.mutable_data(); }

constexpr py::ssize_t any_length = -1;

inline void require_shape(const std::string& name, const py::array& array,
                          std::initializer_list<py::ssize_t> expected) {
    bool fits = array.ndim() == py::ssize_t(expected.size());
    py::ssize_t axis = 0;
    for (const py::ssize_t length : expected) {
        fits = fits && (length == any_length || array.shape(axis) == length);
        ++axis;
    }
    if (fits) return;
    std::string wanted;
    for (const py::ssize_t length : expected)
        wanted += (wanted.empty() ? "" : ", ") + (length == any_length ? "any" : std::to_string(length));
    const std::string given = py::str(array.attr("shape"));
    throw py::value_error(name + ": shape " + given + " given; expected (" + wanted +
                          (expected.size() == 1 ? ",)" : ")"));
}

template <class Number>
void require_finite(const std::string& name, const Array<Number>& array) {
    const double* first = numbers(array);
    const py::ssize_t count = array.size() * py::ssize_t(sizeof(Number) / sizeof(double));
    const bool finite = std::all_of(first, first + count, [](double number) { return std::isfinite(number); });
    if (!finite) throw py::value_error(name + ": not finite");
}

inline void require_jobs(int jobs) {
    if (jobs < 1 || jobs > 1024) throw py::value_error("jobs: " + std::to_string(jobs) + " given; expected 1 to 1024");
}

inline bool is_diagonal(const ComplexArray& matrix) {
    const py::ssize_t size = matrix.shape(0);
    for (py::ssize_t i = 0; i < size * size; ++i)
        if (i % (size + 1) != 0 && matrix.data()[i] != 0.0) return false;
    return true;
}

// The factors of a filter, and what follows from them.
struct FilterShape {
    explicit FilterShape(const Factors& given) {
        require(!given.empty(), "factors: empty");
        for (const auto& [degree, power, dilation] : given) {
            require(
                degree >= 0 && power >= 1 && dilation >= 1 && degree <= 4096 && power <= 4096 && dilation <= 1000000,
                "factors: a degree, power or dilation is out of range");
            factors.push_back({degree, power, dilation});
            filter_size += std::int64_t(degree) * power * dilation;
            coordinates += degree + 1;
            require(filter_size <= 4096 && coordinates <= 4096, "factors: too large");
        }
        require(factors[0].power == 1, "factors: the first must have power 1");
    }
    void enter(Job& job) const {
        job.factors = factors.data();
        job.factor_count = int(factors.size());
        job.filter_size = int(filter_size);
        job.coordinates = int(coordinates);
    }

    std::vector<FactorShape> factors;
    std::int64_t filter_size = 1, coordinates = 0;
};

// The value of an option, converted by ``convert`` of Python's C interface.
template <class Number>
Number positive_option(const py::dict& options, const char* name, Number (*convert)(PyObject*), const char* expected) {
    PyObject* value = PyDict_GetItemString(options.ptr(), name);
    if (value == nullptr) throw py::value_error(std::string("options: ") + name + " is missing");
    const Number number = convert(value);
    const bool failed = PyErr_Occurred() != nullptr;
    PyErr_Clear();
    if (failed || !std::isfinite(double(number)) || number <= 0)
        throw py::value_error(std::string("options: ") + name + ": " + std::string(py::repr(value)) +
                              " given; expected " + expected);
    return number;
}

struct RealOption {
    const char* name;
    double TrackerOptions::* field;
};
constexpr RealOption real_options[] = {
    {"contraction_target", &TrackerOptions::contraction_target},
    {"control_gain", &TrackerOptions::control_gain},
    {"contraction_limit", &TrackerOptions::contraction_limit},
    {"movement_limit", &TrackerOptions::movement_limit},
    {"first_step", &TrackerOptions::first_step},
    {"growth", &TrackerOptions::growth},
    {"shrink", &TrackerOptions::shrink},
    {"smallest_step", &TrackerOptions::smallest_step},
    {"endgame_distance", &TrackerOptions::endgame_distance},
    {"divergence_exponent", &TrackerOptions::divergence_exponent},
};
constexpr const char* limit_on_steps = "max_steps";

inline bool is_option(const std::string& name) {
    return name == limit_on_steps || std::any_of(std::begin(real_options), std::end(real_options),
                                                 [&](const RealOption& option) { return name == option.name; });
}

// The options of the tracker from a dictionary with exactly the fields of Python's TrackerOptions.
inline TrackerOptions tracker_options(const py::dict& given) {
    TrackerOptions options{};
    for (const auto& [name, field] : real_options)
        options.*field = positive_option(given, name, PyFloat_AsDouble, "a positive number");
    options.max_steps = positive_option(given, limit_on_steps, PyLong_AsLongLong, "a positive integer");
    if (given.size() == std::size(real_options) + 1) return options;  // no other names
    for (const auto& item : given) {
        const std::string name = py::str(item.first);
        if (!is_option(name)) throw py::value_error("options: " + name + " is unknown");
    }
    return options;
}

}  // namespace homotopy_lcn
