"""What is told of segments on which, or at whose ends, the Gram matrix is singular."""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from ..networks.counts import generic_count
from ..networks.strata import Embedding
from .pieces import is_product
from .segments import Segment
from .tolerances import WALLS

__all__ = ["filters_in_kernels", "near_singular_end"]


def filters_in_kernels(segment: Segment) -> list[str]:
    """Where a filter of the largest stratum is in the kernel of Σ, in words."""
    arch = segment.arch
    largest = max((row.pattern for row in generic_count(arch)), key=lambda pattern: sum(map(len, pattern)))
    embedding = Embedding.of_pattern(arch, largest)
    ends = segment.start.gram, segment.end.gram
    places = {"t = 0": ends[0], "t = 1": ends[1]}
    if segment.is_singular:
        places = {"all t": ends[0] / np.linalg.norm(ends[0]) + ends[1] / np.linalg.norm(ends[1])}
    result = []
    for name, gram in places.items():
        values, vectors = np.linalg.eigh(gram)
        kernel = vectors[:, values <= WALLS.singular * values[-1]].T
        if len(kernel) == 1 and is_product(embedding.stratum, embedding.positions, kernel[0]):
            result.append(f"at {name} critical filters can be infinite, as one is in the kernel of the Gram matrix")
    return result


def near_singular_end(segment: Segment, t: float, error: InputError) -> InputError:
    """The error of a solve inside the segment, with what the user can do about it."""
    for name, loss, distance in (("loss0", segment.start, t), ("loss1", segment.end, 1 - t)):
        values = np.linalg.eigvalsh(loss.gram)
        if values[0] <= WALLS.singular * values[-1] and distance < WALLS.near_end:
            return InputError(
                f"{name}: its Gram matrix is singular, and a wall is so near to it that {distance:.1g} from it, "
                "inside the segment, the Gram matrix is singular up to rounding; expected data of full rank, "
                "for example with a small multiple of the identity added to the Gram matrix"
            )
    return InputError(f"at t = {t!r}: {error}")
