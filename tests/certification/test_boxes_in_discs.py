"""The boxes of a file are accepted in discs only if they hold a point of which all claims are true."""

from __future__ import annotations

import copy
import json
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import homotopy_lcn as hl
from homotopy_lcn.certification import certificate_file
from homotopy_lcn.certification._flint import acb, arb, ctx
from homotopy_lcn.certification.boxes_in_discs import verified_in_discs
from homotopy_lcn.certification.certificate_file import check_text, checked_points, to_text
from homotopy_lcn.certification.conclusions import stratum_of
from homotopy_lcn.certification.krawczyk_in_balls import BallEquations, dyadic, read_dyadic
from homotopy_lcn.certification.point_proofs import prove_point
from homotopy_lcn.losses.exact_data import ExactData
from tests.certification.examples import sealed
from tests.small_networks import solved

NETWORKS = [((3, 3), (1, 1)), ((3, 2), (2, 1)), ((2, 2, 2), (1, 2, 1)), ((3, 2, 2), (1, 1, 1)), ((4, 3), (2, 1))]


@cache
def proved(filters, strides):
    """A certificate, and the content of its file."""
    proofs = hl.certificate(solved(filters, strides))
    return proofs, json.loads(to_text(proofs))


@cache
def exact_points(filters, strides):
    """The items of the points that are not real, with coordinates, filter and loss of each to 40 digits."""
    proofs, content = proved(filters, strides)
    found = []
    for row, position in enumerate(proofs.rows):
        item = content["points"][position]
        if "conjugate_of" not in item and not item["claims"]["real"]:
            point = proofs.result[row]
            equations = BallEquations(stratum_of(proofs.architecture, point.stratum), proofs.data)
            found.append((item, prove_point(proofs.architecture, equations, point, digits=40)))
    return found


def in_discs(filters, strides, items, jobs=1):
    proofs, _ = proved(filters, strides)
    return verified_in_discs(proofs.architecture, proofs.data, items, jobs)


@pytest.mark.parametrize(("filters", "strides"), NETWORKS)
@pytest.mark.parametrize("jobs", [1, 3])
def test_every_point_that_is_not_real_is_proved_and_its_enclosures_hold_the_exact_one(filters, strides, jobs):
    points = exact_points(filters, strides)
    found = in_discs(filters, strides, [item for item, _ in points], jobs)
    sizes = [sum(other["pattern"] == item["pattern"] for other, _ in points) for item, _ in points]
    assert sorted(found) == [row for row, size in enumerate(sizes) if size >= 4]
    for row, proof in found.items():
        exact = points[row][1]
        with ctx.workprec(200):
            middles, radii = proof.enclosure
            for w, middle, radius in zip(exact.solution.filter, middles.tolist(), radii.tolist(), strict=True):
                assert abs(w - acb(middle)) < radius
            middle, radius = proof.loss
            assert abs(exact.claims.loss - acb(middle)) < radius
        assert json.dumps(proof.whole.claims.answers) == json.dumps(exact.claims.answers)


def test_points_in_discs_and_in_balls_give_the_same_check(monkeypatch):
    _, content = proved((4, 3), (2, 1))
    text = sealed(copy.deepcopy(content))
    check, points = checked_points(text)
    assert sum(proof.in_doubles for proof in points.proofs) > len(points) // 2
    monkeypatch.setattr(certificate_file, "verified_in_discs", lambda *_: {})
    in_balls, others = checked_points(text)
    assert not any(proof.in_doubles for proof in others.proofs)
    assert (check, check_text(text, jobs=2)) == (in_balls, in_balls)
    assert (np.abs(points.middles - others.middles) <= points.radii + others.radii).all()


def moved(number, shift):
    with ctx.workprec(53):
        return dyadic((read_dyadic(number) + arb(shift)).mid())


def truth(item, exact):
    """Whether the box holds the exact point, and the claimed enclosure of the loss the exact loss."""
    with ctx.workprec(200):
        inside = True
        for (re, im), radius, x in zip(item["middle"], item["radii"], exact.solution.coordinates, strict=True):
            inside &= bool(abs(x.real - read_dyadic(re)) < read_dyadic(radius))
            inside &= bool(abs(x.imag - read_dyadic(im)) < read_dyadic(radius))
        (re, im), radius, loss = item["claims"]["loss"], read_dyadic(item["claims"]["loss_radius"]), exact.claims.loss
        return (
            inside
            and bool(abs(loss.real - read_dyadic(re)) <= radius)
            and bool(abs(loss.imag - read_dyadic(im)) <= radius)
        )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(NETWORKS[1:]), st.sampled_from(["middle", "radii", "loss", "all"]))
def test_what_is_moved_is_accepted_only_if_it_is_still_true(seed, network, which):
    rng = np.random.default_rng(seed)
    points = exact_points(*network)
    items = copy.deepcopy([item for item, _ in points])
    for item in items:
        size = 2.0 ** rng.integers(-50, -8)
        if which in ("middle", "all"):
            unknown = rng.integers(len(item["middle"]))
            item["middle"][unknown] = [moved(x, size * rng.standard_normal()) for x in item["middle"][unknown]]
        if which in ("radii", "all"):
            shift = int(rng.integers(-40, 28))
            item["radii"] = [f"1*2^{int(radius.split('^')[1]) + shift}" for radius in item["radii"]]
        if which in ("loss", "all"):
            item["claims"]["loss"][0] = moved(item["claims"]["loss"][0], size * rng.standard_normal())
    found = in_discs(*network, items)
    for row in found:
        assert truth(items[row], points[row][1])


def test_small_moves_are_accepted_and_large_ones_are_not():
    points = exact_points((4, 3), (2, 1))
    for size, accepted in [(2.0**-45, True), (2.0**-25, False), (2.0**-12, False)]:
        items = copy.deepcopy([item for item, _ in points])
        for item in items:
            item["middle"][-1][0] = moved(item["middle"][-1][0], size)
        assert bool(in_discs((4, 3), (2, 1), items)) is accepted


@pytest.mark.parametrize("size", [2.0**-26, 2.0**-20, 2.0**-10])
def test_a_moved_point_is_refused_by_the_whole_check(size):
    _, content = proved((4, 3), (2, 1))
    content = copy.deepcopy(content)
    position, item = next((i, p) for i, p in enumerate(content["points"]) if "claims" in p and not p["claims"]["real"])
    item["middle"][1][1] = moved(item["middle"][1][1], size)
    assert check_text(sealed(content)).failures == (f"point {position}: Krawczyk's test fails",)


CHANGES = {
    "negative radius": lambda item: item.update(radii=["-1*2^-29", *item["radii"][1:]]),
    "negative radii": lambda item: item.update(radii=[f"-1*2^{20 + i}" for i, _ in enumerate(item["radii"])]),
    "radius zero": lambda item: item.update(radii=["0*2^0", *item["radii"][1:]]),
    "wide radius": lambda item: item.update(radii=[*item["radii"][:-1], "1*2^0"]),
    "precision": lambda item: item.update(precision=128),
    "precision as float": lambda item: item.update(precision=64.0),
    "chart of another type": lambda item: item.update(chart=[bool(one) for one in item["chart"]]),
    "chart out of range": lambda item: item.update(chart=[*item["chart"][:-1], 9]),
    "negative chart": lambda item: item.update(chart=[*item["chart"][:-1], -1]),
    "long mantissa": lambda item: item["middle"][0].__setitem__(0, f"{2**53 + 1}*2^-53"),
    "far exponent": lambda item: item["middle"][0].__setitem__(0, "1*2^-999"),
    "two numbers in one": lambda item: item.update(radii=["1*2^-29,1*2^-29", *item["radii"][1:]]),
    "no text": lambda item: item.update(radii=[1.0, *item["radii"][1:]]),
    "other text": lambda item: item.update(radii=["2^-29", *item["radii"][1:]]),
    "missing unknown": lambda item: item.update(middle=item["middle"][:-1]),
    "an object for a pair": lambda item: item["middle"].__setitem__(0, dict.fromkeys(item["middle"][0])),
    "three parts": lambda item: item["middle"][0].append("0*2^0"),
    "space": lambda item: item.update(space="parameters"),
    "real": lambda item: item["claims"].update(real=True),
    "zero for false": lambda item: item["claims"].update(real=0),
    "smooth undecided": lambda item: item["claims"].update(smooth=None),
    "pattern not exact": lambda item: item["claims"].update(exact_pattern=False),
    "attained": lambda item: item["claims"].update(attained=True),
    "one claim more": lambda item: item["claims"].update(minimum=True),
    "one claim less": lambda item: item["claims"].pop("indices"),
    "loss of another point": lambda item: item["claims"].update(loss=["1*2^9", "1*2^9"]),
    "loss to no digits": lambda item: item["claims"].update(loss_radius="1*2^9"),
    "loss exactly": lambda item: item["claims"].update(loss_radius="0*2^0"),
    "loss of a negative radius": lambda item: item["claims"].update(loss_radius="-1*2^-20"),
    "real middle": lambda item: item.update(middle=[[re, "0*2^0"] for re, _ in item["middle"]]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_does_not_fit_is_left_to_balls(change):
    items = copy.deepcopy([item for item, _ in exact_points((4, 3), (2, 1))])
    whole = set(range(len(items)))
    CHANGES[change](items[1])
    assert set(in_discs((4, 3), (2, 1), items)) == whole - {1}


def test_data_that_are_no_doubles():
    arch = hl.Architecture((4, 3), (2, 1))
    rng = np.random.default_rng(0)
    A = rng.integers(-9, 9, (8, 8))
    gram = [[f"{x}/3" for x in row] for row in (A @ A.T).tolist()]
    loss = hl.SquaredLoss.from_exact(gram, [f"{x}/7" for x in rng.integers(-99, 99, 8).tolist()], "1/9")
    proofs = hl.certificate(hl.critical_points(arch, loss, seed=0))
    text = to_text(proofs)
    items = [item for item in json.loads(text)["points"] if "claims" in item and not item["claims"]["real"]]
    assert len(verified_in_discs(arch, proofs.data, items, 1)) == len(items) >= 4
    assert not check_text(text).failures
    # Rounding moves these data by more than the width of a box.
    rounded = ExactData.of_doubles(*(np.round(part, 6) for part in proofs.data.rounded()))
    assert not verified_in_discs(arch, rounded, items, 1)


def test_data_beyond_the_doubles_prove_nothing():
    proofs, _ = proved((3, 2), (2, 1))
    items = [item for item, _ in exact_points((3, 2), (2, 1))] * 4
    huge = ExactData(proofs.data.gram, (*proofs.data.b[:-1], Fraction(10) ** 400), proofs.data.constant)
    assert not verified_in_discs(proofs.architecture, huge, items, 1)
