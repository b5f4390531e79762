"""Write the tables of structured data in docs/tables.md, and test the rules of the theory on all their entries.

All reduced networks up to a filter size are counted anew for all kinds of data. The number of entries that each rule
covers, and of violations, is printed and written to the page, and each violation is printed. It takes two minutes and
needs msolve or Macaulay2.

python scripts/make_structured_data.py
python scripts/make_structured_data.py --max-filter-size 7 --page -   # to the terminal
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from pathlib import Path

from homotopy_lcn.counting.groebner import Search
from homotopy_lcn.files import write_atomically
from homotopy_lcn.networks.architecture_lists import architectures_up_to
from homotopy_lcn.tables.atlas_table import ATLAS_FILTER_SIZE
from homotopy_lcn.tables.structured_data import (
    STRUCTURED_DATA,
    check_rules,
    rules_table,
    structured_entries,
    structured_tables,
)
from homotopy_lcn.tables.text_tables import TextTable, format_table

PAGE = Path(__file__).resolve().parents[1] / "docs" / "tables.md"
BEGIN, END = "<!-- structured data: by scripts/make_structured_data.py -->\n", "<!-- end of structured data -->\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--max-filter-size", type=int, default=ATLAS_FILTER_SIZE, metavar="K")
    parser.add_argument("--page", default=str(PAGE), help="The page that is written; - prints instead.")
    options = parser.parse_args()

    search = Search.within(None)
    if search.program is None:
        parser.error("neither msolve nor Macaulay2 is installed; expected one of them")
    networks = architectures_up_to(options.max_filter_size, reduced=True)
    began = time.monotonic()
    entries = list(structured_entries(networks))
    methods = Counter(entry.method for entry in entries)
    print(f"{len(entries)} entries in {time.monotonic() - began:.0f} s: {dict(methods)}", flush=True)
    checks = check_rules(entries, search)
    for check in checks:
        print(f"{check.rule}: {check.covered} entries, {len(check.violations)} violations", flush=True)
        for violation in check.violations:
            print(f"    {violation}")

    fewer = sum(entry.count < entry.generic for entry in entries)
    listed = ", ".join(f"{number} by {method}" for method, number in methods.most_common())
    text = "\n".join(
        [
            f"{len(networks)} networks, {len(STRUCTURED_DATA)} kinds of data, {len(entries)} entries: {listed}. "
            f"On {fewer} entries there are fewer points than for generic data.\n",
            *(plain(table) for table in structured_tables(entries)),
            plain(rules_table(checks)),
        ]
    )
    if options.page == "-":
        print(text)
        return
    page = Path(options.page)
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        parser.error(f"{page} has not the marks {BEGIN.strip()} and {END.strip()}")
    write_atomically(page, f"{before}{BEGIN}\n{text}\n{END}{after}")


def plain(table: TextTable) -> str:
    """A table with its notes, without its caption, which the page has."""
    return format_table(table, "markdown").split("\n\n", 1)[1]


if __name__ == "__main__":
    main()
