"""Certificates and their parts can be copied, pickled, and compared."""

from __future__ import annotations

import copy
import pickle
import random

import pytest

from homotopy_lcn import SquaredLoss, certificate
from homotopy_lcn import critical_points as solve
from homotopy_lcn.certification._flint import acb, arb, ctx
from homotopy_lcn.certification.certificate_file import check_text, to_text
from homotopy_lcn.certification.completeness import ProvedPoints
from homotopy_lcn.certification.sending_balls import packed, unpacked
from tests.certification.examples import THIRDS
from tests.small_networks import solved

cloudpickle = pytest.importorskip("cloudpickle")
COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),
    "oldest pickle": lambda value: pickle.loads(pickle.dumps(value, protocol=0)),
    "cloudpickle": lambda value: cloudpickle.loads(cloudpickle.dumps(value)),
}


def test_balls_are_unpacked_with_the_same_middles_and_radii():
    rng = random.Random(0)
    balls = [arb(1) / 3, arb(2), arb(0), arb(0, 2.0**-30), arb(-1.5, 3)]
    for _ in range(300):
        with ctx.workprec(rng.choice([10, 64, 200])):
            balls.append(arb(rng.random()) / rng.random() + arb(0, rng.random() * 10.0 ** rng.randint(-30, 9)))
    for ball in balls:
        again = unpacked(packed(ball))
        assert again.mid() == ball.mid()
        assert again.rad() == ball.rad()
        pair = acb(ball, balls[0])
        assert packed(unpacked(packed(pair))) == packed(pair)


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize(
    ("network", "options"), [(((3, 2), (2, 1)), {}), (((2, 2), (1, 1)), {"digits": 60}), (((3, 3), (1, 1)), {})]
)
def test_certificates_can_be_copied_and_sent(network, options, copied):
    proofs = certificate(solved(*network), **options)
    again = copied(proofs)
    assert again is not proofs
    assert again == proofs
    assert hash(again) == hash(proofs)
    assert str(again) == str(proofs)
    assert to_text(again) == to_text(proofs)
    assert (again.complete, again.in_doubles) == (proofs.complete, proofs.in_doubles)
    assert check_text(to_text(again)).statement == proofs.statement
    assert again.decimals(0, 30) == proofs.decimals(0, 30)
    for part in (proofs.points, proofs.points[0], proofs.points[0].box, proofs.points[0].claims, proofs.statement):
        assert copied(part) == part
        assert hash(copied(part)) == hash(part)
    assert not again.result[0].filter.flags.writeable


def test_certificates_of_other_data_or_precision_differ():
    loss = SquaredLoss.from_exact(**THIRDS)
    result = solve(solved((2, 2), (1, 1)).architecture, loss)
    proofs = certificate(result)
    assert proofs == certificate(result)
    assert proofs != certificate(result, digits=30)
    assert proofs != certificate(solved((2, 2), (1, 1)))
    assert proofs.points != list(proofs.points)
    assert proofs.points[0] != proofs.points[1]
    assert proofs.points != ProvedPoints(proofs.points.proofs[1:], proofs.points.mirrors[1:], 3)


def test_certificates_can_be_sent_to_a_dask_cluster():
    distributed = pytest.importorskip("distributed")
    result = solved((3, 2), (2, 1))
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=4, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        futures = [client.submit(certificate, result, digits=digits) for digits in (None, 20, 40, 60)]
        found = client.gather(futures)
    assert found == [certificate(result, digits=digits) for digits in (None, 20, 40, 60)]
