"""What every recorded experiment is held to."""

import json


def rows_of(path):
    """The rows of a file: list of dict."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def goes_on_where_it_stopped(measure, out, draws=1):
    """All rows, after a run that was cut off in the middle of a line."""
    measure(out, draws)
    lines = out.read_text().splitlines(keepends=True)
    half = lines[len(lines) // 2]
    out.write_text("".join(lines[: len(lines) // 2]) + half[: len(half) // 2])
    measure(out, draws)
    again = out.read_text().splitlines(keepends=True)
    assert sorted(again) == sorted(lines), "the same rows, each once"
    return rows_of(out)
