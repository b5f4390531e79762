"""The kernel against PHCpack and Macaulay2 on the homotopies of networks of any supports, in one call.

    python scripts/benchmark_supports.py [--repeats 7] [--networks 3] [--limit 30] [--whole]

For every network the start system of the tensor product of its layers is tracked to real data of Gaussian samples, that
is to the network's Gram matrix and moment vector at the positions of the tensor product, by the programs of
benchmark_peers.py that follow paths, with the same start solutions and along the same segments. Times are processor
times of one thread, as there. The networks are (2×1)*(2×2), (2×2)*(2×2) and L*L with L = {00, 01, 10}. "Survey" tracks
the paths of many targets in one call. A second table has whole surveys, as `hl.survey` makes them: drawing the data,
tracking, verification, sorting by filter and class, and classification; a cell of draws, in processor time.

With --whole, all critical points of (3×3)*(2×2) are found, from nothing and with the start system in the cache, in
seconds of the clock on all cores: each once in a process of its own, with a cache folder of its own.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

import numpy as np
from benchmark_common import Problem, facts, machine, real_data, table
from benchmark_peers import Timing, compare, timing_table
from peer_programs import PEERS

import homotopy_lcn as hl
from homotopy_lcn.equations.critical_equations import Data
from homotopy_lcn.losses.data_models import data_model
from homotopy_lcn.networks.counts import generic_ed_degree
from homotopy_lcn.networks.strata import segre_embedding
from homotopy_lcn.networks.support_networks import SupportNetwork
from homotopy_lcn.solving.start_systems import start_system
from homotopy_lcn.surveys.draws import cell_size, solve_draws
from homotopy_lcn.tracking import get_engine
from homotopy_lcn.tracking.settings import Tracking

CORNER = ((0, 0), (0, 1), (1, 0))
NETWORKS = (
    hl.Architecture(filters=((2, 1), (2, 2)), strides=(1, 1)),
    hl.Architecture(supports=(CORNER, CORNER)),
    hl.Architecture(filters=((2, 2), (2, 2)), strides=(1, 1)),
)
#: The programs that follow given paths.
FOLLOWING = ("PHCpack", "PHCpack, t²", "Macaulay2")
#: One solve of (3×3)*(2×2), in a process of its own.
WHOLE = """
import time
import numpy as np
import homotopy_lcn as hl
network = hl.Architecture(filters=((3, 3), (2, 2)), strides=(1, 1))
samples = np.random.default_rng(0).standard_normal((64, 17))
inputs, outputs = samples[:, :16], samples[:, 16]
loss = hl.SquaredLoss(inputs.T @ inputs, inputs.T @ outputs, outputs @ outputs)
began = time.perf_counter()
result = hl.critical_points(network, loss, jobs={jobs})
print(time.perf_counter() - began, len(result), result.complete)
"""


@dataclass(frozen=True)
class SupportProblem(Problem):
    """The tensor product of the layers of a network, with its start system.

    ``positions`` are those of its coefficients among the coefficients of the network's filter that are not always zero.
    """

    positions: tuple[int, ...] = ()

    def targets(self, count: int, rng: np.random.Generator) -> list[Data]:
        """Real data of Gaussian samples of the network."""
        places = np.array(self.positions)
        drawn = (real_data(max(self.positions) + 1, rng) for _ in range(count))
        return [Data(data.gram[np.ix_(places, places)], data.b[places]) for data in drawn]


def support_problem(network: hl.Architecture) -> SupportProblem:
    """The problem of a network, its start system computed if need be."""
    assert isinstance(network, SupportNetwork)
    space = segre_embedding(network)
    count = generic_ed_degree([factor.degree for factor in space.stratum.factors])
    start = start_system(space.stratum, count, Tracking(get_engine()))
    places = tuple(np.searchsorted(network.support, space.positions).tolist())
    return SupportProblem(network.notation, space.stratum, start, places)


def whole_surveys(timings: list[Timing], repeats: int) -> str:
    """Microseconds a path of whole surveys, and how many times as long the other programs take to track one."""
    rows = []
    for timing, network in zip(timings, NETWORKS, strict=False):
        count, model = cell_size(network), data_model("gaussian")
        solve_draws(network, model, 0, range(count))
        spent = []
        for seed in range(1, 1 + repeats):
            began = time.process_time()
            solve_draws(network, model, seed, range(count))
            spent.append(time.process_time() - began)
        micro = 1e6 * statistics.median(spent) / count / timing.paths
        peers = {row.program: row.microseconds for row in timing.rows if row.program in FOLLOWING}
        ratios = [f"{peers[name] / micro:.0f}" if np.isfinite(peers.get(name, np.nan)) else "–" for name in FOLLOWING]
        rows.append([timing.name, count, micro, *ratios])
    return table(["network", "draws", "µs a path, whole survey", *(f"{name} /" for name in FOLLOWING)], rows)


def whole_solves() -> list[list[object]]:
    """Seconds of both solves of (3×3)*(2×2), and whether they are complete."""
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"HOMOTOPY_LCN_CACHE": folder}
        script = WHOLE.format(jobs=os.cpu_count() or 1)
        for name in ("from nothing", "from the cache"):
            done = subprocess.run(
                [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment
            )
            seconds, filters, complete = done.stdout.split()
            rows.append(["(3×3)*(2×2)", name, float(seconds), filters, complete])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7, help="homotopies, or repetitions, of each median; at least 5")
    parser.add_argument("--networks", type=int, default=len(NETWORKS), help="only the first ones")
    parser.add_argument("--limit", type=float, default=30.0, help="seconds of a program on a network, at most")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--whole", action="store_true", help="also solve (3×3)*(2×2), twice")
    arguments = parser.parse_args()

    description, peers = machine(), []
    for peer in PEERS:
        if peer.name in FOLLOWING:
            version = peer.version()
            description[peer.name] = version or f"not found; `{peer.install}` installs it"
            peers += [peer] if version is not None else []
    rng = np.random.default_rng(arguments.seed)
    timings: list[Timing] = [
        compare(support_problem(network), peers, arguments.repeats, arguments.limit, rng)
        for network in NETWORKS[: arguments.networks]
    ]
    description["load average"] += f" before, {os.getloadavg()[0]:.1f} after"
    print(facts(description), timing_table(timings), whole_surveys(timings, arguments.repeats), sep="\n\n")
    if arguments.whole:
        print("\n" + table(["network", "start", "seconds", "critical filters", "complete"], whole_solves()))


if __name__ == "__main__":
    main()
