"""The tolerances of the solver, each with its reason and its price."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import Constants

__all__ = ["LOCAL", "PLAIN", "SOLVING", "LocalTolerances", "PlainTolerances", "SolvingTolerances"]

_EXTENDED = float(np.finfo(np.longdouble).eps)


@dataclass(init=False, repr=False, eq=False, match_args=False)
class SolvingTolerances(Constants):
    """The numbers that decide which ends of paths are critical points, how often paths are followed, and when to stop.

    No user has reason to change one. They are gathered here, so that each is written once.

    Attributes
    ----------
    detours : int
        Homotopies tried in all for one stratum, each through other random data. More of them cost time only where
        paths are lost each time.
    first_detours : int
        Homotopies from the usual start system before another start system is tried. Where the Gram matrix is special,
        the other start system loses no paths, and further detours from the usual one are wasted.
    zero_filter : float
        Filters w with a norm of Σw below this part of the norm of b, at most, are zero up to rounding.
    most_precise_ends : int
        Ends of parameters of a network of any supports that are asked for in extended precision at most, at a second or
        two each, where doubles do not tell them.
    quick_detours : int
        On the first detours to ill-conditioned data extended precision is used near the end only: a second detour is
        cheaper than a whole path in extended precision.
    ill_conditioned : float
        A Gram matrix with a nonzero eigenvalue below this part of the largest one is ill-conditioned. Paths to it that
        get lost are tracked in extended precision, which takes a hundred times as long.
    doubtful : float
        A nonzero eigenvalue below this part of the largest one may be rounding, see `SquaredLoss.rank_in_doubt`: ten
        times the tolerance of the rank. What paths to such data cost is limited.
    verified : float
        A point counts as verified if its last Newton step is at most this, relative to the point.
    near, near_condition : float
        Solutions nearer than this to each other, relative to their size, have a condition number of at least the second
        number divided by their distance.
    suspicious : float
        Above this condition number (Newton matrix scaled to unit diagonal) an end is looked at closely, however well
        it was reached. Lower values cost time on regular points.
    nearly_arrived : float
        Last Newton step of an end that an engine without pivots has not found, and NumPy may find.
    singular : float
        Above this condition number the Newton matrix counts as singular. Refined points lose as many digits, of the
        nineteen of extended precision.
    singular_in_many_digits : float
        The same where the rank of the Gram matrix is in doubt, and each point is looked at in many digits.
    winding : float
        Above this condition number the end of a path that winds around it is singular. Near a singular solution of
        higher order rounding is all that is left of the Newton matrix, and `singular` may not be reached.
    aside, steps_back, back : float, int, float
        Newton's method is started this far off a point, is given this number of steps, and has to come back to this
        part of the distance. At a double point it comes nearer by half in each step only.
    attracted : float
        Above this condition number that alone does not tell a regular end if the Gram matrix is singular: rounding may
        be all that is left of the Newton matrix along its kernel.
    end_rounding : float
        Rounding in a refined end for each unit of its condition number, by which ends are told apart. Ends nearer to
        each other than its square root may be one double end.
    twin : float
        A nonsingular point that is not its own conjugate is real if its filter is that of its conjugate, and real up to
        this part of its norm.
    real_rounding : float
        Rounding in a refined filter for each unit of its condition number, by which a filter may still be real. It is
        larger than `end_rounding`, as a filter is a product of factors.
    insensitive : float
        An ill-conditioned end is regular if its sensitivity in the norms of the data is below this part of the
        sensitivity of ends that may be one double end.
    most_in_many_digits : int
        Ends of one stratum that are looked at in many digits at most; each takes some hundredths of a second.
    far_away : float
        Filters of larger norm, for data of order one, may be points of paths to infinity: then the exact number for a
        Gram matrix does not end a solve.
    shared_root : float
        Factors of one block share a root if the least singular value of their Sylvester matrix is below this.
    same_limit : float
        Limits of paths nearer than this, relative to their norm, are one singular end. The endgame tells limits to
        about 1e-8.
    conjugate : float
        A point and the conjugate of another one are a pair if they are this near, relative to their norm, and no point
        is nearer.
    real : float
        A filter may count as real within this distance of its conjugate, relative to its norm, if nothing else decides.
    real_limit : float
        The filter of a limit of paths is real within this distance of its conjugate, relative to its norm. The endgame
        tells limits to about 1e-8, and where paths meet in pairs or triples, no worse: the limit is a mean.
    same_composed : float
        Real θ over a singular point tell its filter if their filters are equal up to this, relative to their norm.
    real_factor : float
        A real filter has real factors if their imaginary parts are below this, factors scaled to a largest entry of 1.
    no_residual : float
        A filter has residual zero if ‖Σw − b‖ is at most this, relative to ‖Σ‖‖w‖ + ‖b‖.
    classified_together : int
        Points classified in one call: bounds the memory.
    refined_together : int
        Ends refined in one call: bounds the memory.
    in_columns : int
        Points of networks with more critical filters are kept in columns if they are not real. A record takes some
        kilobytes, and longer than the path to its point.
    most_points : int
        Architectures with more critical filters are refused: a point takes some two kilobytes.
    most_parameters : int
        Architectures with more critical parameters over one filter are refused, as all of them are listed.
    trace : float
        Largest deviation from linearity that passes the trace test. An incomplete fibre of N points deviates by 1/N.
    stored : float
        A stored point counts as a solution if its relative Newton step is below this.
    checked : int
        Points of a stored start system that are verified when it is read; of a smaller one, all of them. Checksums
        guard the file, and every end of a path is verified, whatever its start.
    fruitless_segments : int
        Segments tried beyond the first three without a new point, before monodromy gives up.
    largest_crossing : int
        Points that monodromy tracks at once: a checkpoint can be written in between.
    moment_draws : int
        Moment vectors tried for the start system of one Gram matrix. Branch points may lie so near to the end of the
        paths that doubles cannot tell ends at infinity apart; where they lie depends on the moment vector.
    detours_to_singular : int
        Homotopies from a start system with a singular Gram matrix. Paths that get lost are lost each time.
    detours_for_moments : int
        Homotopies for each of these moment vectors. The straight one from a diagonal start system may be special, and
        lose a path always.
    loops : int
        Triangles that monodromy in b goes round at most.
    same_point : float
        Points of one fibre nearer than this, relative to their norm, are the same after a loop.
    most_measured : int
        White counts of architectures with more critical filters than this for generic data are not measured.
    low_rank_detours : int
        Homotopies from the start system of full rank before monodromy within the data of low rank has to help.
    fruitless_loops : int
        Loops in a row without a new point after which that monodromy gives up.
    approaches : int
        How many times at most real data nearby are drawn to look for real points on continua. Each time at least one
        point on every real piece is found. Where all points found are real, once is enough.
    regularizations : tuple of float
        Weights of the random distances, relative to the Gram matrix, that are added to a loss to find its infimum, in
        the order in which they are tried. A small weight decides more. A larger one is better conditioned.
    below_all : float
        A loss below that of every critical point by this part of the scale of losses shows that none is a minimum.
    near_infimum : float
        The loss at minima of regularized losses tends to the infimum. Within this part of the scale it has come there.
    same_infimum : float
        Means of two circles that differ by less than this part of the scale tell the infimum.
    one_filter : float
        Critical filters of several strata that differ by less than this part of their size in eighty digits are one.
        Newton's method leaves differences of 1e-50 and less.
    ends_at_once : int
        Singular ends that are examined together, between two looks at the clock.
    has_moved : float
        A critical filter of a regularized loss that is farther from all critical filters than this part of its norm may
        be on its way to infinity.
    may_fall : float
        So many times the regularizing term the loss may still fall as the weight falls to zero, see `infimum`: enough
        for terms that fall like weight^(1/100) or faster.
    nearer : float
        Whether a loss tends to the mean over a circle is seen at a weight smaller by this factor.
    low_rank_condition : float
        A point of a start system of low rank is regular up to this condition number.
    """

    detours: int = 6
    first_detours: int = 2
    zero_filter: float = 1e-15
    most_precise_ends: int = 12
    quick_detours: int = 2
    ill_conditioned: float = 1e-7
    doubtful: float = 1e-11
    verified: float = 1e-8
    near: float = 1e-6
    near_condition: float = 1e-2
    suspicious: float = 1e6
    nearly_arrived: float = 0.1
    singular: float = 1e13
    singular_in_many_digits: float = 1e15
    winding: float = 1e11
    aside: float = 1e-7
    steps_back: int = 4
    back: float = 0.03
    attracted: float = 1e10
    end_rounding: float = 8 * _EXTENDED
    twin: float = 3e-12
    real_rounding: float = 32 * _EXTENDED
    insensitive: float = 0.1
    most_in_many_digits: int = 500
    far_away: float = 1e6
    shared_root: float = 1e-10
    same_limit: float = 1e-6
    conjugate: float = 1e-6
    real: float = 1e-9
    real_limit: float = 1e-6
    same_composed: float = 1e-10
    real_factor: float = 1e-5
    no_residual: float = 1e-10
    classified_together: int = 4096
    refined_together: int = 16_384
    in_columns: int = 4096
    most_points: int = 20_000_000
    most_parameters: int = 100_000
    trace: float = 1e-10
    stored: float = 1e-9
    checked: int = 256
    fruitless_segments: int = 12
    largest_crossing: int = 20_000
    moment_draws: int = 6
    detours_to_singular: int = 2
    detours_for_moments: int = 2
    loops: int = 400
    same_point: float = 1e-6
    most_measured: int = 20_000
    low_rank_detours: int = 4
    fruitless_loops: int = 10
    approaches: int = 2
    regularizations: tuple[float, ...] = (1e-9, 1e-10, 1e-7, 1e-5)
    below_all: float = 1e-7
    near_infimum: float = 1e-5
    same_infimum: float = 1e-7
    one_filter: float = 1e-35
    ends_at_once: int = 32
    has_moved: float = 1e-3
    may_fall: float = 100.0
    nearer: float = 0.1
    low_rank_condition: float = 1e8


@dataclass(init=False, repr=False, eq=False, match_args=False)
class LocalTolerances(Constants):
    """The numbers by which the critical set near a point is told, see `local_structure`.

    Coordinates are those of points whose factors have norm one, with the scalar varied relatively. Gradients are
    relative to the norm of the Newton matrix.

    Attributes
    ----------
    small : float
        A singular value of the Newton matrix below this part of the largest one may belong to the kernel. The limit of
        a path is accurate to about 1e-8, and a singular value at a limit is as wrong as the limit. A kernel that is
        taken too large costs time only.
    tie : float
        Equations that hold up to this hold. Data that are equal up to the rounding of doubles, some 1e-16, and matrices
        of them turned and summed, are tied up to about 1e-14. Data tied to 1e-12 are told from tied ones.
    radius : float
        How far from the point the critical set is looked at. A larger radius tells more from rounding, and may reach
        other critical points.
    far, tie_far : float
        Where g vanishes up to ``tie`` at ``radius``, it is looked at at this distance as well: t^17 is no more than
        rounding at the radius, and is 1e-9 here. On a continuum g is rounding there, too.
    grows, rounding : float
        Nor may g at ``far`` be larger than this multiple of g at ``radius``, or of rounding in extended precision: a
        power of |t| with a small coefficient may be below ``tie_far``. On a continuum g is rounding, and grows slowly.
    leading_degrees, higher_order : tuple of int, float
        Degrees that the leading terms of reduced equations may have. Terms of higher order at ``radius`` are at most so
        many times what the leading terms leave of a few values.
    beyond : float
        So it is at this distance, which Newton's method reaches where ``far`` is out of its reach.
    steps_on, grown, sudden : int, float, float
        Steps in which solutions of affine equations are followed from ``radius`` to ``far``; the residual that is none
        any longer, as multiple solutions are found to 1e-12 only; and the residual above which the method has lost
        them: in one step t^17 grows by a factor of 13.
    shorter, most_short_steps : float, int
        Where Newton's method does not reach ``radius`` or ``far``, a curve is followed in steps shorter by this factor,
        or by its powers, up to this number of them.
    exact_samples, shorter_samples : int
        Random places at which the reduced equations are evaluated for exact data, and distances tried for each of them,
        from ``radius`` on.
    chords : int
        Steps in many digits at most; each gains some ten digits.
    exact_digits, zero_digits : int
        The other equations are solved to so many digits, and reduced equations of fewer digits do not vanish.
    increment : float
        Increment of differences of gradients in extended precision.
    steps : int
        Newton steps at most. Newton's method with a regular matrix needs four or five.
    settled : float
        A Newton step below this is the last one.
    reused_matrix : float
        After a Newton step below this the matrix is used again: the next step is smaller by about this factor.
    near_frame : float
        A point that moves by less than this keeps its local coordinates and singular vectors.
    lost : float
        Coordinates of points whose factors had norm one: steps that lead beyond, or to factors below the inverse, are
        taken back.
    samples : int
        Random points at which the reduced equations are evaluated.
    slices, starts : int
        Random affine equations tried for one dimension, and starts for each of them, times the square of the
        codimension of the set in the kernel. One start in two leads to a curve in two dimensions, one in eight in four.
    truncated : float
        Singular values below this part of the largest one are left out of the steps that solve these equations.
    slow_steps : int
        Steps at most. Where the solutions are multiple, a step halves the distance.
    judged_after, progress : int, float
        After this number of steps the residual has to be below this part of the first one. Where the solutions are m
        fold, a step takes it to about 1/e.
    compared_after, stalled : int, float
        From then on a run ends that has not come to this part of its residual in this number of steps: it has come to
        rest where the residual is least, which is no solution.
    corners : int
        Points of a circle on which the reduced equation is evaluated.
    circles : int
        Circles tried, each a quarter of the one before.
    most_zeros : int
        Zeros inside a circle at most.
    turn : float
        Largest turn, in radians, of the reduced equation from one point of the circle to the next.
    apart : float
        Critical points nearer than this are one.
    before_turn, after_turn : float
        A path to nearly tied data is followed along the continuum while s is between these multiples of the distance
        from tied data. Outside it hardly moves.
    largest_start : float
        Data for which this would begin at a larger s are not nearly tied.
    first_ratio, least_ratio, largest_ratio : float
        Ratios of one s to the next: the first, the least, and the largest, with which the path is given up.
    most_ratios : int
        Steps at most.
    difference : float
        Increment of differences of reduced equations.
    reach : float
        A path that moves farther than this in one step takes a shorter step.
    arrived : float
        A Newton step below this is the last one of a step.
    """

    small: float = 1e-4
    tie: float = 3e-14
    radius: float = 0.05
    far: float = 0.3
    grows: float = 1e4
    rounding: float = 1e-18
    leading_degrees: tuple[int, ...] = (2, 3)
    higher_order: float = 10.0
    beyond: float = 0.1
    tie_far: float = 3e-13
    steps_on: int = 12
    grown: float = 3e-11
    sudden: float = 1e-8
    shorter: float = 0.25
    most_short_steps: int = 100
    exact_samples: int = 2
    shorter_samples: int = 6
    chords: int = 12
    exact_digits: int = 50
    zero_digits: int = 40
    increment: float = 1e-10
    steps: int = 12
    settled: float = 1e-15
    reused_matrix: float = 1e-4
    near_frame: float = 1e-8
    lost: float = 1e50
    samples: int = 6
    slices: int = 2
    starts: int = 16
    truncated: float = 1e-13
    slow_steps: int = 60
    judged_after: int = 10
    progress: float = 0.01
    compared_after: int = 5
    stalled: float = 0.99
    corners: int = 32
    circles: int = 4
    most_zeros: int = 8
    turn: float = 2.6
    apart: float = 1e-12
    before_turn: float = 1e4
    after_turn: float = 1e-4
    largest_start: float = 0.01
    first_ratio: float = 0.3
    least_ratio: float = 0.05
    largest_ratio: float = 0.98
    most_ratios: int = 400
    difference: float = 1e-4
    reach: float = 0.2
    arrived: float = 1e-8


_KNOWN = (
    tuple(0.9 - 0.1 * k for k in range(7)),
    *(tuple(10.0 ** (-first - k / 6) for k in range(7)) for first in (0.5, 1, 1.5)),
)


@dataclass(init=False, repr=False, eq=False, match_args=False)
class FarTolerances(Constants):
    """The numbers by which ends far away are told from ends at infinity, see `far_ends` and `same_range`.

    Distances are parts of the segment from the start data to the data.

    Attributes
    ----------
    growth_distances : tuple of float
        Distances from the data at which doubles compare the filters of paths to infinity and to w = 0.
    growth_goes_on : float
        Where the logarithm of the size changes by less than this part of its largest change, a path has turned.
    known : tuple of tuples of float
        Distances at which doubles tell where the paths are that many digits follow from there, and others for paths
        that are lost.
    distances : tuple of float
        Distances at which their sizes are compared then.
    special : float
        Data nearer than this to special data count as special: they are not told from them by their far points.
    equal_factors : int
        The size has to go on changing for so many powers of ten, up to a distance not above ``special``.
    as_before, still_grows : float
        It does if the least of these changes, in logarithms, is at least this part of the largest one, and this large:
        half the size for winding number 100.
    hardly_grows : float
        Where it changes by no more than this, Newton's method may find the end.
    most_away : int
        Paths to a special Gram matrix that are followed in many digits in any case. Where more of them end far away,
        whatever b is, so many are followed, and the others only if one of these turns to a finite end.
    most_followed : int
        Paths that are followed then at most. If there are more, their ends are unknown.
    steps : int
        Steps from one distance to the next at most, in doubles: more of them lead no farther.
    steps_to_singular : int
        Steps of paths from generic data to a singular Gram matrix at most, where these are tracked first.
    asked : int
        How many random data with the range of the Gram matrix are asked for their number of critical points.
    start_steps : int
        Steps of paths from generic data to random ones with the range of the Gram matrix; paths to infinity use all.
    """

    growth_distances: tuple[float, ...] = tuple(10.0**-k for k in range(5, 12))
    growth_goes_on: float = 0.5
    known: tuple[tuple[float, ...], ...] = _KNOWN
    distances: tuple[float, ...] = tuple(10.0**-k for k in range(3, 21))
    special: float = 1e-12
    equal_factors: int = 4
    as_before: float = 0.8
    still_grows: float = 0.01
    hardly_grows: float = 0.3
    most_away: int = 12
    most_followed: int = 120
    steps: int = 300
    steps_to_singular: int = 400
    asked: int = 2
    start_steps: int = 300


@dataclass(init=False, repr=False, eq=False, match_args=False)
class PlainTolerances(Constants):
    """Which data sets are solved together, see `plain_data`. Wider margins cost time, and change no answer.

    The margins for points are in ``native/plain_points.cpp``.

    Attributes
    ----------
    regular : float
        Least eigenvalue of the Gram matrix relative to the largest one.
    above_tolerance : float
        The same as a multiple of the tolerance of the rank.
    smallest, largest : float
        Sizes of the Gram matrix, of b and of the constant: squares of them neither overflow nor underflow.
    paths : int
        Paths that are tracked together, about. More of them take more memory; fewer leave lanes of the kernel empty.
    """

    regular: float = 1e-7
    above_tolerance: float = 1e2
    smallest: float = 1e-60
    largest: float = 1e60
    paths: int = 4096


#: The values that solves of many data sets use.
PLAIN = PlainTolerances()
#: The values by which ends far away are told.
FAR = FarTolerances()
#: The values that the solver uses.
SOLVING = SolvingTolerances()
#: The values that `local_structure` uses.
LOCAL = LocalTolerances()
