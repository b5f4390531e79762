#!/usr/bin/env bash
# pandas 3.0.0 reads files of one column as two, without a warning.
#
# A file of one series has no separator. With decimal commas ("1,5") the default reader takes the digits before the comma
# for row labels, and the column holds the digits after it. With sep=None, which is to find the separator out, a letter of
# the header is the separator: the column "value" becomes a column of labels and a column "alue" of missing values.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check pandas==3.0.0 numpy==2.3.5 2>"$work/pip.log" ||
    { cat "$work/pip.log"; exit 1; }
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import io

import pandas as pd

print("pandas", pd.__version__)
commas = pd.read_csv(io.StringIO("value\n1,5\n2,5\n3,25\n"))
print("1,5 2,5 3,25 by default:", commas.to_dict())
found = pd.read_csv(io.StringIO("value\n1.5\n2.5\n3.25\n"), sep=None, engine="python")
print("1.5 2.5 3.25 with sep=None:", found.to_dict())
same = commas["value"].tolist() == [5, 5, 25] and list(found.columns)[-1] == "alue" and found["alue"].isna().all()
raise SystemExit(0 if same else "changed")
PYTHON
