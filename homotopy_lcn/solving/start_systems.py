"""Solved start systems: shipped, kept in the user's cache, or computed.

A start system of a stratum is random complex data with all critical points of the stratum for them. Its Gram matrix is
diagonal, if no points are lost by that (none have been on any stratum tried): products with it are cheap, and its
entries are chosen so that the Gram matrices of data are near and the paths there short. It is looked for

1. in this process,
2. among the shipped ones (``data/start_systems.npz``, made by ``scripts/make_start_systems.py``),
3. in the cache folder of the user,

and otherwise computed: from the shipped start system of the `separated` stratum, if there is one (strata that differ in
their strides only are linear projections of the same tensor products, with equally many critical points), else by
monodromy. It is checked by the trace test and kept in the cache. All random choices are derived from the name of the
stratum, so a start system is the same whether it was computed just now or read (one whose computation was interrupted
and resumed has the same data; its points may differ by rounding and order).

The cache folder is ``$HOMOTOPY_LCN_CACHE`` if set, else the platform's usual one.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .._data import data_path
from ..arrays import Complex, Real
from ..equations.critical_equations import Data, Equations, equations_of
from ..equations.distinct import first_occurrences
from ..errors import IncompleteStartSystem, InputError
from ..files import write_atomically
from ..networks.strata import Stratum, separated, separated_order, separated_positions
from ..tracking import Engine, Homotopy, TrackerOptions
from .monodromy import Fibre, fill_fibre, random_data, seed_pair, trace_test

__all__ = [
    "TRACE_TOLERANCE",
    "StartSystem",
    "cache_folder",
    "diagonal_data",
    "keep",
    "made_diagonal",
    "pack",
    "read_arrays",
    "solve_by_monodromy",
    "solves",
    "start_system",
    "write_arrays",
]

FORMAT = "homotopy-lcn/start-system"
VERSION = 1
#: Largest deviation from linearity that passes the trace test.
TRACE_TOLERANCE = 1e-10
#: Relative Newton step up to which a stored point counts as a solution.
STORED_ACCURACY = 1e-9
#: So many points of a stored start system are verified when it is read, all of smaller ones: checksums guard the file,
#: and every end of a path is verified, whatever its start.
CHECKED = 4096

KEYS = {"gram", "b", "points", "trace"}
#: What reading an absent or damaged file may raise (RuntimeError: damaged bytes that ask for decryption and the like).
UNREADABLE = (OSError, ValueError, KeyError, EOFError, AttributeError, RuntimeError, zipfile.BadZipFile, zlib.error)
_memory: dict[tuple[str, int], StartSystem] = {}


@dataclass(frozen=True)
class StartSystem:
    """All critical points of random complex data on a stratum.

    Attributes
    ----------
    stratum : Stratum
    data : Data
    points : (count, coordinates) complex array
    trace : float
        Result of the trace test, for these data or for those that the points were tracked from.
    """

    stratum: Stratum
    data: Data
    points: Complex
    trace: float

    @property
    def diagonal(self) -> bool:
        """Whether the Gram matrix is diagonal."""
        return bool(np.array_equal(self.data.gram, np.diag(np.diag(self.data.gram))))

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Everything as arrays, to be saved."""
        gram, b = np.asarray(self.data.gram), np.asarray(self.data.b)
        return {"gram": gram, "b": b, "points": self.points, "trace": np.array(self.trace)}


def start_system(
    stratum: Stratum,
    count: int,
    engine: Engine,
    *,
    jobs: int = 1,
    report: Callable[[int], None] | None = None,
) -> StartSystem:
    """The start system of a stratum.

    Parameters
    ----------
    stratum : Stratum
    count : int
        The exact generic count of its critical points.
    engine : Engine
        What tracks paths if it has to be computed.
    jobs : int
        Number of threads.
    report : callable, optional
        Called with the number of points known so far if it has to be computed.

    Raises
    ------
    IncompleteStartSystem
        If it could not be computed.
    """
    name = stratum.name
    if (name, count) not in _memory:
        found = _shipped(stratum, count) or _cached(stratum, count)
        if found is None or (count > 1 and not found.diagonal):
            found = made_diagonal(found or _compute(stratum, count, engine, jobs, report), engine, jobs=jobs)
            if count > 1:
                keep(cache_folder() / f"{name}.npz", found.arrays(), stratum=name, count=count)
            _remove(_checkpoint_path(name))
        _memory[name, count] = found
    return _memory[name, count]


def cache_folder() -> Path:
    """Where computed start systems are kept."""
    folder = os.environ.get("HOMOTOPY_LCN_CACHE")
    if folder:
        return Path(folder)
    from platformdirs import user_cache_path

    return Path(user_cache_path("homotopy-lcn")) / "start-systems"


def damaged_files() -> list[Path]:
    """Files of the cache that are damaged or of another version; what they held is computed again when needed."""
    return [path for path in sorted(cache_folder().glob("*.npz")) if read_arrays(path) is None]


def write_arrays(path: Path, arrays: dict[str, NDArray[np.generic]], **description: object) -> None:
    """Write arrays with a description and a checksum to a file, whole or not at all.

    Uncompressed: compression saves 6 % of random points and takes twenty times as long.
    """
    buffer = io.BytesIO()
    header = {"format": FORMAT, "version": VERSION, "checksum": _checksum(arrays), **description}
    np.savez(buffer, header=np.array(json.dumps(header)), **arrays)  # type: ignore[arg-type]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, buffer.getvalue())


def read_arrays(path: Path, **description: object) -> dict[str, NDArray[np.generic]] | None:
    """Read what `write_arrays` wrote; None if the file is absent, damaged, or has another description."""
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
        header = json.loads(str(arrays.pop("header")))
        wanted = {"format": FORMAT, "version": VERSION, "checksum": _checksum(arrays), **description}
        if any(header.get(key) != value for key, value in wanted.items()):
            return None
    except UNREADABLE:
        return None
    return arrays


def _checksum(arrays: dict[str, NDArray[np.generic]]) -> str:
    digest = hashlib.sha256()
    for key in sorted(arrays):
        array = np.ascontiguousarray(arrays[key])
        digest.update(f"{key} {array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def pack(systems: Iterable[StartSystem]) -> bytes:
    """The content of ``data/start_systems.npz``."""
    arrays = {f"{system.stratum.name}/{key}": value for system in systems for key, value in system.arrays().items()}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def _shipped(stratum: Stratum, count: int) -> StartSystem | None:
    try:
        with open(data_path("start_systems.npz"), "rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {key: file[f"{stratum.name}/{key}"] for key in KEYS}
    except UNREADABLE:
        return None
    return _checked(stratum, count, arrays)


def _cached(stratum: Stratum, count: int) -> StartSystem | None:
    if count == 1:
        return None
    arrays = read_arrays(cache_folder() / f"{stratum.name}.npz", stratum=stratum.name, count=count)
    return None if arrays is None else _checked(stratum, count, arrays)


def _checked(stratum: Stratum, count: int, arrays: Mapping[str, NDArray[np.generic]]) -> StartSystem | None:
    """A start system from arrays, None unless the points are ``count`` distinct solutions."""
    if not set(arrays) >= KEYS:
        return None
    gram, b, points, trace = (arrays[key] for key in ("gram", "b", "points", "trace"))
    size = stratum.filter_size
    expected = (size, size), (size,), (count, stratum.coordinates), ()
    if (gram.shape, b.shape, points.shape, trace.shape) != expected:
        return None
    data, solutions = Data(gram.astype(complex), b.astype(complex)), points.astype(complex)
    linear = float(np.real(trace)) <= TRACE_TOLERANCE  # not so for NaN
    if not linear or not solves(stratum, data, solutions, sample=CHECKED):
        return None
    return StartSystem(stratum, data, solutions, float(np.real(trace)))


def solves(stratum: Stratum, data: Data, points: Complex, sample: int | None = None) -> bool:
    """Whether the points are distinct critical points of the data; critical only about so many, evenly chosen."""
    equations = equations_of(stratum)
    chosen = points if sample is None else points[:: -(-len(points) // sample)]
    accurate = all(
        _newton_steps(equations, data, chosen[i : i + 2048]).max() < STORED_ACCURACY
        for i in range(0, len(chosen), 2048)
    )
    filters = equations.filters(points)
    return accurate and bool((first_occurrences(filters) == np.arange(len(filters))).all())


def _newton_steps(equations: Equations, data: Data, points: Complex) -> Real:
    """Relative size of the Newton step at each point; NaN or infinite where there is none."""
    transformed = equations.transform(data)
    with np.errstate(all="ignore"):
        directions = equations.patch_values(equations.patches(points))
        values = equations.evaluate(points, directions, transformed, transformed, np.zeros(len(points)))
        assert values.hessian is not None
        try:
            newton = np.linalg.solve(values.hessian, values.gradient[:, :, None])
        except np.linalg.LinAlgError:
            return np.full(len(points), np.inf)
        return np.asarray(np.linalg.norm(newton, axis=(1, 2)))


def _compute(
    stratum: Stratum, count: int, engine: Engine, jobs: int, report: Callable[[int], None] | None
) -> StartSystem:
    base = _shipped(separated(stratum), count) if count > 1 else None
    if base is not None:
        projected = _project(base, stratum, engine, _generator(stratum), jobs)
        if projected is not None:
            return projected
    return solve_by_monodromy(stratum, count, engine, jobs=jobs, report=report)


def _generator(stratum: Stratum) -> np.random.Generator:
    """Random numbers that depend on the stratum only."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(stratum.name.encode()).digest()[:8], "big"))


def solve_by_monodromy(
    stratum: Stratum, count: int, engine: Engine, *, jobs: int = 1, report: Callable[[int], None] | None = None
) -> StartSystem:
    """A start system from nothing, or from a checkpoint in the cache.

    Raises
    ------
    IncompleteStartSystem
        If three attempts did not lead to ``count`` points that pass the trace test.
    """
    name, rng = stratum.name, _generator(stratum)
    if count == 1:
        point, data = seed_pair(stratum, rng)
        return StartSystem(stratum, data, point, 0.0)
    reason = ""
    for attempt in range(3):
        options = TrackerOptions() if attempt == 0 else TrackerOptions.conservative()
        fibre = _saved_fibre(stratum) if attempt == 0 else None
        try:
            data, points = fill_fibre(
                stratum, count, engine, rng, options=options, fibre=fibre, jobs=jobs, report=report,
                checkpoint=lambda state: keep(_checkpoint_path(name), state.arrays(), stratum=name),
            )  # fmt: skip
        except IncompleteStartSystem as error:
            reason = str(error)
            continue
        trace = trace_test(stratum, data, points, engine, rng, jobs=jobs)
        if trace <= TRACE_TOLERANCE:
            return StartSystem(stratum, data, points, trace)
        reason = f"stratum {name}: the trace test of the {count} points found failed ({trace:.1e})"
    raise IncompleteStartSystem(reason)


def diagonal_data(size: int, rng: np.random.Generator) -> Data:
    """Random complex data, Σ diagonal, near real data of order one: phases up to one, modulus 1/2."""
    gram = 0.5 * np.exp(1j * rng.uniform(-1, 1, size))
    b = (rng.normal(size=size) + 1j * rng.normal(size=size)) / np.sqrt(2 * size)
    return Data(np.diag(gram), b)


def made_diagonal(system: StartSystem, engine: Engine, *, jobs: int = 1) -> StartSystem:
    """The start system with a diagonal Gram matrix instead; the same one if it has one, or if points got lost."""
    stratum, points = system.stratum, system.points
    if system.diagonal or len(points) == 1:
        return system
    rng = _generator(stratum)
    for options in (TrackerOptions(), TrackerOptions.conservative()):
        data = diagonal_data(stratum.filter_size, rng)
        result = engine.track(stratum, points, Homotopy(system.data, data), options, jobs=jobs)
        if result.success.all() and solves(stratum, data, result.points):
            return StartSystem(stratum, data, result.points, system.trace)
    return system


def _project(
    base: StartSystem, stratum: Stratum, engine: Engine, rng: np.random.Generator, jobs: int
) -> StartSystem | None:
    """The start system of a stratum from that of its separated one; None if paths got lost."""
    positions = np.array(separated_positions(stratum))
    order = separated_order(stratum)
    count = len(base.points)
    careful = TrackerOptions.conservative()
    for options, choose in ((TrackerOptions(), diagonal_data), (careful, diagonal_data), (careful, random_data)):
        data = choose(stratum.filter_size, rng)
        target = Data(data.gram[np.ix_(positions, positions)], data.b[positions])
        result = engine.track(base.stratum, base.points, Homotopy(base.data, target), options, jobs=jobs)
        points = np.empty((count, stratum.coordinates), complex)
        points[:, 0] = result.points[:, 0]
        for f, part in zip(order, base.stratum.slices, strict=True):
            points[:, stratum.slices[f]] = result.points[:, part]
        if not result.success.all() or not solves(stratum, data, points):
            continue
        trace = trace_test(stratum, data, points, engine, rng, jobs=jobs)
        if trace <= TRACE_TOLERANCE:
            return StartSystem(stratum, data, points, trace)
    return None


def _checkpoint_path(name: str) -> Path:
    return cache_folder() / f"{name}.partial.npz"


def _saved_fibre(stratum: Stratum) -> Fibre | None:
    arrays = read_arrays(_checkpoint_path(stratum.name), stratum=stratum.name)
    if arrays is None:
        return None
    try:
        return Fibre.from_arrays(stratum, arrays)
    except (KeyError, ValueError):
        return None


def keep(path: Path, arrays: dict[str, NDArray[np.generic]], **description: object) -> None:
    """Write to the cache; a cache that cannot be written costs time later, but is no reason to stop."""
    try:
        write_arrays(path, arrays, **description)
    except (OSError, InputError) as error:
        warnings.warn(
            f"{path.name} could not be kept in {path.parent} ({error}); set HOMOTOPY_LCN_CACHE to a writable folder",
            RuntimeWarning,
            stacklevel=2,
        )


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return
