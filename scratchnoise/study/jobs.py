"""What a study measures: one job is one repetition of one method on one noisy data set."""

import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .. import __version__
from ..backend import backend as using_backend
from ..estimate import estimate_from_posteriors, out_of_fold_posteriors, stratified_folds
from ..models.conventions import ConvergenceWarning
from ..network.training import TrainingDiverged
from ..noise import priors
from .further import FURTHER
from .methods import (
    CLEAN,
    CLEAN_EPOCHS,
    CLEAN_FOLDS,
    CROSS_VALIDATED,
    ESTIMATES,
    METHODS,
    POSTERIOR_EPOCHS,
)
from .protocol import RECORDED_EPOCHS, TRAIN_SHARE, Preset, content_of, data_hash, load_task, noise_hash, pixels_of

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
        return self.preset.epochs if self.settings and self.settings.is_network else None

    @property
    def settings(self):
        """The `Method` that this job trains; None where it trains none of the tables."""
        return (METHODS | CLEAN | FURTHER).get(self.method)

    @property
    def content(self):
        """What the job's numbers depend on beside seed and draw, as hashes that the rows keep: dict."""
        known = (self.data, self.preset, self.seed)
        clean = self.method in CLEAN
        noise = content_of("clean") if clean else noise_hash(self.data, self.noise, self.preset, self.seed)
        settings = sorted(self.settings.described().items()) if self.settings else POSTERIOR_EPOCHS
        sizes = (self.preset.n_train, self.preset.n_test, self.last_epoch, self.preset.posteriors, TRAIN_SHARE)
        return {
            "data_hash": data_hash(*known),
            "noise_hash": noise,
            "settings_hash": content_of(self.method, settings, sizes),
        }

    @property
    def cost(self):
        """Rough seconds on two cores, for the progress bar."""
        share = (self.preset.n_train or 18000) / 18000
        network_epoch = 8 * share
        if self.method == T_ESTIMATES and self.preset.posteriors == "NN":
            return 4 * POSTERIOR_EPOCHS * network_epoch
        if self.last_epoch is None:
            return 0.5 if self.settings is None or "sgd" in self.settings.settings.values() else 20 * share
        return self.last_epoch * network_epoch * (0.15 if self.method in CROSS_VALIDATED else 1)

    def row(self, **found):
        """A row of the results: what this job is, and what it found."""
        name = Path(self.data).name
        noise = "clean" if self.method in CLEAN else self.noise
        identity = {"data": name, "noise": noise, "method": self.method, "repetition": self.repetition}
        identity["draw"] = None if self.method in CROSS_VALIDATED else self.repetition
        run = {"seed": self.seed, "backend": self.backend, "version": __version__, "preset": self.preset.name}
        return {**identity, "epoch": None, "accuracy": None, "seconds": 0.0, **run, **self.content, **found}

    @property
    def task(self):
        """The noisy data set of this repetition, the same for every method."""
        draw = 0 if self.method in CROSS_VALIDATED else self.repetition
        return load_task(self.data, self.noise, self.preset, self.seed, draw)

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
        task = self.task
        with using_backend(self.backend), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the tables show where the report's settings end
            if self.method == PRIORS:
                emit(self._priors(task))
            elif self.method == T_ESTIMATES:
                self._estimate(task, emit)
            else:
                self._fit(task, emit, tick, T if task.T_known is None else task.T_known)

    def _priors(self, task):
        C = len(task.classes)
        shares = {"clean": priors(task.y_test, C), "noisy": priors(task.y_noisy, C)}
        return self.row(priors=shares, classes=task.classes, T_true=_listed(task.T_true))

    def _estimate(self, task, emit):
        started = time.perf_counter()
        method = METHODS[self.preset.posteriors]
        x, _ = self._pixels(method)
        x, y = x[task.chosen], task.y_noisy[task.chosen]
        model = method.make(None, task.model_seed, POSTERIOR_EPOCHS)
        q = out_of_fold_posteriors(model, x, y, random_state=task.model_seed)
        seconds = time.perf_counter() - started
        for kind, name in ESTIMATES.items():
            T_hat = _listed(estimate_from_posteriors(q, y, kind))
            known = {"T_true": _listed(task.T_true), "classes": task.classes}
            emit(self.row(method=name, T_hat=T_hat, seconds=seconds, **known))

    def _split(self, task, method):
        """x, y to learn from and x, y to be scored on, as the method wants them."""
        x_train, x_test = self._pixels(method)
        if self.method in CROSS_VALIDATED:
            fold = stratified_folds(task.y_test, CLEAN_FOLDS, np.random.default_rng(self.seed))
            learn, score = fold != self.repetition, fold == self.repetition
            return (x_test[learn], task.y_test[learn]), (x_test[score], task.y_test[score])
        y = task.y_train if self.method in CLEAN else task.y_noisy
        return (x_train[task.chosen], y[task.chosen]), (x_test, task.y_test)

    def _pixels(self, method):
        """x_train, x_test as the method wants them."""
        found = pixels_of(self.data, self.preset, self.seed, method.pixels)
        return [x.astype(method.dtype, copy=False) for x in found]

    def _fit(self, task, emit, tick, T):
        method = self.settings
        train, test = self._split(task, method)
        model = method.make(T, task.model_seed, self.last_epoch)
        about = {"classes": task.classes, "T_true": _listed(task.T_true)}
        about |= {"T_given": _listed(T)} if method.needs_T else {}
        known = {"settings": method.described(), "selection": "last epoch", **about}
        if method.is_network:
            self._follow(model, train, test, known, emit, tick)
            return
        started = time.perf_counter()
        accuracy = model.fit(*train).score(*test)
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
            showed = {"history": history, "fatal": died.history[-1]}
            emit(self.row(epoch=died.epoch, seconds=seconds, stopped=stopped, **showed, **known))


def _listed(T):
    return None if T is None else np.asarray(T).tolist()
