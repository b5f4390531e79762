"""The tolerances of the package, with the reason for each and what each trades."""

from __future__ import annotations

from dataclasses import dataclass

from ..arrays import Constants

__all__ = ["GEOMETRY", "GeometryTolerances"]


@dataclass(init=False, repr=False, eq=False, match_args=False)
class GeometryTolerances(Constants):
    """Numbers that decide between equal and different, real and not real, in the geometry of the function space.

    Attributes
    ----------
    filter_accuracy : float
        Accuracy of a filter that is given in decimals, relative to the norm of the filter. The default of
        `describe_filter`. A larger number finds special structure in filters that are known to fewer digits, and takes
        more generic filters for special ones.
    equal_roots : float
        Chordal distance (between 0 and 2) up to which roots of two layers are one common root. The default of
        `criticality`. Roots of multiplicity two of data in double precision are known to about 1e-8; a larger number
        reports common roots that are not common.
    hyperroot_margin : float
        Two hyperroots c^q and v of the same level are equal if they differ by at most this number times `equal_roots`
        times q·|v|: the error of a root is multiplied by q when the root is raised to the power q.
    smallest_value : float
        The relative size of a hyperroot is measured against at least this number, so that no division is by zero.
    rank : float
        Singular values of dμ below this fraction of the largest count as zero, for factors of norm one. Between the
        square root of the accuracy of doubles, to which double roots are known, and the gaps of generic data.
    form_accuracy : float
        Relative accuracy to which the coefficients of a block's polynomial are trusted when roots are told apart. Some
        fifty units of rounding. A larger number leaves more kinds of points undecided.
    apart : float
        Roots at a chordal distance (between 0 and 1) of at least this number count as different without error discs.
        It saves time for the roots of many polynomials, and must be far above the radii of the discs.
    disc_margin : float
        Factor by which the error discs of roots are enlarged where a disc is only estimated.
    cluster_exponents : (float, float, float)
        Roots are clustered with the distances 10^(−e) for e from the first number up to the second in steps of the
        third, coarsely first: the most special structure that fits is found first. Smaller steps find more structures
        and take longer.
    worth_fitting : float
        A structure of roots at a larger relative distance from the coefficients is not fitted.
    fitted : float
        A structure at a smaller relative distance is not improved further: the distance is rounding.
    exact_fit : float
        For rational coefficients a structure must fit up to this relative distance; the exact invariants decide beyond.
    apart_in_doubles : float
        Roots of rational coefficients are computed in doubles if all chordal distances are larger: doubles know such
        roots to many digits.
    digits : tuple of int
        Numbers of decimal digits with which the roots of rational coefficients are computed, one number after the
        other, where doubles do not tell the roots apart. A third of the digits tells roots apart. More digits take
        longer.
    fitting_steps : int
        Number of Gauss–Newton steps at most. The steps converge quadratically from a good start.
    scale_range : (float, float)
        The variable of a polynomial is scaled only if the ratio of the end coefficients is between these numbers:
        powers overflow beyond.
    near_integer : float
        Coefficients of example filters within this distance of an integer are that integer.
    least_squares : float
        Relative accuracy of the local minimization that bounds the distance to the function space.
    least_squares_steps : int
        Steps of that minimization from one start; ordinary ones take some ten. A bound is a bound after any number.
    """

    filter_accuracy: float = 1e-10
    equal_roots: float = 1e-6
    hyperroot_margin: float = 10
    smallest_value: float = 1e-300
    rank: float = 1e-8
    form_accuracy: float = 1e-14
    apart: float = 1e-4
    disc_margin: float = 10
    cluster_exponents: tuple[float, float, float] = (0.8, 15.6, 0.4)
    worth_fitting: float = 1e-2
    fitted: float = 1e-14
    exact_fit: float = 1e-6
    apart_in_doubles: float = 1e-3
    digits: tuple[int, ...] = (60, 200, 400)
    fitting_steps: int = 6
    scale_range: tuple[float, float] = (1e-100, 1e100)
    near_integer: float = 1e-9
    least_squares: float = 1e-12
    least_squares_steps: int = 200


#: The tolerances that all modules of the package use.
GEOMETRY = GeometryTolerances()
