"""The methods of the study with their settings: the report's, ours, and the control beside each claim.

The report's linear methods take "at most 1000 iterations" (rMLR: 250) and "have converged within a tolerance of 3e-6".
It does not say what an iteration is. Minibatch steps of the constant size 0.1 do not converge on noisy labels, whatever
their number, so the likelihood is maximised by L-BFGS, whose iteration is a pass: the reading whose accuracy moves
least when more iterations are made or the pixels are scaled otherwise. `readings` recomputes the choice. It is not the
reading that comes nearest to the report's rMLR: that is so many minibatch steps, kept as "MLR (steps)" and
"rMLR (steps)".

Settings of our own are chosen on noisy validation data of other draws: `selection`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..content import content_of
from ..losses import BackwardCorrected, CrossEntropy, ForwardCorrected, Loss
from ..models import FlipCorrected, NeuralNetwork, RobustSoftmaxRegression, SoftmaxRegression


@dataclass(frozen=True)
class StepsOf(CrossEntropy):
    """Plain cross-entropy in the steps that learning_rate="auto" takes with a corrected loss: the control for both.

    corrected: the Loss whose step_scale, decay and warm-up are taken over; T does not enter the gradient.
    """

    corrects_noise = True
    corrected: Loss

    @property
    def step_scale(self):
        """That of the corrected loss."""
        return self.corrected.step_scale


class FittedOnce(SoftmaxRegression):
    """SoftmaxRegression that remembers its last fit: MLR and its two flipped forms ask for the same one."""

    _last = (None, None)

    def fit(self, X, y, sample_weight=None):
        """As SoftmaxRegression, or what the last fit of these data with these parameters learnt."""
        asked = content_of(X, y, sample_weight, sorted(self.get_params().items(), key=str))
        if FittedOnce._last[0] != asked:
            FittedOnce._last = (asked, vars(super().fit(X, y, sample_weight)).copy())
        vars(self).update(FittedOnce._last[1])
        return self


STEPS_OF = {"backward": BackwardCorrected, "forward": ForwardCorrected}


@dataclass(frozen=True)
class Method:
    """One line of the tables: a model with its settings, and how images become its input (see `prepare`).

    needs_T: whether it is told T.  steps_of: the corrected loss whose steps a plain network takes, for control.
    """

    model: type
    pixels: str
    settings: dict
    needs_T: bool = False
    steps_of: str | None = None
    dtype: type = np.float32

    @property
    def is_network(self):
        return issubclass(self.model, NeuralNetwork)

    def make(self, T, seed, epochs):
        """A model of this method, unfitted; T is ignored where the method does not use it."""
        given = {**NETWORK, "epochs": epochs} if self.is_network else {}
        if self.steps_of:
            given["loss"] = StepsOf(STEPS_OF[self.steps_of](T))
        elif self.needs_T:
            given["T"] = T
        model = self.model(**{**given, **self.settings})
        return model.set_params(random_state=seed) if "random_state" in model.get_params() else model

    def described(self):
        """{name: text or number} of all settings, as the rows keep them."""
        shared = NETWORK if self.is_network else {}
        settings = {**shared, **self.settings, "pixels": self.pixels, "dtype": np.dtype(self.dtype).name}
        settings |= {"steps_of": self.steps_of} if self.steps_of else {}
        return {k: v if v is None or isinstance(v, int | float | str) else repr(v) for k, v in settings.items()}


# --- the report's linear methods ----------------------------------------------------------------------------

# float64, because 300 steps of L-BFGS make visible what float32 rounds
MLR: dict[str, Any] = {"solver": "lbfgs", "l2": 0.0, "tol": 3e-6, "max_iter": 300}
RMLR: dict[str, Any] = {**MLR, "max_iter": 250}
STEPS = {"solver": "sgd", "learning_rate": 0.1, "batch_size": 100, "max_iter": 1000, "tol": 3e-6, "l2": 0.0}
AS_PRINTED = {"estimator": FittedOnce(**MLR), "mapping": "bayes", "prior": "uniform"}
INVERSE = {"estimator": FittedOnce(**MLR), "mapping": "inverse"}

# --- settings of our own: python -m scratchnoise.study.selection --------------------------------------------

TUNED = {**STEPS, "l2": 3e-3, "max_iter": 20, "averaging": True, "tol": 0}  # on pixels in [-1, 1]
PLAIN = {**TUNED, "l2": 0.03, "learning_rate": 0.003}  # what MLR without T would choose for itself
NETWORK = {  # how the report trains it; pixels come in [-1, 1]
    **{"network": "annex", "solver": "sgd", "batch_size": 252, "momentum": 0.9},
    **{"scaling": None, "early_stopping": False},
}
PLAIN_EPOCH = 18  # the epoch of plain training that `selection` chooses
RAW = {"loss": "backward", "risk": "raw", "learning_rate": 0.01}  # the report's settings
BACKWARD_STEPS = {"learning_rate": "auto", "weight_decay": 0.01}
FORWARD_STEPS = {"learning_rate": "auto", "weight_decay": 0.0}
BACKWARD = {"loss": "backward", "risk": "relu", **BACKWARD_STEPS}
FORWARD = {"loss": "forward", **FORWARD_STEPS}

METHODS = {
    "MLR": Method(FittedOnce, "unit", MLR, dtype=np.float64),
    "MLR (flipped, as printed)": Method(FlipCorrected, "unit", AS_PRINTED, needs_T=True, dtype=np.float64),
    "MLR (flipped, inverse)": Method(FlipCorrected, "unit", INVERSE, needs_T=True, dtype=np.float64),
    "MLR (tuned)": Method(SoftmaxRegression, "symmetric", TUNED),
    "MLR (own settings)": Method(SoftmaxRegression, "symmetric", PLAIN),
    "MLR (steps)": Method(SoftmaxRegression, "unit", {**STEPS, "max_steps": 1000}),
    "MLR (steps, centred pixels)": Method(SoftmaxRegression, "centred", {**STEPS, "max_steps": 1000}),
    "rMLR": Method(RobustSoftmaxRegression, "unit", RMLR, needs_T=True, dtype=np.float64),
    "rMLR (tuned)": Method(RobustSoftmaxRegression, "symmetric", TUNED, needs_T=True),
    "rMLR (steps)": Method(RobustSoftmaxRegression, "unit", {**STEPS, "max_steps": 250}, needs_T=True),
    "rMLR (learnt rates)": Method(RobustSoftmaxRegression, "unit", RMLR),
    "NN": Method(NeuralNetwork, "network", {"loss": "cross_entropy", "learning_rate": 0.01}),
    "NN (steps of backward)": Method(NeuralNetwork, "network", BACKWARD_STEPS, needs_T=True, steps_of="backward"),
    "NN (steps of forward)": Method(NeuralNetwork, "network", FORWARD_STEPS, needs_T=True, steps_of="forward"),
    "NN backward (raw)": Method(NeuralNetwork, "network", RAW, needs_T=True),
    "NN backward": Method(NeuralNetwork, "network", BACKWARD, needs_T=True),
    "NN forward": Method(NeuralNetwork, "network", FORWARD, needs_T=True),
}
# Rounding grows from step to step here: another table or processor finds other numbers (`processors`).
UNSTABLE = frozenset(
    {
        *("MLR", "MLR (flipped, as printed)", "MLR (flipped, inverse)", "MLR (tuned)", "MLR (steps)"),
        *("rMLR", "rMLR (learnt rates)"),
    }
)

COMPARISONS = (  # what is claimed of the first is shown against the second
    ("rMLR", "MLR"),
    ("rMLR (tuned)", "MLR (tuned)"),
    ("rMLR (tuned)", "MLR (own settings)"),
    ("NN backward", "NN"),
    ("NN backward", "NN (steps of backward)"),
    ("NN forward", "NN"),
    ("NN forward", "NN (steps of forward)"),
    ("NN forward", "NN backward"),
)

# --- clean labels -------------------------------------------------------------------------------------------

CROSS_VALIDATED = {"MLR (clean)": METHODS["MLR"], "NN (clean)": METHODS["NN"]}  # Table 2: 4/5 of the clean test set
FULL_CLEAN = {"MLR (clean, full set)": METHODS["MLR (tuned)"], "NN (clean, full set)": METHODS["NN"]}
CLEAN = CROSS_VALIDATED | FULL_CLEAN
CLEAN_FOLDS = 5
CLEAN_EPOCHS = {"cifar10": 30}  # Table 2: until the validation loss was flat, 7 epochs elsewhere

# --- estimates of T -----------------------------------------------------------------------------------------

ESTIMATES = {  # method of `estimate_transition` -> its name in the tables
    "argmax": "T anchor (argmax)",
    "quantile": "T anchor (quantile)",
    "top_k": "T anchor (top k)",
    "confident_joint": "T confident joint",
}
FURTHER_ESTIMATES = {  # those that the report does not name
    "balanced_joint": "T balanced joint",
    "hoc": "T HOC",
    "selective": "T selective",
    "dual": "T dual",
    "volmin": "T VolMin",
    "t_revision": "T revision",
    "combined": "T combined",
}
POSTERIOR_EPOCHS = 5  # the loss of plain training is still above the noise floor then
