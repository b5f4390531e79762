"""The critical-point equations in the languages of other systems.

In all of them the unknowns are x0, x1, …, the coefficients of the end-to-end filter w0, w1, …, the entries of the
residual r = Σw − b are r0, r1, …, and the equations are Σ_j (∂w_j/∂x_i) r_j = 0, half the derivatives of the loss. The
indices j of w, Σ and b count from zero; coefficients of the filter that always vanish are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import Complex
from ..equations.critical_equations import Data
from ..equations.polynomials import PatchedSystem, Polynomial, written_plainly
from ..equations.restriction import power_of_two
from ..errors import InputError
from ..losses.exact_data import ExactData
from ..networks.architecture import Architecture
from ..networks.patterns import Pattern, format_pattern
from ..networks.strata import Embedding
from ..tracking.phcpack_program import session, write_solutions, write_system
from ..version import __version__

__all__ = ["NUMERICAL_SYSTEMS", "ExportTask", "Format", "check_products", "comment", "data_scales"]

#: PHCpack and msolve take expanded polynomials only; more products of monomials than this are refused.
MAX_PRODUCTS = 10**7
#: Equations of a size between the inverse of this number and this number go to PHCpack as they are.
MODERATE = 1e4


@dataclass(frozen=True)
class ExportTask:
    """The content of an export.

    Attributes
    ----------
    architecture : Architecture
    pattern : root pattern
    system : PatchedSystem
    positions : tuple of int
        For each coefficient of the filter of ``system``, its position in the architecture's filter.
    start : Data
        The start data, with solutions ``start_values`` (P, n).
    space : Embedding or None
        For networks of any supports: the tensor product of the layers, which is the filter of ``system``.
    target : Data
        The data to be solved for: ``given`` by the user, or random.
    exact : ExactData, optional
        The target as rational numbers, if it is real.
    """

    architecture: Architecture
    pattern: Pattern
    system: PatchedSystem
    positions: tuple[int, ...]
    start: Data
    start_values: Complex
    target: Data
    given: bool
    exact: ExactData | None = None
    space: Embedding | None = None

    @property
    def has_target(self) -> bool:
        """Whether a file in which the data can stay parameters has a target: without one, networks of any supports are
        only tensor products.
        """
        return self.given or self.space is not None

    @property
    def unknowns(self) -> list[str]:
        return self.system.unknowns

    def entry(self, i: int, j: int) -> str:
        """Name of an entry of the Gram matrix, which is symmetric; ``i`` and ``j`` count the positions."""
        low, high = sorted((self.positions[i], self.positions[j]))
        return f"S{low}_{high}"

    def moment(self, i: int) -> str:
        """Name of an entry of the moment vector."""
        return f"b{self.positions[i]}"

    def named(self, data: Data) -> dict[str, complex]:
        """Names and values of all parameters."""
        count = range(len(self.positions))
        values = {self.entry(i, j): complex(data.gram[i, j]) for i in count for j in count if i <= j}
        return values | {self.moment(i): complex(data.b[i]) for i in count}

    def filter(self, power: str = "^") -> dict[str, str]:
        """Names and formulas of the coefficients of the filter."""
        formulas = (written_plainly(w, self.unknowns, power) for w in self.system.filter)
        return {f"w{p}": formula for p, formula in zip(self.positions, formulas, strict=True)}

    def network_filter(self, power: str = "^") -> dict[int, str]:
        """Positions and formulas of the coefficients of the network's filter."""
        formulas = self.filter(power).values()
        if self.space is None or self.system.positions is not None:
            return dict(zip(self.positions, formulas, strict=True))
        sums: dict[int, list[str]] = {}
        for position, formula in zip(self.space.positions, formulas, strict=True):
            sums.setdefault(position, []).append(formula)
        return {position: " + ".join(terms) for position, terms in sums.items()}

    def residual(self) -> dict[str, str]:
        """Names and formulas of the entries of Σw − b."""
        count = range(len(self.positions))
        return {
            f"r{p}": " + ".join(f"{self.entry(i, j)}*w{self.positions[j]}" for j in count) + f" - {self.moment(i)}"
            for i, p in enumerate(self.positions)
        }

    def equations(self, power: str = "^") -> list[str]:
        """Formulas of the equations."""
        result = []
        for tangent in self.system.tangents():
            terms = [
                _product(slope, f"r{p}", self.unknowns, power)
                for p, slope in zip(self.positions, tangent, strict=True)
                if slope
            ]
            result.append(" + ".join(terms) or "0")
        return result

    def description(self, tracked: bool) -> list[str]:
        """Lines about the system, for comments; ``tracked``: whether there is a target even if no data are given."""
        if self.space is not None:
            return self._description_of_supports(self.space)
        filters, strides = (",".join(map(str, v)) for v in (self.architecture.filters, self.architecture.strides))
        lines = [
            f"Critical points of a linear convolutional network, k = ({filters}), s = ({strides}),",
            f"on the stratum {format_pattern(self.pattern)} (root multiplicities of each block).",
            f"For generic data there are {len(self.start_values)}.",
            "Unknowns:",
        ]
        index = 0
        if self.system.free is None:
            lines.append("  x0 = the scalar factor c of the filter")
            index = 1
        for f, factor in enumerate(self.system.stratum.factors):
            count = factor.degree + (f == self.system.free)
            names = ", ".join(self.unknowns[index : index + count])
            first = "" if f == self.system.free else "1, "
            dilation = factor.dilation * self.architecture.grid
            lines.append(
                f"  factor {f} = ({first}{names}), degree {factor.degree}, dilation {dilation}, power {factor.power}"
            )
            index += count
        lines.append("The filter is their dilated product; S is its Gram matrix, b its moment vector.")
        if self.given or tracked:
            lines.append(self._about_target())
        lines.append(f"Written by homotopy-lcn {__version__}.")
        return lines

    def _about_target(self) -> str:
        return f"The target is {'the given data' if self.given else 'random, as no data were given'}."

    def _description_of_supports(self, space: Embedding) -> list[str]:
        network = self.architecture.notation.replace("×", "x")
        lines = [
            f"Critical parameters of a linear convolutional network, {network},",
            f"of all classes. For generic data there are {len(self.start_values)}.",
            "Unknowns:",
        ]
        index = 0
        for f, (layer, factor) in enumerate(zip(space.blocks, space.stratum.factors, strict=True)):
            count = factor.degree + (f == self.system.free)
            names = ", ".join(self.unknowns[index : index + count])
            lines.append(f"  layer {layer} = ({'' if f == self.system.free else '1, '}{names})")
            index += count
        if self.system.positions is None:
            sums: dict[int, list[str]] = {}
            for j, position in enumerate(space.positions):
                sums.setdefault(position, []).append(f"w{j}")
            lines.append("w is the tensor product of the layers. The network's filter is a sum of its coefficients:")
            lines += [f"  coefficient {position} = {' + '.join(names)}" for position, names in sorted(sums.items())]
            lines.append("S is the Gram matrix and b the moment vector of w: at the target, those of the network at")
            lines.append("these positions.")
        else:
            lines.append("w is the network's filter, S its Gram matrix, b its moment vector.")
        return [*lines, self._about_target(), f"Written by homotopy-lcn {__version__}."]


@dataclass(frozen=True)
class Format:
    """A format: the names of the files, the function that writes their texts, and the command that runs them.

    An ``exact`` format is written from the rational numbers of the target. A format that is not ``tracked`` has no
    start system.
    """

    files: tuple[str, ...]
    write: Callable[[ExportTask], tuple[str, ...]]
    command: str
    exact: bool = False
    tracked: bool = True


def check_products(task: ExportTask, program: str) -> None:
    """Raise InputError if the expanded polynomials are too long for a program that takes no others."""
    sizes = [len(w) for w in task.system.filter]
    products = sum(sizes) * sum(len(w) for tangent in task.system.tangents() for w in tangent)
    if products > MAX_PRODUCTS:
        raise InputError(f"to: the expanded polynomials are too long for {program}; expected another format")


def data_scales(task: ExportTask) -> tuple[float, float]:
    """The sizes of the target's Gram matrix and of the filters that it leads to, as powers of two."""
    gram_size, b_size = (float(np.abs(part).max()) for part in (task.target.gram, task.target.b))
    gram_scale = float(power_of_two(gram_size)) if gram_size else 1.0
    b_scale = float(power_of_two(b_size)) if b_size else 1.0
    return gram_scale, b_scale / gram_scale


def row_factors(task: ExportTask) -> list[float]:
    """Powers of two that make the equations of order one when multiplied; 1 where their size is moderate.

    PHCpack 2.4.86 compares the size of equations with absolute numbers, and loses paths where the equations are small.
    """
    gram_scale, scale = data_scales(task)
    absorbing = task.system.absorbing()
    sizes = [gram_scale * scale * (1 if x in absorbing else scale) for x in task.unknowns]
    return [1.0 if 1 / MODERATE <= size <= MODERATE else 1 / size for size in sizes]


def _product(slope: Polynomial, residual: str, unknowns: Sequence[str], power: str) -> str:
    text = written_plainly(slope, unknowns, power)
    if text == "1":
        return residual
    return f"({text})*{residual}" if len(slope) > 1 else f"{text}*{residual}"


def _number(value: complex, unit: str) -> str:
    """A complex number that reads back as the same doubles."""
    value = complex(value)
    return f"{value.real!r} {'-' if np.signbit(value.imag) else '+'} {abs(value.imag)!r}{unit}"


def comment(task: ExportTask, mark: str, tracked: bool = False) -> str:
    """The description as lines of a comment."""
    return "".join(f"{mark} {line}".rstrip() + "\n" for line in task.description(tracked))


def _assignments(formulas: dict[str, str], end: str = "") -> str:
    return "".join(f"{name} = {formula}{end}\n" for name, formula in formulas.items())


def _rows(rows: Iterable[Iterable[str]], opening: str, closing: str) -> str:
    return ",\n".join(f"    {opening}{', '.join(row)}{closing}" for row in rows)


# PHCpack


def _phc(task: ExportTask) -> tuple[str, ...]:
    check_products(task, "PHCpack")
    factors = row_factors(task)
    start, target = (
        write_system(
            [
                {exponents: factor * value for exponents, value in equation.items()}
                for factor, equation in zip(factors, task.system.equations(data), strict=True)
            ],
            task.unknowns,
        )
        for data in (task.start, task.target)
    )
    return target, start + write_solutions(task.start_values, task.unknowns), session()


# HomotopyContinuation.jl

_JULIA = """{comment}
using HomotopyContinuation

@var {unknowns}
@var {parameters}

# The end-to-end filter w, the residual r = S w - b, and the derivatives of half the loss.
{formulas}
F = System(
    [
{equations},
    ];
    variables = [{unknown_list}],
    parameters = [{parameter_list}],
)

start_parameters = ComplexF64[{start}]
start_solutions = [
{solutions},
]

# All solutions for the start parameters, from the first one alone.
monodromy = monodromy_solve(F, start_solutions[1:1], start_parameters; target_solutions_count = {count})
println(monodromy)
println(certify(F, solutions(monodromy), start_parameters))
"""
_JULIA_TARGET = """
target_parameters = [{target}]
result = solve(F, start_solutions; start_parameters = start_parameters, target_parameters = target_parameters)
println(result)
println(certify(F, result, target_parameters))
"""


def _julia(task: ExportTask) -> tuple[str, ...]:
    start = task.named(task.start)
    script = _JULIA.format(
        comment=comment(task, "#"),
        unknowns=" ".join(task.unknowns),
        parameters=" ".join(start),
        formulas=_assignments(task.filter()) + _assignments(task.residual()),
        equations=",\n".join(f"        {equation}" for equation in task.equations()),
        unknown_list=", ".join(task.unknowns),
        parameter_list=", ".join(start),
        start=", ".join(_number(z, "im") for z in start.values()),
        solutions=_rows(([_number(z, "im") for z in p] for p in task.start_values.tolist()), "ComplexF64[", "]"),
        count=len(task.start_values),
    )
    if task.has_target:
        target = [repr(z.real) if task.given else _number(z, "im") for z in task.named(task.target).values()]
        script += _JULIA_TARGET.format(target=", ".join(target))
    return (script,)


# Macaulay2

_MACAULAY2 = """{comment}
needsPackage "NumericalAlgebraicGeometry"

R = CC[{unknowns}]

-- The end-to-end filter and its derivatives in each unknown.
w = {{{filter}}}
tangents = {{
{tangents}
    }}

-- The derivatives of half the loss for a Gram matrix S and a moment vector b.
criticalPointSystem = (S, b) -> (
    r := apply(#w, i -> sum(#w, j -> S_(i,j) * w#j) - b#i);
    apply(tangents, row -> sum(#w, j -> row#j * r#j))
    )

startGram = matrix {{
{start_gram}
    }}
startMoments = {{{start_moments}}}
startSolutions = {{
{solutions}
    }}

targetGram = matrix {{
{target_gram}
    }}
targetMoments = {{{target_moments}}}

-- track compares with absolute numbers, so the data are divided by powers of two that make them of order one. The
-- unknowns are in these units while they are tracked.
gramScale = {gram_scale!r}
filterScale = {filter_scale!r}
units = {{{units}}}
ofOrderOne = (S, b) -> criticalPointSystem((1/gramScale) * S, apply(b, z -> z/(gramScale*filterScale)))

-- The equations are linear in S and b, so with gamma = 1 the coefficients stay in the family.
result = track(
    ofOrderOne(startGram, startMoments), ofOrderOne(targetGram, targetMoments),
    apply(startSolutions, p -> apply(p, units, (z, unit) -> z/unit)), gamma => 1, tStepMin => 1e-12
    )
printingPrecision = 17
for p in result do print(status p, apply(coordinates p, units, (z, unit) -> z*unit))
"""


def _macaulay2(task: ExportTask) -> tuple[str, ...]:
    def numbers(values: Iterable[complex]) -> list[str]:
        return [_number(z, "*ii") for z in values]

    def plain(polynomial: Polynomial) -> str:
        text = written_plainly(polynomial, task.unknowns)
        return text if any(sum(exponents) for exponents in polynomial) else f"{text}_R"

    gram_scale, filter_scale = data_scales(task)
    absorbing = task.system.absorbing()
    script = _MACAULAY2.format(
        comment=comment(task, "--", tracked=True),
        gram_scale=gram_scale,
        filter_scale=filter_scale,
        units=", ".join("filterScale" if x in absorbing else "1" for x in task.unknowns),
        unknowns=", ".join(task.unknowns),
        filter=", ".join(plain(w) for w in task.system.filter),
        tangents=_rows(([plain(w) for w in tangent] for tangent in task.system.tangents()), "{", "}"),
        start_gram=_rows((numbers(row) for row in np.asarray(task.start.gram).tolist()), "{", "}"),
        start_moments=", ".join(numbers(np.asarray(task.start.b).tolist())),
        solutions=_rows((numbers(p) for p in task.start_values.tolist()), "{", "}"),
        target_gram=_rows((numbers(row) for row in np.asarray(task.target.gram).tolist()), "{", "}"),
        target_moments=", ".join(numbers(np.asarray(task.target.b).tolist())),
    )
    return (script,)


# Bertini 1; version 2 ignores UserHomotopy, see bertini2_script

_BERTINI = """{comment}
CONFIG
UserHomotopy: 1;
END;

INPUT
variable {unknowns};
function {functions};
pathvariable t;
parameter {parameters};
constant {constants};

% The data at t = 1, with the solutions in the file start, and at t = 0.
{start}
{target}
% The segment between them.
{segment}
% The end-to-end filter w, the residual r = S w - b, and the derivatives of half the loss.
{formulas}{equations}
END;
"""


def _bertini(task: ExportTask) -> tuple[str, ...]:
    start, target = task.named(task.start), task.named(task.target)
    functions = [f"F{i}" for i in range(len(task.unknowns))]
    text = _BERTINI.format(
        comment=comment(task, "%", tracked=True),
        unknowns=", ".join(task.unknowns),
        functions=", ".join(functions),
        parameters=", ".join(start),
        constants=", ".join(f"{name}start, {name}target" for name in start),
        start="".join(f"{name}start = {_number(z, '*I')};\n" for name, z in start.items()),
        target="".join(f"{name}target = {_number(z, '*I')};\n" for name, z in target.items()),
        segment="".join(f"{name} = t*{name}start + (1 - t)*{name}target;\n" for name in start),
        formulas=_assignments(task.filter(), ";") + _assignments(task.residual(), ";"),
        equations=_assignments(dict(zip(functions, task.equations(), strict=True)), ";"),
    )
    points = ["".join(f"{z.real!r} {z.imag!r};\n" for z in point) for point in task.start_values.tolist()]
    return text, f"{len(points)}\n\n" + "\n".join(points)


# SymPy

_SYMPY = '''"""{comment}"""

from sympy import I, symbols

unknowns = {unknowns} = symbols("{unknown_names}")
parameters = {parameters} = symbols("{parameter_names}")

# The end-to-end filter w and the residual r = S w - b.
{formulas}
filter_coefficients = [{filter}]

#: Half the derivatives of the loss: all vanish at a critical point.
equations = [
{equations},
]

#: Values of the parameters for which all solutions are known.
start_parameters = {{
{start}}}

#: These solutions: values of the unknowns.
start_solutions = [
{solutions},
]

#: Values of the parameters to be solved for, if any are given.
target_parameters = {target}
'''


def _sympy(task: ExportTask) -> tuple[str, ...]:
    start = task.named(task.start)

    def table(values: dict[str, complex]) -> str:
        return "".join(f"    {name}: {_number(z, '*I')},\n" for name, z in values.items())

    def names(values: Iterable[str]) -> str:
        return "".join(f"{name}, " for name in values).rstrip(" ")

    filter_ = task.filter("**")
    module = _SYMPY.format(
        comment="\n".join(task.description(tracked=False)) + "\n",
        unknowns=names(task.unknowns),
        unknown_names=names(task.unknowns),
        parameters=names(start),
        parameter_names=names(start),
        formulas=_assignments(filter_) + _assignments(task.residual()),
        filter=", ".join(filter_),
        equations=",\n".join(f"    {equation}" for equation in task.equations("**")),
        start=table(start),
        solutions=_rows(([_number(z, "*I") for z in p] for p in task.start_values.tolist()), "[", "]"),
        target=f"{{\n{table(task.named(task.target))}}}" if task.has_target else "None",
    )
    return (module,)


NUMERICAL_SYSTEMS = {
    "phc": Format(("target", "start", "answers"), _phc, "phc -p < answers"),
    "julia": Format(("critical_points.jl",), _julia, "julia critical_points.jl"),
    "macaulay2": Format(("critical_points.m2",), _macaulay2, "M2 --script critical_points.m2"),
    "bertini": Format(("input", "start"), _bertini, "bertini input start"),
    "sympy": Format(("critical_points.py",), _sympy, "python -i critical_points.py"),
}
