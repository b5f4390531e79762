"""What a result says about the machine that computed it."""

from __future__ import annotations

import numpy as np
import pytest

from homotopy_lcn.tracking import get_engine
from homotopy_lcn.tracking.machine import blas_library, computed_with


def test_the_reference_engine_has_no_instruction_set():
    found = computed_with(get_engine("reference"))
    assert found == {"engine": "reference", "numpy": np.__version__, "blas": blas_library()}


def test_the_compiled_engine_names_the_instruction_set_that_it_uses():
    native = pytest.importorskip("homotopy_lcn.tracking.native")
    sets = native.NativeEngine.instruction_sets()
    assert computed_with(get_engine("native"))["instruction_set"] == sets[0]
    for name in sets:
        assert computed_with(get_engine(f"native:{name}"))["instruction_set"] == name


def test_a_numpy_that_does_not_tell_its_blas_is_no_error(monkeypatch):
    blas_library.cache_clear()
    monkeypatch.setattr(np, "show_config", lambda mode: {})
    assert blas_library() == "unknown"
    blas_library.cache_clear()
