#!/usr/bin/env bash
# pybind11 3.1.0 converts no argument of an overloaded function whose arguments are all keyword-only.
#
# An overloaded function is called in two passes: the first takes no conversions, the second does. A call joins the
# second pass only if one of its positional arguments permits conversion. With py::kw_only() before all arguments there
# are none, so that the second pass never comes: an array in Fortran order, which a single function with the same
# arguments copies in silence, is refused with "incompatible function arguments". Without py::kw_only() the same
# overloads take it, by keyword, too. (Seen in include/pybind11/pybind11.h, cpp_function::dispatcher: the loop over
# second_pass_convert ends at pos_args.) Needs a C++ compiler and Python's headers.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'pybind11==3.1.0' 'numpy==2.4.6' 2>"$work/pip.log" ||
    { cat "$work/pip.log"; exit 1; }
cat >"$work/overloads.cpp" <<'CPP'
#include <complex>
#include <pybind11/numpy.h>
namespace py = pybind11;
template <class Number> using Array = py::array_t<Number, py::array::c_style>;
template <class Number> py::ssize_t rows(const Array<Number>& a) { return a.shape(0); }
PYBIND11_MODULE(overloads, m) {
    m.def("single", &rows<double>, py::kw_only(), py::arg("a"));
    m.def("overloaded", &rows<double>, py::kw_only(), py::arg("a"));
    m.def("overloaded", &rows<std::complex<double>>, py::kw_only(), py::arg("a"));
    m.def("positional", &rows<double>, py::arg("a"));
    m.def("positional", &rows<std::complex<double>>, py::arg("a"));
}
CPP
python="$work/venv/bin/python"
# shellcheck disable=SC2046
g++ -std=c++17 -O0 -fPIC -shared "$work/overloads.cpp" -o "$work/overloads.so" \
    $("$python" -m pybind11 --includes)
cd "$work"
"$python" - <<'PYTHON'
import numpy as np
import overloads
import pybind11

print("pybind11", pybind11.__version__)
fortran = np.asfortranarray(np.ones((3, 2)))
assert overloads.overloaded(a=np.ones((3, 2))) == 3
assert overloads.single(a=fortran) == 3
assert overloads.positional(a=fortran) == 3
try:
    overloads.overloaded(a=fortran)
except TypeError as error:
    print("keyword-only overloads:", str(error).splitlines()[0])
else:
    raise SystemExit("changed: keyword-only overloads convert their arguments now")
PYTHON
