"""A fitted model as one `.npz`: its arrays, and JSON for the rest. No pickle is written, and none is ever read."""

import inspect
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from .. import losses, robust_losses
from ..checks import as_path
from ..messages import shown
from ..network import Network, layer, layers
from ..transition import TransitionMatrix
from .co_teaching import CoTeaching
from .ensembles import AdaBoost, Bagging, DecisionTree, LogitBoost, SmoothBoost
from .flip_corrected import FlipCorrected
from .kernel_fisher_em import KernelFisherEM
from .kmeans import KMeansClassifier
from .label_noise_em import LabelNoiseEM
from .neighbours import KNeighbors
from .neural_network import NeuralNetwork
from .patch_features import PatchFeatures
from .robust_softmax_regression import RobustSoftmaxRegression
from .softmax_regression import SoftmaxRegression

FORMAT = "scratchnoise model 1"
MODELS = (SoftmaxRegression, RobustSoftmaxRegression, FlipCorrected, NeuralNetwork, CoTeaching)
MODELS += (KernelFisherEM, LabelNoiseEM, DecisionTree, Bagging, AdaBoost, SmoothBoost, LogitBoost)
MODELS += (KMeansClassifier, KNeighbors, PatchFeatures)
LAYERS = (
    *(layers.Linear, layers.Conv2d, layers.MaxPool2d, layers.ConvReLUPool2d),
    *(layers.ReLU, layers.Dropout, layers.Flatten, layers.AvgPool2d, layers.BatchNorm),
)
LOSSES = (losses.CrossEntropy, losses.ForwardCorrected, losses.BackwardCorrected, losses.NatarajanCorrected)
LOSSES += tuple(getattr(robust_losses, name) for name in robust_losses.__all__ if name != "NAMED")
KNOWN = {cls.__name__: cls for cls in (*MODELS, *LAYERS, *LOSSES, Network, TransitionMatrix)}


def save(model: Any, path: str | Path) -> None:
    """Write a model, fitted or not, to `path` (.npz), whole or not at all.

    Raises ValueError for what is no path, TypeError for what is no model of this package, and for a model that holds
    something which is neither data nor part of this package (a wrapped estimator of another library, a callback).
    """
    if not isinstance(model, MODELS):
        names = ", ".join(cls.__name__ for cls in MODELS)
        raise TypeError(f"model={shown(model)} should be one of {names}")
    path = as_path("path", path)
    arrays: dict[str, Any] = {}
    text = json.dumps({"format": FORMAT, "model": _encode(model, arrays, type(model).__name__)})
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        with open(unfinished, "wb") as file:
            np.savez(file, description=np.array(text), **arrays)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def load(path: str | Path) -> Any:
    """The model that `save` wrote to `path`.

    Raises FileNotFoundError, and ValueError for a file that is damaged, holds Python objects (pickles are refused) or
    is no model.
    """
    path = as_path("path", path)
    if path.exists() and not zipfile.is_zipfile(path):
        raise ValueError(f"{path} is not a model written by scratchnoise: it is no .npz file")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        content = json.loads(str(arrays.pop("description")))
        if content["format"] != FORMAT:
            raise ValueError(f"its format is {content['format']!r}, this version reads {FORMAT!r}")
        model = _decode(content["model"], arrays)
        if not isinstance(model, MODELS):
            raise ValueError(f"it describes a {type(model).__name__}, which is no model")
        return model
    except FileNotFoundError:
        raise
    except Exception as error:  # a damaged file can fail in any way that zipfile, NumPy and json know
        raise ValueError(f"{path} is not a model written by scratchnoise, or it is damaged: {error!r}") from error


def _encode(value, arrays, where):
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple):
        return {"tuple": _encode(list(value), arrays, where)}
    if isinstance(value, list):
        return [_encode(v, arrays, f"{where}[{i}]") for i, v in enumerate(value)]
    if isinstance(value, dict):
        pairs = [[_encode(k, arrays, where), _encode(v, arrays, f"{where}[{k!r}]")] for k, v in value.items()]
        return {"pairs": pairs}  # JSON has no other keys than texts
    if isinstance(value, np.dtype):
        return {"dtype": value.str}
    if isinstance(value, np.ndarray):
        name = f"array_{len(arrays)}"
        arrays[name] = _plain(value, where)
        return {"array": name}
    if KNOWN.get(type(value).__name__) is type(value):
        state = value.__getstate__() if isinstance(value, layer.Layer) else vars(value)
        state = {k: _encode(v, arrays, f"{where}.{k}") for k, v in state.items()}
        return {"class": type(value).__name__, "state": state}
    raise TypeError(f"{where} is a {type(value).__name__}, which cannot be saved without pickle; remove it first")


def _parameters(cls):
    return inspect.signature(cls).parameters.values()


def _plain(array, where):
    if array.dtype != object:
        return array
    if all(isinstance(v, str) for v in array.ravel()):
        return array.astype(str)
    raise TypeError(f"{where} is an array of Python objects, which cannot be saved without pickle")


def _decode(value, arrays):
    if isinstance(value, list):
        return [_decode(v, arrays) for v in value]
    if not isinstance(value, dict):
        return value
    if "tuple" in value:
        return tuple(_decode(value["tuple"], arrays))
    if "pairs" in value:
        return {_decode(k, arrays): _decode(v, arrays) for k, v in value["pairs"]}
    if "dict" in value:  # of an older version
        return {k: _decode(v, arrays) for k, v in value["dict"].items()}
    if "dtype" in value:
        return np.dtype(value["dtype"])
    if "array" in value:
        return arrays[value["array"]]
    if value.get("class") not in KNOWN:
        raise ValueError(f"the file names the class {value.get('class')!r}, which is not part of a scratchnoise model")
    restored = object.__new__(KNOWN[value["class"]])
    if isinstance(restored, MODELS):  # an older version had fewer parameters
        vars(restored).update({p.name: p.default for p in _parameters(type(restored)) if p.default is not p.empty})
    vars(restored).update({k: _decode(v, arrays) for k, v in value["state"].items()})
    if isinstance(restored, TransitionMatrix) and hasattr(restored, "array"):
        restored.array.setflags(write=False)
    return restored
