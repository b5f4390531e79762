"""The constants of walls, in one record."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["WALLS", "WallTolerances"]


@dataclass(frozen=True)
class WallTolerances:
    """Constants of the path tracker, of start systems, and of decisions about walls.

    Attributes
    ----------
    first_step, last_step, shrink, growth : float
        Step control of the tracker: first step in τ; remaining part of a step that is taken with it; bounds of the
        factor between steps.
    aim, least : float
        Part of the largest movement and contraction that the next step aims at, and the least part that is measured.
    noise : float
        Newton steps below this, relative to the point, are rounding.
    settled : float
        Relative size of the last Newton step at a point that counts as a solution.
    regular : float
        The same at the end of a path. Near a singular end Newton's method halves its steps, and stays above.
    condition : float
        Largest condition number of the Jacobian at the end of a path that counts as regular.
    exact : float
        Relative size of a Newton step at which Newton's method ends.
    same : float
        Two points nearer than this, relative to their size, are one.
    trace : float
        Largest relative deviation of the trace from linearity.
    loops : int
        Loops of monodromy without a new wall after which the trace test is asked.
    most_loops : int
        Loops of monodromy after which a start system is given up.
    attempts : int
        How often paths to the data are followed, more carefully each time.
    nearly_real : float
        Imaginary part of t, relative to 1 + |t|, below which a wall is tried in real numbers.
    outside : float
        How far outside the segment a wall is tried.
    nearby : float
        How far Newton's method in real numbers may go, in patches centred at the wall.
    real : float
        Imaginary parts below this are rounding.
    rounds : int
        In how many patches a path is followed at most.
    way : float
        Part of the rest of its way that a path makes in one patch at least if it is to be followed in another.
    stages : tuple of float
        Values of 1 − τ at which paths are looked at that do not arrive.
    least_rate : float
        A path goes to infinity if w grows at least with this power of 1 / (1 − τ) from stage to stage.
    large : float
        How long w is at least at the last stage of such a path, in the norm of Σ, relative to the bound for the lengths
        of real critical filters there.
    detour : float
        Radius of the half circle on which a wall is passed, relative to the nearer of the middles of both chambers.
    singular : float
        Eigenvalues of Σ below this part of the largest one are zero.
    together : float
        Walls nearer than this are at one place of the segment.
    near_end : float
        Inside the segment, Σ next to a singular end is singular up to rounding within this distance.
    far : float
        A wall with |t_0 + t_1| below this, relative to (t_0 : t_1), lies at infinity.
    without_residual : float
        Σ w − b below this, relative to b, is rounding.
    margin, narrow, rounding : float
        How far from an end of a chamber points that merge there are compared with the wall, relative to the chamber;
        the length below which an interval is one place; the error of losses relative to the sum of their terms.
    bits : tuple of int
        Working precisions in bits with which a wall is proved.
    moved : float
        How far the proved t may be from the numerical one.
    leading : float
        How far the exponent with which the losses of two minima meet may be from two if they are taken to meet once.
    real_movement : float
        Largest Newton step after a prediction on real paths, relative to the point. They pass near folds of others,
        and must not jump there.
    vanishing, flat : float
        At a point that is right up to rounding, equations below the first number are zero, and singular values below
        this part of the largest one.
    steps_to_pieces : int
        Steps of Newton's method to the pieces of a filter that is zero.
    joined : float
        Relative distance within which a followed point is one of a solve.
    """

    first_step: float = 0.02
    last_step: float = 0.1
    shrink: float = 0.25
    growth: float = 2.0
    aim: float = 0.3
    least: float = 1e-6
    noise: float = 1e-11
    settled: float = 1e-7
    regular: float = 1e-10
    condition: float = 1e9
    exact: float = 1e-13
    same: float = 1e-7
    trace: float = 1e-6
    loops: int = 8
    most_loops: int = 120
    attempts: int = 4
    nearly_real: float = 1e-6
    outside: float = 1e-6
    nearby: float = 0.01
    real: float = 1e-10
    rounds: int = 12
    way: float = 1e-6
    stages: tuple[float, ...] = (1e-3, 1e-5, 1e-7)
    least_rate: float = 0.05
    large: float = 5.0
    detour: float = 0.02
    singular: float = 1e-12
    together: float = 1e-11
    near_end: float = 1e-6
    far: float = 1e-9
    real_movement: float = 1e-4
    joined: float = 1e-6
    steps_to_pieces: int = 60
    vanishing: float = 1e-11
    flat: float = 1e-6
    without_residual: float = 1e-8
    margin: float = 1e-3
    narrow: float = 1e-14
    rounding: float = 1e-14
    leading: float = 0.1
    bits: tuple[int, ...] = (128, 256)
    moved: float = 1e-7


WALLS = WallTolerances()
