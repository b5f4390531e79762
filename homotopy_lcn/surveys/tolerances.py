"""The tolerances by which a survey settles many draws together, each with its reason and its price."""

from __future__ import annotations

from dataclasses import dataclass

from ..arrays import Constants

__all__ = ["SURVEYS", "SurveyTolerances"]


@dataclass(init=False, repr=False, eq=False, match_args=False)
class SurveyTolerances(Constants):
    """When a draw is in doubt, so that it is solved on its own. Wider margins cost time, and change no count.

    Attributes
    ----------
    cell_paths, least_paths : int
        Draws are computed in cells of about `cell_paths` paths, and each draw counts for at least `least_paths` paths.
        Larger cells take more memory, smaller cells leave lanes of the kernel empty.
    most_filters : int
        Architectures with more critical filters than this for generic data are refused.
    accurate : float
        Last Newton step of a path, relative to its end, from which on the end is in doubt.
    critical : float
        Gradient at an end, relative to the terms that cancel in it, from which on the end is in doubt.
    real, complex : float
        A filter is real if its imaginary part, relative to the filter, is below the first number, and complex above the
        second one. Between the two numbers the draw is in doubt.
    near : float
        Filters of one draw nearer than this, relative to their norm, may be one filter.
    rounding, regular : float
        Eigenvalues of Σ relative to the largest one: below the first number they are rounding, above the second one
        they are not. Between the two numbers the rank is in doubt.
    smallest, largest : float
        Σ, b and the constant are between these numbers in size: squares of them neither overflow nor underflow.
    equal_loss : float
        Losses nearer than this, relative to the size of the loss, may be equal.
    """

    cell_paths: int = 8192
    least_paths: int = 8
    most_filters: int = 20_000
    accurate: float = 1e-10
    critical: float = 1e-9
    real: float = 1e-9
    complex: float = 1e-5
    near: float = 1e-5
    rounding: float = 1e-14
    regular: float = 1e-8
    smallest: float = 1e-60
    largest: float = 1e60
    equal_loss: float = 1e-9


#: The values that surveys use.
SURVEYS = SurveyTolerances()
