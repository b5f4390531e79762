"""The part of the command ``survey`` that counts walls."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from .common import DONE, NOT_COMPLETE, complain, print_text, write
from .tabulate import row_bar

if TYPE_CHECKING:
    from ..networks.architecture import Architecture

__all__ = ["count_walls"]


def count_walls(
    networks: Sequence[Architecture], drawn: tuple[int, str, int, int], style: str, json_path: str | None, quiet: bool
) -> int:
    """Count the walls of each network; ``drawn`` are the draws, the data model, the seed, and the processes."""
    from ..display.surveys import wall_counts_text
    from ..surveys.wall_counts import survey_of_walls

    draws, model, seed, jobs = drawn
    with ExitStack() as stack:
        bar = row_bar(stack) if sys.stderr.isatty() and not quiet else None
        report = None if bar is None else lambda done, number: bar("segments", done, number)
        found = [survey_of_walls(arch, draws, model, seed=seed, jobs=jobs, report=report) for arch in networks]
    content = json.dumps({"surveys": [one.to_dict() for one in found]}, indent=2) + "\n"
    if not quiet and json_path != "-":
        print_text(content if style == "json" else "".join(map(wall_counts_text, found)))
    if json_path is not None:
        write(json_path, content)
    incomplete = sum(one.incomplete for one in found)
    if incomplete and not quiet:
        complain(f"{incomplete} segments are incomplete; they are counted with what was found")
    return NOT_COMPLETE if incomplete else DONE
