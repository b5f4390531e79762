"""The boxes of a certificate's file, verified many at a time in discs.

Most boxes of a large certificate are around points that are not real, have middles and radii that are doubles, and were
found in discs. Krawczyk's test of such boxes is computed anew in discs (`krawczyk_in_discs`), with rigorous bounds of
every rounding error (`disc_arithmetic`), for all points of a stratum together. A box that passes is proved, and the
claims on its point are compared with the conclusions. Whatever else there is in a file (real points, boxes of other
numbers, other claims, a test that fails) is left to ball arithmetic, which accepts it, or says why it does not.
Nothing is refused here, so a file is accepted if and only if each box is proved in discs or in balls.

The numbers ``"m*2^e"`` are read exactly: |m| ≤ 2⁵³ is a double, and so is m 2^e if |e| ≤ 900.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..losses.exact_data import ExactData
from ..networks.architecture import Architecture
from ..networks.patterns import Pattern
from ..networks.strata import Stratum
from ..networks.support_networks import SupportNetwork
from .conclusions import stratum_of
from .disc_arithmetic import Complex, Discs, Real, bound
from .krawczyk_in_discs import DiscEquations, DiscProofs, verify_boxes
from .point_proofs import TogetherProved, discs_of
from .tolerances import CERTIFICATION

__all__ = ["NOT_REAL", "verified_in_discs"]

#: The answers on a point that is not real, if all of them are proved.
NOT_REAL = {
    "real": False,
    "in_function_space": None,
    "attained": None,
    "interior": None,
    "smooth": True,
    "indices": None,
    "exact_pattern": True,
}
#: The entries of a point and of its claims, and no others.
ENTRIES_OF_A_POINT = {"pattern", "chart", "middle", "radii", "precision", "claims"}
ENTRIES_OF_CLAIMS = {*NOT_REAL, "loss", "loss_radius"}
#: An entry "m*2^e" with a comma after it; longer ones are no doubles, or nearly out of their range.
DOUBLES = re.compile(r"(?:-?[0-9]{1,16}\*2\^-?[0-9]{1,3},)+")
LARGEST_MANTISSA_OF_DOUBLES = 2**53
LARGEST_EXPONENT_OF_DOUBLES = 900
#: Entries of the largest array of a block of points, so that a block takes some 100 MB at most.
MOST_ENTRIES_OF_A_BLOCK = 2**20

Item = Mapping[str, Any]


class Block(NamedTuple):
    """The boxes of some points of one stratum, and the enclosures that are claimed for their losses."""

    rows: list[int]
    charts: NDArray[np.intp]
    middles: Complex
    radii: Real
    losses: Complex
    loss_radii: Real


def verified_in_discs(
    arch: Architecture, data: ExactData, items: Sequence[Item], jobs: int
) -> dict[int, TogetherProved]:
    """The points of a file that are proved in discs, with all that is claimed of them, by their numbers.

    Parameters
    ----------
    arch : Architecture
    data : ExactData
    items : sequence of mapping
        Entries of a file, each with a pattern of the architecture; nothing else in them has been looked at.
    jobs : int
        Number of threads.
    """
    if isinstance(arch, SupportNetwork):  # proved in balls
        return {}
    by_pattern: dict[Pattern, list[int]] = {}
    for row, item in enumerate(items):
        if item.keys() == ENTRIES_OF_A_POINT and _claims_not_real(item["claims"]) and _is_first(item["precision"]):
            by_pattern.setdefault(tuple(map(tuple, item["pattern"])), []).append(row)
    gram, b, constant = discs_of(data)
    result: dict[int, TogetherProved] = {}
    for pattern, rows in by_pattern.items():
        if len(rows) < CERTIFICATION.fewest_together:
            continue
        stratum = stratum_of(arch, pattern)
        n = stratum.dimension
        if n**3 * CERTIFICATION.first_precision > CERTIFICATION.most_box_work:
            continue
        most = max(
            1, min(CERTIFICATION.proved_together, MOST_ENTRIES_OF_A_BLOCK // (stratum.coordinates * (n + len(data.b))))
        )
        verify = partial(_verify, arch, DiscEquations(stratum, gram, b), constant, items)
        parts = [rows[first : first + most] for first in range(0, len(rows), most)]
        for proved, proofs in _mapped(verify, parts, jobs):
            result.update((row, TogetherProved(pattern, proofs, place)) for row, place in proved)
    return result


def _mapped(call: Any, parts: Sequence[list[int]], jobs: int) -> Any:
    """``call`` of each part, in threads: NumPy lets other threads run while it computes."""
    if jobs == 1 or len(parts) == 1:
        return map(call, parts)
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(jobs, len(parts))) as pool:
        return list(pool.map(call, parts))


def _verify(
    arch: Architecture, equations: DiscEquations, constant: Discs, items: Sequence[Item], rows: list[int]
) -> tuple[list[tuple[int, int]], DiscProofs | None]:
    """Pairs of the number of a proved point and its row in the proofs, and the proofs."""
    block = _read(equations.stratum, items, rows)
    if block is None:
        return [], None
    proofs = verify_boxes(arch, equations, constant, block.charts, block.middles, block.radii)
    with np.errstate(all="ignore"):
        found = proofs.losses
        off = block.losses - found.mid
        holds = bound(np.maximum(np.abs(off.real), np.abs(off.imag)) + found.rad) <= block.loss_radii
        size = 1 + np.abs(found.mid) + np.abs(proofs.filters.mid).sum(axis=1)
        says_something = block.loss_radii < CERTIFICATION.loose_loss * size
    good = proofs.decided & ~proofs.real & holds & says_something
    return [(block.rows[place], place) for place in np.flatnonzero(good).tolist()], proofs


def _is_first(precision: Any) -> bool:
    return type(precision) is int and precision == CERTIFICATION.first_precision


def _claims_not_real(claims: Any) -> bool:
    """Whether all answers of `NOT_REAL`, and no others, are claimed; 0 is not False in a file."""
    return (
        isinstance(claims, dict)
        and claims.keys() == ENTRIES_OF_CLAIMS
        and all(claims[name] is answer for name, answer in NOT_REAL.items())
    )


def _read(stratum: Stratum, items: Sequence[Item], rows: list[int]) -> Block | None:
    """The boxes of these points that consist of doubles; None if there are none."""
    n = stratum.dimension
    degrees = [factor.degree for factor in stratum.factors]
    kept, charts, texts = [], [], []
    for row in rows:
        item = items[row]
        text = _numbers(item, n)
        if text is not None and _is_chart(item["chart"], degrees):
            kept.append(row)
            charts.append(item["chart"])
            texts.append(text)
    if not kept:
        return None
    parts = np.fromstring("".join(texts).replace("*2^", ",")[:-1], dtype=np.int64, sep=",").reshape(len(kept), -1, 2)
    mantissas, exponents = parts[:, :, 0], parts[:, :, 1]
    largest = np.abs(mantissas).max(axis=1), np.abs(exponents).max(axis=1)
    exact: NDArray[np.bool_] = (largest[0] <= LARGEST_MANTISSA_OF_DOUBLES) & (largest[1] <= LARGEST_EXPONENT_OF_DOUBLES)
    numbers = np.ldexp(mantissas[exact].astype(float), exponents[exact].astype(np.intc))
    if not len(numbers):
        return None
    pairs = numbers[:, : 2 * n + 2].reshape(len(numbers), n + 1, 2)
    values = pairs[:, :, 0] + 1j * pairs[:, :, 1]
    return Block(
        [row for row, use in zip(kept, exact.tolist(), strict=True) if use],
        np.array(charts, dtype=np.intp)[exact],
        values[:, :n],
        numbers[:, 2 * n + 2 : -1],
        values[:, n],
        numbers[:, -1],
    )


def _numbers(item: Item, n: int) -> str | None:
    """Middle, loss, radii and radius of the loss as one text; None if there are not as many numbers, or no doubles."""
    claims, middle, radii = item["claims"], item["middle"], item["radii"]
    if not isinstance(middle, list) or not isinstance(radii, list) or len(middle) != n or len(radii) != n:
        return None
    pairs = [*middle, claims["loss"]]
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        return None
    try:
        text = ",".join([*(part for pair in pairs for part in pair), *radii, claims["loss_radius"], ""])
    except TypeError:
        return None
    return text if DOUBLES.fullmatch(text) and text.count(",") == 3 * n + 3 else None


def _is_chart(chart: Any, degrees: Sequence[int]) -> bool:
    return (
        isinstance(chart, list)
        and len(chart) == len(degrees)
        and all(type(one) is int and 0 <= one <= degree for one, degree in zip(chart, degrees, strict=True))
    )
