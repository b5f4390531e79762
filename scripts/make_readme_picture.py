"""Draw docs/solve.svg, the picture in the README: the terminal after solving the sunspot example.

python scripts/make_readme_picture.py
"""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console
from rich.text import Text

from homotopy_lcn import Architecture, critical_points
from homotopy_lcn.display.terminal import render_result
from homotopy_lcn.losses.sources import from_series

ROOT = Path(__file__).resolve().parent.parent
COMMAND = "homotopy-lcn solve -k 3,2 -s 2,1 --series sunspots --center"


def main() -> None:
    """Solve, and write the picture."""
    architecture = Architecture(filters=(3, 2), strides=(2, 1))
    data = from_series("sunspots", 1, architecture, center=True)
    result = critical_points(architecture, data.loss, seed=0)
    console = Console(record=True, width=112, file=io.StringIO(), force_terminal=True)
    console.print(Text(f"$ {COMMAND}\n"))
    console.print(render_result(result, data.description))
    picture = console.export_svg(title="homotopy-lcn", unique_id="solve")
    # A picture loads nothing from elsewhere: without the web font, the viewer's own monospace font is used.
    picture = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)
    (ROOT / "docs" / "solve.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
