"""The critical-point equations as a LaTeX document."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..equations.polynomials import Polynomial, written_plainly
from ..networks.patterns import format_pattern
from .export_formats import ExportTask, Format, comment

__all__ = ["LATEX"]

_LATEX = r"""{comment}\documentclass{{article}}
\usepackage{{amsmath}}
\begin{{document}}
\allowdisplaybreaks
\raggedright
The filter $w = \mu(\theta)$ of a linear convolutional network with {network}:
\begin{{align*}}
{filter}
\end{{align*}}
The critical points of the squared loss $w^\top \Sigma w - 2 b^\top w + c$ are the solutions of
$J^\top (\Sigma w - b) = 0$, with $J = \partial w / \partial x$ and the residual $r = \Sigma w - b$:
\begin{{align*}}
{residual}
\end{{align*}}
\begin{{align*}}
{equations}
\end{{align*}}
{data}For generic $\Sigma$ and $b$ there are {count} complex solutions.
\end{{document}}
"""


def _latex(task: ExportTask) -> tuple[str, ...]:
    def lines(rows: Iterable[tuple[str, str]]) -> str:
        return " \\\\\n".join(f"{left} &= {right}" for left, right in rows)

    def polynomial(p: Polynomial) -> str:
        names = [f"x_{{{i}}}" for i in range(len(task.unknowns))]
        text = written_plainly(p, names, "^").replace("*", " ")
        return _braced_powers(text)

    def slope(p: Polynomial, position: int) -> str:
        text, r = polynomial(p), f"r_{{{position}}}"
        if text == "1":
            return r
        return f"({text}) {r}" if len(p) > 1 else f"{text} {r}"

    places = task.positions
    residual = [
        (
            f"r_{{{i}}}",
            " + ".join(rf"\Sigma_{{{min(i, j)},{max(i, j)}}} w_{{{j}}}" for j in places) + f" - b_{{{i}}}",
        )
        for i in places
    ]
    equations = [
        ("0", " + ".join(slope(p, i) for i, p in zip(places, tangent, strict=True) if p) or "0")
        for tangent in task.system.tangents()
    ]
    document = _LATEX.format(
        comment=comment(task, "%"),
        network=_latex_network(task),
        filter=lines((f"w_{{{i}}}", polynomial(w)) for i, w in zip(places, task.system.filter, strict=True)),
        residual=lines(residual),
        equations=lines(equations),
        data=_latex_data(task) if task.given else "",
        count=len(task.start_values),
    )
    return (document,)


def _latex_network(task: ExportTask) -> str:
    network = task.architecture
    if task.space is not None:
        text = network.notation.replace("{", r"\{").replace("}", r"\}").replace("×", r" \times ")
        return f"${text.replace('supports ', '')}$" if network.filters else rf"supports ${text.partition(' ')[2]}$"
    filters, strides = (", ".join(map(str, values)) for values in (network.filters, network.strides))
    return (
        rf"filter sizes $\boldsymbol{{k}} = ({filters})$ and"
        "\n"
        rf"strides $\boldsymbol{{s}} = ({strides})$, on the stratum with root multiplicities "
        f"${format_pattern(task.pattern)}$"
    )


def _braced_powers(text: str) -> str:
    """Exponents of several digits in braces."""
    words = (word.partition("^") for word in text.split(" "))
    return " ".join(f"{base}^{{{power}}}" if caret else base for base, caret, power in words)


def _latex_data(task: ExportTask) -> str:
    def rows(matrix: np.ndarray) -> str:
        return " \\\\\n".join(" & ".join(_latex_number(x) for x in row) for row in matrix.tolist())

    gram, b = np.asarray(task.target.gram, float), np.asarray(task.target.b, float)
    size = len(gram)
    return (
        f"The data are\n\\setcounter{{MaxMatrixCols}}{{{max(size, 10)}}}\n\\begin{{gather*}}\n"
        f"\\Sigma = \\begin{{pmatrix}}\n{rows(gram)}\n\\end{{pmatrix}}, \\\\\n"
        f"b = \\begin{{pmatrix}}\n{rows(b[:, None])}\n\\end{{pmatrix}}.\n\\end{{gather*}}\n"
    )


def _latex_number(value: float) -> str:
    mantissa, _, exponent = repr(value).partition("e")
    return mantissa + (rf" \cdot 10^{{{int(exponent)}}}" if exponent else "")


LATEX = Format(("critical_points.tex",), _latex, "pdflatex critical_points.tex", tracked=False)
