"""The critical points of a network of any supports as those of the tensor product of its layers.

An end-to-end filter w = P t is a linear projection of the tensor product t of the layers: P adds the entries of t whose
exponents coincide. So the loss of the network is the loss of the tensor product with Gram matrix PᵀΣP and moment vector
Pᵀb. The tensor product is an ordinary stratum, with dilations so large that no exponents coincide, and PᵀΣP is one of
its Gram matrices, of rank K at most. For generic Σ and b no path is lost on the way there (`support_counts`).

The monodromy group of the tensor product is transitive, while loops in (Σ, b) alone keep the rank of dμ: they never
lead from one class of critical points to another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Number
from ..doors import cached_property
from ..networks.architecture import Architecture
from ..networks.counts import StratumCount, generic_ed_degree
from ..networks.strata import Embedding, segre_embedding
from ..networks.support_networks import SupportNetwork
from .stratum_task import StratumTask
from .tolerances import SOLVING

__all__ = ["SegreTask", "layers_of_points"]


def layers_of_points(
    network: Architecture, embedding: Embedding, points: NDArray[Number]
) -> tuple[list[NDArray[Number]], NDArray[Number]]:
    """The layers (P, k_l) and the scalars (P,) of points (P, coordinates) of the tensor product."""
    layers = [np.ones((len(points), 1), points.dtype)] * network.depth
    for layer, part in zip(embedding.blocks, embedding.stratum.slices, strict=True):
        layers[layer] = points[:, part]
    return layers, points[:, 0]


@dataclass(frozen=True, eq=False)
class SegreTask(StratumTask):
    """The critical parameters of a loss on a network of any supports, as one stratum."""

    @classmethod
    def of(cls, task: StratumTask) -> SegreTask:
        """The task with the number of all critical parameters."""
        network = task.architecture
        parameters = generic_ed_degree([size - 1 for size in network.layer_sizes if size > 1])
        row = StratumCount(task.row.pattern, True, parameters, 1)
        return cls(network, task.loss, row, task.rank, task.progress)

    @cached_property
    def embedding(self) -> Embedding:
        """The coordinates in which the network is solved."""
        assert isinstance(self.architecture, SupportNetwork)
        return segre_embedding(self.architecture)

    @property
    def full_rank_count(self) -> int:
        """How many critical parameters there are for generic data of full rank."""
        return self.row.count

    @property
    def precise_ends(self) -> int:
        """A singular filter has parameters in several orders of the layers, and doubles may tell some of them only."""
        return SOLVING.most_precise_ends

    def theta(self, points: Complex) -> tuple[Complex, list[Complex]]:
        """The scalars (P,) and the layers (P, k_l) of points of the stratum, in the scale of the loss."""
        layers, scalars = layers_of_points(self.architecture, self.embedding, points)
        return scalars * self.scale, layers
