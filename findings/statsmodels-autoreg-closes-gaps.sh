#!/usr/bin/env bash
# statsmodels 0.14.6: AutoReg with missing="drop" closes the gap of a missing value, and predicts across the gap.
#
# With one missing value of 309, six of the 304 windows of five values and the next one lack a number. AutoReg uses 303
# windows: it takes the value out of the series first, and the windows around the gap join values that do not follow each
# other. The fit is that of the shortened series, to the last digit; the one of the 298 whole windows differs.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check statsmodels==0.14.6 numpy==2.3.5 pandas==2.3.3 2>"$work/pip.log" ||
    { cat "$work/pip.log"; exit 1; }
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import numpy as np
import statsmodels
from statsmodels.datasets import sunspots
from statsmodels.tsa.ar_model import AutoReg


def fitted(values):
    """Least squares for the whole windows of a series: an intercept, and the five values before, the nearest first."""
    windows = np.lib.stride_tricks.sliding_window_view(values, 6)
    whole = windows[np.isfinite(windows).all(axis=1)]
    inputs = np.column_stack([np.ones(len(whole)), whole[:, 4::-1]])
    return len(whole), np.linalg.lstsq(inputs, whole[:, 5], rcond=None)[0]


print("statsmodels", statsmodels.__version__)
series = sunspots.load_pandas().data["SUNACTIVITY"].to_numpy()
series[100] = np.nan
fit = AutoReg(series, 5, missing="drop").fit()
whole, shortened = fitted(series), fitted(series[np.isfinite(series)])
print("AutoReg:", fit.nobs, "windows,", fit.params)
print("whole windows:", *whole)
print("the series without the value:", *shortened)
same = fit.nobs == 303 == shortened[0] and whole[0] == 298 and np.allclose(fit.params, shortened[1], rtol=1e-9)
raise SystemExit(0 if same and not np.allclose(fit.params, whole[1], rtol=1e-3) else "changed")
PYTHON
