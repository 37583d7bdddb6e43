"""The further methods: each can be made, is asked for by its name, by the group or by "all", not by default."""

from dataclasses import replace

import numpy as np
import pytest

from scratchnoise import estimate, models, robust_losses
from scratchnoise.backend import current
from scratchnoise.models.gaussians import COVARIANCES
from scratchnoise.models.neural_network import LOSSES
from scratchnoise.network import augmentation
from scratchnoise.network.averaging import KINDS
from scratchnoise.noise import MNIST05, MNIST06
from scratchnoise.study import jobs, protocol, runner
from scratchnoise.study.further import FLOOD, FURTHER
from scratchnoise.study.jobs import ESTIMATED, LAST_ROW, MORE_T_ESTIMATES, T_ESTIMATES, Job
from scratchnoise.study.methods import METHODS
from scratchnoise.study.plan import GROUPS, make_plan

T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])


@pytest.mark.parametrize("name", FURTHER)
def test_every_method_can_be_made_and_described(name):
    method = FURTHER[name]
    model = method.make(T, 7, 3)
    params = model.get_params()
    assert params.get("random_state", 7) == 7 and all(params[k] is v for k, v in method.settings.items())
    assert params.get("epochs", 3) == 3 and method.described()["pixels"] == method.pixels


def test_the_group_is_not_part_of_the_default():
    further = {MORE_T_ESTIMATES, *FURTHER}
    assert not further & set(GROUPS["usual"]) and further < set(GROUPS["all"])
    plan = list(make_plan("garments", ("0.5",), ("further",), "quick", 1, "numpy", 0))
    assert {job.method for job in plan} == further and all(job.settings for job in plan if job.method in FURTHER)
    assert {job.method for job in make_plan("garments", ("0.5",), ("k-NN",), "quick", 1, "numpy", 0)} == {"k-NN"}


def settings(name):
    """All values that the methods of "all" give to a parameter; losses are named, or are objects of a class."""
    return [method.settings[name] for method in (METHODS | FURTHER).values() if name in method.settings]


def test_no_loss_average_covariance_model_or_estimate_is_forgotten():
    named = {loss for loss in settings("loss") if isinstance(loss, str)}
    objects = {type(loss) for loss in settings("loss")} | {robust_losses.NAMED.get(name) for name in named}
    assert set(LOSSES) <= named
    beside = {robust_losses.ImportanceReweighted}  # it needs T, so it is there by its name
    assert {getattr(robust_losses, name) for name in robust_losses.__all__ if name != "NAMED"} <= objects | beside
    assert any(loss.rate < 0 for loss in settings("loss") if isinstance(loss, robust_losses.LabelSmoothing))
    assert set(augmentation.KINDS) <= set(settings("augmentation"))
    assert set(KINDS) <= set(settings("averaging")) and set(COVARIANCES) == set(settings("covariance"))
    made = {method.model for method in (METHODS | FURTHER).values()}
    public = [one for name in models.__all__ if hasattr(one := getattr(models, name), "predict_proba")]
    assert all(any(issubclass(model, one) for model in made) for one in public)
    estimates = [kind for kinds in ESTIMATED.values() for kind in kinds]
    assert sorted(estimates) == sorted(estimate.ESTIMATORS), "each in one job"


def test_the_flood_is_below_what_the_noise_leaves_and_above_what_is_learnt_by_heart():
    assert 0.9 < FLOOD < MNIST05.noise_floor < MNIST06.noise_floor


def test_the_first_estimates_keep_their_rows():
    """Rows that are there stay valid: the same hash, and the confident joint comes last."""
    job = Job("garments", "0.5", T_ESTIMATES, 0, protocol.PRESETS["paper"], 0, "numpy")
    more = replace(job, method=MORE_T_ESTIMATES)
    assert list(ESTIMATED[T_ESTIMATES])[-1] == "confident_joint" and list(ESTIMATED[MORE_T_ESTIMATES])[-1] == "combined"
    assert (
        LAST_ROW[T_ESTIMATES] == "T confident joint" and more.content["settings_hash"] != job.content["settings_hash"]
    )


def test_the_further_estimates_are_rows_and_are_not_made_again(tmp_path, monkeypatch):
    tiny = replace(protocol.PRESETS["quick"], n_train=240, n_test=60)
    monkeypatch.setitem(protocol.PRESETS, "quick", tiny)
    protocol.forget_data()
    wanted = {"methods": (MORE_T_ESTIMATES,), "noise": ("0.5",), "backend": "numpy", "repetitions": 1}
    rows = runner.reproduce(tmp_path, **wanted)
    assert {row["method"] for row in rows} == set(ESTIMATED[MORE_T_ESTIMATES].values())
    assert all(np.allclose(np.sum(row["T_hat"], axis=0), 1) and row["T_true"] for row in rows)
    assert len({str(row["T_hat"]) for row in rows}) == len(rows), "each by a method of its own"
    assert len(runner.reproduce(tmp_path, **wanted)) == len(rows)
    monkeypatch.setattr(jobs, "MOST_CLASSES", 2)
    without = {row["method"] for row in runner.reproduce(tmp_path / "many classes", **wanted)}
    assert without == set(ESTIMATED[MORE_T_ESTIMATES].values()) - {"T HOC"}, "the others go on"
    protocol.forget_data()


@pytest.mark.parametrize("name", ["k-NN", "Random forest", "Gaussian EM"])
def test_images_of_three_classes_are_learnt(name):
    from scratchnoise.data import make_garments
    from scratchnoise.study.protocol import prepare

    data = make_garments(300, 150, 0)
    x, x_test = (prepare(part, FURTHER[name].pixels) for part in (data.x_train, data.x_test))
    assert FURTHER[name].make(None, 0, 1).fit(x, data.y_train).score(x_test, data.y_test) > 0.6


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["NN averaged weights", "NN averaged weights (stochastic)", "NN co-teaching", "NN mixup"]
)
def test_the_last_row_of_a_network_is_of_the_model_that_fit_returns(name):
    """Averaged weights take their place when training ends; rows had the accuracy of the last step: of plain NN."""
    tiny = replace(protocol.PRESETS["quick"], n_train=150, n_test=300, epochs=3)
    job, rows = Job("garments", "0.5", name, 0, tiny, 0, current()), []
    protocol.forget_data()
    job.run(rows.append)
    (x, y), (x_test, y_test) = job._split(job.task, job.settings)
    model = job.settings.make(None, job.task.model_seed, 3).set_params(backend=current()).fit(x, y)
    assert rows[-1]["epoch"] == 3 and rows[-1]["accuracy"] == model.score(x_test, y_test)
    assert [row["epoch"] for row in rows] == ([3] if "averaged" in name else [2, 3])
    protocol.forget_data()
