"""Everything that comes into the compiled kernel is checked, and nothing crashes it."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homotopy_lcn.equations.critical_equations import Data
from homotopy_lcn.tracking import Homotopy, ReturnCode, TrackerOptions

from .native_problems import ARRAYS, ENGINES, NativeEngine, each_engine, targets_of, three_two

_native = pytest.importorskip("homotopy_lcn.tracking._native")
from homotopy_lcn.tracking.native import kernel_options  # noqa: E402

OPTIONS = kernel_options(TrackerOptions(contraction_target=0.03, control_gain=1 / 6))


def arguments(**changes):
    """The arguments of a small call of the kernel itself."""
    start = three_two()
    (target,) = targets_of(5, 1, 30)
    result = {
        "factors": [(2, 1, 1), (1, 1, 2)],
        "starts": start.points.copy(),
        "start_gram": start.data.gram,
        "start_b": start.data.b,
        "target_gram": target.gram[None],
        "target_b": target.b[None],
        "options": OPTIONS,
        "jobs": 1,
        "instruction_set": "",
        "report": None,
    }
    return result | changes


def test_the_kernel_itself():
    result = _native.track(**arguments())
    assert (result["codes"] == 0).all()
    assert result["iterations"] >= result["steps"].sum() > 0
    assert result["iterations"] > result["iterations_in_single"]
    assert result["points"].shape == (10, 6)


@pytest.mark.parametrize("name", ["starts", "start_gram", "start_b", "target_gram", "target_b"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1j * np.inf, complex(0, np.nan)])
def test_numbers_must_be_finite(name, value):
    array = np.array(arguments()[name])
    array.flat[array.size - 1] = value
    with pytest.raises(ValueError, match=rf"^{name}: "):
        _native.track(**arguments(**{name: array}))


@pytest.mark.parametrize("name", ["starts", "start_gram", "start_b", "target_gram", "target_b"])
def test_shapes_must_fit(name):
    array = arguments()[name]
    wrong = [array[..., :-1], array[..., None], array.ravel() if array.ndim > 1 else array[None], array.flat[0]]
    wrong += [np.concatenate([array, array], axis=-1), np.empty((0,) * array.ndim), np.empty(0)]
    for value in wrong:
        with pytest.raises((ValueError, TypeError), match=r"(?s)shape|arguments"):
            _native.track(**arguments(**{name: value}))


@pytest.mark.parametrize("name", ["starts", "start_gram", "start_b", "target_gram", "target_b"])
@pytest.mark.parametrize("value", [None, "text", b"bytes", object(), {}, [["a"]]])
def test_what_is_no_array_of_numbers_is_refused(name, value):
    with pytest.raises((ValueError, TypeError)):
        _native.track(**arguments(**{name: value}))


@pytest.mark.parametrize("name", ["starts", "start_gram", "start_b", "target_gram", "target_b"])
def test_strings_records_and_objects_are_refused(name):
    array = arguments()[name]
    for value in (array.astype(str), array.astype(object), array.real.astype([("x", float)])):
        with pytest.raises((ValueError, TypeError)):
            _native.track(**arguments(**{name: value}))


@pytest.mark.parametrize("name", ["starts", "start_gram", "start_b", "target_gram", "target_b"])
def test_any_memory_layout_and_number_type_is_read_rightly(name):
    expected = _native.track(**arguments())
    array = arguments()[name]
    spread = np.zeros(tuple(2 * n + 1 for n in array.shape), complex)
    inner = tuple(slice(1, None, 2) for _ in array.shape)
    spread[inner] = array
    swapped = array.astype(array.dtype.newbyteorder())
    buffer = np.frombuffer(b"x" + array.tobytes(), np.uint8)[1:].view(complex).reshape(array.shape)
    frozen = array.copy()
    frozen.flags.writeable = False
    backward = np.flip(np.flip(array).copy())
    for value in (np.asfortranarray(array), spread[inner], swapped, buffer, frozen, backward, array.tolist()):
        result = _native.track(**arguments(**{name: value}))
        np.testing.assert_array_equal(result["points"], expected["points"])
    exact = np.round(array.real * 8)
    expected = _native.track(**arguments(**{name: exact}))
    for dtype in (np.float32, np.int16, np.complex64):
        result = _native.track(**arguments(**{name: exact.astype(dtype)}))
        np.testing.assert_array_equal(result["codes"], expected["codes"])
        np.testing.assert_array_equal(result["points"], expected["points"])


@pytest.mark.parametrize(
    "factors",
    [
        [],
        [(2, 1)],
        [(-1, 1, 1), (1, 1, 2)],
        [(2, 0, 1), (1, 1, 2)],
        [(2, 1, 0), (1, 1, 2)],
        [(2, -1, 1)],
        [(2, 1, -1)],
        [(2, 2, 1), (1, 1, 2)],
        [(2**31 - 1, 1, 1)],
        [(2**31 - 1, 2**31 - 1, 2**31 - 1)] * 3,
        [(1, 1, 1), (4096, 4096, 1_000_000)],
        [(1, 1, 1)] * 100_000,
        [(0, 1, 1)] * 100_000,
        [(2**40, 1, 1)],
        [(2.5, 1, 1)],
        ["abc"],
        None,
    ],
)
def test_impossible_factors_are_refused(factors):
    with pytest.raises((ValueError, TypeError)):
        _native.track(**arguments(factors=factors))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("options", None),
        ("options", []),
        ("options", list(OPTIONS.values())),
        ("options", {}),
        ("jobs", 0),
        ("jobs", -3),
        ("jobs", 10**6),
        ("jobs", 2**40),
        ("jobs", None),
        ("instruction_set", "avx1024"),
        ("instruction_set", "baseline\0"),
        ("instruction_set", None),
        ("report", 3),
    ],
)
def test_impossible_settings_are_refused(name, value):
    with pytest.raises((ValueError, TypeError)):
        _native.track(**arguments(**{name: value}))


@pytest.mark.parametrize("name", [field.name for field in fields(TrackerOptions)])
def test_each_option_must_be_there_and_positive(name):
    rest = {key: value for key, value in OPTIONS.items() if key != name}
    with pytest.raises(ValueError, match=rf"^options: {name} is missing$"):
        _native.track(**arguments(options=rest))
    for value in (0, -1, 0.0, -1.0, np.nan, np.inf, None, "1", 1j, [1], 10**400):
        with pytest.raises(ValueError, match=rf"^options: {name}: .* given; expected a positive (number|integer)$"):
            _native.track(**arguments(options=OPTIONS | {name: value}))


@pytest.mark.parametrize("value", [1.5, 2000.0, 2**70])
def test_the_limit_on_the_number_of_steps_is_an_integer(value):
    with pytest.raises(ValueError, match=r"^options: max_steps: .* given; expected a positive integer$"):
        _native.track(**arguments(options=OPTIONS | {"max_steps": value}))


@pytest.mark.parametrize("name", ["contraction", "Max_steps", "", 3, None])
def test_unknown_options_are_refused(name):
    with pytest.raises(ValueError, match=rf"^options: {name} is unknown$"):
        _native.track(**arguments(options=OPTIONS | {name: 1.0}))


def test_options_go_by_name_and_not_by_position():
    expected = _native.track(**arguments())
    backward = dict(reversed(OPTIONS.items()))
    for name in ARRAYS:
        np.testing.assert_array_equal(_native.track(**arguments(options=backward))[name], expected[name])


def test_arguments_go_by_name_only():
    with pytest.raises(TypeError):
        _native.track(*arguments().values())


def test_more_results_than_there_can_be_memory_for_are_refused_first():
    many = np.zeros((1, 6), complex)
    grams, bs = np.zeros((1, 5, 5), complex), np.zeros((1, 5), complex)
    with pytest.raises(ValueError, match="too many paths"):
        _native.track(
            **arguments(
                starts=np.repeat(many, 200_000, axis=0),
                target_gram=np.repeat(grams, 20_000, axis=0),
                target_b=np.repeat(bs, 20_000, axis=0),
            )
        )


def test_more_workspace_than_there_can_be_memory_for_is_refused_first():
    """A filter of 1025 coefficients for 1024 threads: each needs tens of megabytes."""
    size = 1025
    zero = np.zeros((size, size), complex)
    call = arguments(
        factors=[(1024, 1, 1)],
        starts=np.ones((8192, size + 1), complex),
        start_gram=zero,
        start_b=zero[0],
        target_gram=zero[None],
        target_b=zero[:1],
        jobs=1024,
    )
    with pytest.raises(ValueError, match=r"^jobs: .* workspace"):
        _native.track(**call)


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("report", [None, lambda finished: None])
def test_nothing_to_do(jobs, report):
    for changes in (
        {"starts": np.empty((0, 6), complex)},
        {"target_gram": np.empty((0, 5, 5)), "target_b": np.empty((0, 5))},
        {"starts": np.empty((0, 6)), "target_gram": np.empty((0, 5, 5)), "target_b": np.empty((0, 5))},
    ):
        result = _native.track(**arguments(jobs=jobs, report=report, **changes))
        assert result["points"].shape == (0, 6)
        for name in ("codes", "errors", "conditions", "steps", "distances"):
            assert result[name].shape == (0,)
        assert result["iterations"] == 0


@each_engine
def test_nothing_to_do_through_the_engine(engine):
    start = three_two()
    none = engine.track(start.stratum, start.points[:0], Homotopy(start.data, start.data), TrackerOptions())
    assert none.points.shape == (0, start.stratum.coordinates)
    assert len(none) == 0
    none = engine.track_many(start.stratum, start.points, start.data, [], TrackerOptions())
    assert none.points.shape == (0, start.stratum.coordinates)


@each_engine
def test_factors_of_degree_zero_do_no_harm(engine):
    call = arguments(instruction_set=engine.instruction_set)
    starts = np.concatenate([call["starts"], np.ones((10, 1))], axis=1)
    expected = _native.track(**call)
    result = _native.track(**call | {"factors": [(2, 1, 1), (1, 1, 2), (0, 3, 7)], "starts": starts})
    np.testing.assert_array_equal(result["codes"], expected["codes"])
    found, wanted = result["points"], expected["points"]
    scaled, free = found[:, :1] * found[:, 1:4] * found[:, 6:] ** 3, wanted[:, :1] * wanted[:, 1:4]
    for i in range(3):  # the products of the factors; each alone has a phase of its own
        np.testing.assert_allclose(scaled[:, [i]] * found[:, 4:6], free[:, [i]] * wanted[:, 4:], rtol=1e-9)


def test_the_engine_checks_shapes():
    start = three_two()
    data, points = start.data, start.points
    for wrong in (points[:, :-1], np.concatenate([points, points], axis=1), points[0], points[None]):
        with pytest.raises(ValueError, match=r"^points: .*expected"):
            ENGINES[0].track(start.stratum, wrong, Homotopy(data, data), TrackerOptions())
    big = Data(np.zeros((10, 5)), np.zeros(10))  # as many numbers as two right ones
    flat = Data(data.gram.ravel(), data.b)
    for wrong in (big, flat, Data(data.gram[:4, :4], data.b[:4])):
        for homotopy in (Homotopy(data, wrong), Homotopy(wrong, data)):
            with pytest.raises(ValueError, match=r"^(start|target)_gram: .*expected"):
                ENGINES[0].track(start.stratum, points, homotopy, TrackerOptions())
    for homotopy in (Homotopy(data, Data(data.gram, data.b[:4])), Homotopy(Data(data.gram, data.b[:4]), data)):
        with pytest.raises(ValueError, match=r"^(start|target)_b: .*expected"):
            ENGINES[0].track(start.stratum, points, homotopy, TrackerOptions())


def test_results_outlive_the_call_and_belong_to_the_caller():
    result = NativeEngine().track(
        three_two().stratum, three_two().points, Homotopy(three_two().data, three_two().data), TrackerOptions()
    )
    for name in ARRAYS:
        array = getattr(result, name)
        assert array.flags.writeable
        array[:] = 0


@settings(max_examples=150, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_arbitrary_arguments_never_crash(data):
    """An answer or a Python exception, whatever comes in."""
    number = st.one_of(st.integers(-2, 5), st.integers(-(2**70), 2**70))
    factors = data.draw(st.lists(st.tuples(number, number, number), max_size=4))
    if data.draw(st.booleans()):
        factors = [(abs(a) % 4, 1 + abs(b) % 3, 1 + abs(c) % 3) for a, b, c in factors]
        factors = [(a, b if f else 1, c) for f, (a, b, c) in enumerate(factors)]
    size = 1 + sum(a * b * c for a, b, c in factors)
    coordinates = sum(a + 1 for a, _, _ in factors)
    size, coordinates = max(0, min(size, 40)), max(0, min(coordinates, 40))
    paths, targets = data.draw(st.integers(0, 5)), data.draw(st.integers(0, 3))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    scale = 10.0 ** data.draw(st.sampled_from([-300, -20, 0, 0, 0, 20, 300]))
    shapes = {
        "starts": (paths, coordinates + 1),
        "start_gram": (size, size),
        "start_b": (size,),
        "target_gram": (targets, size, size),
        "target_b": (targets, size),
    }
    arrays = {name: scale * rng.standard_normal(shape) for name, shape in shapes.items()}
    if data.draw(st.booleans()):
        arrays["start_gram"] = np.diag(np.diag(arrays["start_gram"]))
    if data.draw(st.booleans()):
        arrays |= {name: 1j * arrays[name] for name in ("target_gram", "target_b")}
    options = {name: data.draw(st.floats()) for name in OPTIONS}
    if data.draw(st.booleans()):
        options = {name: rng.random() for name in OPTIONS}
    options["max_steps"] = data.draw(st.one_of(st.integers(1, 100), st.integers(-1, 100)))
    call = arguments(
        factors=factors,
        **arrays,
        options=options,
        jobs=data.draw(st.integers(0, 4)),
    )
    try:
        result = _native.track(**call)
    except (ValueError, TypeError, MemoryError):
        return
    assert result["points"].shape == (targets * paths, coordinates + 1)
    assert set(result["codes"]) <= set(ReturnCode)
