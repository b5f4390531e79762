"""The tolerances of classification, with their reasons."""

from __future__ import annotations

from dataclasses import dataclass

from ..arrays import Constants

__all__ = ["CLASSIFICATION", "ClassificationTolerances"]


@dataclass(init=False, repr=False, eq=False, match_args=False)
class ClassificationTolerances(Constants):
    """Tolerances of classification. All tolerances are relative, save the numbers of steps and of candidates.

    The rules on arrays (`rules`) decide only where no doubt is left. A point in doubt goes to more careful code. So a
    wide tolerance of doubt costs time, and a narrow tolerance risks a wrong answer.

    Attributes
    ----------
    hyperroot : float
        A form has a hyperroot if its distance from having one is at most this number. Roots of a form that has a double
        hyperroot are accurate to the square root of the rounding error, about 1e-8. A larger number calls filters
        singular that lie near the singular locus; a smaller number misses hyperroots that rounding has moved.
    hyperroot_in_doubt : float
        Up to this distance, twice ``hyperroot``, a survey leaves smoothness to the solve of the data set.
    near_hyperroot : float
        Up to this distance the general code looks at a point again in the solve of a data set. The general code costs
        milliseconds a point; about one random point in ten thousand is so near.
    small_leading : float
        A form of degree three or more whose leading coefficient is below this part of its largest coefficient is in
        doubt where no Newton iteration follows: large entries of the companion matrix take up to six of the sixteen
        digits of the small roots.
    index_in_doubt : float
        A Hessian with an eigenvalue below this part of the largest eigenvalue (after scaling) has an
        index in doubt. The bound leaves eight digits for the rounding errors of parameters that are not polished.
    gradient : float
        The Hessian at parameters is in doubt if the gradient there, relative to the terms that cancel in the gradient,
        is above this number. Roots at the accuracy of doubles give 1e-15 to 1e-12; a wrong factorization gives 1e-3 or
        more.
    zero_eigenvalue : float
        At parameters that Newton's method has polished, a Hessian eigenvalue below this part of the largest eigenvalue
        (after scaling) is zero. Rounding of a polished Hessian leaves about 1e-14. A larger number calls
        ill-conditioned minima degenerate; a smaller number gives degenerate points a random sign.
    zero_at_singular_point : float
        The same at singular isolated points, which are known to eight digits where two points meet.
    zero_on_continuum : float
        The same at points of continua, which are as accurate as regular ones, but for their parameters.
    polishing_steps : int
        Newton steps in parameter space. Parameters made from roots have about ten correct digits or more, and Newton's
        method doubles their number with each step; the third step is the reserve.
    close : float
        Newton's method has found a critical point near the parameters if its last step is below this number. Parameters
        that are not near a critical point take steps of order one.
    singular_condition : float
        From this condition number on, the Newton matrix is singular, as it is at degenerate points. Newton's method
        then says nothing, and the parameters are kept as they are.
    regular_accuracy : float
        Least relative error that is assumed of the filter of a nonsingular point. Refined filters are accurate to
        1e-15 times a moderate condition number.
    accurate_condition : float
        Up to this condition number a filter is as accurate as ``regular_accuracy``.
    rounding_of_gradient : float
        Rounding of a gradient in extended precision, relative to the terms that cancel in it.
    worst_accuracy : float
        Largest relative error that is assumed of the filter of a nonsingular point. A larger number takes well
        separated roots for equal.
    singular_accuracy : float
        Relative error that is assumed of the filter of a singular point. The endgame gives six digits or more.
    plain_roots : float
        Roots farther apart than this do not coincide, at whatever error is assumed of a filter: m roots in one point
        are about the m-th root of the error apart. So with distances to hyperroots.
    loosening : tuple of float
        The assumed error is multiplied by each of these factors in turn, until the filter lies in the Zariski closure
        of the function space, where every critical filter lies.
    loosest_accuracy : float
        No error above this number is assumed, whatever the factors of ``loosening``.
    gradient_margin : float
        Parameters over a filter are critical if the relative gradient is at most this number times the error of the
        filter. A relative error of the filter changes the gradient by about as much, times a small constant.
    clearly_worse : float
        If the gradient at parameters of the general code is this many times that at the parameters of the stratum, the
        latter stay: the filter was taken for a more special one.
    composed_again : float
        Parameters of the general code whose filter is farther than this from the filter of a nonsingular point,
        relative to its norm, are not taken if those of the stratum are nearer.
    max_candidates : int
        With more real parameters than this number over a filter, the general code keeps the parameters that the
        stratum gives: each candidate costs a gradient, and the list costs memory.
    """

    hyperroot: float = 1e-7
    hyperroot_in_doubt: float = 2e-7
    near_hyperroot: float = 1e-4
    small_leading: float = 1e-6
    index_in_doubt: float = 1e-8
    gradient: float = 1e-9
    zero_eigenvalue: float = 3e-13
    zero_at_singular_point: float = 1e-6
    zero_on_continuum: float = 1e-10
    polishing_steps: int = 3
    close: float = 1e-3
    singular_condition: float = 1e12
    regular_accuracy: float = 1e-12
    accurate_condition: float = 1e4
    rounding_of_gradient: float = 1e-18
    worst_accuracy: float = 1e-8
    singular_accuracy: float = 1e-6
    plain_roots: float = 0.1
    loosening: tuple[float, ...] = (1.0, 1e2, 1e4)
    loosest_accuracy: float = 1e-5
    gradient_margin: float = 10.0
    clearly_worse: float = 1e5
    composed_again: float = 1e-8
    max_candidates: int = 20_000


#: The tolerances that all modules of the package use.
CLASSIFICATION = ClassificationTolerances()
