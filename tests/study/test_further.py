"""The further methods: each can be made, is asked for by its name, by the group or by "all", not by default."""

import numpy as np
import pytest

from scratchnoise.study.further import FURTHER
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
    assert not set(FURTHER) & set(GROUPS["usual"]) and set(FURTHER) < set(GROUPS["all"])
    plan = make_plan("garments", ("0.5",), ("further",), "quick", 1, "numpy", 0)
    assert {job.method for job in plan} == set(FURTHER) and all(job.settings for job in plan)
    assert {job.method for job in make_plan("garments", ("0.5",), ("k-NN",), "quick", 1, "numpy", 0)} == {"k-NN"}


@pytest.mark.parametrize("name", ["k-NN", "Random forest", "Gaussian EM"])
def test_images_of_three_classes_are_learnt(name):
    from scratchnoise.data import make_garments
    from scratchnoise.study.protocol import prepare

    data = make_garments(300, 150, 0)
    x, x_test = (prepare(part, FURTHER[name].pixels) for part in (data.x_train, data.x_test))
    assert FURTHER[name].make(None, 0, 1).fit(x, data.y_train).score(x_test, data.y_test) > 0.6
