"""Start systems that are read: all critical points of random complex data of a stratum, shipped or in the user's cache.

The shipped start systems are in ``data/start_systems.npz``, made by ``scripts/make_start_systems.py``. Those of the
user's cache were computed before, see `computed_systems`. What is read is checked: the points are distinct, and some of
them are tested for being critical.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._data import data_path
from ..arrays import Complex, Real
from ..equations.critical_equations import Data, Equations, equations_of
from ..equations.distinct import first_points
from ..networks.strata import Stratum
from ..tracking import Homotopy
from .stored_arrays import cache_folder, packed_arrays, read_arrays
from .tolerances import SOLVING

__all__ = ["StartSystem", "is_known", "pack", "read_start_system", "shipped_system", "solves"]


KEYS = ("gram", "b", "points", "trace")


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

    def has_gram(self, gram: NDArray[np.generic]) -> bool:
        """Whether this is the Gram matrix of the start data, so that on the way to the data only b moves."""
        return bool(np.array_equal(self.data.gram, gram))

    def to(self, data: Data) -> Homotopy:
        """The straight segment from the start data to other data."""
        return Homotopy(self.data, data)

    def turned(self, turns: Complex) -> StartSystem:
        """The start system for Σ and b multiplied by two complex numbers, which scales the filters."""
        points = self.points.copy()
        points[:, 0] *= turns[1] / turns[0]
        return StartSystem(self.stratum, Data(turns[0] * self.data.gram, turns[1] * self.data.b), points, self.trace)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Everything as arrays, to be saved."""
        gram, b = np.asarray(self.data.gram), np.asarray(self.data.b)
        return {"gram": gram, "b": b, "points": self.points, "trace": np.array(self.trace)}


def pack(systems: Iterable[StartSystem]) -> bytes:
    """The content of ``data/start_systems.npz``."""
    arrays = {f"{system.stratum.name}/{key}": value for system in systems for key, value in system.arrays().items()}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def read_start_system(stratum: Stratum, count: int) -> StartSystem | None:
    """The shipped or cached start system of a stratum with `count` points, None if there is none."""
    return shipped_system(stratum, count) or _cached(stratum, count)


def is_known(stratum: Stratum) -> bool:
    """Whether there is a shipped or a cached start system; it is not read."""
    shipped = packed_arrays(data_path("start_systems.npz"), [f"{stratum.name}/trace"])
    return shipped is not None or (cache_folder() / f"{stratum.name}.npz").exists()


def shipped_system(stratum: Stratum, count: int) -> StartSystem | None:
    """The shipped start system of a stratum with ``count`` points, None if there is none."""
    name = stratum.name
    arrays = packed_arrays(data_path("start_systems.npz"), [f"{name}/{key}" for key in KEYS])
    return None if arrays is None else _checked(stratum, count, {key: arrays[f"{name}/{key}"] for key in KEYS})


def _cached(stratum: Stratum, count: int) -> StartSystem | None:
    if count == 1:
        return None
    arrays = read_arrays(cache_folder() / f"{stratum.name}.npz", stratum=stratum.name, count=count)
    return None if arrays is None else _checked(stratum, count, arrays)


def _checked(stratum: Stratum, count: int, arrays: Mapping[str, NDArray[np.generic]]) -> StartSystem | None:
    """A start system from arrays, None unless the points are ``count`` distinct solutions."""
    if not set(arrays) >= set(KEYS):
        return None
    gram, b, points, trace = (arrays[key] for key in KEYS)
    size = stratum.filter_size
    expected = (size, size), (size,), (count, stratum.coordinates), ()
    if (gram.shape, b.shape, points.shape, trace.shape) != expected:
        return None
    data, solutions = Data(gram.astype(complex), b.astype(complex)), points.astype(complex)
    linear = 0 <= float(np.real(trace)) <= SOLVING.trace  # not so for NaN
    if not linear or not solves(stratum, data, solutions, sample=SOLVING.checked):
        return None
    return StartSystem(stratum, data, solutions, float(np.real(trace)))


def solves(stratum: Stratum, data: Data, points: Complex, sample: int | None = None) -> bool:
    """Whether the points are distinct critical points of the data.

    With ``sample``, about that many points, evenly chosen, are tested for being critical; all points are compared.
    """
    equations = equations_of(stratum)
    chosen = points if sample is None else points[:: -(-len(points) // sample)]
    accurate = all(
        _newton_steps(equations, data, chosen[i : i + 2048]).max() < SOLVING.stored for i in range(0, len(chosen), 2048)
    )
    return accurate and bool((first_points(stratum, points) == np.arange(len(points))).all())


def _newton_steps(equations: Equations, data: Data, points: Complex) -> Real:
    """Relative size of the Newton step at each point; NaN or infinite where there is none."""
    with np.errstate(all="ignore"):
        values = equations.evaluate_at(points, data)
        assert values.hessian is not None
        try:
            newton = np.linalg.solve(values.hessian, values.gradient[:, :, None])
        except np.linalg.LinAlgError:
            return np.full(len(points), np.inf)
        return np.asarray(np.linalg.norm(newton, axis=(1, 2)))
