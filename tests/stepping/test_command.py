"""`scratchnoise step` as a student meets it."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest

from scratchnoise.cli import main
from scratchnoise.stepping.subjects import find, names
from scratchnoise.stepping.terminal import View

OWN = '''"""Two functions."""
import numpy as np

import helper


def softmax(z):
    e = np.exp(z)
    return helper.normalised(e)


def strange(z, voltage):
    return z * voltage


class Thing:
    def method(self):
        return 1
'''


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder that one is in, with a file of one's own and its helper."""
    (tmp_path / "own.py").write_text(OWN, encoding="utf-8")
    (tmp_path / "helper.py").write_text("def normalised(e):\n    return e / e.sum(axis=1, keepdims=True)\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_a_name_it_lists_everything(capsys):
    assert main(["step"]) == 0
    printed = capsys.readouterr().out
    for group in names().values():
        assert all(name in printed for name in group)


def test_a_page_is_written_again_but_no_other_file_is_overwritten(folder, capsys):
    assert main(["step", "relu_forward"]) == 0 and main(["step", "relu_forward"]) == 0
    assert (folder / "relu_forward.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    mine = folder / "mine.html"
    for content in ("", "my own notes"):
        mine.write_text(content)
        assert main(["step", "relu_forward", "--out", str(mine)]) == 2
        assert mine.read_text() == content and "mine.html exists" in capsys.readouterr().err
    assert main(["step", "relu_forward", "--out", str(folder)]) == 2


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("softmx", "did you mean 'softmax'?"),
        ("SoftmaxRegresion", "did you mean 'SoftmaxRegression'?"),
        ("qqqq", "`scratchnoise step` lists"),
        ("own.py:sofmax", "did you mean 'softmax'?"),
        ("own.py", "has no function ''"),
        ("absent.py:f", "absent.py is not here"),
        ("broken.py:f", "broken.py, line 1"),
        ("raising.py:f", "ZeroDivisionError"),
        ("own.py:strange", "strange needs 'voltage'"),
    ],
)
def test_what_cannot_be_stepped_is_one_clear_line(folder, capsys, name, message):
    (folder / "broken.py").write_text("def f(:\n")
    (folder / "raising.py").write_text("1 / 0\n")
    before = sorted(folder.iterdir())
    assert main(["step", name]) == 2
    error = capsys.readouterr().err.strip()
    assert message in error and len(error.splitlines()) == 1
    assert [path for path in sorted(folder.iterdir()) if path.suffix != ""] == before


def test_values_replace_the_example(folder, capsys):
    z = np.array([[0.0, np.log(3.0)]])
    np.savez(folder / "my.npz", z=z)
    np.savez(folder / "wrong.npz", x=z)
    subject = find("softmax", {"z": z})
    np.testing.assert_allclose(subject.runs[0].record().result, [[0.25, 0.75]])
    assert main(["step", "softmax", "--values", "my.npz"]) == 0
    assert "1.0986" in (folder / "softmax.html").read_text(encoding="utf-8")
    for arguments, message in (
        (["softmax", "--values", "wrong.npz"], "softmax has no argument 'x'"),
        (["softmax", "--values", "own.py"], "is no .npz file"),
        (["EM", "--values", "my.npz"], "fitted to its own samples"),
        (["CrossEntropy", "--values", "wrong.npz"], "has no argument 'x'"),
    ):
        assert main(["step", *arguments]) == 2
        assert message in capsys.readouterr().err
    np.savez(folder / "both.npz", z=z, voltage=np.array(2.0))
    assert main(["step", "own.py:strange", "--values", "both.npz"]) == 0


def test_arguments_that_the_kernel_refuses_are_told(folder, capsys):
    np.savez(folder / "flat.npz", z=np.zeros(3))
    assert main(["step", "softmax", "--values", "flat.npz"]) == 2
    assert "z" in capsys.readouterr().err


def test_ones_own_function_has_its_helpers_beside_it(folder, capsys):
    assert main(["step", "own.py:softmax"]) == 0
    assert "stopped" not in capsys.readouterr().out
    result = find("own.py:softmax").runs[0].record().result
    np.testing.assert_allclose(result.sum(axis=1), 1)


def step(*arguments, **options):
    command = [sys.executable, "-m", "scratchnoise", "step", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


def test_the_debugger_stops_at_the_first_line_of_the_kernel():
    run = step("softmax", "--pdb", input="p z.shape\nc\n")
    first, second = run.stdout.split("(Pdb) ")[:2]
    assert "-> out = np.empty_like(z)" in first and second.startswith("(2, 3)")
    assert run.returncode == 0 and run.stderr == ""
    assert step("EM", "--pdb", input="q\n").returncode == 0


def test_a_terminal_view_moves_by_its_keys():
    subject = find("linear_forward")
    recording = subject.runs[0].record()
    view = View(subject, "loops", recording)
    lines = [step.line for step in recording.steps]
    for key, place in (("left", 0), ("right", 1), ("x", 1), ("end", len(lines) - 1), ("right", len(lines) - 1)):
        view.press(key)
        assert view.at == place
    inner = lines.index(24)
    view.at = inner
    view.press("down")
    assert view.at == lines.index(24, inner + 1)
    view.press("up")
    assert view.at == inner


def test_the_terminal_shows_numbers_and_marks_cells():
    from rich.console import Console

    subject = find("softmax")
    recording = subject.runs[0].record()
    view = View(subject, "loops", recording)
    view.at = next(k for k, step in enumerate(recording.steps) if step.line == 46)
    console = Console(width=120, height=40, record=True, file=open(os.devnull, "w"), force_terminal=True)
    console.print(view.picture(40))
    plain = console.export_text(clear=False, styles=False)
    assert "out[n, c] = np.exp(z[n, c] - top) / total" in plain and "0.2595" in plain and "1.418" in plain
    styled = console.export_text(styles=True)
    assert "\x1b[30;106m1\x1b[0m" in styled.replace(" ", "")  # z[0, 0] is read


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are POSIX")
def test_the_terminal_steps_by_real_keys():
    pexpect = pytest.importorskip("pexpect")
    child = pexpect.spawn(sys.executable, ["-m", "scratchnoise", "step", "softmax", "--terminal"], timeout=60)
    child.setwinsize(40, 120)
    child.expect(r"1 / 59")
    time.sleep(0.5)
    child.send("\x1b[C")
    child.expect(r"2 / 59")
    child.send("\x1b[D")
    child.expect(r"1 / 59")
    child.send("\t")
    child.expect(r"1 / 6")
    child.send("q")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_without_a_terminal_it_says_so(capsys):
    run = step("softmax", "--terminal", stdin=subprocess.DEVNULL)
    assert run.returncode == 2 and "needs a terminal" in run.stderr
