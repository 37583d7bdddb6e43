"""What a check found, line by line, in one form for `verify`, `audit` and the label-noise families."""

from dataclasses import dataclass, field

MARKS = {"ok": "ok", "failed": "FAILED", "skipped": "--"}


@dataclass(frozen=True)
class Line:
    """One check: its name, "ok", "failed" or "skipped", and what was found."""

    name: str
    status: str
    detail: str = ""

    def __str__(self):
        first, *more = self.detail.split("\n")
        text = f"  {MARKS[self.status]:<7} {self.name:<28} {first}".rstrip()
        return "\n".join([text, *(f"          {line}".rstrip() for line in more)])


@dataclass
class Report:
    """A title and lines. True when no line failed; `str` shows all lines, `check` raises where one failed."""

    title: str
    lines: list[Line] = field(default_factory=list)

    def __bool__(self):
        return not self.failed

    def __str__(self):
        return "\n".join([self.title, *map(str, self.lines)])

    __repr__ = __str__

    @property
    def failed(self) -> list[Line]:
        """The lines that failed."""
        return [line for line in self.lines if line.status == "failed"]

    def __getitem__(self, name):
        """The line of that name; KeyError where there is none."""
        for line in self.lines:
            if line.name == name:
                return line
        raise KeyError(f"{name!r}; the lines are {', '.join(line.name for line in self.lines)}")

    def add(self, name: str, status: str, detail: str = "") -> None:
        """Append a line."""
        self.lines.append(Line(name, status, detail))

    def check(self) -> "Report":
        """Return the report itself; AssertionError with the whole report where a line failed."""
        if self.failed:
            raise AssertionError(str(self))
        return self
