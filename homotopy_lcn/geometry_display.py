"""What ``homotopy-lcn geometry`` shows and writes: facts of a function space and of a filter."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.box import ROUNDED, SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table

from .architecture import Architecture
from .factorizations import CommonHyperroot, Factorization, Hyperroot
from .fibres import FilterGeometry
from .function_space import CriticalType, FunctionSpace
from .results import quantity
from .vanishing_forms import Form

__all__ = ["geometry_document", "render_filter", "render_function_space"]


def render_function_space(
    space: FunctionSpace, equations: Sequence[Form] | None = None, inequalities: Sequence[str] = ()
) -> RenderableType:
    """The facts of a function space, a line each.

    Parameters
    ----------
    space : FunctionSpace
    equations : sequence of Form, optional
        None if they were not computed.
    inequalities : sequence of str

    Returns
    -------
    rich renderable
    """
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="bold", no_wrap=True)
    rows.add_column(overflow="fold")
    rows.add_row("network", _network(space.architecture))
    rows.add_row("reduced", "the same" if space.architecture.is_reduced else _network(space.reduced))
    rows.add_row("ambient space", f"R^{space.filter_size}")
    codimension = space.filter_size - space.dimension
    rows.add_row("dim M", f"{space.dimension}: " + ("thick" if space.thick else f"thin, of codimension {codimension}"))
    rows.add_row("degree", f"{space.degree}, of the Zariski closure")
    if space.closed is None:
        rows.add_row("Zariski closed", "not decided: too many root patterns")
    elif space.closure_witness is None:
        rows.add_row("Zariski closed", "yes")
    else:
        rows.add_row("Zariski closed", f"no: {_vector(space.closure_witness)} lies in the closure, not in M")
    if space.singular_witness is None:
        rows.add_row("closure smooth", "yes, away from 0" if not space.thick else "yes")
    else:
        rows.add_row(
            "closure smooth", f"no: singular at {_vector(space.singular_witness)}, with several factorizations"
        )
    if space.closed is not None:
        names = [f"{kind}, as {_vector(w)}" for kind, w in space.boundary_witnesses.items()]
        rows.add_row("boundary points", "\n".join(names) or "none")
    orbits = "" if space.fibre_orbits == space.fibre else f"; {space.fibre_orbits} up to exchanging equal layers"
    rows.add_row("generic fibre", f"{quantity(space.fibre, 'complex θ', 'complex θ')} up to scaling{orbits}")
    types = "\n".join(_critical_type(kind) for kind in space.critical_types)
    rows.add_row("dμ drops rank", types or "only where μ(θ) = 0")
    if equations is not None and not space.thick:
        shown = [f"{form} = 0" for form in equations[:12]]
        if len(equations) > len(shown):
            shown.append(f"and {len(equations) - len(shown)} more")
        rows.add_row("equations", "\n".join(shown) or "none of low degree")
    if inequalities:
        rows.add_row("inequalities", "\n".join(inequalities))
    return Panel(rows, box=ROUNDED, expand=False, title="Function space M", title_align="left")


def render_filter(facts: FilterGeometry, distance: float | None = None) -> RenderableType:
    """The facts of one filter.

    Parameters
    ----------
    facts : FilterGeometry
    distance : float, optional
        Relative distance to M, where known.

    Returns
    -------
    rich renderable
    """
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="bold", no_wrap=True)
    rows.add_column(overflow="fold")
    rows.add_row("w", _vector(facts.filter))
    rows.add_row("in the closure", _yes(facts.in_closure))
    rows.add_row("in M", _yes(facts.in_function_space) if facts.real else "no: not real")
    if distance is not None:
        rows.add_row("distance to M", f"at most {distance:.4g} of the norm of w")
    if facts.smooth is not None:
        rows.add_row("point of closure", "smooth" if facts.smooth else "singular")
    if facts.in_function_space:
        place = {True: "interior", False: f"boundary: {', '.join(facts.boundary)}", None: "not decided"}
        rows.add_row("point of M", place[facts.interior])
    if facts.factorizations:
        rows.add_row(
            "fibre",
            f"{quantity(facts.complex_parameters, 'complex θ', 'complex θ')} up to scaling, "
            f"{facts.real_parameters} of them real",
        )
    rows.add_row("hyperroots", _hyperroots(facts.hyperroots) or "none")
    rows.add_row("root separation", f"{facts.separation:.4g}: chordal distance of the closest different roots")
    rows.add_row("accuracy", f"true of a filter at relative distance {facts.residual:.1e}")
    parts: list[RenderableType] = [Panel(rows, box=ROUNDED, expand=False, title="Filter", title_align="left")]
    if facts.factorizations:
        parts.append(_factorizations(facts.factorizations))
    return Group(*parts)


def _factorizations(factorizations: Sequence[Factorization]) -> Table:
    table = Table(box=SIMPLE_HEAD, title="Factorizations over the blocks", title_justify="left")
    for title in ("", "blocks", "rank dμ", "θ", "real θ"):
        table.add_column(title)
    for item in factorizations[:20]:
        note = "".join(f"\ncommon {_hyperroot(c.dilation, c.value)}" for c in item.common)
        table.add_row(
            "real" if item.real else "complex",
            "\n".join(_vector(_monic(form)) for form in item.blocks),
            f"{item.rank}{note}",
            str(item.complex_parameters),
            str(item.real_parameters),
        )
    if len(factorizations) > 20:
        table.caption = f"and {len(factorizations) - 20} more"
    return table


def _monic(form: NDArray[Any]) -> NDArray[Any]:
    largest = np.abs(form).max()
    return form / form[np.flatnonzero(np.abs(form) > 1e-6 * largest)[0]]


def _network(architecture: Architecture) -> str:
    filters, strides = (",".join(map(str, values)) for values in (architecture.filters, architecture.strides))
    return f"k = ({filters}), s = ({strides})"


def _critical_type(kind: CriticalType) -> str:
    where = [name for name, holds in (("of layers of the block", kind.within), ("from below", kind.below)) if holds]
    return f"common hyperroots of level {kind.dilation}: {', and '.join(where)}"


def _hyperroots(hyperroots: Iterable[Hyperroot]) -> str:
    lines: dict[int, list[str]] = {}
    for dilation, value, multiplicity in hyperroots:
        power = f" ({multiplicity}×)" if multiplicity > 1 else ""
        lines.setdefault(dilation, []).append(_hyperroot(dilation, value) + power)
    return "\n".join(",  ".join(items) for items in lines.values())


def _hyperroot(dilation: int, value: complex) -> str:
    power = str(dilation).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")) if dilation > 1 else ""
    return f"x{power} = {'∞' if not np.isfinite(value) else _number(value)}"


def _vector(values: NDArray[Any]) -> str:
    least = 1e-12 * np.abs(values).max()
    return "(" + ", ".join(_number(complex(value)) if abs(value) > least else "0" for value in values.tolist()) + ")"


def _number(value: complex) -> str:
    real, imaginary = (0.0 if abs(part) < 1e-12 * abs(value) else part for part in (value.real, value.imag))
    if imaginary == 0:
        return f"{real:.5g}"
    return f"{real:.5g}{imaginary:+.5g}i" if real else f"{imaginary:.5g}i"


def _yes(answer: bool) -> str:
    return "yes" if answer else "no"


def geometry_document(
    space: FunctionSpace,
    equations: Sequence[Form] | None,
    inequalities: Sequence[str],
    facts: FilterGeometry | None = None,
    distance: float | None = None,
) -> dict[str, object]:
    """The same as a document of JSON types.

    Returns
    -------
    dict
        Real arrays are lists of numbers, complex ones ``{"re": […], "im": […]}``; the root ∞ is ``null``.
    """
    architecture = space.architecture
    document: dict[str, object] = {
        "format": "homotopy-lcn/geometry",
        "version": 1,
        "architecture": _architecture(architecture),
        "reduced": _architecture(space.reduced),
        "dimension": space.dimension,
        "thick": space.thick,
        "closed": space.closed,
        "closure_witness": _array(space.closure_witness),
        "reduced_closed": space.reduced_closed,
        "fills_reduced": space.fills_reduced,
        "smooth": space.smooth,
        "singular_witness": _array(space.singular_witness),
        "boundary_witnesses": {kind: _array(w) for kind, w in space.boundary_witnesses.items()},
        "degree": space.degree,
        "fibre": space.fibre,
        "fibre_orbits": space.fibre_orbits,
        "critical_types": [kind._asdict() for kind in space.critical_types],
        "equations": None
        if equations is None
        else [[{"coefficient": c, "monomial": list(m)} for c, m in form.terms] for form in equations],
        "inequalities": list(inequalities),
    }
    if facts is not None:
        document["filter"] = {
            "filter": _array(facts.filter),
            "real": facts.real,
            "in_closure": facts.in_closure,
            "in_reduced": facts.in_reduced,
            "in_function_space": facts.in_function_space,
            "smooth": facts.smooth,
            "interior": facts.interior,
            "boundary": list(facts.boundary),
            "distance": distance,
            "complex_parameters": facts.complex_parameters,
            "real_parameters": facts.real_parameters,
            "hyperroots": [_common(item) for item in facts.hyperroots],
            "factorizations": [_factorization(item) for item in facts.factorizations],
            "residual": facts.residual,
            "separation": facts.separation,
        }
    return document


def _architecture(architecture: Architecture) -> dict[str, object]:
    return {
        "filters": list(architecture.filters),
        "strides": list(architecture.strides),
        "filter_size": architecture.filter_size,
    }


def _factorization(item: Factorization) -> dict[str, object]:
    return {
        "blocks": [_array(form) for form in item.blocks],
        "real": item.real,
        "rank": item.rank,
        "common": [_common(cause) for cause in item.common],
        "complex_parameters": item.complex_parameters,
        "real_parameters": item.real_parameters,
    }


def _common(item: Hyperroot | CommonHyperroot) -> dict[str, object]:
    finite = math.isfinite(item.value.real) and math.isfinite(item.value.imag)
    return item._asdict() | {"value": {"re": item.value.real, "im": item.value.imag} if finite else None}


def _array(values: NDArray[Any] | None) -> object:
    if values is None:
        return None
    if np.iscomplexobj(values):
        return {"re": values.real.tolist(), "im": values.imag.tolist()}
    return values.tolist()
