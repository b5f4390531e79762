"""Records of constants: defaults, other values by name, and no change."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, replace

import pytest

from homotopy_lcn.solving.tolerances import SOLVING


def test_another_record_differs_in_the_fields_that_are_named():
    other = replace(SOLVING, detours=SOLVING.detours + 1)
    names = [field.name for field in fields(SOLVING)]
    assert [name for name in names if getattr(other, name) != getattr(SOLVING, name)] == ["detours"]
    assert replace(other, loops=0).detours == other.detours
    assert f"detours={other.detours}," in repr(other)


def test_a_record_does_not_change():
    with pytest.raises(FrozenInstanceError, match="detours"):
        SOLVING.detours = 0
    with pytest.raises(FrozenInstanceError, match="detours"):
        del SOLVING.detours


def test_a_field_that_is_none_is_refused():
    with pytest.raises(TypeError, match="has no field turns"):
        replace(SOLVING, turns=1)
