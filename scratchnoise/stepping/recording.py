"""What a recording holds, as plain data, and the state that it was in after each step."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Shown:
    """One function as it is shown: its file and lines, and its equation, which is the first line of its docstring.

    spans {line: ((from, to), ...)} are the names in a line whose values are known; tokens are those of the equation.
    """

    name: str
    file: str
    first: int
    lines: tuple
    equation: str
    spans: dict
    tokens: tuple


@dataclass
class Step:
    """One executed line: what it read and wrote, and what changed.

    frame: whose line it is.  kind: "line"; "back", the rest of a line after a call in it.  variables: those that
    changed, {name: value}, an array as ("view", number).  cells: changes (memory, cell, value).  reads, writes:
    {memory: [cell, ...]}.  numbers, equation: the values of the spans and tokens, None where unknown.
    note: what a reader cannot see in the line itself, such as "the loop ends".
    """

    frame: int
    line: int
    kind: str = "line"
    variables: dict = field(default_factory=dict)
    cells: list = field(default_factory=list)
    reads: dict = field(default_factory=dict)
    writes: dict = field(default_factory=dict)
    numbers: list = field(default_factory=list)
    equation: list = field(default_factory=list)
    note: str = ""


@dataclass
class Recording:
    """Steps of one run. functions: list of Shown.  frames: (function, calling frame or None).  views: as `memory`."""

    functions: list
    frames: list
    views: list
    sizes: list
    steps: list
    result: object = None
    stopped: str = ""  # why the run did not end as it should


class State:
    """Everything that is visible after a step: variables of each frame, and the numbers of each memory."""

    def __init__(self, recording):
        self.recording, self.at = recording, -1
        self._restart()

    def _restart(self):
        self.variables = {}
        self.memories = [[None] * size for size in self.recording.sizes]
        self.at = -1

    def go(self, place):
        """To the step with this number; returns it."""
        if place < self.at:
            self._restart()
        for step in self.recording.steps[self.at + 1 : place + 1]:
            self.variables.setdefault(step.frame, {}).update(step.variables)
            for memory, cell, value in step.cells:
                self.memories[memory][cell] = value
        self.at = place
        return self.recording.steps[place]

    def stack(self):
        """The frames from the current one outwards."""
        frame, found = self.recording.steps[self.at].frame, []
        while frame is not None:
            found.append(frame)
            frame = self.recording.frames[frame][1]
        return found
