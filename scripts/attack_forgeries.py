"""Forge results and certificates: no forgery passes for what was found or proved.

Entries of honest files are changed at random: numbers by a little or a lot, signs, kinds and answers turned round,
entries exchanged, left out, doubled or moved to another point. Half of the forgers know how digests are made, and put
in the one that fits.

A forged result is *refused*, or *said to be edited*, or *harmless*: what it claims of its filters is true of its data,
as a rule of its own tells, which shares no code with the package (`plain_loss`): the loss of each filter, the filter of
each list of parameters, the gradient there, the index of the Hessian, the dimension of each continuum, and that points
are isolated where they are listed so. A forged certificate is refused, or its check fails, or it is harmless: it makes
the statements of the honest one, and its enclosures overlap with those. Anything
else is *wrong*, and so is an error that is no refusal. The exit code is then 1.

    python scripts/attack_forgeries.py --forgeries 5000
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import json
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from plain_loss import PlainLoss

from homotopy_lcn import Architecture, CriticalPoints, InputError, SquaredLoss, critical_points
from homotopy_lcn.certification.certificate_file import check_text, to_text
from homotopy_lcn.certification.certificates import certificate
from homotopy_lcn.files import content_digest

__all__ = ["forged", "judge_certificate", "judge_result"]

REFUSED, EDITED, FAILED, HARMLESS, WRONG = "refused", "said to be edited", "check failed", "harmless", "wrong"
NETWORKS = (((2, 2), (1, 1)), ((2, 2), (2, 1)), ((3, 2), (2, 1)), ((2, 2, 2), (1, 2, 1)), ((2, 1, 2), (2, 1, 1)))
#: What a forged result claims may be wrong by this part of the terms that cancel, as in results/claims.py.
NOTICEABLE = 1e-3

Json = Any
Place = tuple[Any, ...]


def honest_losses() -> Iterator[tuple[Architecture, SquaredLoss]]:
    """Generic data, white data, a continuum, a target on the function space."""
    rng = np.random.default_rng(11)
    for filters, strides in NETWORKS:
        arch = Architecture(filters, strides)
        X = rng.standard_normal((2 * arch.filter_size, arch.filter_size))
        yield arch, SquaredLoss.from_data(X, rng.standard_normal((len(X), 1)), arch)
        yield arch, SquaredLoss.white(rng.integers(-3, 4, arch.filter_size).astype(float) + 0.5)
    yield Architecture((2, 2), (2, 1)), SquaredLoss(np.eye(4), [1.0, 0, 0, 1], 2.0)
    yield Architecture((2, 2), (2, 1)), SquaredLoss(np.eye(4), [1.0, 2, 2, 4], 25.0)


def places(value: Json, at: Place = ()) -> Iterator[Place]:
    """Where there is something in a JSON value, containers included."""
    yield at
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*at, key))


def at(value: Json, place: Place) -> Json:
    for key in place:
        value = value[key]
    return value


def forged(content: Json, rng: np.random.Generator) -> Json:
    """A copy with one to three changes."""
    result = copy.deepcopy(content)
    for _ in range(rng.integers(1, 4)):
        found = [place for place in places(result) if place]
        place = found[rng.integers(len(found))]
        parent, key = at(result, place[:-1]), place[-1]
        _change(result, parent, key, found, rng)
    return result


def _change(whole: Json, parent: Json, key: Any, found: list[Place], rng: np.random.Generator) -> None:
    value, choice = parent[key], rng.random()
    if choice < 0.1:
        del parent[key]
    elif choice < 0.2:
        parent[key] = copy.deepcopy(at(whole, found[rng.integers(len(found))]))
    elif choice < 0.25 and isinstance(parent, list):
        parent.insert(int(rng.integers(len(parent) + 1)), copy.deepcopy(value))
    elif choice < 0.3 and isinstance(parent, dict):
        parent[f"{key}{rng.choice(['', 's', ' '])}_"] = value
    elif isinstance(value, bool) or value is None:
        parent[key] = [True, False, None][rng.integers(3)]
    elif isinstance(value, (int, float)):
        parent[key] = _number(value, rng)
    elif isinstance(value, str):
        parent[key] = str(
            rng.choice(["minimum", "saddle", "degenerate", value + "0", value[:-1], "-" + value, "1/3", ""])
        )
    elif isinstance(value, list) and value:
        parent[key] = [value[i] for i in rng.permutation(len(value))]


def _number(value: float, rng: np.random.Generator) -> float:
    changes: list[Callable[[], float]] = [
        lambda: -value, lambda: value + 1, lambda: value - 1, lambda: 2 * value, lambda: value / 2, lambda: 0,
        lambda: value * (1 + 10.0 ** rng.uniform(-8, 0)), lambda: 1e200, lambda: 1e-200, lambda: float("nan"),
        lambda: 10**400, lambda: value + 10.0 ** rng.uniform(-6, 1),
    ]  # fmt: skip
    return changes[rng.integers(len(changes))]()


def judge_result(result: CriticalPoints) -> list[str]:
    """What a result claims of its filters that is not true of its data."""
    arch, loss = result.architecture, result.loss
    plain = PlainLoss(arch.filters, arch.strides, np.asarray(loss.gram), np.asarray(loss.b), loss.constant)
    terms = loss.constant + float(np.abs(loss.b) @ np.abs(loss.target)) + 1.0
    wrong = []
    for number, point in enumerate(result):
        w = point.filter
        value = w @ loss.gram @ w - 2 * loss.b @ w + loss.constant
        size = float(np.abs(w) @ np.abs(loss.gram) @ np.abs(w)) + terms
        if not abs(value - point.loss) <= NOTICEABLE * size:
            wrong.append(f"point {number}: loss {point.loss}, right {value}")
        for theta, index in zip(point.parameters, point.indices, strict=True):
            if not point.real:
                continue
            flat = np.concatenate([np.real(layer) for layer in theta])
            if not np.linalg.norm(plain.filter(flat) - w) <= NOTICEABLE * np.linalg.norm(w):
                wrong.append(f"point {number}: its parameters have another filter")
            elif index is not None and point.nonsingular and point.condition is not None and point.condition < 1e6:
                negative = int((plain.inertia(flat) < -1e-6).sum())
                if negative != index:
                    wrong.append(f"point {number}: index {index}, right {negative}")
        if not point.isolated:
            wrong.append(f"point {number}: not isolated, in the list of isolated ones")
    for number, part in enumerate(result.continua):
        flats = [np.concatenate(theta) for point in part.points if point.real for theta in point.parameters]
        flat_directions = [int((np.abs(plain.inertia(flat)) <= NOTICEABLE).sum()) for flat in flats]
        if flats and part.dimension > max(flat_directions):
            wrong.append(f"continuum {number}: dimension {part.dimension}, at most {max(flat_directions)}")
        if any(point.attained for point in part.points) != (part.attained is True):
            wrong.append(f"continuum {number}: attained {part.attained} against its points")
    return wrong


def judge_certificate(forgery: Json, honest: Json) -> list[str]:
    """What a certificate that passed claims otherwise than the honest one for the same data."""
    if _values(forgery["loss"]) != _values(honest["loss"]) or _network(forgery) != _network(honest):
        return ["it passed with other data"]
    if forgery["statement"] == honest["statement"]:
        return []
    fewer = len(forgery["points"]) < len(honest["points"]) and not forgery["statement"]["complete"]
    return [] if fewer else ["another statement"]


def _network(content: Json) -> Json:
    """Filter sizes and strides; the last stride does not change the end-to-end filter."""
    return content["architecture"]["filters"], content["architecture"]["strides"][:-1]


def _values(value: Json) -> Json:
    """The exact numbers of data, however they are spelled."""
    if isinstance(value, dict):
        return {key: _values(item) for key, item in value.items()}
    if isinstance(value, list):
        return list(map(_values, value))
    mantissa, _, exponent = str(value).partition("*2^")
    return Fraction(mantissa) * Fraction(2) ** int(exponent or 0)


def _outcome_of_result(text: str) -> tuple[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "result.json"
        path.write_text(text)
        try:
            result = CriticalPoints.from_json(path)
        except InputError:
            return REFUSED, ""
        except Exception as error:
            return WRONG, f"{type(error).__name__}: {error}"
    if result.edited:
        return EDITED, ""
    wrong = judge_result(result)
    return (WRONG, "; ".join(wrong[:2])) if wrong else (HARMLESS, "")


def _outcome_of_certificate(text: str, honest: Json) -> tuple[str, str]:
    try:
        check = check_text(text)
    except InputError:
        return REFUSED, ""
    except Exception as error:
        return WRONG, f"{type(error).__name__}: {error}"
    if check.failures:
        return FAILED, ""
    wrong = judge_certificate(json.loads(text), honest)
    return (WRONG, "; ".join(wrong)) if wrong else (HARMLESS, "")


def _written(content: Json, with_digest: bool) -> str:
    if with_digest and isinstance(content, dict):
        rest = {key: value for key, value in content.items() if key != "digest"}
        with contextlib.suppress(TypeError, ValueError):  # there is no digest for this
            content = {**content, "digest": content_digest(rest)}
    return json.dumps(content)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--forgeries", type=int, default=1000, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    began = time.monotonic()
    results = [critical_points(arch, loss) for arch, loss in honest_losses()]
    originals = {
        "results": [json.loads(result.to_json()) for result in results],
        "certificates": [json.loads(to_text(certificate(result))) for result in results[:6]],
    }
    failures = []
    for kind, honest_ones in originals.items():
        outcomes: Counter[str] = Counter()
        for number in range(options.forgeries // 2):
            rng = np.random.default_rng([options.seed, number, kind == "results"])
            honest = honest_ones[number % len(honest_ones)]
            text = _written(forged(honest, rng), with_digest=bool(number % 2))
            outcome, remark = _outcome_of_result(text) if kind == "results" else _outcome_of_certificate(text, honest)
            outcomes[outcome] += 1
            if outcome == WRONG:
                failures.append(f"{kind}, forgery {number}, seed {options.seed}: {remark}")
        print(f"{options.forgeries // 2} {kind}: " + ", ".join(f"{count} {name}" for name, count in outcomes.items()))
    print(f"{len(failures)} passed, {time.monotonic() - began:.0f} s")
    for failure in failures[:20]:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
