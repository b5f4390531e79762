"""Facts of a function space and of a filter, in the terminal and as JSON, for ``homotopy-lcn geometry``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.box import ROUNDED, SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table

from ..geometry.block_factorizations import CommonHyperroot, Factorization, Hyperroot
from ..geometry.filter_geometry import FilterGeometry
from ..geometry.function_space import CriticalType, FunctionSpace
from ..geometry.rank_drops import CriticalityOfMu
from ..geometry.vanishing_forms import SUPERSCRIPTS, ClosureEquations
from ..networks.architecture import Architecture
from ..networks.patterns import format_pattern
from ..rationals import exact_text
from ..results.points import quantity
from ..tables.uncut_tables import Uncut, UncutPanel

__all__ = ["geometry_document", "render_filter", "render_function_space", "render_parameters"]

#: Number of equations shown; a JSON file has all.
MOST_EQUATIONS = 12


def render_function_space(
    space: FunctionSpace, equations: ClosureEquations | None = None, inequalities: Sequence[str] = ()
) -> RenderableType:
    """The facts of a function space, a line each.

    Parameters
    ----------
    space : FunctionSpace
    equations : ClosureEquations, optional
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
    if space.smooth:
        rows.add_row("closure smooth", "yes, away from 0" if not space.thick else "yes")
    elif space.singular_witness is None:
        rows.add_row("closure smooth", "no: singular at filters with entries beyond the range of doubles")
    else:
        pair = ("·".join(map(_vector, blocks)) for blocks in space.singular_factorizations)
        rows.add_row("closure smooth", f"no: singular at {_vector(space.singular_witness)} = {' = '.join(pair)}")
    if space.closed is not None:
        names = [f"{kind}, as {_vector(w)}" for kind, w in space.boundary_witnesses.items()]
        rows.add_row("boundary points", "\n".join(names) or "none")
    orbits = "" if space.fibre_orbits == space.fibre else f"; {space.fibre_orbits} up to exchanging equal layers"
    rows.add_row("generic fibre", f"{quantity(space.fibre, 'complex θ', 'complex θ')} up to scaling{orbits}")
    types = "\n".join(_critical_type(kind) for kind in space.critical_types)
    rows.add_row("dμ drops rank", types or "only where μ(θ) = 0")
    if equations is not None and not space.thick:
        rows.add_row("equations", "\n".join(equation_lines(equations, codimension)))
    if inequalities:
        rows.add_row("inequalities", "\n".join(inequalities))
    return UncutPanel(rows, Panel(rows, box=ROUNDED, expand=False, title="Function space M", title_align="left"))


def equation_lines(equations: ClosureEquations, codimension: int) -> list[str]:
    """The equations of lowest degree, and whether there are more."""
    forms, degree = equations.forms, equations.degree
    shown = [f"{form} = 0" for form in forms[:MOST_EQUATIONS]]
    if len(forms) > MOST_EQUATIONS:
        shown.append(
            f"and {len(forms) - MOST_EQUATIONS} more of degree at most {forms[-1].degree}, in the JSON document"
        )
    found = quantity(len(forms), "equation", "equations") if forms else "no equation"
    if equations.complete:
        shown.append("complete: they generate the vanishing ideal of the closure")
    elif equations.complete is False:
        shown.append(
            f"not complete: {found} of degree at most {degree}, too few for codimension {codimension}; "
            "the other equations have a higher degree"
        )
    else:
        shown.append(f"not shown to be complete: equations of degree above {degree} may be missing")
    return shown


def render_filter(facts: FilterGeometry, distance: float | None = None, closed: bool | None = None) -> RenderableType:
    """The facts of one filter.

    Parameters
    ----------
    facts : FilterGeometry
    distance : float, optional
        Relative distance to M, where known.
    closed : bool, optional
        Whether M is Zariski closed, where known.

    Returns
    -------
    rich renderable
    """
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="bold", no_wrap=True)
    rows.add_column(overflow="fold")
    rows.add_row("w", _vector(facts.filter) if facts.fractions is None else _exact_vector(facts.fractions))
    rows.add_row("in the closure", _yes(facts.in_closure))
    rows.add_row("in M", _yes(facts.in_function_space) if facts.real else "no: not real")
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
    if facts.factorizations:
        patterns = dict.fromkeys(format_pattern(item.pattern) for item in facts.factorizations)
        rows.add_row("root pattern", " or ".join(patterns))
    rows.add_row("hyperroots", _hyperroots(facts.hyperroots) or "none")
    rows.add_row("obstruction", _obstruction(facts, distance, bool(closed)))
    exact = f"taken exactly; roots and factors shown are right to {facts.residual:.1e} of its norm"
    rows.add_row("accuracy", exact if facts.exact else f"true of a filter at relative distance {facts.residual:.1e}")
    panel = Panel(rows, box=ROUNDED, expand=False, title="Filter", title_align="left")
    parts: list[RenderableType] = [UncutPanel(rows, panel)]
    if facts.factorizations:
        parts.append(_factorizations(facts.factorizations))
    return Group(*parts)


def render_parameters(facts: CriticalityOfMu) -> RenderableType:
    """Whether parameters are critical for μ, and why."""
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="bold", no_wrap=True)
    rows.add_column(overflow="fold")
    rows.add_row("μ(θ)", _vector(facts.filter))
    rows.add_row("rank dμ", f"{facts.rank} of {facts.dimension}")
    rows.add_row("critical for μ", _yes(facts.critical))
    if facts.critical:
        causes = "\n".join(_cause(cause) for cause in facts.causes)
        rows.add_row("caused by", causes or "a layer that is zero")
    return UncutPanel(rows, Panel(rows, box=ROUNDED, expand=False, title="Parameters θ", title_align="left"))


def _cause(cause: CommonHyperroot) -> str:
    layers = [f"layer {layer + 1}" for layer in cause.layers]
    layers += ["the product of those below"] if cause.below else []
    return f"{_hyperroot(cause.dilation, cause.value)}, common to {', '.join(layers[:-1])} and {layers[-1]}"


def _obstruction(facts: FilterGeometry, distance: float | None, closed: bool) -> str:
    """The change of the filter that changes whether it is in M."""
    if not facts.real:
        size = float(np.linalg.norm(facts.filter.imag) / np.linalg.norm(facts.filter))
        return f"not real: the imaginary part is {size:.4g} of the norm of w"
    if not facts.in_function_space:
        near = "" if distance is None else f"; the nearest filter of M found is at {distance:.4g} of its norm"
        return ("in the closure only" if facts.in_closure else "not in the closure") + near
    if facts.interior is False:
        return "at the boundary: arbitrarily small moves within the closure leave M"
    if closed:
        return "none: M is Zariski closed"
    if facts.closest is None:
        return "none nearby: all roots coincide" if facts.interior else "not decided"
    first, second = map(_root, facts.closest)
    closest = f"two roots near {first}" if first == second else f"the closest roots, {first} and {second}"
    return f"{closest}, would have to meet: they are {facts.separation:.4g} apart (chord)"


def _root(value: complex) -> str:
    return _number(value) if np.isfinite(value) else "∞"


def _factorizations(factorizations: Sequence[Factorization]) -> Uncut:
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
    return Uncut(table)


def _monic(form: NDArray[Any]) -> NDArray[Any]:
    largest = np.abs(form).max()
    return form / form[np.flatnonzero(np.abs(form) > 1e-6 * largest)[0]]


def _network(architecture: Architecture) -> str:
    filters, strides = (",".join(map(str, values)) for values in (architecture.filters, architecture.strides))
    return f"k = ({filters}), s = ({strides})"


def _critical_type(kind: CriticalType) -> str:
    layers = "two layers" if kind.dilation == 1 else f"two layers of dilation {kind.dilation}"
    one = f"a layer of dilation {kind.dilation}" if not kind.within else "one"
    where = [layers] if kind.within else []
    where += [f"{one} and the product of those below"] if kind.below else []
    return f"common factor x{_exponent(kind.dilation)} − c of {', or of '.join(where)}"


def _exponent(power: int) -> str:
    return str(power).translate(SUPERSCRIPTS) if power > 1 else ""


def _hyperroots(hyperroots: Iterable[Hyperroot]) -> str:
    lines: dict[int, list[str]] = {}
    for dilation, value, multiplicity in hyperroots:
        power = f" ({multiplicity}×)" if multiplicity > 1 else ""
        lines.setdefault(dilation, []).append(_hyperroot(dilation, value) + power)
    return "\n".join(",  ".join(items) for items in lines.values())


def _hyperroot(dilation: int, value: complex) -> str:
    return f"x{_exponent(dilation)} = {_root(value)}"


def _vector(values: NDArray[Any]) -> str:
    least = 1e-12 * np.abs(values).max()
    return "(" + ", ".join(_number(complex(value)) if abs(value) > least else "0" for value in values.tolist()) + ")"


def _exact_vector(values: Sequence[Fraction]) -> str:
    return "(" + ", ".join(map(exact_text, values)) + ")"


def _number(value: complex) -> str:
    real, imaginary = (0.0 if abs(part) < 1e-12 * abs(value) else part for part in (value.real, value.imag))
    if imaginary == 0:
        return f"{real:.0f}" if real.is_integer() and abs(real) < 1e15 else f"{real:.5g}"
    unit = f"{imaginary:+.5g}"
    unit = unit.removesuffix("1") if unit in ("+1", "-1") else unit
    return f"{real:.5g}{unit}i" if real else f"{unit.removeprefix('+')}i"


def _yes(answer: bool) -> str:
    return "yes" if answer else "no"


def equations_document(equations: ClosureEquations) -> dict[str, object]:
    """Equations as a document of JSON types, a list of terms for each."""
    return {
        "equations": [[{"coefficient": c, "monomial": list(m)} for c, m in form.terms] for form in equations.forms],
        "equations_complete": equations.complete,
        "equations_degree": equations.degree,
    }


def geometry_document(
    space: FunctionSpace,
    equations: ClosureEquations,
    inequalities: Sequence[str],
    facts: FilterGeometry | None = None,
    distance: float | None = None,
    parameters: CriticalityOfMu | None = None,
) -> dict[str, object]:
    """The facts of `render_function_space` and `render_filter` as a document of JSON types.

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
        "singular_factorizations": [[_array(form) for form in blocks] for blocks in space.singular_factorizations],
        "boundary_witnesses": {kind: _array(w) for kind, w in space.boundary_witnesses.items()},
        "degree": space.degree,
        "fibre": space.fibre,
        "fibre_orbits": space.fibre_orbits,
        "critical_types": [kind._asdict() for kind in space.critical_types],
        **equations_document(equations),
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
            "exact": facts.exact,
            "fractions": None if facts.fractions is None else [str(value) for value in facts.fractions],
            "residual": facts.residual,
            "separation": facts.separation,
            "closest": None if facts.closest is None else [_value(root) for root in facts.closest],
        }
    if parameters is not None:
        document["parameters"] = {
            "filter": _array(parameters.filter),
            "rank": parameters.rank,
            "critical": parameters.critical,
            "causes": [_common(cause) for cause in parameters.causes],
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
        "pattern": item.pattern,
        "real": item.real,
        "rank": item.rank,
        "common": [_common(cause) for cause in item.common],
        "complex_parameters": item.complex_parameters,
        "real_parameters": item.real_parameters,
    }


def _common(item: Hyperroot | CommonHyperroot) -> dict[str, object]:
    return item._asdict() | {"value": _value(item.value)}


def _value(root: complex) -> object:
    finite = math.isfinite(root.real) and math.isfinite(root.imag)
    return {"re": root.real, "im": root.imag} if finite else None


def _array(values: NDArray[Any] | None) -> object:
    if values is None:
        return None
    if np.iscomplexobj(values):
        return {"re": values.real.tolist(), "im": values.imag.tolist()}
    return values.tolist()
