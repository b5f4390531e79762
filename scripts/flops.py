"""Floating-point operations of the kernel by an instrumented count, and the peak of one core. Needs g++."""

from __future__ import annotations

import ctypes
import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from benchmark_common import SCRIPTS, Problem

from homotopy_lcn.equations.critical_equations import Data
from homotopy_lcn.networks.strata import Stratum
from homotopy_lcn.tracking import TrackerOptions
from homotopy_lcn.tracking.native import KernelCoordinates, kernel_options

NATIVE = SCRIPTS.parent / "native"
OPERATIONS = ("additions", "multiplications", "divisions", "roots")

DRIVER = """
#define LANES 1
#include <cstdlib>
#include <cstring>
#include "count_flops.hpp"
#include "tracker.hpp"

using namespace homotopy_lcn;

template <class T>
struct Type {
    using type = T;
};

template <class Shape>
static void run(const FactorShape* factors, int factor_count, int filter_size, int coordinates,
                const double* start_gram, const double* start_b, const double* target_gram, const double* target_b,
                bool real, const double* starts, std::int64_t targets, std::int64_t paths, const double* options,
                double* points, std::int64_t* counts) {
    const std::int64_t total = targets * paths;
    std::int64_t* integers = new std::int64_t[2 * total];
    double* reals = new double[3 * total];
    Counters counters;
    Job job{};
    job.factors = factors, job.factor_count = factor_count;
    job.filter_size = filter_size, job.coordinates = coordinates;
    OPTIONS_BY_NAME
    job.start_gram = start_gram, job.start_b = start_b;
    job.target_gram = target_gram, job.target_b = target_b, job.real = real;
    job.starts = starts, job.target_count = targets, job.start_count = paths, job.paths_taken_at_once = 1;
    job.points = points, job.codes = integers, job.steps = integers + total;
    job.errors = reals, job.conditions = reals + total, job.distances = reals + 2 * total;
    counters.enter(job);
    const auto track = [&](auto type) {
        using Kind = typename decltype(type)::type;
        const std::size_t bytes = (Kind::bytes(job) + 127) / 64 * 64;
        void* memory = std::aligned_alloc(64, bytes);
        std::memset(memory, 0, bytes);
        count = Count{};
        Kind(job, memory).run();
        std::free(memory);
    };
    if (real)
        track(Type<Tracker<Shape, RealSegment>>{});
    else
        track(Type<Tracker<Shape, GeneralSegment>>{});
    counts[0] = count.additions, counts[1] = count.multiplications;
    counts[2] = count.divisions, counts[3] = count.roots, counts[4] = counters.iterations.load();
    delete[] integers;
    delete[] reals;
}

#define ARGUMENTS \\
    const FactorShape *f, int r, int K, int N, const double *a, const double *b, const double *c, const double *d, \\
        bool real, const double *x, std::int64_t t, std::int64_t p, const double *o, double *y, std::int64_t *n
#define FORWARD f, r, K, N, a, b, c, d, real, x, t, p, o, y, n
"""


class FlopCounter:
    """The kernel compiled with a number type that counts, for some strata.

    Raises
    ------
    subprocess.CalledProcessError, FileNotFoundError
        If it cannot be compiled.
    """

    def __init__(self, strata: Sequence[Stratum]) -> None:
        self._names: dict[Stratum, str] = {}
        source = DRIVER.replace("OPTIONS_BY_NAME", options_by_name())
        for i, stratum in enumerate(strata):
            shape = ", ".join(
                f"Factor<{f.degree}, {f.power}, {f.dilation}>" for f in KernelCoordinates(stratum).factors
            )
            self._names[stratum] = f"count_flops_{i}"
            source += f'extern "C" void count_flops_{i}(ARGUMENTS) {{ run<StaticShape<{shape}>>(FORWARD); }}\n'
        with tempfile.TemporaryDirectory() as folder:
            for header in NATIVE.glob("*.hpp"):
                text = header.read_text()
                counted = without_vector_types(text) if header.name == "vectors.hpp" else text
                (Path(folder) / header.name).write_text(counted)
            (Path(folder) / "driver.cpp").write_text(source)
            library = str(Path(folder) / "driver.so")
            command = ["g++", "-std=c++17", "-O0", "-w", "-shared", "-fPIC", f"-I{SCRIPTS}"]
            subprocess.run(
                [*command, "-o", library, f"{folder}/driver.cpp"], check=True, capture_output=True, text=True
            )
            self._library = ctypes.CDLL(library)

    def count(self, task: Problem, targets: list[Data], options: TrackerOptions) -> tuple[dict[str, float], np.ndarray]:
        """Operations per lane-iteration, and the ends of the paths in the kernel's coordinates."""
        coordinates = KernelCoordinates(task.stratum)
        factors = np.array([(f.degree, f.power, f.dilation) for f in coordinates.factors], np.int32)
        size = task.stratum.filter_size
        starts = np.ascontiguousarray(coordinates.to_kernel(task.start.points))
        points = np.empty((len(targets) * len(starts), starts.shape[1]), complex)
        counts = np.zeros(5, np.int64)
        grams, moments = np.array([target.gram for target in targets]), np.array([target.b for target in targets])
        real = task.start.diagonal and not np.iscomplexobj(grams) and not np.iscomplexobj(moments)
        arrays = [
            *(np.ascontiguousarray(values, dtype=complex) for values in task.start.data),
            *(np.ascontiguousarray(values, dtype=float if real else complex) for values in (grams, moments)),
            starts,
        ]
        arrays.append(np.array(list(kernel_options(options).values()), float))
        pointer = ctypes.c_void_p
        getattr(self._library, self._names[task.stratum])(
            pointer(factors.ctypes.data), len(factors), size, starts.shape[1] - 1,
            *(pointer(array.ctypes.data) for array in arrays[:4]), real, pointer(starts.ctypes.data),
            ctypes.c_int64(len(targets)), ctypes.c_int64(len(starts)), pointer(arrays[-1].ctypes.data),
            pointer(points.ctypes.data), pointer(counts.ctypes.data),
        )  # fmt: skip
        return dict(zip(OPERATIONS, (counts[:4] / counts[4]).tolist(), strict=True)), points


def options_by_name() -> str:
    """C++ that copies the options of a job by name from an array of doubles in the order of the fields."""
    return " ".join(f"job.options.{name} = options[{i}];" for i, name in enumerate(kernel_options(TrackerOptions())))


def without_vector_types(kernel: str) -> str:
    """The text of vectors.hpp without the two vector types."""
    text, number = re.subn(
        r"^typedef \S+ (?:Real|Integer) __attribute__\(\(vector_size\(LANES \* sizeof\(Number\)\)\)\);$",
        "",
        kernel,
        flags=re.M,
    )
    if number != 2:
        raise ValueError("native/vectors.hpp: the definitions of the vector types Real and Integer are not found")
    return text


def peak_gflops(number: str = "double") -> float:
    """Billions of flops a second of independent multiply-adds on one core, in numbers of a type of C."""
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(folder) / "peak")
        source = str(SCRIPTS / "fma_peak.cpp")
        subprocess.run(
            ["g++", "-O3", "-march=native", f"-DNUMBER={number}", "-o", program, source],
            check=True,
            capture_output=True,
        )
        return float(subprocess.run([program], check=True, capture_output=True, text=True).stdout.split()[0])
