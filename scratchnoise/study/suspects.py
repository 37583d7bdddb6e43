"""The twenty images whose labels are the most suspicious."""

import numpy as np

from .pictures import Picture

SHOWN = 20
COLUMNS = 5


def suspicious_labels(errors, images, y_noisy, class_names):
    """The first twenty samples of `find_label_errors`, each with its label, the class suggested and P(wrong).

    errors: LabelErrors of labels 0..C-1; images (N, H, W) or (N, H, W, K); y_noisy (N,); class_names: C of str.
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
    figure = Picture(figsize=(1.6 * COLUMNS, 1.9 * rows), layout="constrained")
    axes = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    for ax in axes:
        ax.axis("off")
    for ax, n, wrong, suggested in zip(axes, chosen, errors.wrong, errors.suggested, strict=False):
        image = images[n]
        ax.imshow(image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image, cmap="gray")
        ax.set_title(f"{class_names[y_noisy[n]]}?\n{class_names[suggested]} ({wrong:.0%} wrong)", fontsize=7)
    return figure
