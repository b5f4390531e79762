"""Compute data/atlas.csv: every architecture up to filter size 10 with at most 3000 critical filters.

For each one data set is solved, the points are certified, and the counts for white data are measured. The file is
written anew after each architecture, and a run that is killed goes on from it, adding certificates and white counts
that are missing there; --restart forgets it. Architectures with
more critical filters than --certify-up-to are not certified, and with more than --white-up-to the counts for white data
are not measured: they are marked as such.

nice python scripts/make_atlas.py
"""

from __future__ import annotations

import argparse
import csv
import time
from io import StringIO
from pathlib import Path

from homotopy_lcn import Architecture, generic_count
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
from homotopy_lcn.tables.tabulation import FOUND, ArchitectureTable, RowOptions, tabulate_one
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
    options = parser.parse_args()

    chosen = {
        arch: count
        for arch in architectures_up_to(options.max_filter_size)
        if (count := generic_count(arch).filters) <= options.max_count
    }
    done = {} if options.restart else read(options.output)
    order = [key_of(arch) for arch in chosen]
    began = time.monotonic()
    # Small ones first, so that a run cut short has the most; in the file they are in the order of the enumeration.
    for number, (arch, count) in enumerate(sorted(chosen.items(), key=lambda item: item[1]), 1):
        key, white, certify = key_of(arch), count <= options.white_up_to, count <= options.certify_up_to
        start = time.monotonic()
        if key not in done or (certify and done[key]["status"] == FOUND):
            row = tabulate_one(
                arch,
                RowOptions(
                    white=white,
                    measure=True,
                    certify=certify,
                    seed=options.seed,
                    max_count=options.max_count,
                    jobs=options.jobs,
                ),
            )
            table = ArchitectureTable((row,), options.seed, True).to_table(for_people=False)
            (done[key],) = csv.DictReader(format_table(table, "csv").splitlines())
        elif white and not done[key]["white_pure"]:
            row = tabulate_one(arch, RowOptions(white=True, seed=options.seed, max_count=options.max_count))
            if row.white_pure is not None:
                done[key] |= {"white_pure": str(row.white_pure), "white_spurious": str(row.white_spurious)}
        else:
            continue
        text = as_csv([done[k] for k in order if k in done])
        write_atomically(options.output, text)
        write_atomically(checksum_path(options.output), checksum_line(options.output, text))
        print(
            f"{number:4}/{len(chosen)} {arch}: {count} points, {done[key]['status']}, "
            f"{time.monotonic() - start:.1f} s, {time.monotonic() - began:.0f} s in all",
            flush=True,
        )


Key = tuple[str, str]
Row = dict[str, str]


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
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


if __name__ == "__main__":
    main()
