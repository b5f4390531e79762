"""Tolerances of the stages around the path tracker, one record a stage, each with its reason and its price.

`TrackerOptions` holds the options that users set. The records here hold the constants that users do not set. Every
record has one instance with the default values, and all code of the stage reads that instance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from ..arrays import Constants
from .options import TrackerOptions

__all__ = [
    "ENDGAME",
    "MULTIPRECISION",
    "PHCPACK",
    "REFERENCE",
    "REFINEMENT",
    "RETRACKING",
    "Circles",
    "EndgameTolerances",
    "MultiprecisionTolerances",
    "PHCpackTolerances",
    "ReferenceTolerances",
    "RefinementTolerances",
    "RetrackingTolerances",
]


class Circles(NamedTuple):
    """Circles |s| = r on which the endgame follows a path around its end (the path has length 1).

    Attributes
    ----------
    radii : tuple of float
        Radii r, from large to small.
    rounds : int
        A path that has not closed after this number of rounds is left to a smaller circle.
    patience : int
        A path that comes to points of paths that are not traced is followed on only if this number of larger circles
        have left it open: on a circle that is too large it meets branches that go elsewhere.
    agreement : float
        Two circles tell the same end if their means differ by at most this, and if the Fourier tail of each circle is
        at most this.
    options : TrackerOptions
        Options of the tracker on the chords of the circle.
    """

    radii: tuple[float, ...]
    rounds: int
    agreement: float
    options: TrackerOptions = TrackerOptions()
    patience: int = 2
    agreement_away: float = 1e-3


_IN_DOUBLES = Circles((*(10.0**-k for k in range(4, 7)), *(10.0 ** (-k / 2) for k in range(13, 21))), 40, 1e-8)
_LARGER = Circles(tuple(10.0 ** (-k / 2) for k in range(2, 10)), 40, 1e-8)
_IN_EXTENDED_PRECISION = Circles(tuple(10.0**-k for k in (5, *range(7, 15))), 12, 1e-7, TrackerOptions(max_steps=100))
_PATIENT = replace(TrackerOptions.conservative(), smallest_step=1e-18, max_steps=20_000)


@dataclass(init=False, repr=False, eq=False, match_args=False)
class EndgameTolerances(Constants):
    """Tolerances of the Cauchy endgame.

    Attributes
    ----------
    corners : int
        Corners of the polygon that stands for a circle. More corners make the mean over the circle more accurate, and
        each corner costs one tracked segment a round.
    part_of_eigenvalue : float
        A circle tells the end only if its radius is at most this part of the least eigenvalue of the Gram matrix. On a
        larger circle a path to ill-conditioned data looks as if it ended where it is only about to turn. A smaller part
        is safer and leaves fewer circles.
    closed : float
        A path has closed if it comes back to its start up to this, relative to its coordinates. The tracker is far
        more accurate. Two paths nearer to each other than this would be taken for one.
    residual : float
        Largest residual of the equations at an end, relative to their terms. Two ends that are about to meet look like
        one end from a circle that is too large, but the mean of the circle is no solution.
    residual_of_distance : float
        Where the means of two circles differ, the residual may also be this multiple of their difference: a limit that
        is less accurate solves the equations less accurately.
    part_of_tail : float
        The means of two circles may differ by this multiple of the Fourier tail of the coarser one.
    enough_circles : int
        A path whose scalar goes round zero in the same direction on this number of circles, one after another, ends at
        infinity or at the origin, even if its limit cannot be told. Fewer circles would decide more paths, with less
        evidence.
    almost_solved : float
        Largest residual at the last limit of such a path. Ends that are about to meet there, far away but finite, look
        the same, but their mean does not solve the equations.
    same_loss : float
        Means of the loss over two circles that differ by less than this, relative to the size of the loss, tell the
        limit of the loss along a path to infinity.
    diverging_loss : float
        The loss diverges along a path where a negative exponent of its series around a circle has at least this part of
        the largest coefficient. Where it converges, rounding is all there is of negative exponents.
    together : int
        Paths traced together. The samples of all of them are in memory at once.
    in_doubles : Circles
        Circles for all paths. The small circles are closer together, as rounding may spoil all but a few of the
        circles on which the series of a path converges.
    larger : Circles
        Circles for the paths that these leave open: a path to infinity may be lost soon after the first of them.
    in_extended_precision : Circles
        Circles for the paths that doubles leave open. Where the condition number grows like 1/s, rounding of extended
        precision leaves an error near this agreement on the smallest circles. Paths that need many rounds are given up
        early, as extended precision is slow.
    """

    corners: int = 16
    part_of_eigenvalue: float = 0.1
    closed: float = 1e-6
    residual: float = 1e-12
    residual_of_distance: float = 10.0
    part_of_tail: float = 10.0
    enough_circles: int = 4
    almost_solved: float = 1e-8
    same_loss: float = 1e-7
    diverging_loss: float = 1e-3
    together: int = 1024
    in_doubles: Circles = _IN_DOUBLES
    larger: Circles = _LARGER
    in_extended_precision: Circles = _IN_EXTENDED_PRECISION


@dataclass(init=False, repr=False, eq=False, match_args=False)
class RefinementTolerances(Constants):
    """Tolerances of Newton's method with residuals in extended precision.

    Attributes
    ----------
    reused_matrix : float
        If the last Newton step times the condition number is below this, the point is so near the solution that the
        same Newton matrix serves for the next step, which is smaller by about this factor. A larger value saves
        factorizations and may cost steps.
    small_step : float
        A relative Newton step below this ends the refinement: the point is as accurate as doubles can hold it.
    kernel_step, kernel_condition : float
        The results of the compiled kernel are used up to this last step and this condition number. The kernel takes no
        pivots; all other points are refined again with NumPy, which is slower.
    kernel_movement : float
        Points that the kernel moves farther than this, relative to their largest coordinate, are refined again with
        NumPy, too: a pivot that is zero sends a point far away, where it may seem to be at rest.
    again : float
        Once a point a relative Newton step below this is taken although it is not half as long as the one before: where
        the filter runs along the kernel of the Gram matrix, the Newton matrix of a nearby point may be far off.
    batch : int
        Points refined together with NumPy. The number is fixed, so that results do not depend on the number of threads.
    """

    reused_matrix: float = 1e-4
    small_step: float = 1e-15
    kernel_step: float = 1e-12
    kernel_condition: float = 1e8
    kernel_movement: float = 1e-3
    again: float = 1e-6
    batch: int = 2048


@dataclass(init=False, repr=False, eq=False, match_args=False)
class MultiprecisionTolerances(Constants):
    """Tolerances of Newton's method in many digits.

    Attributes
    ----------
    digits : int
        Decimal digits of all numbers. The differences lose half of them.
    increment_digits : int
        The increment of the differences that make the Newton matrix is ten to the minus this.
    converged_digits : int
        Newton's method has converged if a step, relative to the point, is below ten to the minus this. A singular
        solution, where each step gains less than one digit, does not get there.
    steps : int
        Largest number of steps. Quadratic convergence from an error of 1e-3 needs four or five.
    """

    digits: int = 80
    increment_digits: int = 40
    converged_digits: int = 30
    steps: int = 10


@dataclass(init=False, repr=False, eq=False, match_args=False)
class FollowingTolerances(Constants):
    """Tolerances of paths that are followed in many digits, see `many_digits`.

    Attributes
    ----------
    digits, half_digits : int
        Decimal digits of all numbers, and minus the exponent of the increment of differences. Where w has norm 10^9,
        paths may differ in the fiftieth digit.
    first_ratio, least_ratio, largest_ratio : float
        Ratios of one distance from the target to the next: the first, the least, and the largest, with which the path
        is given up.
    faster : float
        After a step the ratio is raised to this power; after a rejected one it is replaced by its root.
    tiny_step, longer : float
        Where predictions fail, a tiny step is taken, this part of the last one in log s; the point may move farther
        than this part of its last move by this factor.
    least_step, begun_anew : float, int
        Not after a step shorter than this in log s, and not more often than this.
    first_error : float
        Largest distance, in local coordinates, of a known point from a solution.
    corrected : float
        Largest distance of a solution from its prediction, as a part of the step, for the scalar and for each factor.
    settled : float
        A correction below this part of the largest one is the last one: the next would be much smaller.
    steps : int
        Corrections at most.
    roots, counts : tuple of int
        Roots of the distance, and numbers of points, that predictions are tried with.
    """

    digits: int = 160
    half_digits: int = 80
    first_ratio: float = 0.5
    least_ratio: float = 0.1
    largest_ratio: float = 0.995
    faster: float = 1.5
    tiny_step: float = 1e-3
    longer: float = 5.0
    least_step: float = 1e-9
    begun_anew: int = 5
    first_error: float = 0.01
    corrected: float = 0.1
    settled: float = 1e-6
    steps: int = 12
    roots: tuple[int, ...] = (1, 2, 3, 4, 5, 6)
    counts: tuple[int, ...] = (2, 3, 4, 6, 8)


@dataclass(init=False, repr=False, eq=False, match_args=False)
class RetrackingTolerances(Constants):
    """Tolerances for paths to ill-conditioned data that are tracked again.

    Attributes
    ----------
    patient : TrackerOptions
        Options of the tracker. Paths to ill-conditioned data turn sharply down to s = 1e-12, so the smallest step is
        far below the usual one, at the price of many steps.
    extended_from : float
        Value of s from which on a path continues in extended precision. Up to there doubles suffice: of their sixteen
        digits the Gram matrix has cost at most five, on top of what the points themselves cost. An earlier change of
        precision is safer and slower.
    lifted : float
        The part of the largest eigenvalue at which smaller ones begin that shrink by equal factors. Doubles follow
        paths to such data.
    largest_turn : float
        Largest argument, in radians, of the random number that multiplies them: far from 0 to go round real
        discriminants, and below π, so that a path does not go round zero.
    """

    patient: TrackerOptions = _PATIENT
    extended_from: float = 1e-5
    lifted: float = 1e-6
    largest_turn: float = 1.0


@dataclass(init=False, repr=False, eq=False, match_args=False)
class ReferenceTolerances(Constants):
    """Tolerances of the reference engine that are no options of a user.

    Attributes
    ----------
    batch : int
        Paths tracked together. The number is fixed, so that results do not depend on the number of threads.
    told_after : float
        Seconds between two reports: how soon a call ends when its time is up.
    last_step : float
        A rest of the path shorter than this part of the step is taken together with the step: a tiny last step would
        cost as much as a long one.
    settled_step : float
        Largest relative Newton step after the corrector. A larger step means that the corrector has not converged.
    settled_roundings : float
        The Newton step may also be this multiple of the step that rounding alone would cause.
    rounding_limit : float
        Where rounding alone would cause a larger Newton step than this, doubles say nothing about the point.
    least_contraction : float
        Contractions below this count as this: they are rounding, and would ask for an endless step.
    after_rejection : float
        A rejected step is tried again with at most this part of its length.
    refinement_steps : int
        Largest number of Newton steps at the target.
    refinement_gain : float
        Newton's method at the target goes on while each step is below this part of the last one.
    arrived : float
        A path has arrived if the last relative Newton step at the target is below this.
    """

    batch: int = 256
    told_after: float = 0.1
    last_step: float = 0.1
    settled_step: float = 1e-4
    settled_roundings: float = 10.0
    rounding_limit: float = 1e-2
    least_contraction: float = 1e-12
    after_rejection: float = 0.5
    refinement_steps: int = 6
    refinement_gain: float = 0.5
    arrived: float = 1e-6


@dataclass(init=False, repr=False, eq=False, match_args=False)
class PHCpackTolerances(Constants):
    """Tolerances for the answers of PHCpack, and how the program is called.

    Attributes
    ----------
    batch : int
        Paths handed over together. The number is fixed, so that results do not depend on the number of processes.
    arrived : float
        An end whose last Newton step in PHCpack is larger than this, relative to its coordinates, has not arrived.
    far : float
        A path that fails near the target with unknowns larger than this multiple of those at the start goes to
        infinity.
    attempts : int
        The blackbox solver is started at most this often, each time with other random numbers. Its statistics overflow
        now and then where paths go to infinity, before it has listed anything.
    """

    batch: int = 128
    arrived: float = 1e-6
    far: float = 1e6
    attempts: int = 3


ENDGAME = EndgameTolerances()
REFINEMENT = RefinementTolerances()
MULTIPRECISION = MultiprecisionTolerances()
FOLLOWING = FollowingTolerances()
RETRACKING = RetrackingTolerances()
REFERENCE = ReferenceTolerances()
PHCPACK = PHCpackTolerances()
