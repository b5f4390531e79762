"""What the words of results mean: for ``homotopy-lcn explain``, and for the page of the documentation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches

from ..errors import InputError, shortened

__all__ = ["GLOSSARY", "HOW_TO_ASK", "explanation", "glossary_page", "known_word"]

#: The line below a table of results.
HOW_TO_ASK = "Every word is explained: homotopy-lcn explain attained"

#: Each word with its explanation, in alphabetical order.
GLOSSARY: Mapping[str, str] = {
    "at infinity": (
        "A path to special data may leave every bound: its filter runs to infinity, and the data have one critical "
        'filter less than generic data. The summary counts such paths under "other paths".'
    ),
    "attained": (
        "A real filter w is attained if there are real parameters θ over it that are critical for the loss: a "
        'training run can come to rest there. This asks more than "in M". A filter of M may be a critical point of '
        'the complex equations while none of its real θ is critical; the table then says "in M, not attained".'
    ),
    "block": (
        "Neighbouring layers whose dilations are equal form a block. Their polynomials are multiplied, so that one "
        "block of degree d stands for all of them. A block of several layers is what makes spurious points possible."
    ),
    "boundary": (
        "An attained filter is on the boundary if filters of the closure arbitrarily near to it are not in the "
        "function space M. All other attained filters are interior."
    ),
    "centred": (
        "Of data: the means of inputs and outputs are subtracted, with --center. These networks have no intercept, and "
        "on data that are not centred the filter has to make up for it."
    ),
    "certificate": (
        "A proof of a result, as a file: for each point a box of numbers that holds exactly one critical point, and "
        "what follows for reality, kinds, order and number. `homotopy-lcn certify` makes it, `certify --check` "
        "verifies it from the data and the boxes alone."
    ),
    "closure only": (
        "The filter satisfies the equations of the function space M, but no real parameters have it as their filter: "
        "it lies in the Zariski closure of M, not in M. No training run can reach it."
    ),
    "coincidences": (
        "In special data several critical points of generic data come together in one filter, or one filter is "
        "critical on several strata. The summary says how often that happens. Generic data have none."
    ),
    "complete": (
        "Every path of every stratum is accounted for, so no isolated critical filter w ≠ 0 is missing. The exact "
        "generic count is an upper bound for every data set, and it was reached, or each path that is left was "
        "followed to where it ends. This is a numerical statement; a certificate proves it."
    ),
    "condition": (
        "The condition number of the equations at a point: a relative change of the data by ε moves the point by "
        "about condition times ε. Points above 1000 are called ill-conditioned."
    ),
    "continuum": (
        "A curve, surface or larger set of critical filters, on which the loss is constant. Generic data have none. "
        "Special data may have some, and they are listed beside the isolated filters, with their dimension and some "
        "of their points."
    ),
    "critical filter": (
        "An end-to-end filter w that belongs to a critical point θ of the loss, real or complex: the gradient of the "
        "loss with respect to the filters of all layers is zero at θ. Counts are of filters unless they say θ."
    ),
    "data": (
        "Which data were solved, in words, and the first digits of their digest, the SHA-256 of the exact numbers of "
        "the loss: equal if the data are."
    ),
    "degenerate": (
        "A critical θ is degenerate if its Hessian has a zero eigenvalue besides those of scaling, so that second "
        "derivatives do not tell a minimum from a saddle."
    ),
    "dim M": (
        "The dimension of the function space M: the number of weights of all layers, less one for each layer but the "
        "first, because factors can be moved from layer to layer. If dim M equals the filter size, M is called thick, "
        "else thin."
    ),
    "dμ": (
        "The derivative of the map μ from the parameters θ to the end-to-end filter. Where its rank drops, parameters "
        "can be critical for every loss whose gradient is orthogonal to its image: these are the spurious points."
    ),
    "edited": (
        "Of a result that was read from a file: the file was changed after it was written, as its digest tells."
    ),
    "filter": (
        "The weights of a layer, or of the whole network: the end-to-end filter w is the filter of one layer that "
        "does what the network does. Its size K follows from the sizes k and the strides s of the layers."
    ),
    "function space": (
        "The set M of all end-to-end filters that the network has for real parameters. Training minimizes the loss "
        "over M, although it moves the parameters θ."
    ),
    "generic": (
        "Of data: without any coincidence, as random data are with probability one. The number of complex critical "
        "points is the same for all generic data."
    ),
    "generic count": (
        "The exact number of complex critical filters that the network has for generic data, by a formula, before any "
        "computation. No data set of the network has more isolated ones. `homotopy-lcn count` lists it by stratum."
    ),
    "global minimum": (
        "The attained filter of least loss, marked with ★. It is named only if the result says that the least loss is "
        "attained."
    ),
    "Gram matrix": (
        "The matrix Σ of the inputs: the sum of x xᵀ over all samples and windows. The loss is wᵀΣw − 2bᵀw + c, with "
        "b the sum of y x and c the sum of y²."
    ),
    "ill-conditioned": (
        "A point whose condition number is above 1000: small changes of the data move it a lot. It is found and "
        "verified all the same; its digits deserve more caution."
    ),
    "in M": (
        "The real filter is the filter of some real parameters: it lies in the function space M. See attained for "
        "what is asked besides."
    ),
    "index": (
        "The number of negative eigenvalues of the Hessian of the loss at a critical θ: the number of independent "
        'directions in which the loss falls. It is 0 at a minimum; "saddle 2" is a saddle of index 2.'
    ),
    "infimum": (
        "The greatest number below all losses of real parameters. It is attained at the global minimum, or it is not "
        "attained: then the loss tends to it while the filter runs to infinity, and no filter is marked with ★."
    ),
    "interior": (
        "An attained filter is interior if all filters of the closure near to it are in the function space M, too."
    ),
    "isolated": "A critical filter is isolated if no continuum of complex critical filters passes through it.",
    "kind": (
        "What a real critical θ over the filter is: a minimum, a saddle or degenerate. Several θ may lie over one "
        'filter, of different kinds; "2 × saddle 1, minimum" are three. "–" stands where no real θ is critical.'
    ),
    "least loss": "The infimum of the loss over all real parameters, and whether and where it is attained.",
    "lingered": (
        "Of training runs: a run lingers at a saddle while its gradient is small and this saddle is the nearest "
        "critical filter."
    ),
    "loss": (
        "The sum of squared errors over all samples and all outputs, a sum and not a mean: it doubles if every sample "
        "is given twice. Divide by the number of samples (and outputs) to compare with programs that take means. As a "
        "function of the end-to-end filter it is wᵀΣw − 2bᵀw + c."
    ),
    "mean steps": "How many steps the runs of a training took to come to rest, in the mean.",
    "minimum": (
        "A critical θ at which the Hessian has no negative eigenvalue, and zero ones for scaling alone: near it no "
        "real parameters have a smaller loss. It may be local; ★ marks the global one."
    ),
    "multiplicity": "How many critical points of nearby generic data come together at this point; 1 for generic data.",
    "nearly real": (
        "Complex filters whose imaginary parts are so small that a small change of the data may make them real, see "
        "--real-tolerance. The label decides nothing."
    ),
    "nearly singular": (
        "Nonsingular points of so large condition numbers that a small change of the data may make them singular, see "
        "--singular-tolerance. The label decides nothing."
    ),
    "network": "Sizes k and strides s of the layers, the end-to-end filter size and stride, and the dimension of M.",
    "not attained": "See attained: no real parameters over the filter are critical.",
    "path": (
        "A critical point that is followed while the data move from those of a start system to yours. Each path ends "
        "at a critical filter, at infinity, at w = 0 or on a continuum."
    ),
    "pattern": (
        "The root multiplicities of the blocks of a filter, one partition a block: (2,1)(1) says that the polynomial "
        "of the first block has a double and a single root. All filters of one pattern form a stratum."
    ),
    "place": (
        "Where a real filter lies with respect to the function space M: interior, boundary, in M, or closure only."
    ),
    "pure": (
        "A filter that is critical for the loss on the function space itself: no direction within M makes the loss "
        "smaller to first order. It is on the stratum whose root multiplicities are all 1. The other critical filters "
        "are spurious."
    ),
    "real": (
        "All entries of the filter are real. Complex critical filters are counted for completeness; no run can be "
        "there."
    ),
    "reduced": (
        "The network with neighbouring layers of equal dilation merged into one, and layers of filter size 1 dropped."
    ),
    "residual": "The norm of the gradient at the point, relative to the size of the problem: what is left of rounding.",
    "residual zero": (
        "With fewer samples than dim M needs, infinitely many filters fit the data without error. They form a set of "
        "residual zero; the isolated critical filters besides are listed on request."
    ),
    "saddle": (
        'A critical θ from which the loss falls in some directions and rises in others. "saddle 1" has index 1: one '
        "direction in which the loss falls."
    ),
    "seed": "The number from which all random choices come. The same seed, data and machine give the same bits.",
    "share": "The part of the draws, or of the runs, in per cent.",
    "singular": (
        "Of a place: the closure of the function space has a singular point there, as where a filter has several "
        "factorizations. Of a path: it ends where the equations have no regular Jacobian, as special data cause it."
    ),
    "smooth": (
        "The Zariski closure of the function space is smooth at the filter: it has a tangent space of dim M there."
    ),
    "solved": "When the solve ended, in UTC.",
    "spurious": (
        "A critical filter that is not critical for the loss on the function space: θ is critical only because dμ is "
        "degenerate there, as two layers have a common root. If each block is one layer, as with all strides above "
        "one, there are no spurious points."
    ),
    "standardized": (
        "Of data: centred, and each column divided by its standard deviation, with --standardize, so that columns of "
        "different units count alike."
    ),
    "stopped": "Why a solve ended before it was done: a time limit, or because it was asked to. It is not complete.",
    "stratum": (
        "All filters whose blocks have the same root multiplicities, the pattern. Critical points are counted and "
        "computed stratum by stratum; the stratum with simple roots alone has the pure ones."
    ),
    "structure": (
        "What is special about a Gram matrix whose points run to infinity, and how many points such data have for "
        "every generic b, with the rule that says so: AR(1) data: 23 of 39 by the ARMA rule. As many points as that "
        "are all of them. The page Counts for given data has the rules."
    ),
    "tie": (
        "Two minima of equal loss, or of losses that differ by rounding alone, as symmetric data have them. Which of "
        "them bears ★ then means nothing."
    ),
    "undecided": "The computation could not decide the question. Nothing is claimed.",
    "up to scaling": (
        "Multiplying one layer by a factor and dividing another by it changes neither the filter nor the loss. "
        "Parameters θ that differ by such factors alone count as one, and a balanced one is given: layers of equal "
        "norm."
    ),
    "white": "Of data: the Gram matrix Σ is the identity, as for uncorrelated inputs. White data may be special.",
    "Zariski closure": "The smallest set given by polynomial equations that contains the function space M.",
    "θ": "The parameters: the filters w_1, …, w_L of all layers. Many θ have the same end-to-end filter w = μ(θ).",
    "μ": "The map from the parameters θ to the end-to-end filter w: the convolutions of all layers, composed.",
    "★": "Stands in the row of the global minimum, the attained filter of least loss.",
}

#: Other names of the words above.
OTHER_NAMES: Mapping[str, str] = {
    "b": "Gram matrix",
    "boundaries": "boundary",
    "centered": "centred",
    "certificates": "certificate",
    "certified": "certificate",
    "closure": "Zariski closure",
    "coincidence": "coincidences",
    "completeness": "complete",
    "condition number": "condition",
    "continua": "continuum",
    "critical point": "critical filter",
    "critical θ": "θ",
    "critical": "critical filter",
    "degenerate point": "degenerate",
    "dimension": "dim M",
    "dmu": "dμ",
    "end-to-end filter": "filter",
    "found": "generic count",
    "gram": "Gram matrix",
    "infinity": "at infinity",
    "in M, not attained": "attained",
    "lingers": "lingered",
    "M": "function space",
    "maximum": "saddle",
    "mean": "loss",
    "minima": "minimum",
    "mu": "μ",
    "other paths": "path",
    "parameters": "θ",
    "partition": "pattern",
    "proof": "certificate",
    "purity": "pure",
    "root pattern": "pattern",
    "scaling": "up to scaling",
    "sigma": "Gram matrix",
    "singular point": "singular",
    "star": "★",
    "strata": "stratum",
    "sum of squares": "loss",
    "theta": "θ",
    "thick": "dim M",
    "thin": "dim M",
    "ties": "tie",
    "w": "filter",
    "white data": "white",
    "generic data": "generic",
    "Σ": "Gram matrix",
}


def known_word(word: str) -> str:
    """The word of `GLOSSARY` that is meant.

    Parameters
    ----------
    word : str
        In any case, in the plural, or with a number as in ``saddle 2``.

    Raises
    ------
    InputError
        If the word is not known. The message names similar ones.

    Examples
    --------
    >>> known_word("Minima"), known_word("saddle 2"), known_word("paths")
    ('minimum', 'saddle', 'path')
    """
    names = {name.casefold(): name for name in GLOSSARY} | {n.casefold(): known for n, known in OTHER_NAMES.items()}
    asked = " ".join(word.split()).casefold()
    asked = re.sub(r"^\d+ × | \d+$", "", asked)
    for form in (asked, asked.removesuffix("s"), asked.removesuffix("es")):
        if form in names:
            return names[form]
    near = dict.fromkeys(names[name] for name in get_close_matches(asked, names, n=4, cutoff=0.6))
    expected = f"{', '.join(near)}, or no word, which lists" if near else "no word, which lists"
    raise InputError(f"word: {shortened(word)} is not known; expected {expected} all words")


def explanation(word: str) -> str:
    """What a word of a result means.

    Parameters
    ----------
    word : str
        As for `known_word`.

    Raises
    ------
    InputError
        If the word is not known.

    Examples
    --------
    >>> explanation("undecided")
    'The computation could not decide the question. Nothing is claimed.'
    """
    return GLOSSARY[known_word(word)]


def glossary_page() -> str:
    """The page of the documentation, in Markdown."""
    lines = [
        "# Glossary",
        "",
        "The words of results. In a terminal, `homotopy-lcn explain attained` explains one of them.",
        "",
    ]
    for word, text in GLOSSARY.items():
        lines += [f"## {word}", "", text, ""]
    return "\n".join(lines)
