"""Many losses in one object: the same losses as one by one, and faulty ones among them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homotopy_lcn import InputError, SquaredLoss
from homotopy_lcn.losses.batches import LossBatch

SIZE = 3
TYPES = [np.float64, np.float32, np.float16, np.longdouble, np.int64, object]


def moments(count, seed=0):
    rng = np.random.default_rng([9, seed])
    X, y = rng.normal(size=(count, 9, SIZE)), rng.normal(size=(count, 9))
    return X.transpose(0, 2, 1) @ X, np.einsum("tni,tn->ti", X, y), (y * y).sum(axis=1)


def bits(loss):
    return loss.gram.tobytes(), loss.b.tobytes(), loss.constant, loss.tolerance


def outcome(make):
    """The bits of a loss, or the message in its place."""
    try:
        return bits(make())
    except InputError as error:
        return str(error)


def set_entry(number):
    def change(gram, b, constant):
        gram[1, 2] = number

    return change


FAULTS = {
    "none": lambda gram, b, constant: None,
    "rounding": lambda gram, b, constant: gram.__setitem__((0, 1), gram[0, 1] * (1 + 1e-9)),
    "asymmetric": lambda gram, b, constant: gram.__setitem__((0, 1), gram[0, 1] + 0.5 * gram[0, 0]),
    "nan in gram": set_entry(np.nan),
    "infinity in gram": set_entry(np.inf),
    "large": set_entry(1e200),
    "nan in b": lambda gram, b, constant: b.__setitem__(0, np.nan),
    "infinity in b": lambda gram, b, constant: b.__setitem__(2, -np.inf),
    "nan constant": lambda gram, b, constant: constant.__setitem__((), np.nan),
    "indefinite": lambda gram, b, constant: gram.__imul__(-1),
    "zero": lambda gram, b, constant: gram.__imul__(0),
}


@given(st.lists(st.sampled_from(sorted(FAULTS)), max_size=6), st.integers(0, 99), st.sampled_from(TYPES[:2]))
def test_each_loss_is_as_it_would_be_alone(faults, seed, dtype):
    gram, b, constant = (array.astype(dtype) for array in moments(len(faults), seed))
    for index, fault in enumerate(faults):
        with np.errstate(over="ignore"):
            FAULTS[fault](gram[index], b[index], constant[index : index + 1].reshape(()))
    batch = LossBatch.of(SIZE, gram, b, constant)
    assert len(batch) == len(faults)
    for index in range(len(batch)):
        alone = outcome(lambda i=index: SquaredLoss(gram[i], b[i], constant[i]))
        assert outcome(lambda i=index: batch.loss(i)) == (
            alone if isinstance(alone, tuple) else f"losses[{index}]: {alone}"
        )
        # What is plain is finite and symmetric, and has the very arrays of the loss; nothing else is said of it.
        if batch.plain[index] and isinstance(alone, tuple):
            assert bits(batch.loss(index, regular=True)) == alone
        if not batch.plain[index]:
            assert isinstance(alone, str)
            assert not batch.gram[index].any()


@pytest.mark.parametrize("dtype", TYPES)
def test_numbers_of_any_type_are_those_of_single_losses(dtype):
    gram, b, constant = ((64 * array).astype(int).astype(dtype) for array in moments(4))
    batch = LossBatch.of(SIZE, gram, b, constant)
    assert batch.plain.all()
    for index in range(4):
        assert bits(batch.loss(index, regular=True)) == bits(SquaredLoss(gram[index], b[index], constant[index]))


@pytest.mark.skipif(np.finfo(np.longdouble).minexp > -2000, reason="long doubles are doubles")
def test_a_constant_that_underflows_in_doubles_is_not_plain():
    gram, b, constant = (array.astype(np.longdouble) for array in moments(2))
    constant[1] = np.longdouble("1e-4000")
    batch = LossBatch.of(SIZE, gram, b, constant)
    assert batch.plain.tolist() == [True, False]
    with pytest.raises(InputError, match=r"^losses\[1\]: constant: numbers below the range of doubles"):
        batch.loss(1)


def test_losses_given_one_by_one_are_handed_back():
    losses = [SquaredLoss(*one) for one in zip(*moments(3), strict=True)]
    given_ones = [losses[0], SquaredLoss.white([1.0, 2.0]), None, losses[2]]
    batch = LossBatch.of(SIZE, iter(given_ones), None, 0.0)
    assert batch.plain.tolist() == [True, False, False, True]
    assert batch.loss(0) is losses[0]
    assert batch.loss(3, regular=True) is losses[2]
    assert batch.gram[3].tobytes() == losses[2].gram.tobytes()
    with pytest.raises(InputError, match=r"^losses\[2\]: NoneType given; expected a SquaredLoss"):
        batch.loss(2)


def test_one_constant_is_that_of_all():
    gram, b, _ = moments(3)
    assert LossBatch.of(SIZE, gram, b, 4).constant.tolist() == [4.0] * 3


def test_the_arrays_of_the_user_are_neither_kept_nor_locked():
    gram, b, constant = moments(3)
    batch = LossBatch.of(SIZE, gram, b, constant)
    before = bits(batch.loss(1, regular=True))
    for array in (gram, b, constant):
        array[...] = 7.0
    assert bits(batch.loss(1, regular=True)) == before


def test_a_loss_that_is_kept_keeps_no_other():
    gram, b, constant = moments(3)
    kept = LossBatch.of(SIZE, gram, b, constant).loss(1, regular=True)
    assert kept.gram.base is None
    assert kept.b.base is None
    for array in (kept.gram, kept.b):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0


@pytest.mark.parametrize(
    ("losses", "b", "constant", "words"),
    [
        (None, None, 0.0, "losses: NoneType given"),
        (None, np.zeros((2, 3)), 0.0, "gram: missing"),
        (np.zeros((2, 3, 3)), None, 0.0, "b: missing"),
        (SquaredLoss.white([1.0, 2.0, 3.0]), None, 0.0, "losses: SquaredLoss given"),
        ([SquaredLoss.white([1.0, 2.0, 3.0])], None, 1.0, "constant: given beside losses"),
        ([SquaredLoss.white([1.0, 2.0, 3.0])], None, np.zeros(1), "constant: given beside losses"),
        ([SquaredLoss.white([1.0, 2.0, 3.0])], np.zeros((1, 3)), 0.0, "gram: not numeric, holds a SquaredLoss"),
        (np.zeros((3, 3)), np.zeros(3), 0.0, r"gram: shape \(3, 3\)"),
        (np.zeros((2, 3, 3)), np.zeros((2, 3)), np.zeros((2, 1)), r"constant: shape \(2, 1\)"),
        (np.zeros((2, 3, 3), complex), np.zeros((2, 3)), 0.0, "gram: complex"),
    ],
)
def test_what_is_no_batch_is_refused_as_a_whole(losses, b, constant, words):
    with pytest.raises(InputError, match=f"^{words}"):
        LossBatch.of(SIZE, losses, b, constant)


def test_a_fault_is_named_once():
    with pytest.raises(InputError, match=r"^losses\[5\]: b: too small$"), LossBatch.naming(5):
        raise InputError("loss: b: too small")
    with pytest.raises(InputError, match=r"^losses\[4\]: b: too small$"), LossBatch.naming(5):
        raise InputError("losses[4]: b: too small")
    with pytest.raises(KeyError), LossBatch.naming(5):
        raise KeyError("b")
