from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A folder with usable and unusable data files, which is the current folder."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((40, 5)), rng.standard_normal((40, 1))
    np.savez("good.npz", X=X, Y=Y)
    np.savez("gram.npz", gram=np.eye(5), b=np.ones(5))
    np.savez("wide.npz", X=X, Y=np.hstack([Y, Y]))
    np.savez("narrow.npz", X=X[:, :4], Y=Y)
    np.savez("nan.npz", X=X, Y=np.where(np.arange(40)[:, None] == 7, np.nan, Y))
    np.savez("infinite.npz", X=X, Y=np.where(np.arange(40)[:, None] == 7, np.inf, Y))
    np.savez("few.npz", X=X[:3], Y=Y[:3])
    np.savez("asymmetric.npz", gram=np.eye(5) + np.triu(np.ones((5, 5)), 1), b=np.ones(5))
    np.savez("indefinite.npz", gram=np.diag([1.0, 1.0, 1.0, 1.0, -1.0]), b=np.ones(5))
    np.savez("nothing.npz", Z=X)
    content = (tmp_path / "good.npz").read_bytes()
    (tmp_path / "truncated.npz").write_bytes(content[: len(content) // 2])
    (tmp_path / "text.npz").write_text("not an archive")
    (tmp_path / "folder.npz").mkdir()
    table = np.hstack([X, Y])
    np.savetxt("table.csv", table, delimiter=",", header="a,b,c,d,e,y", comments="")
    (tmp_path / "words.csv").write_text("a,b,c,d,e,y\n1,2,3,4,five,6\n")
    np.savetxt("series.csv", rng.standard_normal(60), header="value", comments="")
    np.savetxt("short.csv", rng.standard_normal(4), header="value", comments="")
    return tmp_path
