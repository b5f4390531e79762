#!/usr/bin/env bash
# plotly 7.1.0 draws the masked entries of NumPy's masked arrays, and cannot write an array of longdouble.
#
# A loss landscape is masked where it is too high to be shown, or where a filter is not attained. matplotlib leaves such
# entries out. plotly writes the array's buffer as it is, so the masked numbers are points of the picture like all
# others, in scatter plots, heat maps and surfaces alike; filled with NaN they would be gaps. An array in extended
# precision, as refined points are, ends to_json and write_html with a RecursionError that names neither the array nor
# its type.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check plotly==7.1.0 numpy==2.3.5 2>"$work/pip.log" ||
    { cat "$work/pip.log"; exit 1; }
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import base64
import json

import numpy as np
import plotly
import plotly.graph_objects as go


def written(trace, name):
    """The numbers of a trace as the browser gets them."""
    value = json.loads(go.Figure(trace).to_json())["data"][0][name]
    if isinstance(value, dict):
        return np.frombuffer(base64.b64decode(value["bdata"]), value["dtype"]).tolist()
    return value


print("plotly", plotly.__version__, "NumPy", np.__version__)
masked = np.ma.masked_greater(np.array([1.0, 1e9, 3.0]), 100)
found = {
    "scatter": written(go.Scatter(y=masked), "y"),
    "heat map": written(go.Heatmap(z=masked[None]), "z"),
    "surface": written(go.Surface(z=masked[None]), "z"),
}
for name, values in found.items():
    print(f"{masked} in a {name}: {values}")
gaps = written(go.Scatter(y=masked.filled(np.nan)), "y")
print("filled with NaN:", gaps)
try:
    error = None
    go.Figure(go.Scatter(y=np.array([1, 2], np.longdouble))).to_json()
except Exception as caught:
    error = type(caught).__name__
print("longdouble:", error)
same = all(values == [1.0, 1e9, 3.0] for values in found.values()) and np.isnan(gaps[1]) and error == "RecursionError"
raise SystemExit(0 if same else "changed")
PYTHON
