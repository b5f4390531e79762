"""Write the tables of structured data in docs/tables.md, and test the rules of the theory on all their entries.

All reduced networks up to a filter size are counted anew for all kinds of data. The number of entries that each rule
covers, and of violations, is printed and written to the page, and each violation is printed. It takes two minutes and
needs msolve or Macaulay2. With --time, all entries are measured instead, the processor time of both ways is printed for
each method, and nothing is written.

python scripts/make_structured_data.py
python scripts/make_structured_data.py --max-filter-size 7 --page -   # to the terminal
python scripts/make_structured_data.py --time
"""

from __future__ import annotations

import argparse
import resource
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from homotopy_lcn import Architecture
from homotopy_lcn.counting.exact_counts import KnownNumbers
from homotopy_lcn.counting.groebner import Search
from homotopy_lcn.files import write_atomically
from homotopy_lcn.networks.architecture_lists import architectures_up_to
from homotopy_lcn.solving.white_counts import measured_count
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
    parser.add_argument("--time", action="store_true", help="Measure all entries, too, and compare the times.")
    options = parser.parse_args()

    search = Search.within(None)
    if search.program is None:
        parser.error("neither msolve nor Macaulay2 is installed; expected one of them")
    networks = architectures_up_to(options.max_filter_size, reduced=True)
    if options.time:
        compare_times(networks)
        return
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


def compare_times(networks: Sequence[Architecture]) -> None:
    """Count and measure each entry in this process, and print the processor time of both.

    The time is that of this process and of the programs that it starts, so that other processes matter little. The
    first entry is counted and measured before, so that no import is timed.
    """
    first = next(structured_entries(networks[:1]))
    measured_count(first.architecture, first.gram.array, first.data.title, "")
    known, times, differing = KnownNumbers(), Counter[tuple[str, str]](), 0
    numbers = Counter[str]()
    for arch in networks:
        for data in STRUCTURED_DATA:
            began = processor_time()
            [entry] = structured_entries([arch], [data], known=known)
            between = processor_time()
            measured = measured_count(arch, entry.gram.array, data.title, "").parameters
            times[entry.method, "exact"] += between - began
            times[entry.method, "measured"] += processor_time() - between
            numbers[entry.method] += 1
            if measured != entry.count:
                differing += 1
                print(f"k = {arch.filters}, s = {arch.strides}, {data.text}: {entry.count}, measured {measured}")
    for method in (*numbers, None):
        chosen = [name for name in numbers if method in (None, name)]
        exact, measured_time = (sum(times[name, way] for name in chosen) for way in ("exact", "measured"))
        print(
            f"{method or 'all'}: {sum(numbers[name] for name in chosen)} entries, {exact:.2f} s exactly, "
            f"{measured_time:.2f} s measured, {measured_time / exact:.1f} times as long"
        )
    print(f"{differing} entries differ")


def processor_time() -> float:
    """Seconds of processor time of this process and of those that it has started and that are at their end."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in usage)


def plain(table: TextTable) -> str:
    """A table with its notes, without its caption, which the page has."""
    return format_table(table, "markdown").split("\n\n", 1)[1]


if __name__ == "__main__":
    main()
