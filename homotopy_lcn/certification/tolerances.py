"""Tolerances and limits of certificates in one record, each with its reason and its price.

No proof depends on a tolerance: a box either passes Krawczyk's test or fails it. The tolerances decide which boxes are
tried, with how many bits, and how near a point of a result must be to the proved one.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..arrays import Constants

__all__ = ["CERTIFICATION", "CertificationTolerances"]


@dataclass(init=False, repr=False, eq=False, match_args=False)
class CertificationTolerances(Constants):
    """Tolerances and limits of certificates.

    Attributes
    ----------
    agreement : float
        A point of a result must differ from the proved point by less than this, relative to the norm of the filter.
        The same holds for its loss, for the conjugate of a point, and for the samples of a loss.
    most_moved : float
        Exact data are rounded to doubles for a solve. A point of the result may differ from the proved point by twice
        as much as this rounding moves the point, if that is less than this, relative to the norm of the filter. The
        move is known to first order only, so a large move says little.
    nearly_real : float
        A factor of a real filter is taken to be real if its imaginary part is at most this, relative to its size. A
        wrong decision makes a test fail, but no proof wrong.
    half_bits : int
        Half the width of a box of doubles, relative to the size of its unknowns, is two to the minus this. A narrow box
        makes the Jacobian matrix vary less, a wide box holds a less accurate point.
    newton_steps_in_discs : int
        Points whose test in doubles fails are improved by Newton's method at most this often. Points that fail again
        are left to ball arithmetic.
    newton_steps_in_balls : int
        Largest number of Newton steps before a test in ball arithmetic. Convergence is quadratic, so a point that is
        not there by then is not near a solution.
    first_precision : int
        Bits of the first working precision in ball arithmetic; the precision doubles until the test succeeds.
    last_precision : int
        Largest working precision in bits, unless digits are asked for. No point is tried with more.
    more_bits : tuple of int
        Working precisions in bits with which points are proved again whose filters, or whose losses, are not proved to
        differ, and points whose enclosures are too wide to be compared with the result.
    narrow : float
        The enclosure of a filter must be narrower than this, relative to the filter, or the point is proved again with
        more bits. The value is below `agreement`, so that the comparison with the result is decided.
    most_parameters : int
        A point that is singular on its stratum is looked for near at most this many of its parameters θ.
    fewest_together : int
        Points of a stratum are proved together in doubles if there are at least this many of them. Fewer points are
        proved sooner one by one.
    proved_together : int
        Points proved together in doubles. The arrays of more points would not stay in the cache.
    summed_together : int
        Rows of samples that are held as balls at a time. More rows take more memory.
    most_bits : int
        A certificate with a box that needs more bits is refused, as its check would take too long.
    most_box_work : int
        A certificate with a box of n unknowns and b bits is refused if n³ b is above this: one test would take many
        seconds.
    most_factorizations : int
        A certificate is refused if a filter of its architecture has more critical parameters than this, as a solve
        refuses the architecture: all real ones are looked at.
    loose_loss : float
        The enclosure of a loss that a certificate states has to be narrower than this, relative to the loss and the
        filter. A wider one says nothing.
    near_parameters : float
        Parameters of a result must differ from proved ones by less than this, relative to the norm of each layer. The
        filter is more accurate than its factors, if their roots are near each other.
    most_digits : int
        The most digits that a caller can ask for.
    most_jobs : int
        The most processes that a caller can ask for.
    seconds_for_groebner : float
        Gröbner bases of the critical-point equations may take this long. Without their answer a list that has fewer
        points than generic data is not proved to be complete.
    most_reasons : int
        A summary lists the reasons of this many points without a certificate.
    """

    agreement: float = 1e-9
    most_moved: float = 1e-3
    nearly_real: float = 1e-6
    half_bits: int = 29
    newton_steps_in_discs: int = 2
    newton_steps_in_balls: int = 12
    first_precision: int = 64
    last_precision: int = 1024
    more_bits: tuple[int, ...] = (128, 256, 512)
    narrow: float = 1e-10
    most_parameters: int = 16
    fewest_together: int = 4
    proved_together: int = 512
    summed_together: int = 2**14
    most_bits: int = 2**16
    most_box_work: int = 2**31
    most_factorizations: int = 100_000
    loose_loss: float = 1e-6
    near_parameters: float = 1e-5
    most_digits: int = 1000
    most_jobs: int = 4096
    seconds_for_groebner: float = 60.0
    most_reasons: int = 20


CERTIFICATION = CertificationTolerances()
