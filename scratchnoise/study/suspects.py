"""The twenty images whose labels are the most suspicious: python -m scratchnoise.study.suspects --out FILE.png.

Fashion-MNIST, three classes, 6,000 images whose labels are drawn anew by (38). Softmax regression learns the noisy
labels, and nobody is told T: `find_label_errors` takes that of the confident joint.
"""

import argparse

import numpy as np

from .. import noise
from ..label_errors import find_label_errors
from ..models import SoftmaxRegression
from .figures import BLUE, GREY, ORANGE, save
from .pictures import Picture
from .protocol import PRESETS, load_data
from .sparse import blocks

SHOWN = 20
COLUMNS = 5
N_TRAIN, SEED = 6000, 0
FRAMES = {  # is the label wrong? None where nobody knows
    None: {"edgecolor": GREY, "linewidth": 0.5},
    True: {"edgecolor": BLUE, "linewidth": 3},
    False: {"edgecolor": ORANGE, "linewidth": 3, "linestyle": (0, (2, 2)), "capstyle": "butt"},
}


def suspicious_labels(errors, images, y_noisy, class_names, y_true=None):
    """The first twenty samples of `find_label_errors`, each with its label, the class suggested and P(wrong).

    errors: LabelErrors of labels 0..C-1; images (N, H, W) or (N, H, W, K); y_noisy (N,); class_names: C of str; y_true
    (N,): where it is known, a blue frame says that the label is wrong, an orange and dashed one that it is right.
    Raises ValueError where there are other numbers of samples.
    """
    images, y_noisy = np.asarray(images), np.asarray(y_noisy)
    if not len(images) == len(y_noisy) == len(errors.index):
        raise ValueError(
            f"errors has {len(errors.index)} samples, images {len(images)} and y_noisy {len(y_noisy)}; they should "
            "have the same number"
        )
    chosen = errors.index[:SHOWN]
    rows = -(-len(chosen) // COLUMNS)
    figure = Picture(figsize=(1.8 * COLUMNS, 2.4 * rows + 0.4), layout="constrained")
    figure.get_layout_engine().set(h_pad=0.1, w_pad=0.08)
    axes = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    for ax in axes[len(chosen) :]:
        ax.remove()
    for ax, n, wrong, suggested in zip(axes, chosen, errors.wrong, errors.suggested, strict=False):
        image = images[n]
        ax.imshow(image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image, cmap="gray")
        ax.set_title(f"{class_names[y_noisy[n]]}?", fontsize=10, parse_math=False)
        sure = "over 99" if wrong > 0.99 else f"{100 * wrong:.0f}"
        ax.set_xlabel(f"rather {class_names[suggested]}\n{sure} % wrong", fontsize=9, parse_math=False)
        ax.set(xticks=[], yticks=[])
        known = None if y_true is None else y_true[n] != y_noisy[n]
        for spine in ax.spines.values():
            spine.set(**FRAMES[known])
    if y_true is not None:
        found = int(np.sum(np.asarray(y_true)[chosen] != y_noisy[chosen]))
        figure.suptitle(
            f"{found} of these {len(chosen)} labels are wrong (blue frames), the others right (orange, dashed)"
        )
    return figure


def fashion_mnist():
    """The picture of the command, from the images of Fashion-MNIST."""
    data, rng = load_data("fashion-mnist", PRESETS["paper"], SEED), np.random.default_rng(SEED)
    part = rng.permutation(len(data.y_train))[:N_TRAIN]
    images, y = data.x_train[part], data.y_train[part]
    y_noisy = noise.corrupt(y, noise.MNIST05, rng)
    model = SoftmaxRegression(tol=1e-4, random_state=SEED)
    errors = find_label_errors(model, blocks(images), y_noisy, random_state=SEED)
    return suspicious_labels(errors, images, y_noisy, data.class_names, y)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, metavar="FILE.png")
    save(fashion_mnist(), parser.parse_args().out)


if __name__ == "__main__":
    main()
