"""What is too large is refused before anything is allocated or listed, and exact numbers stay exact."""

from __future__ import annotations

import pytest

from homotopy_lcn import Architecture, InputError, SquaredLoss, critical_points, describe_function_space, export
from homotopy_lcn.losses.random_data import random_gaussian, random_white
from homotopy_lcn.networks.counts import generic_count
from homotopy_lcn.networks.limits import LARGEST_FILTER, check_degree, check_filter_size, magnitude

GIANTS = [
    Architecture((1_000_000, 2), (1, 1)),
    Architecture((2, 2), (10**9, 1)),
    Architecture((2,) * 50, (2,) * 50),
    Architecture((2,) * 300, (10**30,) * 300),
]


@pytest.mark.parametrize("arch", GIANTS, ids=lambda arch: f"{arch.filters[0]}x{arch.depth}")
@pytest.mark.parametrize(
    "use",
    [
        lambda arch: random_gaussian(arch, None),
        lambda arch: random_white(arch, None),
        lambda arch: SquaredLoss.from_data([[1.0] * 10], [[1.0]], arch),
        lambda arch: describe_function_space(arch),
        lambda arch: export(arch, to="sympy"),
    ],
    ids=["gaussian", "white", "from_data", "geometry", "export"],
)
def test_filters_of_giants_are_refused_in_one_line_that_states_their_size(arch, use):
    with pytest.raises(InputError) as caught:
        use(arch)
    message = str(caught.value)
    assert message.startswith("filters, strides: the end-to-end filter has")
    assert "\n" not in message
    assert len(message) < 250


def test_a_filter_of_the_largest_size_is_allowed_and_one_more_is_not():
    check_filter_size(Architecture((LARGEST_FILTER,), (1,)))
    with pytest.raises(InputError, match=r"has 2,001 coefficients.*4,004,001 entries; expected at most 2000"):
        check_filter_size(Architecture((LARGEST_FILTER + 1,), (1,)))


def test_a_degree_is_checked_against_its_limit():
    check_degree(Architecture((6, 6), (1, 1)), 10, "tests")
    with pytest.raises(
        InputError, match=r"^filters: the filter sizes minus one sum up to 11; expected at most 10 for t"
    ):
        check_degree(Architecture((7, 6), (1, 1)), 10, "tests")


def test_strides_of_any_size_do_not_matter_for_counts():
    far, near = Architecture((3, 2), (10**9, 1)), Architecture((3, 2), (3, 1))
    assert generic_count(far).rows == generic_count(near).rows


@pytest.mark.parametrize(("number", "text"), [(7, "7"), (12_345, "12,345"), (10**15, "about 1e15")])
def test_long_integers_are_told_as_powers_of_ten(number, text):
    assert magnitude(number) == text
    assert magnitude(10**5000) == "about 1e5000"


def test_a_solve_of_too_many_points_is_refused_before_the_strata_are_listed(monkeypatch):
    from homotopy_lcn.networks import counts

    monkeypatch.setattr(counts, "root_patterns", None)  # a list of strata would fail
    arch = Architecture((20, 20, 20), (1, 1, 1))
    with pytest.raises(InputError, match=r"^filters: .* at least 31789143530684 critical"):
        critical_points(arch, SquaredLoss.white([1.0] * arch.filter_size))


def test_more_points_than_fit_into_memory_are_refused_whatever_the_user_allows():
    arch = Architecture((6, 6, 6), (2, 2, 1))
    loss = SquaredLoss.white([1.0] * arch.filter_size)
    with pytest.raises(InputError, match=r"^filters: .* at least 1960769844 critical .* expected at most 20000000"):
        critical_points(arch, loss, max_count=10**30)


def test_strides_of_any_size_are_fine_where_the_filter_is_small():
    arch = Architecture((1,) * 70 + (2, 2), (1,) * 71 + (2**80,))
    assert arch.filter_size == 3
    assert critical_points(arch, SquaredLoss.white([1.0, 2.0, 4.0])).complete
    scalar = Architecture((1,) * 70, (2,) * 70)
    assert critical_points(scalar, SquaredLoss.white([3.0])).points[0].filter.real.tolist() == [3.0]
