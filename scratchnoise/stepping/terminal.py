"""A recording in a terminal: source and state side by side, stepped with the arrow keys."""

import os
import sys
from contextlib import contextmanager, suppress

from rich.columns import Columns
from rich.console import Console, Group
from rich.layout import Layout
from rich.live import Live
from rich.table import Table
from rich.text import Text

from .memory import cells_of
from .recording import State

HELP = "→ ← one line   ↓ ↑ next or last time of this line   o over calls   Home End   Tab loops/NumPy   q quit"
POSIX_KEYS = {
    "\x1b[C": "right", "\x1bOC": "right", "\x1b[D": "left", "\x1bOD": "left", "\x1b[A": "up", "\x1bOA": "up",
    "\x1b[B": "down", "\x1bOB": "down", "\x1b[H": "home", "\x1bOH": "home", "\x1b[1~": "home", "\x1b[F": "end",
    "\x1bOF": "end", "\x1b[4~": "end", "\t": "tab", " ": "right", "\x03": "q", "\x04": "q", "\x1b": "q",
}  # fmt: skip
WINDOWS_KEYS = {"M": "right", "K": "left", "H": "up", "P": "down", "G": "home", "O": "end"}
READ, WRITTEN = "black on bright_cyan", "bold black on yellow"


def step_through(subject, recordings):
    """Show the recordings {label: Recording} until q is pressed. Raises ValueError where keys cannot be read."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ValueError("--terminal needs a terminal to read keys from; without it a page is written")
    views = [View(subject, label, recording) for label, recording in recordings.items()]
    current, console, key = 0, Console(), ""
    with (
        suppress(KeyboardInterrupt),
        keyboard() as next_key,
        Live(console=console, screen=True, auto_refresh=False) as live,
    ):
        while key != "q":
            if key == "tab":
                current = (current + 1) % len(views)
            views[current].press(key)
            live.update(views[current].picture(console.height), refresh=True)
            key = next_key()


class View:
    """One recording and the step that is shown."""

    def __init__(self, subject, label, recording):
        self.subject, self.label, self.recording, self.state, self.at = subject, label, recording, State(recording), 0

    def press(self, key):
        """Move as a key says; other keys change nothing."""
        steps, last = self.recording.steps, len(self.recording.steps) - 1
        here = steps[self.at]
        function = self.recording.frames[here.frame][0]

        def is_this_line(step):
            return step.line == here.line and self.recording.frames[step.frame][0] == function and step.kind == "line"

        after, before = range(self.at + 1, last + 1), range(self.at - 1, -1, -1)
        self.state.go(self.at)
        outer = set(self.state.stack())
        moves = {
            "right": min(self.at + 1, last),
            "left": max(self.at - 1, 0),
            "home": 0,
            "end": last,
            "down": next((k for k in after if is_this_line(steps[k])), self.at),
            "up": next((k for k in before if is_this_line(steps[k])), self.at),
            "o": next((k for k in after if steps[k].frame in outer), last),
        }
        self.at = moves.get(key, self.at)

    def picture(self, height):
        """What is on the screen after the step."""
        step = self.state.go(self.at)
        shown = self.recording.functions[self.recording.frames[step.frame][0]]
        layout = Layout()
        layout.split_column(
            Layout(self._head(step, shown), size=8), Layout(name="body"), Layout(Text(HELP, "dim"), size=1)
        )
        layout["body"].split_row(Layout(_source(shown, step.line, height - 10)), Layout(self._variables(step)))
        return layout

    def _head(self, step, shown):
        chain = " › ".join(self._name(frame) for frame in reversed(self.state.stack()))
        title = Text.assemble(
            (self.subject.name, "bold"), f"  {self.label}  {self.at + 1} / {len(self.recording.steps)}"
        )
        line = shown.lines[step.line - shown.first]
        note = self.recording.stopped if self.at == len(self.recording.steps) - 1 else ""
        return Group(
            title,
            Text(f"{chain}   {shown.file}:{step.line}", "dim"),
            *_numbered(shown.equation.split("\n")[0], shown.tokens, step.equation),
            *_numbered(line, shown.spans.get(step.line, ()), step.numbers),
            Text(note or step.note, "yellow"),
        )

    def _name(self, frame):
        return self.recording.functions[self.recording.frames[frame][0]].name

    def _variables(self, step):
        """The variables of the current frame, then of its callers."""
        touched = {(memory, cell): READ for memory, cells in step.reads.items() for cell in cells}
        touched |= {(memory, cell): WRITTEN for memory, cells in step.writes.items() for cell in cells}
        parts = []
        for frame in self.state.stack():
            scalars, arrays = Text(), []
            for name, value in self.state.variables.get(frame, {}).items():
                if isinstance(value, tuple):
                    arrays.append(self._array(name, self.recording.views[value[1]], touched))
                else:
                    changed = frame == step.frame and name in step.variables
                    scalars.append(f"{name} = {value}", WRITTEN if changed else "").append("   ")
            parts += [Text(self._name(frame), "bold underline"), scalars, Columns(arrays, padding=(0, 3)), Text()]
        return Group(*parts)

    def _array(self, name, view, touched):
        """An array as rows of its last axis."""
        memory, _, shape, _, _ = view
        cells = cells_of(view[:4]).reshape(-1, shape[-1])
        table = Table(show_header=False, box=None)
        for row in cells:
            table.add_row(*(Text(_shown(self.state.memories[memory][c]), touched.get((memory, c), "")) for c in row))
        return Group(Text(f"{name} {shape}", "bold", no_wrap=True), table)


def _shown(value):
    if value is None:
        return "·"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _numbered(line, places, values):
    """A line and, below it, the values of its names."""
    below = ""
    for (start, _), value in zip(places, values, strict=False):
        if value is not None:
            below = f"{below:<{start}}" if len(below) <= start else below + " "
            below += value
    return Text(line, no_wrap=True), Text(below, "bold cyan", no_wrap=True)


def _source(shown, line, height):
    """The lines of the function around the current one."""
    first = max(0, min(line - shown.first - height // 2, len(shown.lines) - height))
    text = Text(no_wrap=True)
    for number, content in list(enumerate(shown.lines, shown.first))[first : first + max(height, 1)]:
        text.append(f"{number:>5} {content}\n", "reverse" if number == line else "")
    return text


@contextmanager
def keyboard():
    """Inside, keys come at once and are not shown; yields a function that waits for the next key and names it."""
    if os.name == "nt":
        yield _windows_key
        return
    import termios
    import tty

    file = sys.stdin.fileno()
    before = termios.tcgetattr(file)
    try:
        tty.setcbreak(file, termios.TCSADRAIN)
        yield lambda: _posix_key(file)
    finally:
        termios.tcsetattr(file, termios.TCSADRAIN, before)


def _posix_key(file):
    """right, left, up, down, home, end, tab, q, or a letter; an arrow is several characters, of which ESC is one."""
    import select

    key = os.read(file, 1).decode(errors="ignore")
    while (
        key.startswith("\x1b") and (key == "\x1b" or key not in POSIX_KEYS) and select.select([file], [], [], 0.05)[0]
    ):
        key += os.read(file, 1).decode(errors="ignore")
    return POSIX_KEYS.get(key, key or "q")


def _windows_key():
    import msvcrt

    key = msvcrt.getwch()
    return WINDOWS_KEYS.get(msvcrt.getwch(), "") if key in "\x00\xe0" else POSIX_KEYS.get(key, key)
