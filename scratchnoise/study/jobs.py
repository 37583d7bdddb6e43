"""What a study measures: one job is one repetition of one method on one noisy data set."""

import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np

from .. import __version__
from ..backend import backend as using_backend
from ..estimate import estimate_from_posteriors, out_of_fold_posteriors, stratified_folds
from ..models.conventions import ConvergenceWarning
from ..network.training import TrainingDiverged
from ..noise import priors
from ..transition import TransitionMatrix
from .protocol import (
    CLEAN,
    CLEAN_EPOCHS,
    CLEAN_FOLDS,
    ESTIMATES,
    METHODS,
    POSTERIOR_EPOCHS,
    RECORDED_EPOCHS,
    TRAIN_SHARE,
    Preset,
    load_task,
    prepare,
)

PRIORS, T_ESTIMATES = "priors", "T estimates"  # jobs that train no model of the tables


@dataclass(frozen=True)
class Job:
    """One repetition of one method; what it finds depends on these fields and, under hidden noise, on T alone."""

    data: str
    noise: str
    method: str
    repetition: int
    preset: Preset
    seed: int
    backend: str

    @property
    def last_epoch(self):
        """The epoch of the job's last row: None for what has no epochs."""
        if self.method == "NN (clean)":
            return min(self.preset.epochs, CLEAN_EPOCHS.get(self.data, 7))
        return self.preset.epochs if self.method in METHODS and METHODS[self.method].is_network else None

    @property
    def cost(self):
        """Rough seconds on two cores, for the progress bar."""
        share = (self.preset.n_train or 18000) / 18000
        network_epoch = 8 * share
        if self.method == T_ESTIMATES and self.preset.posteriors == "NN":
            return 4 * POSTERIOR_EPOCHS * network_epoch
        if self.last_epoch is None:
            return 0.5
        return self.last_epoch * network_epoch * (0.15 if self.method in CLEAN else 1)

    def row(self, **found):
        """A row of the results: what this job is, and what it found."""
        name = Path(self.data).name
        noise = "clean" if self.method in CLEAN else self.noise
        identity = {"data": name, "noise": noise, "method": self.method, "repetition": self.repetition}
        run = {"seed": self.seed, "backend": self.backend, "version": __version__, "preset": self.preset.name}
        return {**identity, "epoch": None, "accuracy": None, "seconds": 0.0, **run, **found}

    def rng(self):
        """The generator of this repetition, the same for every method: all get the same 90 %."""
        row = self.row()
        return np.random.default_rng([self.seed, self.repetition, crc32(f"{row['data']} {row['noise']}".encode())])

    def is_done(self, results):
        """Whether the results hold this job's last row."""
        method = ESTIMATES["confident_joint"] if self.method == T_ESTIMATES else self.method
        key = self.row(method=method)
        key = {name: key[name] for name in ("data", "noise", "method", "repetition", "preset")}
        if results.has(**key, epoch=self.last_epoch):
            return True
        return any(row.get("stopped") for row in results.rows() if all(row.get(k) == v for k, v in key.items()))

    def run(self, emit, tick=lambda share: None, T=None):
        """Do the work: `emit(row)` for every measurement when it is there, `tick(share of the job done)` now and then.

        T: the transition matrix for methods that need one, where the noise is hidden or given.
        """
        task = load_task(self.data, self.noise, self.preset, self.seed)
        with using_backend(self.backend), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the tables show where the report's settings end
            if self.method == PRIORS:
                emit(self._priors(task))
            elif self.method == T_ESTIMATES:
                self._estimate(task, emit)
            elif self.method in CLEAN:
                self._cross_validate(task, emit, tick)
            else:
                x, y = self._subset(task)
                self._fit(METHODS[self.method], (x, y), (task.x_test, task.y_test), task, emit, tick, T)

    def _subset(self, task):
        """The random 90 % of the noisy training set that this repetition learns from."""
        chosen = self.rng().permutation(len(task.y_noisy))[: int(TRAIN_SHARE * len(task.y_noisy))]
        return task.x_train[chosen], task.y_noisy[chosen]

    def _priors(self, task):
        C = len(task.classes)
        shares = {"clean": priors(task.y_test, C), "noisy": priors(task.y_noisy, C)}
        return self.row(priors=shares, classes=task.classes, T_true=_listed(task.T_true))

    def _estimate(self, task, emit):
        started = time.perf_counter()
        x, y = self._subset(task)
        method = METHODS[self.preset.posteriors]
        model = method.make(None, self._model_seed(), POSTERIOR_EPOCHS)
        q = out_of_fold_posteriors(model, prepare(x, method.pixels), y, random_state=self._model_seed())
        seconds = time.perf_counter() - started
        for kind, name in ESTIMATES.items():
            T_hat = _listed(estimate_from_posteriors(q, y, kind))
            known = {"T_true": _listed(task.T_true), "classes": task.classes}
            emit(self.row(method=name, T_hat=T_hat, seconds=seconds, **known))

    def _cross_validate(self, task, emit, tick):
        fold = stratified_folds(task.y_test, CLEAN_FOLDS, np.random.default_rng(self.seed))
        left = fold == self.repetition
        train, test = (task.x_test[~left], task.y_test[~left]), (task.x_test[left], task.y_test[left])
        self._fit(CLEAN[self.method], train, test, task, emit, tick, None)

    def _fit(self, method, train, test, task, emit, tick, T):
        x, x_test = (prepare(part, method.pixels, reference=train[0]) for part in (train[0], test[0]))
        model = method.make(T if task.T_known is None else task.T_known, self._model_seed(), self.last_epoch)
        about = {"classes": task.classes, "T_true": _listed(task.T_true)}
        known = {"settings": _described(method.settings), "selection": "last epoch", **about}
        if method.is_network:
            self._follow(model, (x, train[1]), (x_test, test[1]), known, emit, tick)
            return
        started = time.perf_counter()
        accuracy = model.fit(x, train[1]).score(x_test, test[1])
        emit(self.row(accuracy=accuracy, seconds=time.perf_counter() - started, **known))
        if self.method == "rMLR (learnt rates)":
            emit(self.row(method="T rMLR", T_hat=_listed(model.T_), **about))

    def _follow(self, model, train, test, known, emit, tick):
        """Train a network, with a row at every recorded epoch; the last one carries the history of all."""
        recorded = {self.last_epoch} if self.method in CLEAN else {*RECORDED_EPOCHS, self.last_epoch}
        history = {name: [] for name in ("test_accuracy", "train_loss", "forward_loss", "corrected_risk")}
        started = time.perf_counter()

        def on_epoch(model, shown):
            accuracy, epoch = model.score(*test), shown["epoch"]
            for name, value in (shown | {"test_accuracy": accuracy, "train_loss": shown["loss"]}).items():
                if name in history:
                    history[name].append(value)
            if epoch in recorded:
                last = {"history": history} if epoch == self.last_epoch else {}
                seconds = time.perf_counter() - started
                emit(self.row(epoch=epoch, accuracy=accuracy, seconds=seconds, **known, **last))
            tick(epoch / self.last_epoch)

        try:
            model.set_params(on_epoch=on_epoch).fit(*train)
        except TrainingDiverged as died:
            seconds = time.perf_counter() - started
            stopped = f"the loss was no longer finite in epoch {died.epoch}"
            emit(self.row(epoch=died.epoch, seconds=seconds, stopped=stopped, history=history, **known))

    def _model_seed(self):
        return int(self.rng().integers(2**31))


def _listed(T):
    return None if T is None else np.asarray(T).tolist()


def _described(settings):
    return {name: value if isinstance(value, int | float | str) else repr(value) for name, value in settings.items()}


def mean_transition(rows):
    """The mean of several estimates of T, as the report's (45) and (46): rows with T_hat -> TransitionMatrix."""
    return TransitionMatrix(np.mean([row["T_hat"] for row in rows], axis=0))
