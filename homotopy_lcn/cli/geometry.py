"""The command ``geometry``."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from math import isfinite
from typing import TYPE_CHECKING, Annotated

from ..errors import InputError
from ..files import shown
from ..rationals import as_fraction
from .common import (
    DONE,
    Filters,
    Json,
    Quiet,
    Strides,
    Supports,
    architecture_of,
    check_output,
    print_text,
    show,
    without_brackets,
    write,
)
from .declarations import Option

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..networks.architecture import Architecture

__all__ = ["filter_from_text", "geometry", "parameters_from_text"]


#: A real number, its real part or its imaginary part.
_REAL = r"[+-]?(?:\d+/\d+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
_COMPLEX = re.compile(rf"(?P<re>{_REAL}(?![\d./ijJ]))?(?:(?P<im>{_REAL}|[+-]?)[ijJ])?")


def geometry(
    filters: Filters = None,
    strides: Strides = None,
    supports: Supports = None,
    filter_: Annotated[
        str | None,
        Option(
            "--filter",
            metavar="w_0,w_1,…",
            help="Also the facts of this filter; real numbers are taken exactly, as in 1,0,-3/2,0,0.25.",
            show_default=False,
        ),
    ] = None,
    parameters: Annotated[
        str | None,
        Option(
            metavar="θ_1;θ_2;…",
            help="Also whether these filters of the layers are critical for μ, and why, as in '1,0,-4;1,-4'.",
            show_default=False,
        ),
    ] = None,
    tolerance: Annotated[
        float | None,
        Option(
            min=0.0,
            metavar="X",
            help="The --filter is known up to this relative accuracy only; complex ones up to 1e-10 by default.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, Option(min=0, metavar="N", help="All random choices come from it.")] = 0,
    json_path: Json = None,
    quiet: Quiet = False,
) -> int:
    """Describe the function space of a network, or where a filter is.

    Dimension, equations, singularities and boundary.
    A --filter that starts with a minus sign is given as --filter=-1,2.
    """
    architecture = architecture_of(filters, strides, supports)
    check_output(json_path)
    if architecture.one_dimensional is None:
        return _of_supports(architecture, filter_, parameters, tolerance, json_path, quiet)
    architecture = architecture.one_dimensional

    from ..geometry.filter_geometry import describe_filter, distance_to_function_space
    from ..geometry.function_space import describe_function_space
    from ..geometry.vanishing_forms import closure_equations, known_inequalities

    space = describe_function_space(architecture)
    facts = distance = differential = None
    if parameters is not None:
        from ..geometry.rank_drops import criticality

        differential = criticality(architecture, parameters_from_text(parameters, architecture))
    if filter_ is not None:
        entries = filter_from_text(filter_, architecture)
        if tolerance is None:
            facts = describe_filter(architecture, entries)
        else:
            facts = describe_filter(architecture, [complex(entry) for entry in entries], tolerance)
        if facts.real and not facts.in_function_space:
            import numpy as np

            distance, _ = distance_to_function_space(architecture, entries, np.random.default_rng(seed))
    equations = closure_equations(architecture)
    inequalities = known_inequalities(architecture)

    from ..display.geometry import geometry_document, render_filter, render_function_space, render_parameters

    if json_path is not None:
        document = geometry_document(space, equations, inequalities, facts, distance, differential)
        write(json_path, json.dumps(document) + "\n")
    if not quiet and json_path != "-":
        show(render_function_space(space, equations, inequalities))
        if facts is not None:
            show(render_filter(facts, distance, space.closed))
        if differential is not None:
            show(render_parameters(differential))
    return DONE


def _of_supports(
    architecture: Architecture,
    filter_: str | None,
    parameters: str | None,
    tolerance: float | None,
    json_path: str | None,
    quiet: bool,
) -> int:
    """The facts of a network of any supports."""
    if parameters is not None:
        raise InputError(f"--parameters: given for {architecture.notation}; expected an ordinary network")
    from ..geometry.support_spaces import describe_support_space
    from ..networks.support_networks import SupportNetwork

    assert isinstance(architecture, SupportNetwork)
    from ..display.geometry import equation_lines, equations_document
    from ..geometry.vanishing_forms import closure_equations

    space, facts = describe_support_space(architecture), None
    equations = closure_equations(architecture)
    if filter_ is not None:
        from ..geometry.tolerances import GEOMETRY
        from ..solving.support_filters import describe_support_filter

        entries = filter_from_text(filter_, architecture)
        given = entries if tolerance is None else [complex(entry) for entry in entries]
        facts = describe_support_filter(
            architecture, given, GEOMETRY.filter_accuracy if tolerance is None else tolerance
        )
    if json_path is not None:
        document = (
            space.to_dict() | equations_document(equations) | ({} if facts is None else {"filter": facts.to_dict()})
        )
        write(json_path, json.dumps(document) + "\n")
    if not quiet and json_path != "-":
        lines = equation_lines(equations, space.ambient - space.dimension) if not space.thick else []
        known = "".join(f"{'equations' if not row else '':<16}{line}\n" for row, line in enumerate(lines))
        print_text(f"{space}\n{known}" + ("" if facts is None else f"\n{facts}\n"))
    return DONE


def filter_from_text(text: str, arch: Architecture) -> list[Fraction] | list[complex]:
    """Read the entries of a filter, the option ``--filter``.

    Parameters
    ----------
    text : str
        Numbers separated by commas: integers and fractions as in ``-3/2``, decimals, complex numbers as in ``1+2j``.
    arch : Architecture

    Returns
    -------
    list
        Of fractions if all are real, otherwise of complex numbers.

    Raises
    ------
    InputError
        If an entry is no finite number, or the number of entries is not K.
    """
    numbers = [_entry(item, "--filter") for item in without_brackets(text).split(",")]
    size = arch.filter_size
    if len(numbers) != size:
        raise InputError(f"--filter: {len(numbers)} numbers given; expected {size}, the network's filter size")
    fractions = [number for number in numbers if isinstance(number, Fraction)]
    return fractions if len(fractions) == size else [complex(number) for number in numbers]


def parameters_from_text(text: str, arch: Architecture) -> list[NDArray[np.complex128] | NDArray[np.float64]]:
    """Read the filters of all layers, the option ``--parameters``.

    Parameters
    ----------
    text : str
        Filters separated by semicolons, each as for `filter_from_text`.
    arch : Architecture

    Returns
    -------
    list of (k_l,) arrays
        Real if all numbers are.

    Raises
    ------
    InputError
        If an entry is no finite number, or the filters do not have the sizes k.
    """
    layers = [[complex(_entry(item, "--parameters")) for item in part.split(",")] for part in text.split(";")]
    sizes = tuple(map(len, layers))
    if sizes != arch.filters:
        raise InputError(
            f"--parameters: filters of sizes {','.join(map(str, sizes))} given; expected "
            f"{','.join(map(str, arch.filters))}, separated by semicolons"
        )
    import numpy as np

    theta = [np.array(layer) for layer in layers]
    return theta if any(layer.imag.any() for layer in theta) else [layer.real.copy() for layer in theta]


def _entry(text: str, option: str) -> Fraction | complex:
    """A fraction if it is real: decimals are read exactly."""
    item = text.strip()
    match = _COMPLEX.fullmatch(item)
    try:
        if match is None or not item:
            raise ValueError
        re, im = match["re"], match["im"]
        if im is None:
            return as_fraction(re, option)
        texts = (re or "0", im + "1" if im in ("", "+", "-") else im)
        return _finite(complex(*(float(as_fraction(part, option)) for part in texts)))
    except InputError:
        raise
    except (ValueError, ZeroDivisionError, OverflowError):
        raise InputError(f"{option}: {shown(item)} is not a number; expected numbers as in 1,-3/2,0.5,1+2j") from None


def _finite(value: complex) -> complex:
    if not isfinite(abs(value)):
        raise ValueError
    return complex(value)
