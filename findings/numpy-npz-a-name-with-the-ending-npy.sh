#!/usr/bin/env bash
# NumPy 2.3.5: of the arrays "X" and "X.npy" in one .npz file only the first can be read; the second name gives it, too.
#
# savez stores an array under its name with ".npy" appended. The loaded file lists both names, and looks a name up among
# the names with the ending first: archive["X.npy"] is the array "X". Nothing warns when it is written or read.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check numpy==2.3.5 2>"$work/pip.log" ||
    { cat "$work/pip.log"; exit 1; }
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import numpy as np

print("NumPy", np.__version__)
np.savez("two.npz", **{"X": 1, "X.npy": 2})
archive = np.load("two.npz")
values = {name: int(archive[name]) for name in archive.files}
print("written: X = 1, X.npy = 2; read:", values)
raise SystemExit(0 if values == {"X": 1, "X.npy": 1} else "changed")
PYTHON
