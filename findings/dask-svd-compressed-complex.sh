#!/usr/bin/env bash
# dask 2026.8.0: svd_compressed of a complex array gives wrong singular values and vectors; of a real array they are right.
#
# da.linalg.svd, for tall and skinny blocks, is right for both. With as many singular values as the matrix has, and a
# power iteration, the compressed decomposition is exact up to rounding for real matrices. For complex ones U S Vᴴ is far
# from the matrix, and the singular values are not those of numpy.linalg.svd. Start points of a homotopy and filters are
# complex, and one-sided estimates of rank come from such decompositions: nothing warns, as the factors look orthonormal.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'dask[array]==2026.8.0' numpy==2.3.5 2>"$work/pip.log" ||
    { cat "$work/pip.log"; exit 1; }
cd "$work"
"$work/venv/bin/python" -W ignore - <<'PYTHON'
import dask
import dask.array as da
import numpy as np

print("dask", dask.__version__, "NumPy", np.__version__)
rng = np.random.default_rng(0)
real = rng.normal(size=(6, 4))


def errors(matrix, decompose):
    u, s, v = (part.compute() for part in decompose(da.from_array(matrix, chunks=(3, 4))))
    expected = np.linalg.svd(matrix, compute_uv=False)
    return np.abs((u * s) @ v - matrix).max(), np.abs(s - expected).max(), np.abs(u.conj().T @ u - np.eye(4)).max()


def compressed(matrix):
    return da.linalg.svd_compressed(matrix, 4, n_power_iter=2, seed=1)


found = {}
for name, matrix in {"real": real, "complex": real + 1j * rng.normal(size=(6, 4))}.items():
    for how, decompose in {"svd": da.linalg.svd, "svd_compressed": compressed}.items():
        found[name, how] = errors(matrix, decompose)
        print(name, how, "errors of U S V, of S and of UᴴU: {:.1e} {:.1e} {:.1e}".format(*found[name, how]))
right = [max(values) < 1e-12 for values in found.values()]
raise SystemExit(0 if right == [True, True, True, False] else "changed")
PYTHON
