"""Floating-point operations of the kernel by an instrumented count, and the peak of one core. Needs g++."""

from __future__ import annotations

import ctypes
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

import numpy as np
from benchmark_common import SCRIPTS, Problem

from homotopy_lcn.equations.critical_equations import Data
from homotopy_lcn.networks.strata import Stratum
from homotopy_lcn.tracking import TrackerOptions
from homotopy_lcn.tracking.native import _Coordinates

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
                bool real, const double* starts, std::int64_t targets, std::int64_t paths, const double* o,
                std::int64_t max_steps, double* points, std::int64_t* counts) {
    const std::int64_t total = targets * paths;
    std::int64_t* integers = new std::int64_t[2 * total];
    double* reals = new double[3 * total];
    std::atomic<std::int64_t> next{0}, finished{0}, iterations{0};
    std::atomic<bool> cancelled{false};
    Job job{};
    job.factors = factors, job.factor_count = factor_count;
    job.filter_size = filter_size, job.coordinates = coordinates;
    job.options = {o[0], o[1], o[2], o[3], o[4], o[5], o[6], o[7], o[8], o[9], max_steps};
    job.start_gram = start_gram, job.start_b = start_b;
    job.target_gram = target_gram, job.target_b = target_b, job.real = real;
    job.starts = starts, job.target_count = targets, job.start_count = paths, job.taken_together = 1;
    job.points = points, job.codes = integers, job.steps = integers + total;
    job.errors = reals, job.conditions = reals + total, job.distances = reals + 2 * total;
    job.next = &next, job.finished = &finished, job.cancelled = &cancelled, job.iterations = &iterations;
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
        track(Type<Tracker<Shape, ManyRealTargets>>{});
    else
        track(Type<Tracker<Shape, GeneralSegment>>{});
    counts[0] = count.additions, counts[1] = count.multiplications;
    counts[2] = count.divisions, counts[3] = count.roots, counts[4] = iterations.load();
    delete[] integers;
    delete[] reals;
}

#define ARGUMENTS \\
    const FactorShape *f, int r, int K, int N, const double *a, const double *b, const double *c, const double *d, \\
        bool real, const double *x, std::int64_t t, std::int64_t p, const double *o, std::int64_t m, double *y, \\
        std::int64_t *n
#define FORWARD f, r, K, N, a, b, c, d, real, x, t, p, o, m, y, n
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
        source = DRIVER
        for i, stratum in enumerate(strata):
            shape = ", ".join(f"Fac<{f.degree}, {f.power}, {f.dilation}>" for f in _Coordinates(stratum).factors)
            self._names[stratum] = f"count_flops_{i}"
            source += f'extern "C" void count_flops_{i}(ARGUMENTS) {{ run<StaticShape<{shape}>>(FORWARD); }}\n'
        with tempfile.TemporaryDirectory() as folder:
            for header in NATIVE.glob("*.hpp"):
                text = header.read_text()
                counted = without_vector_types(text) if header.name == "lanes.hpp" else text
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
        coordinates = _Coordinates(task.stratum)
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
        *numbers, max_steps = astuple(options)  # in the order of the kernel's own
        arrays.append(np.array(numbers))
        pointer = ctypes.c_void_p
        getattr(self._library, self._names[task.stratum])(
            pointer(factors.ctypes.data), len(factors), size, starts.shape[1] - 1,
            *(pointer(array.ctypes.data) for array in arrays[:4]), real, pointer(starts.ctypes.data),
            ctypes.c_int64(len(targets)), ctypes.c_int64(len(starts)), pointer(arrays[-1].ctypes.data),
            ctypes.c_int64(max_steps), pointer(points.ctypes.data), pointer(counts.ctypes.data),
        )  # fmt: skip
        return dict(zip(OPERATIONS, (counts[:4] / counts[4]).tolist(), strict=True)), points


def without_vector_types(kernel: str) -> str:
    """The text of lanes.hpp without its two vector types."""
    text, number = re.subn(
        r"^typedef \S+ [VI] __attribute__\(\(vector_size\(LANES \* 8\)\)\);$", "", kernel, flags=re.M
    )
    if number != 2:
        raise ValueError("native/lanes.hpp: its vector types V and I are not where they were")
    return text


def peak_gflops() -> float:
    """Billions of flops a second of independent multiply-adds on one core."""
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(folder) / "peak")
        source = str(SCRIPTS / "fma_peak.cpp")
        subprocess.run(["g++", "-O3", "-march=native", "-o", program, source], check=True, capture_output=True)
        return float(subprocess.run([program], check=True, capture_output=True, text=True).stdout.split()[0])
