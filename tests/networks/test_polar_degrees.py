"""Degrees of the zero-residual set and of the ramification locus: against counts, and against Macaulay2."""

from __future__ import annotations

import shutil
import subprocess
from itertools import product

import pytest

from homotopy_lcn import Architecture, InputError
from homotopy_lcn.networks.architecture_lists import architectures_up_to
from homotopy_lcn.networks.counts import generic_count
from homotopy_lcn.networks.polar_degrees import (
    closure_degree,
    polar_degree,
    ramification_parameter_degree,
    zero_residual_parameter_degree,
)


def test_sums_over_the_ranks_are_the_numbers_of_isolated_points():
    for arch in architectures_up_to(8):
        total = 0
        for rank in range(arch.dimension + 1):
            total += polar_degree(arch, rank)
            (pure,) = (row.count for row in generic_count(arch, rank=rank) if row.pure)
            bare = closure_degree(arch) if rank == arch.dimension else 0
            assert pure == total + bare, (arch, rank)


@pytest.mark.skipif(shutil.which("M2") is None, reason="Macaulay2 is not installed")
@pytest.mark.parametrize(
    ("filters", "ranks"),
    [
        ((4, 2), (2, 3, 4, 5)),
        ((3, 3), (2, 3, 5)),
        ((2, 2), (1, 2, 3)),
        ((2, 3), (1, 2, 3, 4)),
        ((2, 2, 2), (2, 3, 4)),
    ],
)
def test_degrees_are_those_of_macaulay2_modulo_a_prime(filters, ranks):
    arch = Architecture(filters, (*[2] * (len(filters) - 1), 1))
    for rank in ranks:
        zero, ramified, parameters = degrees_by_macaulay2(arch, rank)
        assert zero == (sum(filters) - rank, zero_residual_parameter_degree(arch, rank))
        degree = polar_degree(arch, rank)
        if degree == 0:
            assert ramified[1] == parameters[1] == 0
        else:
            assert ramified == (rank - 1, degree)
            assert parameters == (rank + arch.depth - 2, ramification_parameter_degree(arch, rank))


def degrees_by_macaulay2(arch, rank):
    """Dimension and degree of the parameters of residual zero, of the ramification locus, and of its parameters."""
    size, terms = arch.filter_size, {}
    for indices in product(*map(range, arch.filters)):
        place = sum(i * dilation for i, dilation in zip(indices, arch.dilations, strict=True))
        terms.setdefault(place, []).append("*".join(f"x_({layer},{i})" for layer, i in enumerate(indices)))
    products = ["+".join(terms.get(place, ["0_R"])) for place in range(size)]
    layers = [f"x_({layer},0)..x_({layer},{k - 1})" for layer, k in enumerate(arch.filters)]
    saturations = " ".join(f"J = saturate(J, ideal({one}));" for one in layers)
    script = f"""
    setRandomSeed 1;
    F = ZZ/32003;
    R = F[{", ".join(layers)}];
    mu = {{{", ".join(products)}}};
    A = random(F^{rank}, F^{size});
    Z = ideal(A * transpose matrix {{mu}} - random(F^{rank}, F^1));
    J = minors({rank}, A * transpose jacobian matrix {{mu}});
    {saturations}
    I = kernel map(R/J, F[z_0..z_{size - 1}], mu);
    print toString {{dim Z, degree Z, dim I, degree I, dim J, degree J}};
    exit 0
    """
    done = subprocess.run(
        ["M2", "--silent", "--stop", "-e", script.replace("\n", " ")],
        capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    numbers = [int(text) for text in done.stdout.strip().strip("{}").split(",")]
    return tuple(numbers[:2]), tuple(numbers[2:4]), tuple(numbers[4:])


def test_one_block_has_no_ramification():
    arch = Architecture((3, 3), (1, 1))
    assert closure_degree(arch) == 1
    assert [polar_degree(arch, rank) for rank in range(6)] == [0] * 6
    assert ramification_parameter_degree(arch, 3) is None


@pytest.mark.parametrize("rank", [-1, 6, 2.5])
@pytest.mark.parametrize("function", [polar_degree, zero_residual_parameter_degree, ramification_parameter_degree])
def test_ranks_out_of_range_are_refused(function, rank):
    with pytest.raises(InputError, match="rank"):
        function(Architecture((4, 2), (2, 1)), rank)
