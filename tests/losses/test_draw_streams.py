"""The streams of draws are those that NumPy gives one draw at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homotopy_lcn import Architecture
from homotopy_lcn.losses import data_models
from homotopy_lcn.losses.data_models import data_model, draw_moments
from homotopy_lcn.losses.draw_streams import streams_of_draws


def one(seed, draw):
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(draw,))))


@given(seed=st.integers(0, 2**300), first=st.integers(0, 2**33), count=st.integers(0, 3))
def test_streams_are_those_of_seed_sequences(seed, first, count):
    draws = range(first, first + count)
    for draw, stream in zip(draws, streams_of_draws(seed, draws), strict=True):
        assert stream.bit_generator.state == one(seed, draw).bit_generator.state


@pytest.mark.parametrize("seed", [0, 2**32 - 1, 2**32, 2**128 - 1, 2**128, 2**160])
@pytest.mark.parametrize("first", [0, 2**32 - 2])
def test_seeds_and_numbers_of_more_words(seed, first):
    draws = range(first, first + 4)
    for draw, stream in zip(draws, streams_of_draws(seed, draws), strict=True):
        assert stream.standard_normal() == one(seed, draw).standard_normal()


@pytest.mark.parametrize("together", [2**18, 100])
@pytest.mark.parametrize(
    "text",
    ["gaussian", "gaussian:7", "gaussian:1500", "ar1:0.9", "ar1:-0.3:50", "teacher:0.1", "teacher:0:30", "white"],
)
@pytest.mark.parametrize(("filters", "strides"), [((3, 2), (2, 1)), ((2, 2, 2), (1, 2, 1)), ((1,), (1,))])
def test_draws_made_together_are_those_made_alone(monkeypatch, filters, strides, text, together):
    """To the last bit, whether or not the numbers of all draws fit into memory at a time."""
    monkeypatch.setattr(data_models, "NUMBERS", together)
    arch, model, draws = Architecture(filters, strides), data_model(text), range(5, 12)
    moments = draw_moments(model, arch, 3, draws)
    for row, draw in enumerate(draws):
        gram, b, constant = model.moments(arch, one(3, draw))
        assert moments.gram[row].tobytes() == gram.tobytes()
        assert moments.b[row].tobytes() == b.tobytes()
        assert moments.constant[row] == constant
