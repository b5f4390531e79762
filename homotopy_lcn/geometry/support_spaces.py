"""The function space of a network of any supports: dimension, degree, generic fibre, smooth or singular.

The network is the projection w = P t of the tensor product t of its layers, and no t ≠ 0 of rank one is projected to 0.
So the projection is a finite map from the Segre variety of the layers onto the projective closure of M, and

    degree of the closure · number of θ over a generic filter = degree of the Segre variety, a multinomial coefficient.

The θ over a generic filter are those of its irreducible factors: layers of equal support are exchanged, and the roots
of parallel segments are distributed. One filter is the subject of `homotopy_lcn.solving.support_filters`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial, prod

from ..networks.limits import check_filter_size
from ..networks.support_networks import SupportNetwork

__all__ = ["SupportSpace", "describe_support_space"]


@dataclass(frozen=True)
class SupportSpace:
    """Facts of the function space M of a network of any supports; None where a question is not decided.

    Attributes
    ----------
    architecture : SupportNetwork
    filter_size : int
        The number of coefficients of end-to-end filters, K.
    ambient : int
        How many of them are not always zero.
    dimension : int
        The dimension of M as a cone.
    thick : bool
        Whether M has full dimension among the filters that vanish where all filters of the network do.
    closed : bool or None
        Whether M is Zariski closed.
    smooth : bool or None
        Whether the Zariski closure is smooth away from 0.
    degree : int
        Degree of the Zariski closure, as a projective variety.
    fibre, fibre_orbits : int
        Number of complex θ over a generic filter, up to scaling; also up to exchanging layers of equal support.
    """

    architecture: SupportNetwork
    filter_size: int
    ambient: int
    dimension: int
    thick: bool
    closed: bool | None
    smooth: bool | None
    degree: int
    fibre: int
    fibre_orbits: int

    def __str__(self) -> str:
        answers = {True: "yes", False: "no", None: "not decided"}
        codimension = self.ambient - self.dimension
        lines = [
            f"network         {self.architecture.notation}",
            f"ambient space   R^{self.ambient}"
            + (
                f", as filters of {self.filter_size} coefficients vanish elsewhere"
                if self.ambient < self.filter_size
                else ""
            ),
            f"dim M           {self.dimension}: " + ("thick" if self.thick else f"thin, of codimension {codimension}"),
            f"degree          {self.degree}, of the Zariski closure",
            f"Zariski closed  {answers[self.closed]}",
            f"closure smooth  {answers[self.smooth]}" + (", away from 0" if self.smooth else ""),
            f"generic fibre   {self.fibre} complex θ up to scaling; {self.fibre_orbits} up to exchanging equal layers",
        ]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, object]:
        """The facts in JSON's types."""
        names = ("dimension", "ambient", "thick", "closed", "smooth", "degree", "fibre", "fibre_orbits")
        return {
            "format": "homotopy-lcn/geometry",
            "version": 1,
            "architecture": self.architecture.to_dict(),
            **{name: getattr(self, name) for name in names},
        }


def describe_support_space(network: SupportNetwork) -> SupportSpace:
    """Facts of the function space.

    Raises
    ------
    InputError
        If the end-to-end filter has too many coefficients.

    Examples
    --------
    >>> from homotopy_lcn import Architecture
    >>> space = describe_support_space(Architecture(filters=((2, 2), (2, 2)), strides=(1, 1)))
    >>> space.dimension, space.degree, space.fibre, space.smooth, space.closed
    (7, 10, 2, False, False)
    """
    check_filter_size(network, "a Gram matrix")
    degrees = [size - 1 for size in network.layer_sizes]
    segre = factorial(sum(degrees)) // prod(map(factorial, degrees))
    fibre, orbits = 1, 1
    pairs, alone = False, True
    for group in network.groups:
        number = len(group.layers)
        if group.segment:
            distributed = factorial(sum(group.degrees)) // prod(map(factorial, group.degrees))
            exchanges = prod(factorial(group.degrees.count(degree)) for degree in set(group.degrees))
            fibre, orbits = fibre * distributed, orbits * distributed // exchanges
            pairs |= sum(degree % 2 for degree in group.degrees) > 1  # conjugate roots in their place
        else:
            fibre *= factorial(number)
            pairs |= number > 1  # conjugate factors in their place
            alone &= number == 1
    apart = network.is_tensor_product
    return SupportSpace(
        architecture=network,
        filter_size=network.filter_size,
        ambient=len(network.support),
        dimension=network.dimension,
        thick=network.dimension == len(network.support),
        closed=False if pairs else True if apart else None,
        smooth=False if not alone else True if apart else None,
        degree=segre // fibre,
        fibre=fibre,
        fibre_orbits=orbits,
    )
