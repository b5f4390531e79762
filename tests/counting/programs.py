"""The programs for Gröbner bases that are installed here."""

from __future__ import annotations

import pytest

from homotopy_lcn.counting.gram_matrices import GramMatrix
from homotopy_lcn.counting.groebner import Search, count_by_groebner, residues_of
from homotopy_lcn.counting.groebner_programs import find_program
from homotopy_lcn.networks.strata import Factor, Stratum

__all__ = ["WITHOUT", "by_groebner", "needs_groebner", "stratum_of"]

#: A search that finds no program.
WITHOUT = Search(None)
needs_groebner = pytest.mark.skipif(find_program() is None, reason="neither msolve nor Macaulay2 is installed")


def stratum_of(*factors: tuple[int, int, int]) -> Stratum:
    """A stratum from degree, power and dilation of each factor."""
    return Stratum(tuple(Factor(*factor) for factor in factors))


def by_groebner(stratum: Stratum, gram: GramMatrix) -> int | None:
    return count_by_groebner(stratum, residues_of(gram), Search.within(None))
