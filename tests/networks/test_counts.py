from __future__ import annotations

from itertools import chain, combinations, permutations, product
from math import comb, factorial, prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homotopy_lcn import Architecture, InputError, generic_count
from homotopy_lcn.networks.architecture_lists import architectures_up_to
from homotopy_lcn.networks.counts import (
    TooManyStrata,
    count_matrices,
    fewest_filters,
    generic_ed_degree,
    generic_totals,
    root_patterns,
)


def partitions(total, largest=None):
    """Partitions of ``total``, parts decreasing."""
    if total == 0:
        yield ()
    for part in range(min(total, total if largest is None else largest), 0, -1):
        yield from ((part, *rest) for rest in partitions(total - part, part))


def matrices(row_sums, columns):
    """All 0/1 matrices with these row sums, as tuples of rows."""
    rows = [
        [tuple(int(j in chosen) for j in range(columns)) for chosen in combinations(range(columns), total)]
        for total in row_sums
    ]
    return product(*rows)


def column_sums(matrix):
    return tuple(sum(column) for column in zip(*matrix, strict=True))


def chern_formula(dimensions, degrees):
    """Draisma, Horobeţ, Ottaviani, Sturmfels, Thomas (2016), Theorem 5.8: Σ (−1)^i (2^{M+1−i} − 1) ∫ c_i(T) h^{M−i}."""
    total = sum(dimensions)
    result = 0
    for exponents in product(*(range(n + 1) for n in dimensions)):  # a monomial of c_i(T); h takes the rest
        i = sum(exponents)
        rest = [n - a for n, a in zip(dimensions, exponents, strict=True)]
        chern = prod(comb(n + 1, a) for n, a in zip(dimensions, exponents, strict=True))
        multinomial = factorial(total - i) // prod(map(factorial, rest))
        power = prod(m**r for m, r in zip(degrees, rest, strict=True))
        result += (-1) ** i * (2 ** (total + 1 - i) - 1) * chern * multinomial * power
    return result


def architecture_of(blocks, factor=2):
    """An architecture with these layer degrees, block after block."""
    filters = [d + 1 for block in blocks for d in block]
    strides = list(chain.from_iterable([1] * (len(block) - 1) + [factor] for block in blocks))
    return Architecture(filters, strides)


def counts_by_pattern(arch):
    return {row.pattern: row.count for row in generic_count(arch)}


small_sums = st.lists(st.integers(1, 3), min_size=1, max_size=4)


@given(small_sums, small_sums)
def test_count_matrices_is_the_number_of_matrices(rows, columns):
    found = sum(column_sums(matrix) == tuple(columns) for matrix in matrices(rows, len(columns)))
    assert count_matrices(rows, columns) == found


@given(small_sums, small_sums, st.randoms())
def test_count_matrices_does_not_depend_on_the_order_of_rows_and_columns(rows, columns, random):
    expected = count_matrices(rows, columns)
    random.shuffle(rows)
    random.shuffle(columns)
    assert count_matrices(rows, columns) == expected == count_matrices(columns, rows)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4).filter(lambda degrees: sum(degrees) <= 6))
def test_root_patterns_are_the_column_sums_that_occur(degrees):
    total = sum(degrees)
    found = {tuple(sorted(filter(None, column_sums(m)), reverse=True)) for m in matrices(degrees, total)}
    patterns = root_patterns(degrees)
    assert set(patterns) == found
    assert len(patterns) == len(found)
    assert patterns[0] == (1,) * total


def test_root_patterns_of_no_layers():
    assert root_patterns(()) == [()]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ((2, 2), 6),
        ((3, 2), 10),
        ((4, 2), 14),
        ((3, 3), 39),
        ((2, 2, 2), 34),
        ((4, 3), 83),
        ((4, 4), 284),
        ((3, 2, 2), 100),
        ((3, 3, 3), 2385),
        ((4, 4, 4), 204_536),
        ((2,) * 7, 473_968),
    ],
)
def test_published_generic_ed_degrees_of_segre_varieties(filters, expected):
    """Critical parameters for generic data (Shahverdi 2024 for strides above one; the strides do not matter)."""
    assert generic_ed_degree([k - 1 for k in filters]) == expected
    strides = (1,) * len(filters)
    assert generic_count(Architecture(filters, strides)).parameters == expected


@pytest.mark.parametrize("n", range(1, 6))
@pytest.mark.parametrize("degree", range(1, 6))
def test_generic_ed_degree_of_veronese_varieties(n, degree):
    """Draisma, Horobeţ, Ottaviani, Sturmfels, Thomas (2016), Proposition 7.10, with n + 1 variables."""
    expected, remainder = divmod((2 * degree - 1) ** (n + 1) - (degree - 1) ** (n + 1), degree)
    assert remainder == 0
    assert generic_ed_degree((n,), (degree,)) == expected


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 4)), max_size=4))
def test_generic_ed_degree_is_the_chern_class_formula(factors):
    dimensions, degrees = [n for n, _ in factors], [m for _, m in factors]
    assert generic_ed_degree(dimensions, degrees) == chern_formula(dimensions, degrees)


def test_generic_ed_degree_wants_one_degree_for_each_dimension():
    with pytest.raises(InputError, match="degrees: 1 given for 2 dimensions"):
        generic_ed_degree((1, 1), (2,))


@pytest.mark.parametrize(
    ("degrees", "expected"),
    [
        ([2], {((1, 1),): 1, ((2,),): 4}),
        ([3], {((1, 1, 1),): 1, ((2, 1),): 7, ((3,),): 7}),
        ([4], {((1,) * 4,): 1, ((2, 1, 1),): 10, ((2, 2),): 13, ((3, 1),): 12, ((4,),): 10}),
        ([2, 1], {((1, 1), (1,)): 10, ((2,), (1,)): 14}),
    ],
)
def test_counts_of_the_strata_known_from_monodromy_and_phcpack(degrees, expected):
    """Solved numerically before this was written (monodromy with trace test, PHCpack's blackbox solver)."""
    assert counts_by_pattern(architecture_of([(1,) * n for n in degrees])) == expected


@pytest.mark.parametrize(
    "degrees",
    [degrees for total in range(1, 7) for number in (1, 2, 3) for degrees in product(range(1, total + 1), repeat=number)
     if sum(degrees) == total],
    ids=str,
)  # fmt: skip
def test_strata_add_up_to_the_parameter_space_for_all_layers_that_refine_the_blocks(degrees):
    """Σ N_λ A(d, λ) = gED(Segre_d), with the matrices counted here."""
    finest = counts_by_pattern(architecture_of([(1,) * n for n in degrees]))
    assert len(finest) == prod(sum(1 for _ in partitions(n)) for n in degrees)
    for blocks in product(*(partitions(n) for n in degrees)):
        table = generic_count(architecture_of(blocks))
        total = 0
        for pattern, count in finest.items():
            ways = prod(
                sum(column_sums(m) == shape for m in matrices(block, len(shape)))
                for block, shape in zip(blocks, pattern, strict=True)
            )
            total += count * ways
            rows = [(row.count, row.factorizations) for row in table if row.pattern == pattern]
            assert rows == ([(count, ways)] if ways else [])
        layers = [d for block in blocks for d in block]
        assert total == chern_formula(layers, [1] * len(layers)) == table.parameters


@pytest.mark.parametrize(
    ("blocks", "strata"),
    [([(4, 4)], 2), ([(6,), (4, 2)], 1), ([(2, 2, 2), (3, 3)], 6), ([(1,) * 6, (2, 2, 2), (2, 2)], 24)],
)
def test_strata_with_one_root_multiplicity_a_block_are_counted_by_the_chern_formula_with_powers(blocks, strata):
    checked = 0
    for row in generic_count(architecture_of(blocks)):
        if all(len(set(partition)) == 1 for partition in row.pattern):
            dimensions = [len(partition) for partition in row.pattern]
            assert row.count == chern_formula(dimensions, [partition[0] for partition in row.pattern])
            checked += 1
    assert checked == strata


def test_the_chern_formula_overcounts_where_multiplicities_mix():
    counts = counts_by_pattern(architecture_of([(1, 1, 1)]))
    assert counts[(2, 1),] < chern_formula((1, 1), (2, 1))


def test_counts_of_ten_layers_and_of_a_block_of_degree_twelve_are_consistent():
    ten = generic_count(Architecture((2,) * 10, (1,) * 10))
    assert len(ten) == 42
    assert ten.parameters == chern_formula((1,) * 10, (1,) * 10)
    mixed = generic_count(Architecture((3, 2) * 5, (1, 1, 1, 2, 1, 1, 1, 3, 1, 1)))
    assert mixed.parameters == chern_formula((2, 1) * 5, (1,) * 10)
    for degrees in ((1,) * 12, (5, 4, 3), (2,) * 6):
        filters = [d + 1 for d in degrees]
        table = generic_count(Architecture(filters, [1] * len(filters)))
        assert table.parameters == chern_formula(degrees, (1,) * len(degrees))
        assert sum(row.factorizations for row in table if row.pure) == factorial(12) // prod(map(factorial, degrees))


def test_counts_do_not_depend_on_strides_but_through_the_blocks():
    expected = [(row.count, row.factorizations) for row in generic_count(Architecture((3, 2, 2), (1, 2, 1)))]
    for strides in ((1, 3, 1), (1, 2, 7), (1, 5, 2)):
        rows = [(row.count, row.factorizations) for row in generic_count(Architecture((3, 2, 2), strides))]
        assert rows == expected
    assert [(row.count, row.factorizations) for row in generic_count(Architecture((3, 2, 2), (2, 1, 1)))] != expected


def test_counts_do_not_depend_on_the_order_of_layers_within_a_block():
    tables = [
        [(row.pattern, row.count, row.factorizations) for row in generic_count(Architecture(filters, (1, 1, 1, 1)))]
        for filters in permutations((4, 3, 2, 2))
    ]
    assert all(table == tables[0] for table in tables)


def test_counts_of_permuted_blocks_are_permuted():
    forward = counts_by_pattern(Architecture((2, 3, 3), (1, 2, 1)))
    backward = counts_by_pattern(Architecture((3, 2, 3), (2, 1, 1)))
    assert {pattern[::-1]: count for pattern, count in forward.items()} == backward


def test_layers_of_size_one_and_the_last_stride_do_not_count():
    expected = [(row.pattern, row.count) for row in generic_count(Architecture((3, 2), (2, 1)))]
    for arch in (Architecture((3, 2), (2, 5)), Architecture((1, 3, 1, 2, 1), (3, 1, 2, 1, 4))):
        assert [(row.pattern, row.count) for row in generic_count(arch)] == expected


def test_sums_of_the_table():
    table = generic_count(Architecture((3, 3), (1, 1)))  # n = (4), without the patterns (3, 1) and (4)
    assert {row.pattern: (row.pure, row.count, row.factorizations) for row in table} == {
        ((1, 1, 1, 1),): (True, 1, 6),
        ((2, 1, 1),): (False, 10, 2),
        ((2, 2),): (False, 13, 1),
    }
    assert (table.pure, table.spurious, table.filters, table.parameters, len(table)) == (1, 23, 24, 39, 3)


def test_a_single_layer_and_a_network_of_scalars_have_one_critical_filter():
    for arch in (Architecture((5,), (2,)), Architecture((1, 1), (2, 1))):
        table = generic_count(arch)
        assert (len(table), table.filters, table.parameters, table.pure) == (1, 1, 1, 1)


@pytest.mark.parametrize("arch", architectures_up_to(8), ids=lambda arch: f"{arch.filters}-{arch.strides}")
def test_totals_without_a_list_of_strata_are_the_sums_over_the_list(arch):
    table = generic_count(arch)
    assert generic_totals(arch) == (table.pure, table.parameters)
    assert table.pure <= fewest_filters(arch) <= table.filters


@pytest.mark.parametrize("degrees", [(1,) * 6, (2, 2, 2), (3, 2, 1), (4, 4), (5,), ()], ids=str)
def test_root_patterns_are_the_partitions_that_some_matrix_has(degrees):
    def partitions(total, largest):
        if total == 0:
            yield ()
        for part in range(1, min(total, largest) + 1):
            for rest in partitions(total - part, part):
                yield (part, *rest)

    expected = [one for one in partitions(sum(degrees), sum(degrees)) if count_matrices(degrees, one)]
    assert sorted(root_patterns(degrees)) == sorted(expected)
    assert root_patterns(degrees)[0] == (1,) * sum(degrees)


def test_strata_too_many_to_list_have_exact_totals_all_the_same():
    arch = Architecture((2,) * 50, (1,) * 50)
    with pytest.raises(TooManyStrata, match=r"^filters: there are more than 4000 strata, .* sums alone\)$"):
        generic_count(arch)
    totals = generic_totals(arch)
    assert totals.pure == 1
    assert totals.parameters == generic_ed_degree((1,) * 50)
    assert generic_totals(Architecture((1_000_000,), (1,))) == (1, 1)


def test_long_lists_of_roots_need_no_recursion():
    table = generic_count(Architecture((600, 400), (2, 1)))
    assert len(table) == 1
    assert table.pure == generic_ed_degree((599, 399))


@pytest.mark.parametrize("filters", [(1_000_000, 2), (2,) * 1002])
def test_degrees_beyond_the_limit_are_refused_at_once(filters):
    for count in (generic_count, generic_totals):
        with pytest.raises(
            InputError, match=r"^filters: the filter sizes minus one sum up to .* expected at most 1000"
        ):
            count(Architecture(filters, (1,) * len(filters)))
