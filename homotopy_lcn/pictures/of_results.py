"""One picture of a result, drawn by matplotlib into new axes or into the caller's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import InputError, shortened
from ..extras import import_extra
from ..results.result import CriticalPoints
from .plots import draw_complex_plane, draw_landscape, draw_loss_levels

__all__ = ["PICTURES", "picture"]

#: The kinds of pictures, with the functions that draw them into axes.
PICTURES: dict[str, Callable[..., None]] = {
    "levels": draw_loss_levels,
    "complex-plane": draw_complex_plane,
    "landscape": draw_landscape,
}
#: The option of each kind.
OPTIONS = {"levels": "", "complex-plane": "coordinate", "landscape": "resolution"}
#: Inches of new axes.
SIZE = (6.2, 4.8)


def picture(result: CriticalPoints, kind: str = "levels", ax: Any = None, **options: Any) -> Any:
    """Draw a picture of a result; see `CriticalPoints.plot`."""
    name = str(kind).replace("_", "-")
    if name not in PICTURES:
        raise InputError(f"kind: {shortened(kind)} given; expected one of {', '.join(PICTURES)}")
    unknown = sorted(options.keys() - {OPTIONS[name]})
    if unknown:
        raise InputError(f"{unknown[0]}: no option of kind {name!r}; expected {OPTIONS[name] or 'no option'}")
    if ax is not None:
        if not hasattr(ax, "scatter") or not hasattr(ax, "set_title"):
            raise InputError(f"ax: {type(ax).__name__} given; expected axes of matplotlib, as from plt.subplots()")
        return _drawn(result, name, ax, options)
    pyplot = import_extra("matplotlib.pyplot", "figures", "plot")
    figure, ax = pyplot.subplots(figsize=SIZE, layout="constrained")
    try:
        return _drawn(result, name, ax, options)
    except BaseException:
        pyplot.close(figure)
        raise


def _drawn(result: CriticalPoints, name: str, ax: Any, options: Mapping[str, Any]) -> Any:
    PICTURES[name](result, ax, **options)
    handles, _ = ax.get_legend_handles_labels()
    if handles:
        ax.legend(fontsize=8, loc="best", framealpha=0.8)
    return ax
