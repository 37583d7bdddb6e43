"""What a study measures: one job is one repetition of one method on one noisy data set."""

import os
import time
import warnings
from dataclasses import dataclass

import numpy as np

from .. import __version__
from ..backend import backend as using_backend
from ..content import content_of
from ..estimate import estimate_from_posteriors, out_of_fold_posteriors, stratified_folds
from ..estimate.hoc import MOST_CLASSES
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
    FURTHER_ESTIMATES,
    METHODS,
    POSTERIOR_EPOCHS,
)
from .protocol import RECORDED_EPOCHS, TRAIN_SHARE, Preset, data_hash, load_task, noise_hash, pixels_of
from .results import STOPPED, key_of

# Jobs that train no model of the tables
PRIORS, T_ESTIMATES, MORE_T_ESTIMATES = "priors", "T estimates", "T estimates (further)"
ESTIMATED = {T_ESTIMATES: ESTIMATES, MORE_T_ESTIMATES: FURTHER_ESTIMATES}
ASK_NEIGHBOURS = ("hoc", "combined")  # estimates that look at the images themselves
# The method of a job's last row, where it is not the job's own.
LAST_ROW = {
    T_ESTIMATES: ESTIMATES["confident_joint"],
    MORE_T_ESTIMATES: FURTHER_ESTIMATES["combined"],
    "rMLR (learnt rates)": "T rMLR",
}


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
        noise = content_of("clean") if self.method in CLEAN else noise_hash(self.data, self.noise, *known[1:])
        sizes = (self.preset.n_train, self.preset.n_test, self.last_epoch, self.preset.posteriors, TRAIN_SHARE)
        described = sorted(self.settings.described().items()) if self.settings else POSTERIOR_EPOCHS
        settings = content_of(self.method, described, sizes)
        return {"data_hash": data_hash(*known), "noise_hash": noise, "settings_hash": settings}

    @property
    def cost(self):
        """Rough seconds on two cores, for the progress bar."""
        share = (self.preset.n_train or 18000) / 18000
        network_epoch = 8 * share
        if self.method in ESTIMATED and self.preset.posteriors == "NN":
            return 4 * POSTERIOR_EPOCHS * network_epoch
        if self.last_epoch is None:
            return 0.5 if self.settings is None or "sgd" in self.settings.settings.values() else 20 * share
        return self.last_epoch * network_epoch * (0.15 if self.method in CROSS_VALIDATED else 1)

    def row(self, **found):
        """A row of the results: what this job is, and what it found."""
        noise = "clean" if self.method in CLEAN else self.noise
        identity = {"data": os.path.basename(self.data), "noise": noise, "method": self.method}
        identity |= {"repetition": self.repetition, "draw": None if self.method in CROSS_VALIDATED else self.repetition}
        run = {"seed": self.seed, "backend": self.backend, "version": __version__, "preset": self.preset.name}
        return {**identity, "epoch": None, "accuracy": None, "seconds": 0.0, **run, **self.content, **found}

    @property
    def task(self):
        """The noisy data set of this repetition, the same for every method."""
        draw = 0 if self.method in CROSS_VALIDATED else self.repetition
        return load_task(self.data, self.noise, self.preset, self.seed, draw)

    def is_done(self, results):
        """Whether the results hold this job's last row, or the row that says why it ended early."""
        return any(key in results for key in self.last_keys)

    @property
    def last_keys(self):
        """The keys of this job's last row, and of the row that says why it ended early."""
        last = self.row(method=LAST_ROW.get(self.method, self.method), epoch=self.last_epoch)
        return key_of(last), key_of(self._stopped(""))

    def _stopped(self, why, **more):
        """The row of a run that ended early. why: a text."""
        method = LAST_ROW[self.method] if self.method in ESTIMATED else self.method
        return self.row(method=method, **{"epoch": self.last_epoch and 1, "stopped": why or STOPPED, **more})

    @property
    def key(self):
        """16 hexadecimal digits for all that decides about the job's numbers, the version of the library included."""
        return content_of(*key_of(self.row(epoch=self.last_epoch)))

    def outcome(self, T=None, tick=lambda share: None, checkpoints=None):
        """All rows of the job: list of dict. A method that cannot run is a result as well: one row that says why.

        T, tick, checkpoints: as in `run`. Raises OSError and MemoryError, which say something about the machine and not
        the method.
        """
        rows = []
        try:
            self.run(rows.append, tick, T, checkpoints)
        except OSError:
            raise
        except MemoryError as error:
            raise MemoryError(f"{self.noise} {self.method} #{self.repetition + 1}: {error}") from error
        except Exception as error:  # whatever a method raises is what happened to it
            what = " ".join(str(error).split())
            rows.append(self._stopped(f"{type(error).__name__}: {what}"))
        return rows

    def run(self, emit, tick=lambda share: None, T=None, checkpoints=None):
        """Do the work: `emit(row)` for every measurement when it is there, `tick(share of the job done)` now and then.

        T: the transition matrix for methods that need one, where the noise is hidden or given. checkpoints: a folder of
        this job alone, from which its networks go on and into which they write the state after every epoch; or None.
        """
        task = self.task
        with using_backend(self.backend), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the tables show where the report's settings end
            if self.method == PRIORS:
                emit(self._priors(task))
            elif self.method in ESTIMATED:
                self._estimate(task, emit, checkpoints)
            else:
                T = T if task.T_known is None else task.T_known
                if T is None and self.settings.needs_T:
                    raise ValueError(f"{self.method} needs T, which is not known here and was not estimated")
                if self.settings.is_network and task.x_train.ndim < 3:
                    raise ValueError(
                        f"{self.method} needs images, the data has rows of {task.x_train.shape[1]} features"
                    )
                self._fit(task, emit, tick, T, checkpoints)

    def _priors(self, task):
        C = len(task.classes)
        shares = {"clean": priors(task.y_test, C), "noisy": priors(task.y_noisy, C)}
        return self.row(priors=shares, classes=task.classes, T_true=_listed(task.T_true))

    def _estimate(self, task, emit, checkpoints):
        started = time.perf_counter()
        method = METHODS[self.preset.posteriors if task.x_train.ndim > 2 else "MLR (own settings)"]
        x, _ = self._pixels(method)
        x, y = x[task.chosen], task.y_noisy[task.chosen]
        model = method.make(None, task.model_seed, POSTERIOR_EPOCHS)
        if method.is_network:
            model.set_params(checkpoints=checkpoints)
        q = out_of_fold_posteriors(model, x, y, random_state=task.model_seed)
        seconds = time.perf_counter() - started
        for kind, name in ESTIMATED[self.method].items():
            if kind == "hoc" and len(task.classes) > MOST_CLASSES:
                continue  # HOC takes no more, and "combined" does without it
            near = kind in ASK_NEIGHBOURS
            rows = pixels_of(self.data, self.preset, self.seed, "unit")[0][task.chosen] if near else None
            T_hat = _listed(estimate_from_posteriors(q, y, kind, rows))
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

    def _fit(self, task, emit, tick, T, checkpoints):
        method = self.settings
        train, test = self._split(task, method)
        model = method.make(T, task.model_seed, self.last_epoch)
        about = {"classes": task.classes, "T_true": _listed(task.T_true)}
        about |= {"T_given": _listed(T)} if method.needs_T else {}
        known = {"settings": method.described(), "selection": "last epoch", **about}
        if method.is_network:
            self._follow(model.set_params(checkpoints=checkpoints), train, test, known, emit, tick)
            return
        started = time.perf_counter()
        accuracy = model.fit(*train).score(*test)
        emit(self.row(accuracy=accuracy, seconds=time.perf_counter() - started, **known))
        if self.method == "rMLR (learnt rates)":
            emit(self.row(method="T rMLR", T_hat=_listed(model.T_), **about))

    def _follow(self, model, train, test, known, emit, tick):
        """Train a network, with a row at every recorded epoch; the last one carries the history of all.

        What is measured after an epoch is put into the model's own history, because a checkpoint keeps that. Averaged
        weights take their place when training ends, so a method that has them is scored again and has this row alone.
        """
        before = time.perf_counter()

        def on_epoch(model, shown):
            nonlocal before
            shown["test_accuracy"] = model.score(*test)
            now = time.perf_counter()
            shown["since_last"], before = now - before, now
            tick(shown["epoch"] / self.last_epoch)

        died, averages = None, "averaging" in self.settings.settings
        try:
            epochs = model.set_params(on_epoch=on_epoch).fit(*train).history_
            if averages:
                epochs[-1]["test_accuracy"] = model.score(*test)
        except TrainingDiverged as error:
            died, epochs = error, error.history[:-1]
        recorded = {self.last_epoch} if self.method in CLEAN or averages else {*RECORDED_EPOCHS, self.last_epoch}
        seconds, history = 0.0, _history(epochs)
        for shown in epochs:
            seconds += shown["since_last"]
            if shown["epoch"] in recorded:
                last = {"history": history, "starts": model.n_starts_} if shown["epoch"] == self.last_epoch else {}
                measured = {"epoch": shown["epoch"], "accuracy": shown["test_accuracy"], "seconds": seconds}
                emit(self.row(**measured, **known, **last))
        if died:
            fatal = died.history[-1]
            stopped = f"the loss was no longer finite in epoch {died.epoch}"
            showed = {"history": history, "fatal": fatal, "epoch": died.epoch, "seconds": seconds + fatal["seconds"]}
            emit(self._stopped(stopped, **showed, **known))


def _history(epochs):
    """{name: one number an epoch} of what training showed."""
    names = {"test_accuracy": "test_accuracy", "train_loss": "loss"}
    names |= {name: name for name in ("forward_loss", "corrected_risk")}
    return {name: [shown[key] for shown in epochs if key in shown] for name, key in names.items()}


def _listed(T):
    return None if T is None else np.asarray(T).tolist()
