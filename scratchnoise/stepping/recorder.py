"""Runs functions and keeps a `Step` for every line that they execute.

Python's tracing tells which line comes next, the watched code which cells it reads and writes. A step is opened when
its line begins and closed when anything else begins, so it holds what that line did.
"""

import sys

import numpy as np

from .memory import MOST_CELLS, Memories, cells_of
from .notes import add_notes
from .numbers import text, token_value
from .recording import Recording, Step
from .shown import describe
from .watched import watching

MOST_STEPS = 5_000
MOST_NUMBERS = 300_000  # of all steps: about 3 MB of a page


class TooLong(BaseException):
    """The run has more steps than a page can hold; not an Exception, so that no recorded code swallows it."""


def record(functions, run, roots=None, most_steps=MOST_STEPS):
    """Call run() and record every line of `functions` that it executes: a Recording.

    roots: the functions with whose call a recording begins, None for any; what runs outside of them is left out.
    The recording's `result` is what run() returned. `stopped` says why it did not return: an exception of the recorded
    code, or more than most_steps steps. Raises ValueError where not one line was reached. What is no Exception, such as
    KeyboardInterrupt, passes.
    """
    recorder = Recorder(functions if roots is None else roots, most_steps)
    with watching(functions, recorder.report, recorder.memories.blank) as recorder.functions:
        before = sys.gettrace()
        sys.settrace(recorder.on_call)
        try:
            recorder.recording.result = run()
        except TooLong:
            recorder.recording.stopped = (
                f"after {len(recorder.recording.steps):,} lines; a smaller example is shown whole"
            )
        except Exception as error:
            if recorder.open is None and not recorder.recording.steps:  # it never came to a line of ours
                raise ValueError(f"nothing could be recorded: {error}") from error
            recorder.recording.stopped = f"{type(error).__name__}: {error}"
        finally:
            sys.settrace(before)
    recorder.close()
    return recorder.finished()


class Recorder:
    """What happens while the functions run: the open step, and the frames that have not returned."""

    def __init__(self, roots, most_steps):
        self.roots, self.most_steps, self.memories = roots, most_steps, Memories()
        self.numbers = 0
        self.kinds, self.described, self.recording = {}, [], Recording([], [], [], [], [])
        self.functions, self.open, self.alive, self.views, self.known, self.entered = {}, None, {}, {}, {}, {}

    # --- what Python's tracing calls -------------------------------------------------------------------------

    def on_call(self, frame, event, argument):
        """A function is called: its lines are followed where it is one of ours."""
        function = self.functions.get(frame.f_code)
        if function is None or not (self.alive or function in self.roots):
            return None
        self.close(called=True)
        parent = next((self.alive[outer] for outer in _outwards(frame.f_back) if outer in self.alive), None)
        number = self.alive[frame] = len(self.recording.frames)
        self.recording.frames.append((self._kind(function), parent))
        self.entered[number] = self._changed_variables(number, frame), self.memories.changes(self._visible(number))
        return self.on_line

    def on_line(self, frame, event, argument):
        """A line begins, or the function returns to the rest of the line that called it."""
        if event == "line":
            self.close()
            self._begin(frame, "line")
        if event == "return":
            self.close(returned=argument)
            del self.alive[frame]
            outer = next((outer for outer in _outwards(frame.f_back) if outer in self.alive), None)
            if outer is not None:
                self._begin(outer, "back")
        return self.on_line

    def report(self, array, key, is_write):
        """The watched code reads or writes array[key]."""
        view = None if self.open is None else self.memories.view(array)
        if view is not None:
            touched = self.open.writes if is_write else self.open.reads
            touched.setdefault(view[0], []).append(cells_of(view, key))

    def _kind(self, function):
        """The number of a function among those that were called."""
        if function not in self.kinds:
            self.kinds[function] = len(self.described)
            self.described.append(describe(function))
            self.recording.functions.append(self.described[-1][0])
        return self.kinds[function]

    # --- steps -----------------------------------------------------------------------------------------------

    def _begin(self, frame, kind):
        if len(self.recording.steps) >= self.most_steps or self.numbers > MOST_NUMBERS:
            self.open = None
            raise TooLong
        step = self.open = Step(self.alive[frame], frame.f_lineno, kind)
        self.frame, self.before = frame, self._values(step, frame, "read")

    def close(self, called=False, returned=None):
        """The open step is over; called: by a call, so that what its line assigns is not known yet."""
        step, self.open = self.open, None
        if step is None:
            return
        step.variables = self._changed_variables(step.frame, self.frame)
        step.cells = self.memories.changes(self._visible(step.frame))
        for memory, cell, value in step.cells:
            if value is not None:  # a cell of np.empty has not been written yet
                step.writes.setdefault(memory, []).append([cell])
        arguments, cells = self.entered.pop(step.frame, ({}, []))
        step.variables, step.cells = arguments | step.variables, cells + step.cells
        step.reads, step.writes = _merged(step.reads), _merged(step.writes)
        if step.kind == "back" and not (step.variables or step.cells or step.reads or step.writes):
            return
        self._add_numbers(step, called)
        self.numbers += 3 * len(step.cells) + sum(map(len, (*step.reads.values(), *step.writes.values())))
        if text(returned) is not None:
            step.note = f"returns {text(returned)}"
        self.recording.steps.append(step)

    def _add_numbers(self, step, called):
        after = [None] * len(self.before) if called else self._values(step, self.frame, "write")
        step.numbers = [_joined(*pair) for pair in zip(self.before, after, strict=True)]
        shown, space = self._described(step)[0], self.frame.f_locals
        step.equation = [token_value(shown.equation[start:end], space) for start, end in shown.tokens]

    def _values(self, step, frame, role):
        """The values of the spans of the step's line that have this role, None for those of the other one."""
        space = _space(frame)
        spans = self._described(step)[1].get(step.line, ())
        return [span.value(space) if span.role in (role, "both") else None for span in spans]

    def _described(self, step):
        return self.described[self.recording.frames[step.frame][0]]

    def _changed_variables(self, number, frame):
        """{name: value} of what differs from the last step of this frame."""
        known, changed = self.known.setdefault(number, {}), {}
        for name, value in _variables(frame).items():
            shown = self._shown(value)
            if shown is not None and known.get(name) != shown:
                known[name] = changed[name] = shown
        return changed

    def _shown(self, value):
        """A variable as it is kept: ("view", number) of an array, else text; None for what is not shown."""
        view = self.memories.view(value)
        if view is not None:
            number = self.views.setdefault((view, value.dtype.name), len(self.views))
            if number == len(self.recording.views):
                self.recording.views.append((*view, value.dtype.name))
            return ("view", number)
        if isinstance(value, np.ndarray) and value.size > MOST_CELLS:
            return f"array {value.shape}, too large to show"
        if isinstance(value, tuple | list):
            parts = [text(part) for part in value]
            return None if None in parts else f"({', '.join(parts)})"
        if isinstance(value, str):
            return repr(value)
        return text(value)

    def _visible(self, number):
        """The memories that the variables of the current frame and of its callers show."""
        found = {}
        while number is not None:
            values = self.known.get(number, {}).values()
            views = [value[1] for value in values if isinstance(value, tuple)]
            found |= dict.fromkeys(self.recording.views[view][0] for view in views)
            number = self.recording.frames[number][1]
        return found

    def finished(self):
        """The recording, without what no variable shows."""
        recording = self.recording
        recording.sizes = [owner.size for owner in self.memories.owners]
        shown = {view[0] for view in recording.views}
        for step in recording.steps:
            step.reads = {memory: cells for memory, cells in step.reads.items() if memory in shown}
            step.writes = {memory: cells for memory, cells in step.writes.items() if memory in shown}
        add_notes(recording, [tree for _, _, tree in self.described])
        return recording


def _outwards(frame):
    while frame is not None:
        yield frame
        frame = frame.f_back


def _space(frame):
    return {**frame.f_globals, **frame.f_locals}


def _variables(frame):
    """The locals of a frame; `self` gives its arrays and numbers, also those in a dictionary of them."""
    found = {name: value for name, value in frame.f_locals.items() if name != "_"}
    for name, value in getattr(found.pop("self", None), "__dict__", {}).items():
        found[f"self.{name}"] = value
        if isinstance(value, dict):
            found |= {f'self.{name}["{key}"]': part for key, part in value.items()}
    return found


def _joined(before, after):
    """One text of what a name held before and after its line."""
    if before is None or after is None or before == after:
        return after if before is None else before
    return f"{before} → {after}"


def _merged(touched):
    """{memory: sorted cells} of {memory: [arrays of cells]}."""
    return {memory: np.unique(np.concatenate(parts)).tolist() for memory, parts in touched.items()}
