"""Results and certificates that tests change: other points, another digest that fits."""

from __future__ import annotations

import hashlib
import json

from homotopy_lcn import CriticalPoints

THIRDS = {
    "gram": [["1", "1/3", "0"], ["1/3", "1.1", "0.1"], ["0", "0.1", "2"]],
    "b": ["0.1", "-1/7", "1"],
    "constant": "2/3",
}


def points_with(result, changes):
    """The result with some points replaced, in the given order."""
    points = [changes.get(row, point) for row, point in enumerate(result)]
    return CriticalPoints.build(result.architecture, result.loss, points, result.strata, seed=result.seed)


def sealed(content):
    """The text of a certificate with the digest that fits."""
    content.pop("digest", None)
    compact = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return json.dumps({"digest": hashlib.sha256(compact.encode()).hexdigest(), **content})
