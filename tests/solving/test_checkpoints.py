"""Large fibres with the compiled kernel: killed at any moment, monodromy goes on from its last checkpoint."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from homotopy_lcn.equations.critical_equations import equations_of
from homotopy_lcn.networks.strata import Factor, Stratum
from homotopy_lcn.solving import monodromy, stored_arrays, stored_systems
from homotopy_lcn.solving.computed_systems import solve_by_monodromy
from homotopy_lcn.solving.monodromy import Fibre, fill_fibre
from homotopy_lcn.solving.stored_arrays import read_arrays
from homotopy_lcn.solving.tolerances import SOLVING
from homotopy_lcn.tracking import get_engine
from homotopy_lcn.tracking.settings import Tracking

pytest.importorskip("homotopy_lcn.tracking._native")

#: (3,3,3),(2,2,1)
STRATUM = Stratum((Factor(2, 1, 1), Factor(2, 1, 2), Factor(2, 1, 4)))
COUNT = 2385
PROGRAM = f"""
from functools import partial

from dataclasses import replace

from homotopy_lcn.networks.strata import Factor, Stratum
from homotopy_lcn.solving import computed_systems, monodromy
from homotopy_lcn.tracking import get_engine
from homotopy_lcn.tracking.settings import Tracking

keep = computed_systems.keep

def kept(path, arrays, **description):
    keep(path, arrays, **description)
    print(len(arrays["points0"]), flush=True)

computed_systems.keep = kept
computed_systems.fill_fibre = partial(computed_systems.fill_fibre, interval=0.0)
monodromy.SOLVING = replace(monodromy.SOLVING, largest_crossing=60)
computed_systems.solve_by_monodromy({STRATUM!r}, {COUNT}, Tracking(get_engine("native"), jobs=2))
"""


def killed_after(seconds):
    """Kill the program so long after its first checkpoint; the sizes of the checkpoints that it reported."""
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True, env=os.environ)
    first = process.stdout.readline()
    time.sleep(seconds)
    process.kill()
    rest, _ = process.communicate()
    return [int(line) for line in [first, *rest.splitlines(keepends=True)] if line.endswith("\n")]


def test_no_kill_at_any_moment_corrupts_a_checkpoint_or_loses_more_than_one_interval(cache):
    rng = np.random.default_rng(1)
    path = cache / f"{STRATUM.name}.partial.npz"
    known = 0
    for _ in range(12):
        reported = killed_after(rng.uniform(0, 0.06))
        assert reported == sorted(reported)
        assert reported[0] >= known  # resumed, not begun again
        arrays = read_arrays(path, stratum=STRATUM.name)
        assert arrays is not None
        fibre = Fibre.from_arrays(STRATUM, arrays)
        assert len(fibre.bases[0].points) >= reported[-1]
        known = len(fibre.bases[0].points)
        if known >= COUNT:
            break
    assert known > 1
    system = solve_by_monodromy(STRATUM, COUNT, Tracking(get_engine("native")))
    np.testing.assert_array_equal(system.points[:known], fibre.bases[0].points)
    assert system.trace <= SOLVING.trace


def test_a_large_fibre_is_filled_in_crossings_that_leave_time_for_checkpoints(monkeypatch):
    monkeypatch.setattr(monodromy, "SOLVING", replace(SOLVING, largest_crossing=200))
    sizes = []
    saved = []
    engine = get_engine("native")
    track = engine.track

    def watched(stratum, points, *arguments, **keywords):
        sizes.append(len(points))
        return track(stratum, points, *arguments, **keywords)

    monkeypatch.setattr(engine, "track", watched)
    data, points = fill_fibre(
        STRATUM, COUNT, Tracking(engine, jobs=2, rng=np.random.default_rng(2)), checkpoint=saved.append, interval=0.0
    )
    assert len(points) == COUNT
    assert max(sizes) == 200
    assert len(saved) >= COUNT // 200
    assert stored_systems.solves(STRATUM, data, points)
    filters = equations_of(STRATUM).filters(points)
    assert np.isfinite(filters).all()


def test_a_checkpoint_of_a_large_fibre_is_read_as_written(cache):
    rng = np.random.default_rng(3)
    fibre = Fibre.start(STRATUM, rng)
    arrays = fibre.arrays()
    for v in range(2):
        points = rng.standard_normal((50_000, 2 * STRATUM.coordinates)).view(complex)
        arrays |= {f"points{v}": points, f"done{v}": rng.random((3, 50_000)) < 0.5}
    path = cache / "large.npz"
    stored_arrays.write_arrays(path, arrays, stratum="large")
    assert [entry.name for entry in cache.iterdir()] == ["large.npz"]
    again = Fibre.from_arrays(STRATUM, read_arrays(path, stratum="large")).arrays()
    assert again.keys() == arrays.keys()
    for key, array in arrays.items():
        np.testing.assert_array_equal(again[key], array)
