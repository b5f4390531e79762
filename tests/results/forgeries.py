"""Files of results that tests change, and results that are read without a check of their claims."""

from __future__ import annotations

import json
from dataclasses import fields, replace

from homotopy_lcn import CriticalPoints
from homotopy_lcn.files import content_digest
from homotopy_lcn.results.json_reader import read_file
from homotopy_lcn.results.parts import ResultParts
from homotopy_lcn.results.points import count_points


def unchecked(path):
    """The result in a file as it stands there, for results that are made up."""
    parts = read_file(path)
    return CriticalPoints(**{column.name: getattr(parts, column.name) for column in fields(ResultParts)})


def with_digest(content):
    """The text of a changed file with the digest that fits."""
    content.pop("digest", None)
    return json.dumps({"digest": content_digest(content), **content})


def written(result):
    """The file of a result that was changed, with counts and a digest that fit."""
    counts = count_points(result.points, result.strata, (part.real for part in result.continua))
    return replace(result, counts=counts).to_json()
