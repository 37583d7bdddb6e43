"""What training shows of every epoch, and two alarms that need no clean label.

With the true T, and for a model that was fixed before the labels were drawn, the mean of the forward loss is at least
`T.noise_floor` and that of the corrected loss at least 0: both are expectations, and a sample mean falls on either side
of its own. So an alarm rings where the mean over the epoch is below its bound by more than STANDARD_ERRORS of itself.
The error is the larger of two: that of the sample, and that of labels drawn from the model's own q = T p. The second
one is needed where wrong labels are rare and samples few: a sample without a single one has no spread at all.
"""

import numpy as np

from .. import kernels
from ..backend import constant, on_device

STANDARD_ERRORS = 3.0
NEVER = 1e100  # instead of the infinite loss of a label that cannot occur: it counts 0 times
FALSE_ALARM_RATE = 0.01  # of both together, at most; a normal mean has 2 x 0.13 %, what is left covers heavy tails
MESSAGES = {
    "forward_loss": "forward loss below the noise floor",
    "corrected_risk": "corrected risk below zero",
}


def alarms(row, T):
    """The alarms that an epoch raises: list of str, "forward loss below the noise floor", "corrected risk below zero".

    mean + 3 standard errors < bound, for the bounds `T.noise_floor` and 0. row: {"forward_loss": mean,
    "forward_loss_error": its standard error, "corrected_risk", "corrected_risk_error"}; T TransitionMatrix.
    What an alarm shows: labels are predicted better than T allows. A model that does not depend on them is lucky enough
    for that in at most 1 % of the draws of the labels. So either the model has adapted to these very ones, or T is not
    theirs. It does not show that predictions on new samples get worse: they often go on improving. And no alarm
    does not show that nothing was memorised: the expected loss may lie far above the bound, and a risk that runs away
    in a few samples has an error as large as itself.
    """
    bounds = {"forward_loss": T.noise_floor, "corrected_risk": 0.0}
    return [
        MESSAGES[name]
        for name, bound in bounds.items()
        if name in row and row[name] + STANDARD_ERRORS * row[f"{name}_error"] < bound
    ]


class Watch:
    """Running sums over one epoch, of logits as training saw them (dropout on)."""

    def __init__(self, loss, n_samples):
        self.loss, self.n_samples = loss, n_samples
        self.T = getattr(loss, "T", None)
        invertible = self.T is not None and self.T.singular_values[-1] > 1e-6
        self.signed = np.linalg.inv(self.T.array).T if invertible else None
        self.sums, self.samples, self.last_loss = [0.0] * 7, 0, np.nan
        self.finite, self.finite_steps = True, 0

    def see(self, z, y, sample_weight, *others):
        """Add one batch; on the host only while all is finite. `finite_steps` counts the batches before the first
        whose logits or objective are not finite. others: logits of networks that train beside this one.
        """
        finite = np.isfinite(z).all()
        for logits in others:
            finite = finite & np.isfinite(logits).all()
        if on_device() or finite:
            objective = self.loss.objective(z, y, sample_weight)
            finite = finite & np.isfinite(objective)
        if on_device() or finite:
            self.last_loss, self.samples = objective, self.samples + len(z)
            terms = [objective * len(z), *self._terms(z, y)]
            self.sums = [total + term for total, term in zip(self.sums, terms, strict=False)]
        self.finite = self.finite & finite
        self.finite_steps = self.finite_steps + self.finite

    def _terms(self, z, y):
        """Sums over a batch of what the alarms watch: losses, their squares, and their variances if y followed T p."""
        if self.T is None:
            return []
        T, labels = constant(self.T.array, z.dtype), [0 * y + i for i in range(len(self.T.array))]  # made where y is
        forward = [kernels.forward_cross_entropy(z, label, T) for label in labels]
        q = [np.exp(-losses.astype(np.float64)) for losses in forward]
        watched = [(kernels.forward_cross_entropy(z, y, T), forward)]
        if self.signed is not None:
            signed = constant(self.signed, z.dtype)
            each = [kernels.signed_cross_entropy(z, signed[label]) for label in labels]
            watched.append((kernels.signed_cross_entropy(z, signed[y]), each))
        return [total for losses, each in watched for total in _moments(losses, each, q)]

    def row(self):
        """The means, their standard errors, and the alarms that they raise; NaN where no step was finite."""
        n = self.samples or np.nan
        loss, *sums = (float(total) for total in self.sums)
        row = {"loss": loss / n}
        if self.T is None:
            return row
        row |= _mean_and_error("forward_loss", *sums[:3], n)
        row |= {"corrected_risk": 0.0, "corrected_risk_error": 0.0}  # a T without inverse corrects nothing
        if self.signed is not None:
            row |= _mean_and_error("corrected_risk", *sums[3:], n)
        return row | {"alarms": alarms(row, self.T)}


def _moments(losses, each, q):
    """Sum, sum of squares and sum of variances under q. losses (N,); each, q: C arrays (N,), of every label."""
    losses = losses.astype(np.float64)  # the squares of a risk that runs away are large
    each = [np.minimum(values.astype(np.float64), NEVER) for values in each]
    mean = sum(share * values for share, values in zip(q, each, strict=True))
    squares = ((values - mean) * (values - mean) for values in each)
    variances = sum(share * square for share, square in zip(q, squares, strict=True))
    return losses.sum(), (losses * losses).sum(), variances.sum()


def _mean_and_error(name, total, squares, variances, n):
    mean = total / n
    variance = max(squares / n - mean**2, variances / n)
    return {name: mean, f"{name}_error": float(np.sqrt(variance / n))}
