"""Equations and paths of walls in compiled code, where it is installed: a small fraction of the time of NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..tracking.compiled_gradients import compiled

if TYPE_CHECKING:
    from .extended_system import SharedSystem

__all__ = ["compiled_paths"]


def compiled_paths(kind: str, system: SharedSystem, **others: object) -> Any | None:
    """The compiled form of a system; None where there is no compiled code.

    Parameters
    ----------
    kind : str
        "critical", "fold" or "pieces".
    system : SharedSystem
        Factors, patches and data.
    **others
        The conditions of "pieces".
    """
    paths = getattr(compiled(), "WallPaths", None)
    if paths is None:
        return None
    count, patches = len(system.stratum.factors), system.patches
    centred = [
        np.concatenate([centre[:, None], basis], axis=1)
        for centre, basis in zip(patches.centres[count:], patches.bases[count:], strict=True)
    ]
    return paths(
        {
            "kind": kind,
            "motion": tuple(system.motion),
            "degrees": [factor.degree for factor in system.stratum.factors],
            "powers": [factor.power for factor in system.stratum.factors],
            "filter_size": system.stratum.filter_size,
            "centres": np.array(system.centres),
            "directions": np.concatenate([basis.T for basis in system.bases]),
            "grams": np.array([grams for grams, _ in system.lines]),
            "bs": np.array([bs for _, bs in system.lines]),
            "scale": centred[0],
            "place": centred[1],
            "kernel": centred[2],
            **others,
        }
    )
