"""The state of a training in a file after every epoch, from which a training that was killed goes on."""

import io
import json
import warnings

import numpy as np

from ..files import write_whole


class Checkpoint:
    """What a training depends on after an epoch: weights, optimiser, averages, random state and history, in one .npz.

    path: Path of the file, which belongs to one training alone: its name should tell it from all others.
    rng: the numpy Generator of the training, before anything is drawn from it. Where there is a file, rng goes back to
    the state in which that training began.
    `parts` are further objects with `state()` and `set_state(state)`. A state is made of dicts, lists, arrays and
    numbers.
    A file that is damaged is left out with a warning, and the training begins anew. No pickle is written or read.
    """

    def __init__(self, path, rng):
        self.path, self.rng, self.parts = path, rng, {}
        self.saved = _read(path)
        if self.saved is not None:
            rng.bit_generator.state = self.saved["start"]
        self.start = rng.bit_generator.state

    def history_of(self, network):
        """The rows of the epochs that are done; the network gets the weights that they ended with."""
        self.network = network
        if self.saved is None:
            return []
        network.set_state(self.saved["network"])
        return self.saved["history"]

    def follow(self, step):
        """Give the training step, and all other parts, the state of the last epoch; they are saved from now on."""
        self.parts["step"] = step
        if self.saved is not None:
            for name, part in self.parts.items():
                part.set_state(self.saved["parts"][name])
            self.rng.bit_generator.state = self.saved["rng"]
        self.saved = None  # it may be large

    def save(self, history):
        """Write the state after the last epoch of `history`, whole or not at all. Raises OSError naming the file."""
        parts = {name: part.state() for name, part in self.parts.items()}
        state = {"history": history, "start": self.start, "rng": self.rng.bit_generator.state, "parts": parts}
        arrays = {}
        text = json.dumps(_encode(state | {"network": self.network.state()}, arrays))
        content = io.BytesIO()
        np.savez(content, description=np.array(text), **arrays)
        try:
            write_whole(self.path, content.getbuffer())
        except OSError as error:
            raise OSError(f"the checkpoint {str(self.path)!r} cannot be written ({error.strerror})") from error


def _read(path):
    """What `save` wrote; None where there is no file or a damaged one."""
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return _decode(json.loads(str(arrays.pop("description"))), arrays)
    except Exception as error:  # a damaged file can fail in any way that zipfile, NumPy and json know
        warnings.warn(f"the checkpoint {str(path)!r} is damaged ({error}); the training begins anew", stacklevel=2)
        return None


def _encode(value, arrays):
    """`value` as JSON can hold it, its arrays put into the dict `arrays`."""
    if isinstance(value, dict):
        return {name: _encode(item, arrays) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_encode(item, arrays) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        name = f"array_{len(arrays)}"
        arrays[name] = value
        return {"array": name}
    return value


def _decode(value, arrays):
    if isinstance(value, list):
        return [_decode(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return arrays[value["array"]]
    return {name: _decode(item, arrays) for name, item in value.items()}
