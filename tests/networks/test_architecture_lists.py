"""Enumerations against plain search, and the file format."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homotopy_lcn import Architecture, InputError
from homotopy_lcn.networks.architecture_lists import architectures_up_to, read_architectures, up_to_order


def by_search(largest, depth, least):
    """All networks of this depth whose strides matter, by trying everything."""
    found = set()
    for filters in product(range(least, largest + 1), repeat=depth):
        for strides in product(range(1, largest), repeat=depth - 1):
            arch = Architecture(filters, (*strides, 1))
            last = max((layer for layer, k in enumerate(filters) if k > 1), default=None)
            if last is not None and arch.filter_size <= largest and set(arch.strides[last:]) == {1}:
                found.add(arch)
    return found


@pytest.mark.parametrize(("largest", "depth"), [(4, 1), (6, 2), (6, 3), (6, 4)])
@pytest.mark.parametrize("size_one", [False, True])
def test_the_enumeration_is_what_a_search_finds(largest, depth, size_one):
    if size_one and depth == 4:
        largest = 4
    found = architectures_up_to(largest, layers=depth, size_one=size_one)
    assert len(found) == len(set(found))
    assert set(found) == by_search(largest, depth, 1 if size_one else 2)


def test_without_layers_all_depths_from_two_on():
    everything = architectures_up_to(7)
    assert everything == architectures_up_to(7)
    by_depth = [arch for depth in range(2, 7) for arch in architectures_up_to(7, layers=depth)]
    assert sorted(everything, key=str) == sorted(by_depth, key=str)
    keys = [(arch.filter_size, arch.depth, arch.strides, arch.filters) for arch in everything]
    assert keys == sorted(keys)


def test_reduced_ones_are_those_of_all():
    assert architectures_up_to(9, reduced=True) == [arch for arch in architectures_up_to(9) if arch.is_reduced]


def test_up_to_order_keeps_one_of_each_kind():
    everything = architectures_up_to(7)
    chosen = up_to_order(everything)

    def kind(arch):
        return arch.blocks, tuple(tuple(sorted(degrees)) for degrees in arch.layer_degrees)

    assert len({kind(arch) for arch in chosen}) == len(chosen)
    assert {kind(arch) for arch in chosen} == {kind(arch) for arch in everything}


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"max_filter_size": 0}, "max_filter_size"),
        ({"max_filter_size": True}, "max_filter_size"),
        ({"max_filter_size": 4, "layers": 0}, "layers"),
        ({"max_filter_size": 4, "size_one": True}, "size_one"),
        ({"max_filter_size": 60}, "max_filter_size"),
    ],
)
def test_arguments_out_of_range_are_named(arguments, name):
    with pytest.raises(InputError, match=name):
        architectures_up_to(**arguments)


sizes = st.lists(st.tuples(st.integers(1, 99), st.integers(1, 99)), min_size=1, max_size=5)


@given(st.lists(sizes, min_size=1, max_size=5))
def test_a_written_list_is_read_back(tmp_path_factory, networks):
    expected = [Architecture([k for k, _ in layers], [s for _, s in layers]) for layers in networks]
    lines = [f"{','.join(map(str, a.filters))}\t{','.join(map(str, a.strides))}  # a note" for a in expected]
    path = tmp_path_factory.mktemp("lists") / "networks.txt"
    path.write_text("# k s\n\n" + "\n".join(lines) + "\n", encoding="utf-8")
    assert read_architectures(path) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3,2 2,1\n3,2\n", "line 2: '3,2'; expected filter sizes and strides"),
        ("3,x 2,1\n", "line 1"),
        ("3,2 2,1 4\n", "line 1"),
        ("3,2 2\n", "line 1: strides: 1 given for 2 filters"),
        ("0 1\n", "line 1: filters: 0"),
        ("# nothing\n", "no architecture"),
    ],
)
def test_a_line_that_is_no_network_is_named(tmp_path, text, message):
    path = tmp_path / "networks.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_architectures(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(InputError, match=r"^path: cannot read .*No such file"):
        read_architectures(tmp_path / "none.txt")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not a text file"):
        read_architectures(tmp_path / "binary")
