from __future__ import annotations

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.losses.digits import next_pixels
from homotopy_lcn.losses.sources import from_images

BOXES = hl.Architecture(filters=((2, 2), (2, 2)), strides=(1, 1))


def test_the_images_are_those_of_scikit_learn():
    images = hl.load_digits()
    assert images.shape == (1797, 8, 8)
    assert (images.min(), images.max(), images.sum()) == (0, 16, 561718)
    datasets = pytest.importorskip("sklearn.datasets")
    np.testing.assert_array_equal(datasets.load_digits().images, images)


def test_the_target_is_the_pixel_right_of_the_middle_row():
    images = np.arange(2 * 6 * 7).reshape(2, 6, 7)
    X, Y = next_pixels(images, BOXES)
    assert X.shape == (2, 6, 6)
    assert Y[1, 2, 3] == images[1, 2 + 1, 3 + 3]
    strided = hl.Architecture(filters=((2, 2), (2, 1)), strides=((2, 1), (1, 2)))
    X, Y = next_pixels(images, strided)
    (height, width), (down, right) = strided.shape, strided.total_stride
    assert (height, width, down, right) == (4, 2, 2, 2)
    assert Y[0, 1, 2] == images[0, 2 * 1 + 2, 2 * 2 + 2]
    assert hl.SquaredLoss.from_data(X, Y, strided).filter_size == 8


def test_images_from_a_file_are_the_same(tmp_path):
    np.save(tmp_path / "images.npy", hl.load_digits())
    shipped, own = from_images("digits", BOXES), from_images(str(tmp_path / "images.npy"), BOXES)
    assert own.loss == shipped.loss
    np.save(tmp_path / "channel.npy", hl.load_digits()[:, None])
    assert from_images(str(tmp_path / "channel.npy"), BOXES).loss == shipped.loss
    assert from_images("digits", BOXES, center=True).description.endswith("each patch of 3×3, centred")


@pytest.mark.parametrize(
    ("images", "network", "message"),
    [
        ("digits", hl.Architecture((2, 2), (1, 1)), r"images: given for filters \(2, 2\) with strides \(1, 1\)"),
        ("digits", hl.Architecture(supports=((0, 1, 3),)), r"images: given for supports \{0,1,3\}"),
        (
            "digits",
            hl.Architecture(filters=((2, 5), (2, 5)), strides=(1, 1)),
            "images: 8×8 pixels; expected at least 3×10",
        ),
        ("photos.png", BOXES, "images: 'photos.png'; expected an array FILE.npy, or digits"),
        ("missing.npy", BOXES, "^images: no such file 'missing.npy'"),
    ],
)
def test_images_that_cannot_be_used_are_refused(images, network, message):
    with pytest.raises(hl.InputError, match=message):
        from_images(images, network)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((5, 64), r"^images: shape \(5, 64\); expected \(samples, height, width\)"),
        ((5, 8, 8, 3), r"^images: shape \(5, 8, 8, 3\); expected"),
        ((5, 3, 8, 8), r"^images: shape \(5, 3, 8, 8\); expected"),
        ((0, 8, 8), r"^images: shape \(0, 8, 8\); expected"),
        ((5, 3, 3), "^images: 3×3 pixels; expected at least 3×4"),
        (None, "^images: '.*junk.npy' is not a whole .npy file of numbers"),
    ],
)
def test_files_of_other_shapes_are_refused(shape, message, tmp_path):
    path = tmp_path / "junk.npy"
    if shape is None:
        path.write_text("hello")
    else:
        np.save(path, np.ones(shape))
    with pytest.raises(hl.InputError, match=message):
        from_images(str(path), BOXES)
