"""Call the compiled kernel with random arguments, good and bad: it answers or refuses, and never crashes or hangs.

The arguments are those of valid calls, of which some are replaced: by numbers that are not finite, by arrays of another
shape, type, layout or alignment, by factors, options and numbers of threads without sense. A call is *answered* if it
returns arrays of the shapes that belong to its arguments, *refused* if it raises ValueError or TypeError, and *wrong*
otherwise. The calls are made in processes of their own, so that a crash is seen: it counts as wrong, like a process
that takes longer than --patience seconds. The exit code is 1 if anything is wrong.

    python scripts/attack_calls.py --calls 15000
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["make_calls"]

ANSWERED, REFUSED, WRONG = "answered", "refused", "wrong"
CALLS_A_PROCESS = 500
#: Degree, power and dilation of factors: a compiled shape, one with a square, one with a large dilation.
SHAPES = ([(2, 1, 1), (1, 1, 2)], [(1, 1, 1), (1, 2, 1)], [(3, 1, 1)], [(1, 1, 1), (2, 1, 3)])
BAD_FACTORS = ([], [(1, 2, 1)], [(-1, 1, 1)], [(1, 0, 1)], [(5000, 1, 1)], [(1, 1, 10**9)], [(1, 1)], "12", None)
BAD_NUMBERS = (np.nan, np.inf, -np.inf, 1e308, 5e-324)
BAD_JOBS = (0, -1, 10**9, 2**70, 1.5, "2", None)

Arguments = dict[str, Any]
Generator = np.random.Generator


def valid_arguments(rng: Generator) -> tuple[str, Arguments]:
    """A function of the kernel, and arguments that it takes."""
    from homotopy_lcn.tracking import TrackerOptions
    from homotopy_lcn.tracking.native import kernel_options

    factors = SHAPES[rng.integers(len(SHAPES))]
    size = 1 + sum(d * p * e for d, p, e in factors)
    coordinates = 1 + sum(d + 1 for d, _, _ in factors)
    count, several = int(rng.integers(0, 20)), int(rng.integers(1, 4))

    def normal(*shape: int) -> np.ndarray:
        return rng.normal(size=shape) + 1j * rng.normal(size=shape)

    points, common = normal(count, coordinates), {"factors": factors, "jobs": int(rng.integers(1, 4))}
    common |= {"instruction_set": ""}
    options = {"options": kernel_options(TrackerOptions(max_steps=50))}
    name = str(rng.choice(["track", "track_along", "refine"]))
    if name == "track":
        gram, b = (
            np.real(part) if rng.random() < 0.5 else part
            for part in (normal(several, size, size), normal(several, size))
        )
        start = np.diag(normal(size)) if rng.random() < 0.5 else normal(size, size)
        given = {"starts": points, "start_gram": start, "start_b": normal(size), "target_gram": gram, "target_b": b}
        return name, common | options | given | {"report": None}
    if name == "track_along":
        return name, common | options | {
            "starts": points,
            "gram": normal(several, size, size),
            "b": normal(several, size),
        }
    given = {"high": points, "low": 1e-17 * points, "gram": np.real(normal(size, size)), "b": np.real(normal(size))}
    return name, common | given | {
        "real": bool(rng.random() < 0.5),
        "steps": 3,
        "small_step": 1e-15,
        "reused_matrix": 1e-4,
    }


def spoiled(arguments: Arguments, rng: Generator) -> Arguments:
    """The arguments, one of them replaced."""
    name = str(rng.choice(sorted(arguments)))
    value = arguments[name]
    result = dict(arguments)
    if name == "factors":
        result[name] = BAD_FACTORS[rng.integers(len(BAD_FACTORS))]
    elif name == "jobs":
        result[name] = BAD_JOBS[rng.integers(len(BAD_JOBS))]
    elif name == "options":
        option = str(rng.choice(sorted(value)))
        bad = (np.nan, -1.0, 0, "fast", None, 1e400)
        result[name] = {**value, option: bad[rng.integers(len(bad))]} if rng.random() < 0.8 else {**value, "more": 1.0}
    elif isinstance(value, np.ndarray):
        result[name] = spoiled_array(value, rng)
    elif rng.random() < 0.5:
        del result[name]
    else:
        others = (None, -1, "x", 10**30, np.nan, b"", object())
        result[name] = others[rng.integers(len(others))]
    return result


def spoiled_array(array: np.ndarray, rng: Generator) -> Any:
    """Another array, or none at all."""
    changes: list[Callable[[], Any]] = [
        lambda: array[None],
        lambda: array[..., :-1],
        lambda: array.T,
        lambda: np.asfortranarray(array),
        lambda: np.repeat(array, 2, axis=-1)[..., ::2],
        lambda: array.astype(complex).astype(np.clongdouble),
        lambda: array.astype(complex).astype(">c16"),
        lambda: array.real.astype(np.float16),
        lambda: array.astype(object),
        lambda: array.astype(str),
        lambda: unaligned(array),
        lambda: np.zeros((0, *array.shape[1:]), array.dtype),
        lambda: array.tolist(),
        lambda: None,
        lambda: "numbers",
    ]  # fmt: skip
    if array.dtype.kind not in "fc":  # spoiled before
        return array.tolist()
    if array.size and rng.random() < 0.3:
        changed = array.copy()
        changed.flat[rng.integers(array.size)] = BAD_NUMBERS[rng.integers(len(BAD_NUMBERS))]
        return changed
    return changes[rng.integers(len(changes))]()


def unaligned(array: np.ndarray) -> np.ndarray:
    """The same numbers at addresses that no processor likes."""
    padded = np.frombuffer(b"\0" + np.ascontiguousarray(array).tobytes(), np.uint8)
    return padded[1:].view(array.dtype).reshape(array.shape)


def is_sound(name: str, arguments: Arguments, result: Any) -> bool:
    """Whether the arrays of a result have the shapes that belong to the arguments."""
    points = result["points"] if name == "track" else result[0]
    first = np.asarray(arguments["high" if name == "refine" else "starts"])
    if name == "track":
        count = len(np.asarray(arguments["target_gram"])) * len(first)
        return bool(points.shape == (count, first.shape[1]) and len(result["codes"]) == count)
    if name == "track_along":
        corners = len(np.asarray(arguments["gram"]))
        return bool(points.shape == (corners, *first.shape) and 0 <= result[2] < corners)
    return bool(points.shape == first.shape and len(result[3]) == len(first))


def make_calls(first: int, number: int, seed: int = 0) -> Counter[str]:
    """Make calls in this process: how many were answered, refused and wrong."""
    from homotopy_lcn.tracking import _native

    outcomes: Counter[str] = Counter({ANSWERED: 0, REFUSED: 0, WRONG: 0})
    for call in range(first, first + number):
        rng = np.random.default_rng([seed, call])
        name, arguments = valid_arguments(rng)
        for _ in range(rng.integers(0, 3)):
            arguments = spoiled(arguments, rng) if arguments else arguments
        try:
            with np.errstate(all="ignore"):
                result = getattr(_native, name)(**arguments)
        except (TypeError, ValueError):
            outcomes[REFUSED] += 1
        except Exception as error:
            print(f"call {call}: {type(error).__name__}: {error}", file=sys.stderr)
            outcomes[WRONG] += 1
        else:
            outcomes[ANSWERED if is_sound(name, arguments, result) else WRONG] += 1
    return outcomes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=15_000, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    parser.add_argument("--patience", type=float, default=120.0, metavar="SECONDS", help="for 500 calls")
    parser.add_argument(
        "--from", type=int, dest="first", metavar="N", help="make calls in this process, from this one on"
    )
    options = parser.parse_args()
    if options.first is not None:
        print(json.dumps(make_calls(options.first, options.calls, options.seed)))
        return 0

    outcomes: Counter[str] = Counter({ANSWERED: 0, REFUSED: 0, WRONG: 0})
    began = time.monotonic()
    for first in range(0, options.calls, CALLS_A_PROCESS):
        number = min(CALLS_A_PROCESS, options.calls - first)
        arguments = ["--calls", str(number), "--seed", str(options.seed), "--from", str(first)]
        try:
            result = subprocess.run(
                [sys.executable, "-W", "ignore", __file__, *arguments], capture_output=True, text=True, check=False,
                timeout=options.patience,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            print(f"calls {first} to {first + number - 1}: not done after {options.patience:g} seconds")
            outcomes[WRONG] += 1
            continue
        if result.returncode:
            print(f"calls {first} to {first + number - 1}: exit code {result.returncode}\n{result.stderr[-500:]}")
            outcomes[WRONG] += 1
        else:
            outcomes.update(json.loads(result.stdout))
            print(result.stderr, end="")
    print(
        f"{options.calls} calls in {time.monotonic() - began:.0f} s:",
        ", ".join(f"{n} {k}" for k, n in outcomes.items()),
    )
    return 1 if outcomes[WRONG] else 0


if __name__ == "__main__":
    sys.exit(main())
