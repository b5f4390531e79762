"""Compute data/atlas.csv: every architecture up to filter size 10 with at most 3000 critical filters.

For each one data set is solved, the points are certified, and the critical points for white data are counted, exactly
where some seconds are enough, and by a measurement elsewhere. For reduced architectures the critical points for
structured data are counted, too. The file is written anew after each architecture, and a run that is killed goes on
from it, adding certificates and counts that are missing there; --restart forgets it, and --recount forgets the counts
for white and structured data. Architectures with more critical filters than --certify-up-to are not certified, and
with more than --white-up-to the points for white data are not counted: they are marked as such.

nice python scripts/make_atlas.py
"""

from __future__ import annotations

import argparse
import csv
import time
from io import StringIO
from pathlib import Path

from homotopy_lcn import Architecture, generic_count
from homotopy_lcn.counting.exact_counts import KnownNumbers
from homotopy_lcn.files import write_atomically
from homotopy_lcn.networks.architecture_lists import architectures_up_to
from homotopy_lcn.tables.atlas_table import (
    ATLAS,
    ATLAS_FILTER_SIZE,
    ATLAS_MAX_COUNT,
    checked_table,
    checksum_line,
    checksum_path,
)
from homotopy_lcn.tables.structured_data import structured_cells, structured_columns, structured_entries
from homotopy_lcn.tables.tabulation import FOUND, MEASURED, ArchitectureTable, RowOptions, tabulate_one, white_counts
from homotopy_lcn.tables.text_tables import format_table

OUTPUT = Path(__file__).parent.parent / "data" / ATLAS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--max-filter-size", type=int, default=ATLAS_FILTER_SIZE, metavar="K")
    parser.add_argument("--max-count", type=int, default=ATLAS_MAX_COUNT, metavar="N")
    parser.add_argument("--certify-up-to", type=int, default=ATLAS_MAX_COUNT, metavar="N")
    parser.add_argument("--white-up-to", type=int, default=ATLAS_MAX_COUNT, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--restart", action="store_true")
    parser.add_argument("--recount", action="store_true")
    options = parser.parse_args()

    chosen = {
        arch: count
        for arch in architectures_up_to(options.max_filter_size)
        if (count := generic_count(arch).filters) <= options.max_count
    }
    done = {} if options.restart else read(options.output)
    if options.recount:
        for row in done.values():
            row |= dict.fromkeys(("white_method", *structured_columns()), "")
    order = [key_of(arch) for arch in chosen]
    known = KnownNumbers()
    began, counting = time.monotonic(), 0.0
    # Small ones first, so that a run cut short has the most; in the file they are in the order of the enumeration.
    for number, (arch, count) in enumerate(sorted(chosen.items(), key=lambda item: item[1]), 1):
        key, certify = key_of(arch), count <= options.certify_up_to
        start = time.monotonic()
        changed = key not in done or (certify and done[key]["status"] == FOUND)
        if changed:
            measured = RowOptions(
                measure=True, certify=certify, seed=options.seed, max_count=options.max_count, jobs=options.jobs
            )
            table = ArchitectureTable((tabulate_one(arch, measured),), options.seed, True).to_table(for_people=False)
            (row,) = csv.DictReader(format_table(table, "csv").splitlines())
            done[key] = row | dict.fromkeys(("white_pure", "white_spurious", "white_method"), "")
        start_counting = time.monotonic()
        if added := missing_counts(arch, done[key], known, count <= options.white_up_to):
            done[key] |= added
        elif not changed:
            continue
        counting += time.monotonic() - start_counting
        text = as_csv([done[k] for k in order if k in done])
        write_atomically(options.output, text)
        write_atomically(checksum_path(options.output), checksum_line(options.output, text))
        print(
            f"{number:4}/{len(chosen)} {arch}: {count} points, {done[key]['status']}, white by "
            f"{done[key]['white_method'] or 'nothing'}, {time.monotonic() - start:.1f} s, "
            f"{time.monotonic() - began:.0f} s in all, {counting:.0f} s of them for counts",
            flush=True,
        )


Key = tuple[str, str]
Row = dict[str, str]


def missing_counts(arch: Architecture, row: Row, known: KnownNumbers, white: bool) -> Row:
    """The cells for white and for structured data that a row does not have."""
    added: Row = {}
    if white and not row.get("white_method"):
        counts = white_counts(arch, known)
        if counts is not None:
            added |= {
                "white_pure": str(counts.pure), "white_spurious": str(counts.spurious), "white_method": counts.method
            }  # fmt: skip
        elif row.get("white_pure"):
            added |= {"white_method": MEASURED}  # by the run that wrote the row
    if arch.is_reduced and not all(row.get(name) for name in structured_columns()):
        added |= structured_cells(structured_entries([arch], known=known))
    return added


def key_of(arch: Architecture) -> Key:
    """Filters and strides as the file has them."""
    return ",".join(map(str, arch.filters)), ",".join(map(str, arch.strides))


def read(path: Path) -> dict[Key, Row]:
    """The rows of an earlier run."""
    if not path.is_file():
        return {}
    return {(row["filters"], row["strides"]): row for row in csv.DictReader(StringIO(checked_table(path)))}


def as_csv(rows: list[Row]) -> str:
    """Rows as text."""
    stream = StringIO()
    columns = [column.name for column in ArchitectureTable(()).to_table(for_people=False).columns]
    writer = csv.DictWriter(stream, [*columns, *structured_columns()], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


if __name__ == "__main__":
    main()
