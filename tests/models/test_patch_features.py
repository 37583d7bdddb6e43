"""Features of patches: each number by hand, what they do not depend on, and that no label is needed."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from scratchnoise.models import PatchFeatures, RobustSoftmaxRegression, load, patch_features, save
from scratchnoise.models.conventions import NotFittedError
from scratchnoise.models.kmeans import squared_distances
from scratchnoise.noise import corrupt

T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
SMALL = {"n_centres": 7, "size": 3, "n_patches": 400, "random_state": 0}


@pytest.fixture
def images():
    """40 images of 9 x 8 pixels with two channels."""
    return np.random.default_rng(0).normal(size=(40, 9, 8, 2)) + np.linspace(0, 2, 9)[:, None, None]


def patch_by_hand(model, x, row, column):
    """max(0, mean_l d_l - d_k) of one patch, (K,). x (H, W, K)."""
    p = np.array([x[row + i, column + j, k] for k in range(x.shape[2]) for i in range(3) for j in range(3)])
    p = (p - p.mean()) / np.sqrt(p.var() + model.contrast_)
    z = model.whitening_ @ (p - model.mean_)
    d = np.array([np.linalg.norm(z - centre) for centre in model.centres_])
    return np.maximum(0, d.mean() - d)


def features_by_hand(model, x):
    """Means over the four parts, of the image and of its mirror image: (4 K,)."""
    sides = []
    for view in (x, x[:, ::-1]):
        near = np.array([[patch_by_hand(model, view, r, c) for c in range(6)] for r in range(7)])
        parts = (near[:4, :3], near[:4, 3:], near[4:, :3], near[4:, 3:])
        sides.append(np.concatenate([part.mean(axis=(0, 1)) for part in parts]))
    return np.mean(sides, axis=0)


def features_are_those_by_hand(images):
    model = PatchFeatures(**SMALL).fit(images)
    np.testing.assert_allclose(model.transform(images[:3]), [features_by_hand(model, x) for x in images[:3]], atol=1e-9)


def test_each_feature_by_hand(images):
    features_are_those_by_hand(images)


@pytest.mark.parametrize("wrong", ["no mean", "no variance", "squared distances"])
def test_wrong_features_are_rejected(wrong, images, monkeypatch):
    mutants = {
        "no mean": ("even_contrast", lambda p, contrast: p / np.sqrt(p.var(axis=1, keepdims=True) + contrast)),
        "no variance": ("even_contrast", lambda p, contrast: p - p.mean(axis=1, keepdims=True)),
        "squared distances": ("squared_distances", lambda X, centres: squared_distances(X, centres) ** 2),
    }
    monkeypatch.setattr(patch_features, *mutants[wrong])
    with pytest.raises(AssertionError):
        features_are_those_by_hand(images)


def test_an_image_and_its_mirror_image_have_the_same_features(images):
    model = PatchFeatures(**SMALL).fit(images)
    np.testing.assert_allclose(model.transform(images[:, :, ::-1]), model.transform(images), atol=1e-9)
    upside_down = model.transform(images[:, ::-1])
    assert np.abs(upside_down - model.transform(images)).max() > 0.01, "control: above and below differ"


def test_brightness_and_contrast_decide_nothing(images):
    expected = PatchFeatures(**SMALL).fit(images).transform(images)
    other = 40 * images + 100
    np.testing.assert_allclose(PatchFeatures(**SMALL).fit(other).transform(other), expected, atol=1e-6)


def test_patches_are_whitened_before_the_centres_are_looked_for(images):
    images = images.cumsum(axis=1).cumsum(axis=2)  # neighbouring pixels are alike
    model = PatchFeatures(**SMALL | {"n_patches": 4000}).fit(images)
    windows = np.lib.stride_tricks.sliding_window_view(images, (3, 3), axis=(1, 2)).reshape(-1, 18)
    patches = patch_features.even_contrast(windows, model.contrast_)
    variances = np.linalg.eigvalsh(np.cov(patches.T))
    whitened = np.linalg.eigvalsh(np.cov(((patches - model.mean_) @ model.whitening_).T))
    np.testing.assert_allclose(whitened, variances / (variances + patch_features.WHITENING), atol=0.1)
    assert np.ptp(variances[1:]) > 3 * np.ptp(whitened[1:])


def test_a_part_sees_its_corner_alone(images):
    model = PatchFeatures(**SMALL).fit(images)
    changed = images[:1].copy()
    changed[:, :3, :] = 0  # above, in both halves, because of the mirror
    moved = np.abs(model.transform(changed) - model.transform(images[:1])).reshape(4, 7).max(axis=1)
    assert (moved[:2] > 0.01).all() and (moved[2:] == 0).all()


def test_grey_images_and_blocks_of_them(images, monkeypatch):
    grey = images[..., 0].astype(np.float32)
    model = PatchFeatures(**SMALL).fit(grey)
    expected = model.transform(grey[..., None])
    assert expected.dtype == np.float32 and expected.shape == (40, 28)
    monkeypatch.setattr(patch_features, "BLOCK", 1)
    np.testing.assert_allclose(model.transform(grey), expected, rtol=1e-5)


def test_flat_images_have_features_and_other_ones_are_refused(images):
    flat = PatchFeatures(**SMALL).fit(np.ones((4, 6, 6, 1)))
    assert np.isfinite(flat.transform(np.zeros((2, 6, 6, 1)))).all()
    with pytest.raises(NotFittedError, match="not fitted yet"):
        PatchFeatures().transform(images)
    with pytest.raises(ValueError, match=r"X has shape \(40, 72\); it should be images"):
        PatchFeatures(**SMALL).fit(images[..., 0].reshape(40, 72))
    with pytest.raises(ValueError, match="of at least 4 pixels a side, for parts=2 with patches of size=3"):
        PatchFeatures(**SMALL).fit(images[:, :3])
    with pytest.raises(ValueError, match="X has patches of 9 numbers; fit saw 18"):
        PatchFeatures(**SMALL).fit(images).transform(images[..., :1])
    for setting in ({"n_centres": 0}, {"parts": 0}, {"size": 1}, {"n_patches": 1}):
        with pytest.raises(ValueError, match="{}={} should be".format(*next(iter(setting.items())))):
            PatchFeatures(**setting).fit(images)


def test_few_labels_name_what_was_learnt_without_any():
    """Stripes of three directions, wherever they lie: pixels tell a linear model nothing, patches do."""
    rng = np.random.default_rng(1)
    y = rng.integers(3, size=600)
    i, j = np.mgrid[:10, :10]
    phase = rng.uniform(0, 6, (600, 1, 1))
    waves = np.stack([i, j, (i + j) / 1.4])[y]
    X = np.sin(1.6 * waves + phase) + 0.3 * rng.normal(size=(600, 10, 10))
    features = PatchFeatures(n_centres=30, size=4, n_patches=3000, random_state=0).fit(X).transform(X)
    y_noisy = corrupt(y[:300], T, 0)
    scores = {
        name: RobustSoftmaxRegression(T, l2=0.01).fit(Z[:300], y_noisy).score(Z[300:], y[300:])
        for name, Z in (("patches", features), ("pixels", X.reshape(600, -1)))
    }
    assert scores["patches"] > 0.9 > 0.6 > scores["pixels"]


def test_they_stand_in_a_pipeline_and_look_at_no_label(images):
    y = np.arange(40) % 3
    pipeline = make_pipeline(PatchFeatures(**SMALL), RobustSoftmaxRegression(T, l2=0.1)).fit(images, y)
    features = PatchFeatures(**SMALL).fit_transform(images)
    np.testing.assert_array_equal(PatchFeatures(**SMALL).fit(images, 2 - y).transform(images), features)
    by_hand = RobustSoftmaxRegression(T, l2=0.1).fit(features, y)
    np.testing.assert_array_equal(pipeline.predict_proba(images), by_hand.predict_proba(features))
    np.testing.assert_array_equal(clone(pipeline).fit(images, y).predict_proba(images), pipeline.predict_proba(images))


def test_they_are_saved_and_a_fit_that_fails_leaves_them_as_they_were(images, tmp_path, monkeypatch):
    model = PatchFeatures(**SMALL)
    expected = model.fit_transform(images)
    save(model, tmp_path / "features.npz")
    loaded = load(tmp_path / "features.npz")
    assert loaded.get_params() == model.get_params()
    np.testing.assert_array_equal(loaded.transform(images), expected)
    monkeypatch.setattr(patch_features, "lloyd", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        model.fit(images + 7)
    np.testing.assert_array_equal(model.transform(images), expected)
