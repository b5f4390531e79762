"""The parts of an installation, and whether they work: ``homotopy-lcn doctor``."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path
from time import monotonic, perf_counter

import numpy as np

from ..counting.eigenvalues import count_by_eigenvalues
from ..counting.gram_matrices import gram_matrix
from ..counting.groebner import Search, count_by_groebner, residues_of
from ..counting.groebner_programs import GroebnerFailure, GroebnerProgram
from ..equations.critical_equations import Data, equations_of
from ..equations.msolve_program import find_msolve, msolve_version
from ..extras import install_command
from ..losses.squared_loss import SquaredLoss
from ..networks.architecture import Architecture
from ..networks.counts import generic_count
from ..networks.strata import Stratum
from ..solving.solve import critical_points
from ..solving.start_systems import start_system
from ..solving.stored_arrays import cache_folder, damaged_files
from ..tracking import Homotopy, TrackerOptions, get_engine
from ..tracking.phcpack_program import phcpy_trackers
from ..tracking.settings import Tracking
from ..version import __version__

__all__ = ["OPTIONAL", "Finding", "examine", "version_line"]

#: Optional distributions: name, module to import, purpose, and the extra that installs the distribution.
OPTIONAL = (
    ("pandas", "pandas", "tables as frames", "frame"),
    ("matplotlib", "matplotlib", "pictures", "figures"),
    ("python-flint", "flint", "certificates and exact counts", "certify"),
    ("pyarrow", "pyarrow", "surveys in folders", "survey"),
    ("distributed", "distributed", "surveys and large solves on several machines", "distributed"),
    ("torch", "torch", "networks of PyTorch", "torch"),
)
#: Programs that the package or its benchmarks use: name, purpose, and how to install it.
PEERS = (
    ("phc", "PHCpack, a second solver", "apt-get install phcpack"),
    ("M2", "Macaulay2, for exact counts where msolve is absent", "apt-get install macaulay2"),
)
#: Ends of the kernel and of the reference engine differ by less than this, relative to the point.
SAME_END = 1e-8
#: Seconds that the program for Gröbner bases has for a system that takes some hundredths of a second.
GROEBNER_SECONDS = 20.0


@dataclass(frozen=True)
class Finding:
    """The outcome of one check.

    Attributes
    ----------
    subject : str
    state : str
        "ok", "absent" (everything else works without it) or "broken".
    text : str
        The finding.
    remedy : str
        How to mend it; empty if there is nothing to mend.
    """

    subject: str
    state: str
    text: str
    remedy: str = ""


def version_line() -> str:
    """Version, engine and instruction set, as in ``homotopy-lcn 0.1.0 (native engine, avx512)``."""
    engine = get_engine()
    sets: list[str] = getattr(engine, "instruction_sets", list)()
    return f"homotopy-lcn {__version__} ({', '.join([f'{engine.name} engine', *sets[:1]])})"


def examine(seed: int = 0) -> Iterator[Finding]:
    """Look at the kernel, the cache, optional packages and peers, and solve a few small problems, in about a second.

    Parameters
    ----------
    seed : int
        Of the random data of the problems.
    """
    numpy, scipy = (metadata.version(name) for name in ("numpy", "scipy"))
    yield Finding("homotopy-lcn", "ok", f"{__version__}, in {Path(__file__).parents[1]}")
    yield Finding("Python", "ok", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    yield Finding("NumPy, SciPy", "ok", f"{numpy}, {scipy}")
    yield _kernel(seed)
    yield _cache()
    for distribution, module, purpose, extra in OPTIONAL:
        yield _package(distribution, module, purpose, install_command(extra))
    for program, purpose, install in PEERS:
        path = shutil.which(program)
        yield Finding(
            program, "ok" if path else "absent", f"{purpose}{f', {path}' if path else ''}", "" if path else install
        )
    yield _msolve()
    yield _phcpy()
    yield _self_test(seed)


def _package(distribution: str, module: str, purpose: str, install: str) -> Finding:
    """Whether an optional package is there and can be imported."""
    if find_spec(module) is None:
        return Finding(distribution, "absent", f"for {purpose}", install)
    try:
        imported = import_module(module)
    except Exception as error:  # a package built for another Python or NumPy fails in many ways
        return Finding(
            distribution, "broken", f"cannot be imported: {' '.join(str(error).split())}", f"uninstall it, or {install}"
        )
    return Finding(distribution, "ok", f"{getattr(imported, '__version__', 'version unknown')}, for {purpose}")


def _msolve() -> Finding:
    purpose, path = "exact counts and exact comparisons", find_msolve()
    if path is None:
        return Finding("msolve", "absent", purpose, install_command("exact"))
    version = msolve_version()
    if version is None:
        return Finding("msolve", "broken", f"{path} does not tell its version", install_command("exact"))
    if (problem := _miscounted(GroebnerProgram("msolve", path))) is not None:
        return Finding("msolve", "broken", f"{version}, {path}: {problem}", install_command("exact"))
    return Finding("msolve", "ok", f"{version}, for {purpose}, {path}")


def _miscounted(program: GroebnerProgram) -> str | None:
    """How Gröbner bases by a program fail to give the number of critical points that the eigenvalue rule gives."""
    stratum, gram = Stratum.of_layers(Architecture((4, 2), (2, 1))), gram_matrix("white", 6)
    rule = count_by_eigenvalues(stratum, gram)
    assert rule is not None
    try:
        found = count_by_groebner(stratum, residues_of(gram), Search(program, monotonic() + GROEBNER_SECONDS))
    except GroebnerFailure as error:
        return str(error)
    return None if found == rule.count else f"counts {found} critical points where there are {rule.count}"


def _phcpy() -> Finding:
    purpose = "PHCpack in this process"
    if phcpy_trackers() is not None:
        return Finding("phcpy", "ok", purpose)
    if find_spec("phcpy") is None:
        return Finding("phcpy", "absent", purpose, "apt-get install python3-phcpy, for Debian's own Python")
    return Finding("phcpy", "absent", f"{purpose}: not of this Python, or not phcpy 1.1; the program phc is used")


def _kernel(seed: int) -> Finding:
    """Whether the compiled kernel is there, and ends where the reference engine does on each instruction set."""
    engine = get_engine()
    if engine.name != "native":
        return Finding(
            "kernel", "absent", "not compiled: the NumPy engine is used, some thousand times slower",
            "install a C++17 compiler and then the package again",
        )  # fmt: skip
    architecture = Architecture((3, 2), (2, 1))
    stratum = Stratum.of_layers(architecture)
    start = start_system(stratum, next(iter(generic_count(architecture))).count, Tracking(engine))
    rng = np.random.default_rng(seed)
    factor = rng.standard_normal((10, architecture.filter_size))
    homotopy = Homotopy(start.data, Data(factor.T @ factor, rng.standard_normal(architecture.filter_size)))
    expected = get_engine("reference").track(stratum, start.points, homotopy, TrackerOptions(), jobs=1).points
    from ..tracking.native import NativeEngine

    filters = equations_of(stratum).filters(expected)
    sets = NativeEngine.instruction_sets()
    for name in sets:
        found = NativeEngine(name).track(stratum, start.points, homotopy, TrackerOptions(), jobs=1)
        distance = np.linalg.norm(equations_of(stratum).filters(found.points) - filters, axis=1)
        if not (found.success.all() and (distance <= SAME_END * np.linalg.norm(filters, axis=1)).all()):
            return Finding(
                "kernel", "broken", f"{name}: other ends than the NumPy engine",
                "use the engine 'reference', and please report this",
            )  # fmt: skip
    return Finding("kernel", "ok", f"{sets[0]} in use; {', '.join(sets)} end where the NumPy engine does")


def _cache() -> Finding:
    folder = cache_folder()
    remedy = "set HOMOTOPY_LCN_CACHE to a writable folder"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Finding("cache", "broken", f"{folder} cannot be written to: {error.strerror}", remedy)
    files = list(folder.glob("*.npz"))
    megabytes = sum(os.path.getsize(path) for path in files) / 1e6
    text = f"{folder}: {len(files)} start systems, {megabytes:.1f} MB"
    damaged = damaged_files()
    if damaged:
        names = ", ".join(path.name for path in damaged)
        return Finding(
            "cache",
            "broken",
            f"{text}; damaged or of another version: {names}",
            "delete them; they are computed again when needed",
        )
    return Finding("cache", "ok", text)


def _self_test(seed: int) -> Finding:
    """Small problems of several kinds, complete with exact counts."""
    began = perf_counter()
    rng = np.random.default_rng(seed)
    solved = 0
    for filters, strides in (((3, 2), (2, 1)), ((2, 2, 2), (1, 2, 1)), ((3, 3), (1, 1)), ((2, 2, 2), (2, 2, 1))):
        architecture = Architecture(filters, strides)
        size = architecture.filter_size
        X = rng.standard_normal((2 * size, size))
        result = critical_points(
            architecture, SquaredLoss.from_data(X, rng.standard_normal((2 * size, 1)), architecture)
        )
        if not result.complete or len(result) != generic_count(architecture).filters:
            return Finding("self-test", "broken", f"{architecture}: {result}", "please report this")
        solved += len(result)
    return Finding(
        "self-test", "ok", f"{solved} critical filters of 4 networks, complete, {perf_counter() - began:.1f} s"
    )
