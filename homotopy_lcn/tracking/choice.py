"""The choice of an engine by its name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import InputError, shortened
from .engine import Engine

__all__ = ["ENGINES", "engine_on", "get_engine", "short_segment_engine"]


ENGINES = ("auto", "native", "reference", "phcpack")
#: Other names of engines.
_SYNONYMS = {"phc": "phcpack"}
#: Between the name of the compiled engine and an instruction set, as in ``native:avx2``.
SEPARATOR = ":"


def get_engine(name: str | Engine = "auto") -> Engine:
    """The engine of that name; "auto" is the fastest engine available.

    Parameters
    ----------
    name : str or Engine
        One of "auto", "native", "reference" and "phcpack"; or "native:" with an instruction set of this processor, as
        "native:avx2". By default the compiled kernel takes the fastest one. An engine is handed back.

    Raises
    ------
    InputError
        If there is no such engine, it is not installed, or the processor does not have the instruction set.

    Examples
    --------
    >>> get_engine("reference").name
    'reference'
    """
    if not isinstance(name, str):
        return name
    kind, separator, instruction_set = name.partition(SEPARATOR)
    if separator and kind == "native":
        return _native_engine(instruction_set)
    name = _SYNONYMS.get(name, name)
    if name not in ENGINES:
        raise InputError(
            f"engine: {shortened(name)} is not known; expected one of {', '.join(ENGINES)}, or native:NAME for an "
            "instruction set"
        )
    if name == "phcpack":
        from .phcpack import PHCpackEngine

        try:
            return PHCpackEngine()
        except InputError as error:
            raise InputError(f"engine: {error}") from None
    if name != "reference":
        try:
            return _native_engine()
        except MissingKernel:
            if name == "native":
                raise
    from .reference import ReferenceEngine

    return ReferenceEngine()


class MissingKernel(InputError):
    """The compiled kernel is not installed."""


def _native_engine(instruction_set: str | None = None) -> Engine:
    """The compiled engine, with one of the instruction sets of this processor if one is named."""
    try:
        from .native import NativeEngine
    except ImportError:
        raise MissingKernel(
            "engine: the compiled kernel is not installed; expected 'reference', or an installation with a C++17 "
            "compiler at hand"
        ) from None
    if instruction_set is None:
        return NativeEngine()
    known = NativeEngine.instruction_sets()
    if instruction_set not in known:
        raise InputError(
            f"engine: instruction set {shortened(instruction_set)} is not known, or this processor does not have it; "
            f"expected one of {', '.join(f'native{SEPARATOR}{name}' for name in known)}"
        )
    return NativeEngine(instruction_set)


def short_segment_engine(engine: Engine) -> Engine:
    """The engine for monodromy and for the circles of the endgame: the same engine, unless its calls are expensive."""
    return get_engine() if getattr(engine, "name", "") == "phcpack" else engine


@contextmanager
def engine_on(scheduler: str | None, engine: Engine) -> Iterator[Engine]:
    """The engine, or one that tracks paths on the cluster of a scheduler.

    Parameters
    ----------
    scheduler : str or None
        Address of a Dask scheduler, as ``tcp://host:8786``; None for this machine alone.
    engine : Engine
        On a cluster the compiled or the reference engine.

    Raises
    ------
    InputError
        If the cluster or the engine cannot be used.
    """
    if scheduler is None:
        yield engine
        return
    from .distributed import on_cluster

    with on_cluster(scheduler, engine) as distributed:
        yield distributed
