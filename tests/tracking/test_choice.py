"""The choice of an engine, with the compiled kernel and without it."""

from __future__ import annotations

import sys

import pytest

from homotopy_lcn import InputError, tracking
from homotopy_lcn.tracking import get_engine

pytest.importorskip("homotopy_lcn.tracking._native")
pytest.importorskip("homotopy_lcn.tracking.native")


def test_the_compiled_engine_is_the_default():
    assert get_engine().name == "native"
    assert get_engine("auto").name == "native"
    assert get_engine("native").name == "native"
    assert get_engine("reference").name == "reference"


@pytest.fixture
def not_compiled(monkeypatch):
    monkeypatch.delattr(tracking, "_native")
    monkeypatch.setitem(sys.modules, "homotopy_lcn.tracking._native", None)
    monkeypatch.delitem(sys.modules, "homotopy_lcn.tracking.native")


@pytest.mark.usefixtures("not_compiled")
def test_without_the_compiled_module_the_reference_engine_serves():
    assert get_engine("auto").name == "reference"
    assert get_engine("reference").name == "reference"
    with pytest.raises(InputError, match=r"^engine: the compiled kernel is not installed; expected [^\n]*$"):
        get_engine("native")


def test_an_instruction_set_is_chosen_by_its_name():
    for name in tracking.native.NativeEngine.instruction_sets():
        assert get_engine(f"native:{name}").instruction_set == name


@pytest.mark.parametrize(
    "name", ["native:", "native:mmx", "native:avx2 ", "reference:avx2", "phcpack:x", ":avx2", "x" * 999]
)
def test_unknown_instruction_sets_and_engines_are_refused_with_the_list_of_known_ones(name):
    with pytest.raises(InputError, match=r"^engine: .* expected one of [^\n]*native:[^\n]*$") as caught:
        get_engine(name)
    assert len(str(caught.value)) < 300


@pytest.mark.usefixtures("not_compiled")
def test_an_instruction_set_needs_the_compiled_module():
    with pytest.raises(InputError, match=r"^engine: the compiled kernel is not installed"):
        get_engine("native:baseline")


def test_phc_is_another_name_of_phcpack(monkeypatch):
    monkeypatch.setattr("homotopy_lcn.tracking.phcpack.phc_program", lambda: "phc")
    assert get_engine("phc").name == get_engine("phcpack").name == "phcpack"
