from __future__ import annotations

import os
import sys

if "PYTEST_XDIST_WORKER" in os.environ:  # the workers share the cores; said before NumPy is loaded
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest
from hypothesis import settings

from homotopy_lcn.solving.start_systems import shared_start_systems
from tests.dask_programs import scheduler, start_worker, started  # noqa: F401 (fixtures)

# No test depends on how fast the machine is.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def _environment_of_all_tests(tmp_path_factory):
    """The tests, and the processes that they start, never read or write the user's cache, and no terminal is narrow."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOMOTOPY_LCN_CACHE", str(tmp_path_factory.mktemp("start-systems")))
        patch.delenv("COLUMNS", raising=False)  # pytest-xdist sets it
        patch.setenv("SOURCE_DATE_EPOCH", "1700000000")  # files of equal results are equal
        if sys.dont_write_bytecode:  # the processes compile the package once, and not each of them for itself
            patch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path_factory.mktemp("bytecode")))
            patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        yield


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder of its own, and a process that remembers no start system."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("HOMOTOPY_LCN_CACHE", str(folder))
    shared_start_systems.cache_clear()
    yield folder
    shared_start_systems.cache_clear()
