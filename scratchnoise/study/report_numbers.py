"""The numbers of the report, and which of our measurements each stands beside.

Every number is a pair (mean, standard deviation) as printed.
"""

# Table 1: the same 0.33 for both kinds of label, all data sets and all three classes.
REPORT_TABLE_1 = {
    column: {"clean": (0.33, 0.33, 0.33), "noisy": (0.33, 0.33, 0.33)} for column in ("MNIST0.5", "MNIST0.6", "CIFAR")
}

# Table 2: cross-validation on the clean test set; the network stopped after 7 (MNIST) or 30 epochs (CIFAR).
REPORT_TABLE_2 = {
    "MLR": {"MNIST": (0.955, 0.0140), "CIFAR": (0.746, 0.0468)},
    "NN": {"MNIST": (0.953, 0.0092), "CIFAR": (0.745, 0.0560)},
}

# Table 3. Its CIFAR cell of rMLR holds two numbers, "0.477 (0.0074), 0.36 (0.0571)". Section 4.4.2 says that
# replacing the learnt rates by the network's T "saw increased performance", so the second one is the learnt.
# The rows "(Flipped)" of the network can only mean training with the corrected loss: Q applied to finished
# predictions could not have moved 0.878 to 0.775, because under (39) it keeps the most likely class.
REPORT_TABLE_3 = {
    "MLR": {"MNIST0.5": (0.764, 0.0183), "MNIST0.6": (0.598, 0.044), "CIFAR": (0.353, 0.0685)},
    "MLR (Flipped)": {"MNIST0.5": (0.834, 0.0166), "MNIST0.6": (0.604, 0.048), "CIFAR": (0.377, 0.0438)},
    "rMLR": {"MNIST0.5": (0.891, 0.0024), "MNIST0.6": (0.812, 0.002), "CIFAR": (0.477, 0.0074)},
    "rMLR, second number": {"CIFAR": (0.36, 0.0571)},
    "rNN (2 Ep.)": {"MNIST0.5": (0.863, 0.044), "MNIST0.6": (0.842, 0.0315), "CIFAR": (0.385, 0.0606)},
    "rNN (2 Ep., Flipped)": {
        "MNIST0.5": (0.726, 0.1993),
        "MNIST0.6": (0.5733, 0.0976),
        "CIFAR": (0.377, 0.0259),
    },
    "rNN (7 Ep.)": {"MNIST0.5": (0.931, 0.0049), "MNIST0.6": (0.878, 0.0099), "CIFAR": (0.470, 0.0751)},
    "rNN (7 Ep., Flipped)": {
        "MNIST0.5": (0.914, 0.0123),
        "MNIST0.6": (0.775, 0.0295),
        "CIFAR": (0.376, 0.0335),
    },
    "rNN (30 Ep.)": {"MNIST0.5": (0.6211, 0.0315), "MNIST0.6": (0.482, 0.1024), "CIFAR": (0.381, 0.0040)},
    "rNN (30 Ep., Flipped)": {
        "MNIST0.5": (0.9029, 0.0146),
        "MNIST0.6": (0.808, 0.0153),
        "CIFAR": (0.409, 0.0754),
    },
}

# Eq. (45) and (46): the estimates of CIFAR's T by rMLR and by the network. [i][j] = P(noisy = i | true = j).
REPORT_T_RLR = (
    ((0.336, 0.0039), (0.353, 0.0149), (0.315, 0.0146)),
    ((0.341, 0.0105), (0.331, 0.0080), (0.327, 0.0181)),
    ((0.324, 0.0137), (0.316, 0.0209), (0.359, 0.0318)),
)
REPORT_T_RNN = (
    ((0.366, 0.0371), (0.277, 0.0781), (0.283, 0.0574)),
    ((0.329, 0.0345), (0.414, 0.0837), (0.326, 0.0472)),
    ((0.304, 0.0479), (0.309, 0.0637), (0.391, 0.0625)),
)

# Our (data, noise) -> the column of Table 3 with the same data and noise.
COLUMNS = {
    ("fashion-mnist", "0.5"): "MNIST0.5",
    ("fashion-mnist", "0.6"): "MNIST0.6",
    ("cifar10", "hidden"): "CIFAR",
}
# The same noise on images that the report did not have: its numbers are for orientation, and labelled so.
ORIENTATION = {("garments", "0.5"): "MNIST0.5", ("garments", "0.6"): "MNIST0.6"}
IMAGES = {"fashion-mnist": "MNIST", "cifar10": "CIFAR", "garments": "MNIST"}

# Our (method, epoch) -> the row of Table 3 that ran the same thing.
TABLE_3_ROWS: dict[tuple[str, int | None], str] = {
    ("MLR", None): "MLR",
    ("MLR (flipped, as printed)", None): "MLR (Flipped)",
    ("rMLR", None): "rMLR",
    ("rMLR (learnt rates)", None): "rMLR, second number",
    **{("NN", epoch): f"rNN ({epoch} Ep.)" for epoch in (2, 7, 30)},
    **{("NN backward", epoch): f"rNN ({epoch} Ep., Flipped)" for epoch in (2, 7, 30)},
}
T_ESTIMATES = {"T rMLR": ("(45)", REPORT_T_RLR), "T anchor (argmax)": ("(46)", REPORT_T_RNN)}

# What each method is; the order is the order of every table.
METHODS = {
    "MLR": "multinomial logistic regression that takes the noisy labels for true ones, eq. (9)-(11), to its optimum",
    "MLR (flipped, as printed)": "MLR, its posteriors mapped by Q as eq. (8) is printed",
    "MLR (flipped, inverse)": "MLR, its posteriors mapped by the inverse of T, which is what eq. (3) implies",
    "MLR (tuned)": "MLR with the settings of rMLR (tuned), told nothing of T: the control",
    "MLR (own settings)": "MLR with the settings that suit MLR best on noisy validation data: the other control",
    "MLR (steps)": "MLR after 1000 minibatch steps, the other reading of the report's iterations",
    "MLR (steps, centred pixels)": "the same with the mean image subtracted first, where the steps are stable",
    "rMLR": "logistic regression with the flip rates in its likelihood, eq. (14)-(18), to its optimum",
    "rMLR (tuned)": "rMLR with settings of our own",
    "rMLR (steps)": "rMLR after 250 minibatch steps, the other reading of the report's iterations",
    "rMLR (learnt rates)": "rMLR that learns the flip rates by eq. (19)",
    "NN": "the network of the annex with plain cross-entropy, eq. (23)",
    "NN (steps of backward)": "NN with the step sizes and the weight decay of NN backward: its control",
    "NN (steps of forward)": "NN with the step sizes and the weight decay of NN forward: its control",
    "NN backward (raw)": "the network with the corrected loss exactly as eq. (30), unbounded below",
    "NN backward": "the network with the corrected loss and the default guard against its divergence",
    "NN forward": "the network with the forward correction, -log of the noisy label's entry of T p",
    "MLR (clean)": "MLR on four fifths of the clean test set, scored on the fifth",
    "NN (clean)": "NN on four fifths of the clean test set, scored on the fifth",
    "MLR (clean, full set)": "MLR (tuned) on the training set with its clean labels",
    "NN (clean, full set)": "NN on the training set with its clean labels",
    "T rMLR": "the flip rates that rMLR learns by eq. (19)",
    "T anchor (argmax)": "eq. (34): the posterior of the sample that looks most like the class",
    "T anchor (quantile)": "eq. (34) at a high quantile instead of the maximum, which is biased upwards",
    "T anchor (top k)": "eq. (34) averaged over the k samples that look most like the class",
    "T confident joint": "counts of noisy labels among samples confidently of one class, out of fold",
    "T balanced joint": "the same counts, each class as often as the others",
    "T HOC": "the T whose shares of pairs and triples of labels among neighbours are those of the data",
    "T selective": "shares of noisy labels among the samples most like the class, as many as are the purest",
    "T dual": "a product of two matrices: from true labels to predictions, from predictions to noisy labels",
    "T VolMin": "learnt with a classifier: of all T that explain the labels, the one with the least volume",
    "T revision": "an estimate by anchors, with a slack that is learnt by importance reweighting",
    "T combined": "the mean of confident joint, top k and HOC, the default of `estimate_transition`",
}


def report_table_2(method, data):
    """The report's cell of Table 2 beside one of ours, as (its column, mean, sd); None where it has none.

    method: "MLR (clean)" or "NN (clean)".  data: str.
    """
    return _cell(REPORT_TABLE_2.get(method.removesuffix(" (clean)"), {}), IMAGES.get(data))


def report_table_3(method, epoch, data, noise):
    """The report's cell of Table 3 beside one of ours, as (its column, mean, sd); None where it has none.

    method, data, noise: str.  epoch: int or None.
    """
    column = COLUMNS.get((data, noise)) or ORIENTATION.get((data, noise))
    return _cell(REPORT_TABLE_3.get(TABLE_3_ROWS.get((method, epoch)), {}), column)


def _cell(row, column):
    return (column, *row[column]) if column in row else None
