"""Options of the path tracker, and the codes that say how a path ended.

The compiled kernel takes the options by the names of the fields of `TrackerOptions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from math import inf, isfinite
from numbers import Real

from ..errors import InputError

__all__ = ["ReturnCode", "TrackerOptions"]


class ReturnCode(IntEnum):
    """How a path ended."""

    SUCCESS = 0
    #: The filter grows beyond all bounds as the data approach the target.
    DIVERGED = 1
    #: The Jacobian becomes singular as the data approach the target, the filter staying finite.
    SINGULAR = 2
    #: Away from the target even the smallest step was rejected.
    STEP_TOO_SMALL = 3
    #: The limit on the number of steps was reached.
    TOO_MANY_STEPS = 4


@dataclass(frozen=True)
class TrackerOptions:
    """Options of the path tracker.

    The step size is controlled by the contraction Θ = |chord step| / |Newton step| of the corrector: the Newton step
    measures the error of the predictor, which is of fourth order, and Θ is proportional to it.

    Attributes
    ----------
    contraction_target : float
        The contraction that the step size aims at. Smaller is safer and slower; the number of steps grows like its
        inverse fourth root.
    control_gain : float
        The step is multiplied by (contraction_target / Θ)^control_gain. For a predictor of fourth order the gain is
        1/4. A smaller gain damps the oscillation of Θ that comes from the changing ratio of consecutive steps.
    contraction_limit : float
        A step with a larger contraction is rejected.
    movement_limit : float
        Largest relative movement of a point in one step. The limit guards against a jump to another path where the
        contraction alone does not show the jump.
    first_step : float
        Length of the first step (the path has length 1).
    growth : float
        Largest factor by which the step grows at once.
    shrink : float
        Least factor by which the step shrinks at once.
    smallest_step : float
        A path whose step falls below this fraction of the distance to the target is stuck.
    endgame_distance : float
        A path that gets stuck nearer to the target than this distance ends there: the path diverges or is singular.
    divergence_exponent : float
        A path stuck in the endgame counts as diverging if its filter grows at least like distance^(−exponent).
    max_steps : int
        Limit on the number of steps, rejected ones included.

    References
    ----------
    Deuflhard, *Newton Methods for Nonlinear Problems* (2004), section 5.1 (contraction-controlled continuation);
    Timme, *Mixed precision path tracking for polynomial homotopy continuation* (2021).
    """

    contraction_target: float = 0.01
    control_gain: float = 0.25
    contraction_limit: float = 0.1
    movement_limit: float = 0.1
    first_step: float = 0.05
    growth: float = 3.0
    shrink: float = 0.25
    smallest_step: float = 1e-8
    endgame_distance: float = 1e-5
    divergence_exponent: float = 0.05
    max_steps: int = 2000

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if type(value) is float and 0 < value < inf:  # as nearly all are
                continue
            is_number = isinstance(value, (int, float, Real)) and not isinstance(value, bool)
            if not is_number or not isfinite(value) or value <= 0:
                raise InputError(f"{name}: {value!r} given; expected a positive number")
        if self.contraction_target >= self.contraction_limit:
            raise InputError(
                f"contraction_target: {self.contraction_target} is not below contraction_limit "
                f"{self.contraction_limit}; expected a smaller target"
            )

    @classmethod
    def conservative(cls) -> TrackerOptions:
        """Shorter steps, for paths to be tracked again."""
        return _conservative()


@cache
def _conservative() -> TrackerOptions:
    return TrackerOptions(
        contraction_target=0.003, contraction_limit=0.02, movement_limit=0.05, first_step=0.01, growth=2.0
    )
