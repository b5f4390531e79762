"""The choice of an engine by its name."""

from __future__ import annotations

from ..errors import InputError
from .engine import Engine

__all__ = ["ENGINES", "get_engine", "short_segment_engine"]


ENGINES = ("auto", "native", "reference", "phcpack")


def get_engine(name: str | Engine = "auto") -> Engine:
    """The engine of that name; "auto" is the fastest engine available.

    Raises
    ------
    InputError
        If there is no such engine, or it is not installed.
    """
    if not isinstance(name, str):
        return name
    if name not in ENGINES:
        raise InputError(f"engine: {name!r} is not known; expected one of {', '.join(ENGINES)}")
    if name == "phcpack":
        from .phcpack import PHCpackEngine

        try:
            return PHCpackEngine()
        except InputError as error:
            raise InputError(f"engine: {error}") from None
    if name != "reference":
        try:
            from .native import NativeEngine

            return NativeEngine()
        except ImportError:
            if name == "native":
                raise InputError(
                    "engine: the compiled kernel is not installed; expected 'reference', or an installation with a "
                    "C++17 compiler at hand"
                ) from None
    from .reference import ReferenceEngine

    return ReferenceEngine()


def short_segment_engine(engine: Engine) -> Engine:
    """The engine for monodromy and for the circles of the endgame: the same engine, unless its calls are expensive."""
    return get_engine() if getattr(engine, "name", "") == "phcpack" else engine
