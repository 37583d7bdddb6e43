"""Images moved and mirrored at random: a network that sees a picture changed has more to do than to remember it."""

import numpy as np

from ..backend import to_device
from ..checks import check_choice

SHIFT = 2  # pixels at most, in each direction
KINDS = ("shift", "shift_flip")


class Augmentation:
    """x'[n, i, j] = x[n, i + v_n, m_n(j + h_n)], v_n and h_n uniform in -2..2, m_n a mirror or nothing.

    Beyond its edge an image goes on with its last row or column. Each image is changed by itself and anew each time.
    kind "shift" leaves m_n out; "shift_flip" mirrors left and right in one of two cases, which is right where the
    classes look the same in a mirror: clothes do, letters do not. rng: numpy Generator.
    Raises ValueError for another kind. Source: Krizhevsky, Sutskever and Hinton 2012.
    """

    def __init__(self, kind, rng):
        check_choice(KINDS, kind=kind)
        self.mirrors, self.rng = kind == "shift_flip", rng

    def __call__(self, x):
        """Images (N, H, W, K) or (N, H, W) -> the same, changed; x stays as it is."""
        N, H, W = x.shape[:3]
        rows = self._moved(N, H)
        columns = self._moved(N, W)
        if self.mirrors:
            mirrored = self.rng.random(N) < 0.5
            columns[mirrored] = W - 1 - columns[mirrored]
        samples = np.arange(N)[:, None, None]
        return x[to_device(samples), to_device(rows[:, :, None]), to_device(columns[:, None, :])]

    def _moved(self, N, size):
        """Which row, or column, of its image stands at each place: (N, size)."""
        by = self.rng.integers(-SHIFT, SHIFT + 1, N)
        return np.clip(np.arange(size) + by[:, None], 0, size - 1)
