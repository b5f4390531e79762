"""Run the command line as ``python -m homotopy_lcn``."""

from __future__ import annotations

import sys

from .cli.program import main

if __name__ == "__main__":
    sys.exit(main())
