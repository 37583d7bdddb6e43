"""Data sets by name: load, status and fetch."""

import numpy as np
import pytest

from scratchnoise import data
from scratchnoise.data import store


@pytest.fixture
def nothing_here(tmp_path, monkeypatch):
    """A computer without any of the files and without a network."""
    monkeypatch.delenv(store.VARIABLE, raising=False)
    monkeypatch.setattr(store, "cache_folder", lambda: tmp_path / "cache")
    for variable in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")  # nobody listens there: every connection is refused
    for variable in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


def test_options_reach_the_loader():
    garments = data.load("garments", n_train=30, n_test=6, random_state=4)
    np.testing.assert_array_equal(garments.x_train, data.make_garments(30, 6, 4).x_train)
    assert len(garments.y_train) == 30 and len(garments.y_test) == 6


@pytest.mark.parametrize(
    "name, near", [("cifar-10", "cifar10"), ("Fashion_MNIST", "fashion-mnist"), ("garment", "garments")]
)
@pytest.mark.parametrize("call", [data.load, data.fetch])
def test_an_unknown_name_brings_up_the_nearest(call, name, near):
    with pytest.raises(ValueError, match=f"no data set '{name}'; did you mean '{near}'"):
        call(name)


def test_status_where_there_is_nothing(nothing_here):
    rows = {row["name"]: row for row in data.status()}
    assert list(rows) == ["garments", "fashion-mnist", "cifar10"]
    assert {row["found"] for row in rows.values()} == {"built in", "not found"}
    assert rows["garments"]["bytes"] == 0 and rows["garments"]["files"] == ()
    assert rows["fashion-mnist"]["bytes"] == 26421880 + 29515 + 4422102 + 5148
    assert rows["cifar10"]["files"] == ("cifar-10-binary.tar.gz",)
    assert not (nothing_here / "cache").exists()  # looking creates nothing


def test_fetch_without_a_network(nothing_here):
    assert data.fetch("garments") is None
    for name in ("fashion-mnist", "cifar10"):
        with pytest.raises(ConnectionError, match="cannot download https://.*SCRATCHNOISE_DATA"):
            data.fetch(name)
        with pytest.raises(ConnectionError):
            data.load(name)


def test_status_needs_every_file(nothing_here, monkeypatch):
    monkeypatch.setenv(store.VARIABLE, str(nothing_here))
    files = data.fashion_mnist.FILES
    for file in files[:-1]:
        (nothing_here / file.name).touch()
    assert data.status()[1]["found"] == "not found"
    (nothing_here / files[-1].name).touch()
    assert data.status()[1]["found"] == str(nothing_here)
    with pytest.raises(ValueError, match="train-images-idx3-ubyte.gz is damaged"):
        data.fetch("fashion-mnist")


def test_what_status_states_is_what_load_gives_for_garments():
    row, garments = data.status()[0], data.load("garments")
    assert (row["n_train"], row["n_test"]) == (len(garments.y_train), len(garments.y_test))
    assert row["classes"] == garments.class_names


@pytest.mark.realdata
def test_what_status_states_is_what_load_gives(real_data, monkeypatch):
    monkeypatch.setenv(store.VARIABLE, str(real_data))
    for row in data.status()[1:]:
        loaded = data.load(row["name"])
        assert (row["n_train"], row["n_test"]) == (len(loaded.y_train), len(loaded.y_test))
        assert row["classes"] == loaded.class_names
        assert row["found"] == str(data.fetch(row["name"]))
        assert row["bytes"] == sum((data.fetch(row["name"]) / name).stat().st_size for name in row["files"])
