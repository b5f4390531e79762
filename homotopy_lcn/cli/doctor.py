"""The command ``doctor``."""

from __future__ import annotations

import json
from typing import Annotated

from .common import DONE, NOT_COMPLETE, Json, Quiet, check_output, show, write
from .declarations import Option

__all__ = ["doctor"]


def doctor(
    seed: Annotated[int, Option("--seed", min=0, metavar="N", help="Of the random data of the self-test.")] = 0,
    json_path: Json = None,
    quiet: Quiet = False,
) -> int:
    """Check the installation, and run a self-test of a second.

    The command checks kernel, cache, optional packages and programs.
    Exit code 0 if everything that is installed works, 3 otherwise.
    """
    from dataclasses import asdict

    from ..interchange.installation import examine

    check_output(json_path)
    findings = list(examine(seed))
    sound = all(finding.state != "broken" for finding in findings)
    if json_path is not None:
        write(json_path, json.dumps({"sound": sound, "findings": [asdict(f) for f in findings]}, indent=1) + "\n")
    if not quiet and json_path != "-":
        from ..display.terminal import render_findings

        show(render_findings(findings))
    return DONE if sound else NOT_COMPLETE
