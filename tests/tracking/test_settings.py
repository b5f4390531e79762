"""How paths are followed."""

from __future__ import annotations

import pickle

import pytest

from homotopy_lcn.tracking import get_engine
from homotopy_lcn.tracking.settings import NOT_DRAWN, Tracking


def test_no_random_numbers_are_drawn_where_none_are_to_be_drawn():
    tracking = Tracking(get_engine("reference"), rng=NOT_DRAWN)
    with pytest.raises(AttributeError, match="normal: random numbers are asked for where none are to be drawn"):
        tracking.rng.normal(size=3)
    assert tracking.careful.rng is NOT_DRAWN


def test_the_absence_of_random_numbers_can_be_pickled():
    with pytest.raises(AttributeError):
        pickle.loads(pickle.dumps(NOT_DRAWN)).normal()
