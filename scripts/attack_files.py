"""Flip bits of the files that the program writes for itself and reads again: none may pass with another answer.

Of a small file of each kind every bit is flipped, one at a time, or as many as --bits says, drawn with --seed. The file
is then read as the program reads it. A file is *refused* if the program says that it is damaged, or does without it and
computes its content again; it is *equal* if the flipped bit means nothing, such as a time stamp in an archive, and the
content is the same to the last bit. Anything else is *wrong*, and the exit code is then 1.

    TMPDIR=/dev/shm python scripts/attack_files.py # every bit of every kind, some minutes; on a disk much longer
    python scripts/attack_files.py --bits 2000     # a sample of each kind
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

__all__ = ["EQUAL", "KINDS", "REFUSED", "WRONG", "Target", "chosen_bits", "flip_bits"]

REFUSED, EQUAL, WRONG = "refused", "equal", "wrong"
#: Mixes the seed of the choice of bits with the kind of the file.
SEED = 17


@dataclass(frozen=True)
class Target:
    """A file, and how the program reads it.

    Attributes
    ----------
    path : Path
    read : callable
        Reads the file. The result is None, or the exception is one of `refusals`, if the file is refused.
    refusals : tuple of exception types
    """

    path: Path
    read: Callable[[], Any]
    refusals: tuple[type[Exception], ...] = ()


def flip_bits(target: Target, bits: Iterable[int] | None = None) -> tuple[Counter[str], list[str]]:
    """Flip bits of a file one at a time, and read the file each time.

    Parameters
    ----------
    target : Target
        The file is whole before and afterwards.
    bits : iterable of int, optional
        Numbers of bits in the file, by default of all.

    Returns
    -------
    outcomes : Counter
        How many flipped bits were refused, equal or wrong.
    wrong : list of str
        The wrong ones.
    """
    whole = target.path.read_bytes()
    expected = target.read()
    assert expected is not None, f"{target.path} is refused although it is whole"
    outcomes: Counter[str] = Counter({REFUSED: 0, EQUAL: 0, WRONG: 0})
    wrong = []
    for bit in range(8 * len(whole)) if bits is None else bits:
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        target.path.write_bytes(damaged)
        outcome, remark = _outcome(target, expected)
        outcomes[outcome] += 1
        if outcome == WRONG:
            wrong.append(f"bit {bit % 8} of byte {bit // 8}: {remark}")
    target.path.write_bytes(whole)
    return outcomes, wrong


def _outcome(target: Target, expected: Any) -> tuple[str, str]:
    try:
        found = target.read()
    except target.refusals:
        return REFUSED, ""
    except Exception as error:
        return WRONG, f"{type(error).__name__}: {error}"
    if found is None:
        return REFUSED, ""
    return (EQUAL, "") if _same(found, expected) else (WRONG, "another content")


def _same(found: Any, expected: Any) -> bool:
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(_same(found[key], expected[key]) for key in expected)
    if isinstance(expected, (tuple, list)):
        return len(found) == len(expected) and all(map(_same, found, expected))
    if isinstance(expected, np.ndarray):
        return found.dtype == expected.dtype and found.shape == expected.shape and found.tobytes() == expected.tobytes()
    return bool(found == expected)


def chosen_bits(size: int, number: int | None, seed: int) -> list[int]:
    """All bits of a file of ``size`` bytes, or ``number`` of them."""
    if number is None or number >= 8 * size:
        return list(range(8 * size))
    return sorted(np.random.default_rng([SEED, seed]).choice(8 * size, number, replace=False).tolist())


@contextmanager
def _survey(folder: Path) -> Iterator[tuple[Any, Any, Callable[[], Any]]]:
    """A directory of a survey with one part, its chunk, and how to open it."""
    from homotopy_lcn import Architecture
    from homotopy_lcn.losses.data_models import data_model
    from homotopy_lcn.surveys.draws import solve_draws
    from homotopy_lcn.surveys.plans import Chunk
    from homotopy_lcn.surveys.run_directory import RunDirectory

    arch, chunk = Architecture((2, 2), (1, 1)), Chunk(0, 0, 5)

    def opened() -> RunDirectory:
        return RunDirectory(folder / "run", {"seed": 0}, 5, [arch], [5])

    with opened() as run:
        run.write(chunk, solve_draws(arch, data_model("gaussian"), 0, range(5)))
        run.finish()
        yield run, chunk, opened


@contextmanager
def survey_part(folder: Path) -> Iterator[Target]:
    """A Parquet part of a survey."""
    with _survey(folder) as (run, chunk, _):
        (path,) = (folder / "run" / "draws").iterdir()
        yield Target(path, lambda: run.find(chunk))


@contextmanager
def survey_checksum(folder: Path) -> Iterator[Target]:
    """The checksum of a part of a survey."""
    with _survey(folder) as (run, chunk, _):
        (path,) = (folder / "run" / "checksums").iterdir()
        yield Target(path, lambda: run.find(chunk))


@contextmanager
def survey_manifest(folder: Path) -> Iterator[Target]:
    """The manifest of a survey."""
    from homotopy_lcn import InputError

    with _survey(folder) as (run, chunk, opened):
        run.close()

        def read() -> Any:
            with opened() as again:
                return [list(again.chunks), again.find(chunk)]

        yield Target(folder / "run" / "manifest.json", read, (InputError,))


@contextmanager
def _strata(folder: Path) -> Iterator[tuple[Any, int, Any]]:
    """A stratum, its number of points, and the reference engine; the cache is in the folder."""
    from homotopy_lcn.networks.strata import Factor, Stratum
    from homotopy_lcn.solving.start_systems import shared_start_systems
    from homotopy_lcn.tracking import get_engine
    from homotopy_lcn.tracking.settings import Tracking

    shared_start_systems.cache_clear()
    with mock.patch.dict(os.environ, HOMOTOPY_LCN_CACHE=str(folder)):
        yield Stratum((Factor(1, 1, 1), Factor(1, 1, 2))), 6, Tracking(get_engine("reference"))
    shared_start_systems.cache_clear()


@contextmanager
def start_system(folder: Path) -> Iterator[Target]:
    """A start system in the cache."""
    from homotopy_lcn.solving import computed_systems, stored_systems

    with (
        _strata(folder) as (stratum, count, tracking),
        mock.patch.object(stored_systems, "data_path", lambda name: folder / "nothing" / name),
    ):
        computed_systems.compute_start_system(stratum, count, tracking)
        path = folder / f"{stratum.name}.npz"
        yield Target(path, lambda: _arrays_of(stored_systems.read_start_system(stratum, count)))


@contextmanager
def shipped_start_systems(folder: Path) -> Iterator[Target]:
    """Start systems as they are shipped: a small file of the same form."""
    from homotopy_lcn.solving import stored_systems

    with _strata(folder) as (stratum, count, _):
        found = stored_systems.read_start_system(stratum, count)
        assert found is not None
        path = folder / "start_systems.npz"
        path.write_bytes(stored_systems.pack([found]))
        with mock.patch.object(stored_systems, "data_path", lambda name: folder / name):
            yield Target(path, lambda: _arrays_of(stored_systems.read_start_system(stratum, count)))


@contextmanager
def fixed_gram_system(folder: Path) -> Iterator[Target]:
    """A start system with the Gram matrix of white data in the cache."""
    from homotopy_lcn.solving.fixed_gram_matrix import read_fixed_gram_system
    from homotopy_lcn.solving.start_systems import StartSystems

    with _strata(folder) as (stratum, count, tracking):
        gram = np.eye(stratum.filter_size)
        StartSystems().kept_with_gram(stratum, gram, count, tracking)
        (path,) = folder.glob("*-white-*.npz")

        def read() -> Any:
            system = read_fixed_gram_system(stratum, gram, count)
            return None if system is None else [_arrays_of(system.start), list(system.never_started)]

        yield Target(path, read)


@contextmanager
def checkpoint(folder: Path) -> Iterator[Target]:
    """A checkpoint of monodromy."""
    from homotopy_lcn.solving.computed_systems import _saved_fibre
    from homotopy_lcn.solving.monodromy import Fibre
    from homotopy_lcn.solving.stored_arrays import write_arrays

    with _strata(folder) as (stratum, _, _):
        path = folder / f"{stratum.name}.partial.npz"
        write_arrays(path, Fibre.start(stratum, np.random.default_rng(0)).arrays(), stratum=stratum.name)

        def read() -> Any:
            fibre = _saved_fibre(stratum)
            return None if fibre is None else fibre.arrays()

        yield Target(path, read)


@contextmanager
def _atlas(folder: Path) -> Iterator[tuple[Path, Callable[[], Any]]]:
    from homotopy_lcn._data import data_path
    from homotopy_lcn.tables import atlas_table

    lines = data_path(atlas_table.ATLAS).read_text(encoding="utf-8").splitlines(keepends=True)
    path, text = folder / atlas_table.ATLAS, "".join(lines[:8])
    path.write_bytes(text.encode())
    atlas_table.checksum_path(path).write_bytes(atlas_table.checksum_line(path, text).encode())
    yield path, lambda: atlas_table.checked_table(path)


@contextmanager
def atlas(folder: Path) -> Iterator[Target]:
    """The atlas, its first rows."""
    from homotopy_lcn import InputError

    with _atlas(folder) as (path, read):
        yield Target(path, read, (InputError,))


@contextmanager
def atlas_checksum(folder: Path) -> Iterator[Target]:
    """The checksum of the atlas."""
    from homotopy_lcn import InputError

    with _atlas(folder) as (path, read):
        yield Target(path.with_suffix(".sha256"), read, (InputError,))


def _arrays_of(system: Any) -> Any:
    return None if system is None else system.arrays()


#: Makes a small file of each kind in an empty folder.
KINDS: dict[str, Callable[[Path], Any]] = {
    "part of a survey": survey_part,
    "checksum of a part": survey_checksum,
    "manifest of a survey": survey_manifest,
    "start system in the cache": start_system,
    "start system of white data": fixed_gram_system,
    "shipped start systems": shipped_start_systems,
    "checkpoint of monodromy": checkpoint,
    "atlas": atlas,
    "checksum of the atlas": atlas_checksum,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bits", type=int, default=None, metavar="N", help="bits of each file; default: all")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    parser.add_argument("--kind", action="append", choices=list(KINDS), help="only this kind; may be given again")
    options = parser.parse_args()

    print("| file | bits | flipped | refused | equal | wrong | s |")
    print("|------|------|---------|---------|-------|-------|---|")
    failures = []
    total: Counter[str] = Counter()
    for name in options.kind or KINDS:
        folder = Path(tempfile.mkdtemp(prefix="attack-files-"))
        try:
            with KINDS[name](folder) as target:
                size = target.path.stat().st_size
                began = time.monotonic()
                outcomes, wrong = flip_bits(target, chosen_bits(size, options.bits, options.seed))
        finally:
            shutil.rmtree(folder)
        failures += [f"{name}: {one}" for one in wrong]
        total.update(outcomes)
        numbers = [8 * size, sum(outcomes.values()), *(outcomes[key] for key in (REFUSED, EQUAL, WRONG))]
        print(f"| {name} | {' | '.join(map(str, numbers))} | {time.monotonic() - began:.1f} |", flush=True)
    counts = ", ".join(f"{total[key]} {key}" for key in (REFUSED, EQUAL, WRONG))
    print(f"{sum(total.values())} bits flipped in files of {len(options.kind or KINDS)} kinds: {counts}")
    for failure in failures[:20]:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
