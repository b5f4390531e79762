"""Random data of surveys: what they are distributed as, what they depend on, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homotopy_lcn import Architecture, InputError, SquaredLoss
from homotopy_lcn.geometry.function_space import describe_function_space
from homotopy_lcn.geometry.vanishing_forms import closure_equations
from homotopy_lcn.losses.data_models import data_model, draw_loss, draw_moments

ARCHITECTURE = Architecture((3, 2), (2, 1))
MODELS = ["gaussian", "gaussian:9", "white", "ar1:0.5", "ar1:-0.3:50", "teacher:0.1", "teacher:0:12"]


def generator(seed, draw):
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(draw,)))


@pytest.fixture
def samples(tmp_path):
    """A file of samples with three output positions, and its arrays."""
    rng = np.random.default_rng(1)
    X, Y = rng.normal(size=(30, 9)), rng.normal(size=(30, 3))
    np.savez(tmp_path / "samples.npz", X=X, Y=Y)
    return tmp_path / "samples.npz", X, Y


@given(model=st.sampled_from(MODELS), seed=st.integers(0, 2**40), first=st.integers(0, 10**12), count=st.integers(1, 5))
def test_a_draw_depends_on_seed_and_number_only(model, seed, first, count):
    chosen = data_model(model)
    together = draw_moments(chosen, ARCHITECTURE, seed, range(first, first + count))
    last = draw_moments(chosen, ARCHITECTURE, seed, range(first + count - 1, first + count))
    for many, one in zip(together, last, strict=True):
        assert many[-1].tobytes() == one[0].tobytes()
    if count > 1:
        assert not np.array_equal(together.b[0], together.b[1])


def test_gaussian_data_are_the_samples_of_the_generator():
    rows = generator(3, 7).standard_normal((20, 6))
    expected = SquaredLoss.from_data(rows[:, :5], rows[:, 5:], ARCHITECTURE)
    loss = draw_loss(data_model("gaussian"), ARCHITECTURE, 3, 7)
    np.testing.assert_allclose(loss.gram, expected.gram, rtol=1e-13)
    np.testing.assert_allclose(loss.b, expected.b, rtol=1e-13)
    assert loss.constant == pytest.approx(expected.constant)


def test_white_data_have_the_gram_matrix_one():
    loss = draw_loss(data_model("white"), ARCHITECTURE, 0, 1)
    np.testing.assert_array_equal(loss.gram, np.eye(5))
    np.testing.assert_array_equal(loss.target, generator(0, 1).standard_normal(5))


def test_autoregressive_series_are_stationary_and_predict_the_next_value():
    rho, count = 0.8, 200_000
    loss = draw_loss(data_model(f"ar1:{rho}:{count}"), ARCHITECTURE, 0, 0)
    places = np.arange(5)
    np.testing.assert_allclose(loss.gram / count, rho ** np.abs(places[:, None] - places), atol=0.02)
    np.testing.assert_allclose(loss.target, [0, 0, 0, 0, rho], atol=0.02)
    assert loss(loss.target) / count == pytest.approx(1 - rho**2, abs=0.01)


def test_a_teacher_is_a_network_of_the_architecture():
    """Without noise the target lies in the function space: the equations of its Zariski closure vanish."""
    equations = closure_equations(ARCHITECTURE)
    assert equations.complete
    assert describe_function_space(ARCHITECTURE).dimension == 4
    for draw in range(5):
        loss = draw_loss(data_model("teacher:0"), ARCHITECTURE, 0, draw)
        a, b, c, d, e = loss.target
        assert np.linalg.norm(loss.target) == pytest.approx(1)
        assert a * d**2 + b**2 * e - b * c * d == pytest.approx(0, abs=1e-12)
        assert c**2 - 4 * a * e >= 0
        assert loss(loss.target) == pytest.approx(0, abs=1e-12)


def test_the_noise_of_a_teacher_has_the_size_asked_for():
    count = 100_000
    loss = draw_loss(data_model(f"teacher:0.5:{count}"), ARCHITECTURE, 0, 0)
    assert loss(loss.target) / count == pytest.approx(0.25, abs=0.01)
    assert loss.constant / count == pytest.approx(1.25, abs=0.02)


@pytest.mark.parametrize(("text", "count"), [("{}", 30), ("{}:12", 12), ("file:{}:12", 12)])
def test_the_bootstrap_draws_samples_of_the_file(samples, text, count):
    path, X, Y = samples
    rows = generator(5, 2).integers(30, size=count)
    expected = SquaredLoss.from_data(X[rows], Y[rows], ARCHITECTURE)
    loss = draw_loss(data_model(text.format(path)), ARCHITECTURE, 5, 2)
    np.testing.assert_allclose(loss.gram, expected.gram, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(loss.b, expected.b, rtol=1e-12, atol=1e-12)
    assert loss.constant == pytest.approx(expected.constant)


def test_the_identity_of_a_file_is_its_content(samples, tmp_path):
    path, X, Y = samples
    np.savez(tmp_path / "copy.npz", X=X, Y=Y)
    np.savez(tmp_path / "other.npz", X=X, Y=Y + 1e-9)
    identities = [data_model(str(p)).identity for p in (path, tmp_path / "copy.npz", tmp_path / "other.npz")]
    assert identities[0] == identities[1] != identities[2]
    assert len({data_model(model).identity for model in MODELS}) == len(MODELS)


def test_the_text_of_a_model_is_read_back(samples):
    for model in [*MODELS, str(samples[0]), f"{samples[0]}:7"]:
        assert data_model(data_model(model).text).identity == data_model(model).identity


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("cauchy", "is not known"),
        ("gaussian:0", "N = '0'"),
        ("gaussian:many", "N = 'many'"),
        ("gaussian:5:5", "is not known"),
        ("white:5", "is not known"),
        ("ar1", "is not known"),
        ("ar1:1", "RHO = 1; expected a number between"),
        ("ar1:nan", "RHO = nan"),
        ("ar1:x", "'x' in 'ar1:x' is not a number"),
        ("teacher:-1", "SIGMA = -1"),
        ("teacher:inf", "SIGMA = inf"),
        ("absent.npz", "no such file 'absent.npz'"),
        ("file:absent.npz:5", "no such file 'absent.npz'"),
        ("file:", "is not known"),
        (3, "3 given"),
    ],
)
def test_unusable_models_are_named(text, problem):
    with pytest.raises(InputError, match=r"^data_model: ") as caught:
        data_model(text)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


def test_data_that_do_not_suit_the_architecture_are_refused(samples, tmp_path):
    path, X, Y = samples
    with pytest.raises(InputError, match=r"^data_model: 3 samples .* expected at least 4, the dimension"):
        data_model("gaussian:3").check(ARCHITECTURE)
    data_model("gaussian:4").check(ARCHITECTURE)
    with pytest.raises(InputError, match=r"^data_model: samples.npz: X"):
        data_model(str(path)).check(Architecture((9, 9), (2, 1)))
    np.savez(tmp_path / "few.npz", X=X[:1], Y=Y[:1])
    with pytest.raises(InputError, match=r"^data_model: the Gram matrix of few.npz has rank 3; expected at least 4"):
        data_model(str(tmp_path / "few.npz")).check(ARCHITECTURE)
    np.savez(tmp_path / "gram.npz", gram=np.eye(5), b=np.ones(5))
    with pytest.raises(InputError, match=r"^data_model: .* holds gram, b; expected the arrays X and Y|holds b, gram"):
        data_model(str(tmp_path / "gram.npz"))
