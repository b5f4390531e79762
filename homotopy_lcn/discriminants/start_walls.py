"""The start systems of walls that are known: in this process, among the shipped ones, in the user's cache.

The shipped ones are in ``data/start_systems_of_walls.npz``, made by ``scripts/make_start_systems_of_walls.py``. What is
read is checked, as what is in the user's cache.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np

from .._data import data_path
from ..solving.stored_arrays import cache_folder, packed_arrays
from .conditions import Condition
from .generic_walls import KEYS, GenericWalls, checked_walls, generic_walls
from .lines import Motion

__all__ = ["pack", "shipped_walls", "start_walls"]


def start_walls(condition: Condition, motion: Motion) -> GenericWalls:
    """The start system of a condition and a motion of the data. It depends on no seed."""
    return _start_walls(condition, motion, cache_folder())


@cache
def _start_walls(condition: Condition, motion: Motion, _folder: Path) -> GenericWalls:
    known = shipped_walls(condition, motion) if condition.count(motion) else None
    return known or generic_walls(condition, motion, np.random.default_rng(0))


def shipped_walls(condition: Condition, motion: Motion) -> GenericWalls | None:
    """The shipped start system, None if there is none, or one that is damaged."""
    names = {key: f"{condition.name}-{motion.name}/{key}" for key in KEYS}
    arrays = packed_arrays(data_path("start_systems_of_walls.npz"), names.values())
    if arrays is None:
        return None
    return checked_walls(condition, motion, {key: arrays[name] for key, name in names.items()})


def pack(systems: Iterable[GenericWalls]) -> bytes:
    """The content of ``data/start_systems_of_walls.npz``."""
    arrays = {
        f"{system.condition.name}-{system.line.motion.name}/{key}": value
        for system in systems
        for key, value in system.arrays().items()
    }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()
