"""The picture docs/ranks.svg: critical filters found, for Gaussian data of every rank.

    python scripts/rank_figure.py [--seeds N] [--output docs/ranks.svg]

For each architecture and each rank r = 1, …, K of the Gram matrix (r samples of one output) all critical filters are
computed, the isolated ones where r is below the dimension of the function space. A cell shows the number found on all
strata beside the exact count for generic data of that rank; the colour says whether they agree on each stratum, in
every repetition.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np

from homotopy_lcn import Architecture, SquaredLoss, critical_points, generic_count

ARCHITECTURES = [
    ((3,), (1,)),
    ((2, 2), (1, 1)),
    ((2, 2), (2, 1)),
    ((3, 2), (1, 1)),
    ((3, 2), (2, 1)),
    ((2, 3), (2, 1)),
    ((3, 2), (3, 1)),
    ((4, 2), (2, 1)),
    ((3, 3), (1, 1)),
    ((3, 3), (2, 1)),
    ((3, 3), (3, 1)),
    ((4, 3), (1, 1)),
    ((4, 3), (2, 1)),
    ((4, 4), (2, 1)),
    ((2, 2, 2), (1, 1, 1)),
    ((2, 2, 2), (1, 2, 1)),
    ((2, 2, 2), (2, 1, 1)),
    ((2, 2, 2), (2, 2, 1)),
    ((3, 2, 2), (1, 2, 1)),
    ((3, 2, 2), (2, 2, 1)),
    ((2, 3, 2), (1, 2, 1)),
    ((3, 3, 2), (1, 2, 1)),
    ((2, 2, 2, 2), (1, 1, 1, 1)),
    ((2, 2, 2, 2), (1, 2, 1, 1)),
]
FULL, ISOLATED, DIFFERENT = "#2e7d4f", "#3c6ea8", "#b3362b"
CELL, ROW, LEFT, TOP = 62, 22, 210, 56


@dataclass(frozen=True)
class Cell:
    """What was found for one architecture and one rank."""

    found: int
    expected: int
    agrees: bool
    full: bool

    @property
    def colour(self) -> str:
        """By agreement, and by whether the count is the full one."""
        if not self.agrees:
            return DIFFERENT
        return FULL if self.full else ISOLATED


def gaussian_loss(arch: Architecture, rank: int, seed: int) -> SquaredLoss:
    """Few samples: as many Gaussian patches as the rank."""
    rng = np.random.default_rng([seed, rank, *arch.filters, *arch.strides])
    patches, outputs = rng.standard_normal((rank, arch.filter_size)), rng.standard_normal(rank)
    return SquaredLoss(patches.T @ patches, patches.T @ outputs, float(outputs @ outputs))


def measure(arch: Architecture, rank: int, seeds: int) -> Cell:
    """Solve, and compare each stratum with the exact count."""
    full = rank >= arch.dimension
    table = generic_count(arch) if full else generic_count(arch, rank=rank)
    expected = {row.pattern: row.count for row in table}
    least, agrees = table.filters, True
    for seed in range(seeds):
        result = critical_points(arch, gaussian_loss(arch, rank, seed), seed=seed, isolated=not full)
        found = {row.pattern: row.found for row in result.strata}
        agrees = agrees and found == expected and result.complete
        least = min(least, sum(found.values()))
    return Cell(least, table.filters, agrees, full)


def draw(rows: list[tuple[Architecture, list[Cell]]], seeds: int) -> str:
    """The table as SVG."""
    columns = max(len(cells) for _, cells in rows)
    width, height = LEFT + CELL * columns + 12, TOP + ROW * len(rows) + 52
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        '<text x="12" y="20" font-size="14" font-weight="bold">Critical filters found / exact generic count, by the '
        "rank of the Gram matrix</text>",
    ]
    parts += [_text(LEFT + CELL * (column + 0.5), TOP - 10, f"r = {column + 1}") for column in range(columns)]
    for number, (arch, cells) in enumerate(rows):
        y = TOP + ROW * number
        name = f"k = ({','.join(map(str, arch.filters))}), s = ({','.join(map(str, arch.strides))})"
        parts.append(f'<text x="12" y="{y + 15}">{name}</text>')
        for column, cell in enumerate(cells):
            x = LEFT + CELL * column
            parts.append(
                f'<rect x="{x + 1}" y="{y + 1}" width="{CELL - 2}" height="{ROW - 2}" rx="3" fill="{cell.colour}"/>'
            )
            parts.append(_text(x + CELL / 2, y + 15, f"{cell.found}/{cell.expected}", "white"))
    y = TOP + ROW * len(rows) + 20
    legend = (
        (FULL, "r ≥ dim M: the full count on every stratum"),
        (ISOLATED, "r < dim M: the count for this rank on every stratum"),
        (DIFFERENT, "fewer found"),
    )
    x = 12
    for colour, meaning in legend:
        parts.append(f'<rect x="{x}" y="{y - 10}" width="12" height="12" rx="2" fill="{colour}"/>')
        parts.append(f'<text x="{x + 18}" y="{y}">{escape(meaning)}</text>')
        x += 30 + 7 * len(meaning)
    note = "Gaussian data, r samples" + (f", {seeds} times; a cell shows the least number found" if seeds > 1 else "")
    parts.append(f'<text x="12" y="{y + 20}" fill="#555">{note}.</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _text(x: float, y: float, text: str, fill: str = "black") -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="middle" fill="{fill}">{text}</text>'


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="repetitions with other data")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent.parent / "docs" / "ranks.svg")
    options = parser.parse_args()
    begin = time.perf_counter()
    rows = []
    for filters, strides in ARCHITECTURES:
        arch = Architecture(filters, strides)
        cells = [measure(arch, rank, options.seeds) for rank in range(1, arch.filter_size + 1)]
        rows.append((arch, cells))
        text = "  ".join(f"{cell.found}/{cell.expected}{'' if cell.agrees else '!'}" for cell in cells)
        print(f"{filters} {strides} dim M = {arch.dimension}: {text}", flush=True)
    options.output.write_text(draw(rows, options.seeds), encoding="utf-8")
    cells = [cell for _, row in rows for cell in row]
    print(
        f"{sum(cell.agrees for cell in cells)} of {len(cells)} cells agree, {options.seeds} solves each; "
        f"{time.perf_counter() - begin:.0f} s"
    )


if __name__ == "__main__":
    main()
