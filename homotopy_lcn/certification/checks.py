"""The outcome of the check of a certificate."""

from __future__ import annotations

from dataclasses import dataclass

from ..losses.exact_data import ExactData
from ..networks.architecture import Architecture
from ..networks.support_networks import SupportNetwork
from .completeness import Statement

__all__ = ["Check"]


@dataclass(frozen=True)
class Check:
    """The outcome of a check.

    Attributes
    ----------
    architecture : Architecture
    points : int
        Number of points in the file.
    failures : tuple of str
        For each part that could not be verified, a sentence; empty if everything in the file is proved.
    statement : Statement or None
        The statement on all points together, computed anew; None if there are failures.
    least_loss : str or None
        Enclosure of the proved global minimum of the loss.
    data : ExactData
        The data that the statement is about; `ExactData.digest` tells whether they are those of a result.
    source : str or None
        Where the data are from, as the file states it; None in certificates of earlier versions.
    """

    architecture: Architecture
    points: int
    failures: tuple[str, ...]
    statement: Statement | None
    data: ExactData
    source: str | None = None
    least_loss: str | None = None

    def __bool__(self) -> bool:
        """Whether everything in the certificate is verified."""
        return not self.failures

    def describe_subject(self) -> list[str]:
        """What was verified: the network and the data, in words."""
        arch, size = self.architecture, self.architecture.filter_size
        others = isinstance(arch, SupportNetwork)
        network = arch.in_words if others else f"filters {arch.filters}, strides {arch.strides}"
        source = "the source is not stated" if self.source is None else f"as stated, {self.source}"
        numbers = "doubles" if self.data.in_doubles else "rational numbers"
        return [
            f"network: {network}",
            f"data: Gram matrix {size} × {size}, {numbers} ({source})",
            f"digest of the data: {self.data.digest}",
        ]
