"""The exercises: stubs say what is checked, the library passes, and every known mistake is caught and named."""

import ast
import dataclasses
import doctest
import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import profiles
import pytest

from scratchnoise import estimate, kernels, noise
from scratchnoise.cli import main
from scratchnoise.course import EXERCISES, check_file, find_exercise, given, workspace
from scratchnoise.course.checker.runner import check_functions
from scratchnoise.course.exercise import MISTAKES, hint_of
from scratchnoise.course.exercises import bugs
from scratchnoise.kernels import loops_table
from scratchnoise.simplex import project_to_simplex

STUBS = workspace.STUBS
PACKAGE = Path(given.__file__).parent
SPECS = {spec.name: (exercise, spec) for exercise in EXERCISES.values() for spec in exercise.functions}
SEEDS = profiles.thinned(range(20) if profiles.runs("nightly") else (0, 19), every=20)

# Functions of the library by the same name, and the parameters that an exercise leaves out.
SAME_NAME = {
    **{name: (getattr(kernels, name), ()) for name in SPECS if hasattr(kernels, name)},
    "linear_sgd_epoch": (kernels.linear_sgd_epoch, ("T", "sample_weight")),
    "uniform": (noise.uniform, ()),
    "corrupt": (noise.corrupt, ("exact_counts", "classes")),
    "priors": (noise.priors, ()),
    "project_to_simplex": (project_to_simplex, ()),
    "anchor_argmax": (estimate.anchor_argmax, ()),
    "anchor_top_k": (estimate.anchor_top_k, ()),
}

every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda exercise: exercise.number)


def stub_of(exercise):
    return (STUBS / exercise.filename).read_text(encoding="utf-8")


def definitions(text):
    return {node.name: node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}


def answers(exercise):
    """The library's answers, name -> function."""
    return {spec.name: spec.reference for spec in exercise.functions}


# --- the stubs -------------------------------------------------------------------------------------------


def test_they_are_in_order():
    assert list(EXERCISES) == sorted(EXERCISES) and len(EXERCISES) >= 14


@every_exercise
def test_an_untouched_stub_is_not_started(exercise):
    result = check_file(STUBS / exercise.filename, exercise.number)
    assert result.status == "not started" and result.step is None
    assert exercise.filename in result.message and "scratchnoise check " in result.message


@every_exercise
def test_a_stub_tells_what_is_checked(exercise):
    text = stub_of(exercise)
    found = definitions(text)
    assert text.startswith(f'"""{exercise.number} ') and f"scratchnoise hint {exercise.number}" in text
    assert all(f"({number})" in text for number in re.findall(r"\((\d+)\)", exercise.tag))
    for spec in exercise.functions:
        doc = ast.get_docstring(found[spec.name])
        assert " ".join(spec.equation.split()) in " ".join(doc.split()), f"{spec.name}: the equation is another one"
        assert "Roughly" in doc and ">>>" in doc
        assert f"{spec.name}({ast.unparse(found[spec.name].args)})" == spec.signature
        assert [argument.arg for argument in found[spec.name].args.args] == list(spec.example)
        *_, last = found[spec.name].body
        assert len(found[spec.name].body) == 2 and ast.unparse(last) == "raise NotImplementedError"


@every_exercise
def test_the_worked_examples_are_right_and_are_what_is_checked(exercise):
    """The examples of the docstrings run on the library, with the very inputs that the check uses."""
    seen, text = {}, stub_of(exercise)
    namespace = {"np": np, **{name: getattr(given, name) for name in dir(given) if name.startswith("suspect")}}

    def recording(spec):
        def call(*args):
            seen[spec.name] = args
            return spec.reference(*args)

        return call

    namespace |= {spec.name: recording(spec) for spec in exercise.functions}
    options = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    for spec in exercise.functions:
        docstring = ast.get_docstring(definitions(text)[spec.name])
        test = doctest.DocTestParser().get_doctest(docstring, dict(namespace), spec.name, exercise.filename, 0)
        output = []
        assert doctest.DocTestRunner(optionflags=options).run(test, out=output.append).failed == 0, "".join(output)
        for shown, checked in zip(seen[spec.name], spec.example.values(), strict=False):
            if isinstance(checked, np.ndarray | int | float):
                np.testing.assert_allclose(shown, checked)


@pytest.mark.parametrize("name", SAME_NAME)
def test_signatures_are_the_library_s(name):
    function, left_out = SAME_NAME[name]
    exercise, spec = SPECS[name]
    library = [p for p in inspect.signature(function).parameters.values() if p.name not in left_out]
    own = inspect.signature(eval(f"lambda {ast.unparse(definitions(stub_of(exercise))[name].args)}: 0"))
    assert [p.name for p in own.parameters.values()] == [p.name for p in library]
    assert all(p.default in (p.empty, q.default) for p, q in zip(own.parameters.values(), library, strict=True))


def test_given_code_is_the_code_that_is_used():
    used = definitions((PACKAGE / "given.py").read_text(encoding="utf-8"))
    shown = definitions(stub_of(EXERCISES["13"])) | definitions(stub_of(EXERCISES["14"]))
    assert all(ast.dump(used[name]) == ast.dump(shown[name]) for name in used)


# --- right and wrong solutions ---------------------------------------------------------------------------


@pytest.mark.parametrize("exercise", profiles.thinned(EXERCISES.values()), ids=lambda exercise: exercise.number)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_library_passes(exercise, seed):
    result = check_functions(exercise, answers(exercise), Path(exercise.filename), seed)
    assert result.status == "passed", result.message


def draw_one_by_one(y, T, rng):
    """Noisy labels by NumPy's own draw, other numbers than the library's."""
    return np.array([rng.choice(len(T), p=T[:, j]) for j in y])


OTHER_SPELLINGS = {
    **{name: getattr(loops_table, name) for name in SPECS if name != "dropout_forward" and hasattr(loops_table, name)},
    "linear_sgd_epoch": lambda w, b, x, y, *rest: loops_table.linear_sgd_epoch(
        w, b, x, y, np.eye(len(b), dtype=w.dtype), np.ones(len(y), w.dtype), *rest
    ),
    "corrupt": draw_one_by_one,
    "backward_corrected": bugs.with_a_solver,
    "flip_back_inverse": lambda q, T: np.linalg.solve(T, q.T).T,
    "softmax_backward": lambda dy, z: np.array(
        [u @ (np.diag(p) - np.outer(p, p)) for u, p in zip(dy, loops_table.softmax(z), strict=True)]
    ),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", profiles.thinned(OTHER_SPELLINGS))
def test_other_right_solutions_pass(name, seed):
    """Independent of what the check compares with: plain loops, a solver, NumPy's own draw."""
    exercise, spec = SPECS[name]
    alone = dataclasses.replace(exercise, functions=(spec,))
    result = check_functions(alone, {name: OTHER_SPELLINGS[name]}, Path(exercise.filename), seed)
    assert result.status == "passed", result.message


def listed(value):
    """An array as a list of its rows, a tuple as a list."""
    return list(value) if isinstance(value, tuple | np.ndarray) else value


@pytest.mark.parametrize(
    "name", profiles.thinned([name for name in SPECS if name not in ("expose", "dropout_forward")])
)
def test_lists_will_do(name):
    """A right answer as a list: of rows, or of the things that are asked for."""
    exercise, spec = SPECS[name]
    alone = dataclasses.replace(exercise, functions=(spec,))
    result = check_functions(alone, {name: lambda *args: listed(spec.reference(*args))}, Path(exercise.filename))
    assert result.status == "passed", result.message


@pytest.mark.parametrize("odd", [lambda y: None, lambda y: y[:9], lambda y: [[1], [1, 2]]])
def test_odd_answers_to_larger_inputs_are_failures(odd):
    """Properties compute with what came back; whatever that is, the student reads a result."""
    exercise, spec = SPECS["corrupt"]
    alone = dataclasses.replace(exercise, functions=(spec,))

    def corrupt(y, T, rng):
        return odd(y) if len(y) > 50 else spec.reference(y, T, rng)

    assert check_functions(alone, {"corrupt": corrupt}, Path(exercise.filename)).status == "failed"


def test_what_is_not_written_is_shown_in_the_student_s_file(tmp_path):
    path = tmp_path / "01_softmax.py"
    path.write_text(RIGHT_SOFTMAX.partition("def softmax_backward")[0] + "def softmax_backward(dy, z):\n    ...\n")
    message = check_file(path, "01").message
    assert "softmax_backward is not written yet." in message and "01_softmax.py, line 9" in message
    assert "smallest failing input" not in message


@pytest.mark.parametrize(
    ("function", "name"),
    profiles.thinned(
        [pytest.param(f, m, id=f"{SPECS[f][0].number}-{f}-{m}") for f in MISTAKES for m in MISTAKES[f]], every=8
    ),
)
def test_every_mistake_is_caught_and_named(function, name):
    exercise, spec = SPECS[function]
    alone = dataclasses.replace(exercise, functions=(spec,))  # those before it pass, as another test shows
    result = check_functions(alone, {function: MISTAKES[function][name]}, Path(exercise.filename))
    assert (result.status, result.function, result.mistake) == ("failed", function, name), result.message
    assert hint_of(MISTAKES[function][name]) in " ".join(result.message.split())


@every_exercise
def test_there_are_enough_mistakes(exercise):
    assert sum(len(MISTAKES[spec.name]) for spec in exercise.functions) >= 5
    assert set(MISTAKES) <= set(SPECS)


@pytest.mark.parametrize("name", profiles.thinned(SPECS))
def test_a_mistake_on_other_inputs_is_not_blamed(name):
    """Nothing but zeros, or nan: wrong, and unless it is one of the known mistakes, not called one."""
    exercise, spec = SPECS[name]
    if name == "expose":
        return

    def nonsense(*args):
        right = spec.reference(*args)
        parts = right if isinstance(right, tuple) else (right,)
        wrong = tuple(np.full_like(part, 7.25 if np.asarray(part).dtype.kind == "f" else 7) for part in parts)
        return wrong if isinstance(right, tuple) else wrong[0]

    alone = dataclasses.replace(exercise, functions=(spec,))
    result = check_functions(alone, {name: nonsense}, Path(exercise.filename))
    assert result.status == "failed" and result.mistake is None


@pytest.mark.slow
def test_a_wrong_softmax_backward_shrinks_to_one_sample_of_two_classes():
    solution = answers(EXERCISES["01"]) | {"softmax_backward": MISTAKES["softmax_backward"]["diagonal_only"]}
    for seed in range(5):
        text = check_functions(EXERCISES["01"], solution, Path("01_softmax.py"), seed).message
        assert "dy = [[0.  , 0.25]]" in text and "z = [[0., 0.]]" in text, text
        assert "entry [0, 0] should be -0.0625, yours is 0; 1 of 2 entries differ" in text


@every_exercise
def test_hints_lead_from_a_nudge_to_the_formula(exercise):
    assert len(exercise.hints) == 3 and len(set(exercise.hints)) == 3
    assert all(60 < len(hint) < 500 and "def " not in hint and "lambda" not in hint for hint in exercise.hints)


@pytest.mark.parametrize("text", ["1", "01", "softmax", "01_softmax", "01_softmax.py", 1])
def test_exercises_have_several_names(text):
    assert find_exercise(text) is EXERCISES["01"]


def test_an_unknown_exercise_is_an_error():
    with pytest.raises(ValueError, match="did you mean 'softmax'"):
        find_exercise("sofmax")


# --- files that do anything ------------------------------------------------------------------------------

RIGHT_SOFTMAX = """import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_backward(dy, z):
    p = softmax(z)
    return p * (dy - (dy * p).sum(axis=1, keepdims=True))
"""
BODY = "def softmax(z):\n    {}\n\ndef softmax_backward(dy, z):\n    return z\n"
FILES = {
    "def softmax(z)\n    return z": ("file", "not valid Python, line 1"),
    "import numpy\0": ("file", "null bytes"),
    "x = 1 / 0\n" + RIGHT_SOFTMAX: (
        "file",
        "ZeroDivisionError: division by zero\n       line 1, in <module>: x = 1 / 0",
    ),
    "import sys\nsys.exit()\n" + RIGHT_SOFTMAX: ("file", "left the program (sys.exit)\n       line 2"),
    "def softmin(z):\n    return z": ("file", "no function softmax"),
    "from scratchnoise import kernels\n" + RIGHT_SOFTMAX: ("import", "imports scratchnoise in line 1"),
    "import scratchnoise.kernels as k\n" + RIGHT_SOFTMAX: ("import", "imports scratchnoise in line 1"),
    "k = __import__('scratch' + 'noise')\n" + RIGHT_SOFTMAX: ("import", "imports scratchnoise"),
    "try:\n    exec('import scratch' + 'noise')\nexcept ImportError:\n    pass\n" + RIGHT_SOFTMAX: (
        "import",
        "That is the",
    ),
    BODY.format("import importlib; return importlib.import_module('scratch' + 'noise')"): (
        "import",
        "That is the answer",
    ),
    BODY.format("import sys; return sys.modules['scratchnoise.kernels'].softmax(z)"): ("import", "in line 2"),
    BODY.format("import sys; sys.exit(0)"): ("returns", "softmax left the program"),
    BODY.format("return z[0, 9]"): ("returns", "IndexError: index 9 is out of bounds"),
    BODY.format("raise KeyError('x')"): ("returns", "line 2, in softmax: raise KeyError('x')"),
    BODY.format("raise GeneratorExit"): ("returns", "raised GeneratorExit"),
    BODY.format("return softmax(z)"): ("returns", "RecursionError"),
    BODY.format("print('half', 'way')"): ("returns", "your code printed\n       half way"),
    BODY.format("print('\\ud800\\x1b[2J')"): ("returns", r"\ud800\x1b[2J"),
    BODY.format("return 'a'"): ("returns", "is a str that does not hold real numbers"),
    BODY.format("return [[1], [2, 3]]"): ("returns", "is a list that cannot become an array"),
    BODY.format("return z * 1j"): ("returns", "does not hold real numbers"),
    BODY.format("yield z"): ("returns", "is a generator"),
    BODY.format("return type('A', (), {'__array__': lambda *a, **k: exit()})()"): (
        "returns",
        "is a A that does not hold",
    ),
    BODY.format("return z[:, :1]"): ("shape", "has shape (1, 1); it should be (1, 2)"),
    BODY.format("return z.astype(int)"): ("dtype", "is int64; it should be float64"),
    BODY.format("import numpy; return z * numpy.ones(z.shape[1])"): ("dtype", "the dtype stays: float32 goes in"),
    BODY.format("z[:] = 0; return z"): ("inputs", "softmax changed its argument z"),
    RIGHT_SOFTMAX.partition("def softmax_backward")[0] + "def softmax_backward(dy, z):\n    ...\n": (
        "returns",
        "Right so far: softmax.",
    ),
    BODY.replace("(z)", "(z, axis)").format("return z"): ("returns", "its signature is softmax(z)"),
}


@pytest.mark.parametrize(("text", "wanted"), profiles.thinned(FILES.items()))
def test_whatever_a_file_does_is_a_result(text, wanted, tmp_path, capsys):
    path, modules = tmp_path / "01_softmax.py", set(sys.modules)
    path.write_text(text, encoding="utf-8")
    result = check_file(path, "01")
    step, message = wanted
    assert (result.status, result.step) == ("failed", step), result.message
    assert message in result.message and f"scratchnoise check {path}" in result.message
    assert json.loads(json.dumps(result.as_dict()))["status"] == "failed"
    assert str(PACKAGE) not in result.message and capsys.readouterr() == ("", "")
    assert not [name for name in set(sys.modules) - modules if name.startswith("submission")]


def test_an_interrupt_stops_the_check(tmp_path):
    path = tmp_path / "01_softmax.py"
    path.write_text(BODY.format("raise KeyboardInterrupt"))
    with pytest.raises(KeyboardInterrupt):
        check_file(path, "01")


def test_the_text_is_read_afresh(tmp_path):
    path = tmp_path / "01_softmax.py"
    path.write_text(RIGHT_SOFTMAX)
    assert check_file(path, "01").status == "passed"
    path.write_text(RIGHT_SOFTMAX.replace("axis=1", "axis=0"))
    assert check_file(path, "01").mistake == "over_the_samples"


def test_random_answers_are_noticed(tmp_path):
    path = tmp_path / "01_softmax.py"
    path.write_text(BODY.format("import numpy; return numpy.random.default_rng().random(z.shape).astype(z.dtype)"))
    assert check_file(path, "01").status == "failed"


# --- the command line, as somebody who has just installed the package ---------------------------------------


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A folder with the stubs, as the current one."""
    monkeypatch.chdir(tmp_path)
    assert main(["start", "--all", "work/exercises"]) == 0
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work" / "exercises"


def test_the_first_exercise_of_a_first_time_user(clone, capsys):
    """Each message names the next thing to do."""
    capsys.readouterr()
    stub = clone / "01_softmax.py"
    assert main(["check", "01"]) == 1
    shown = capsys.readouterr().out
    assert "not started" in shown and "1. open exercises/01_softmax.py and write softmax and" in shown
    stub.write_text(RIGHT_SOFTMAX.replace("p * (dy - (dy * p).sum(axis=1, keepdims=True))", "dy * p * (1 - p)"))
    assert main(["check", "01"]) == 1
    shown = capsys.readouterr().out
    assert "Right so far: softmax." in shown and "(diagonal_only)" in shown and "stuck? scratchnoise hint 01" in shown
    assert "edit exercises/01_softmax.py, line 9" in shown
    assert main(["hint", "01"]) == 0
    assert "hint 1 of 3" in (shown := capsys.readouterr().out) and "scratchnoise hint 01 2" in shown
    stub.write_text(RIGHT_SOFTMAX)
    assert main(["check", "softmax"]) == 0
    assert "next: open exercises/02_cross_entropy.py, then scratchnoise check 02" in capsys.readouterr().out
    assert main(["check"]) == 1
    assert capsys.readouterr().out.startswith("02 cross_entropy  not started")


@pytest.mark.parametrize("columns", ["80", "120"])
def test_all_exercises_are_a_table(clone, capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    assert main(["check", "--all"]) == 0  # nothing has failed yet
    (clone / "01_softmax.py").write_text(RIGHT_SOFTMAX)
    (clone / "03_sgd_epoch.py").write_text(
        "def linear_sgd_epoch(w, b, x, y, order, batch_size, rate, l2):\n    return 3"
    )
    assert main(["check", "--all"]) == 1
    *_, table = capsys.readouterr().out.partition(f"{len(EXERCISES)} not started")
    assert f"1 passed, 1 failed, {len(EXERCISES) - 2} not started" in table
    assert "linear_sgd_epoch: returns" in table.replace("\u200b", "")
    assert all(f"{number} " in table for number in EXERCISES)
    assert max(map(len, table.replace("\u200b", "").splitlines())) <= int(columns)


def test_results_for_a_program(clone, capsys):
    capsys.readouterr()
    assert main(["check", "--all", "--json", "--seed", "3", "--folder", str(clone)]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["exercise"] for row in rows] == list(EXERCISES)
    assert set(rows[0]) >= {"exercise", "name", "status", "step", "message", "mistake", "equation"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "sofmax"], "did you mean 'softmax'"),
        (["check", "01", "--all"], "not both"),
        (["check", "01", "--folder", "nowhere"], "no exercise such as 01_softmax.py"),
        (["hint", "99"], "unknown"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(clone, capsys, arguments, message):
    capsys.readouterr()
    assert main(arguments) == 2
    error = capsys.readouterr().err.strip()
    assert message in error and len(error.splitlines()) == 1


def test_start_never_writes_over_a_file(clone, capsys):
    (clone / "01_softmax.py").write_text("mine")
    assert main(["start", "01", str(clone)]) == 0
    assert (clone / "01_softmax.py").read_text() == "mine"
    assert "01_softmax.py is yours and stays as it is" in capsys.readouterr().out


def test_a_path_is_that_file(clone, tmp_path, capsys):
    """Not the one of the same name where one stands."""
    other = tmp_path / "a b" / "01_softmax.py"
    other.parent.mkdir()
    other.write_text(RIGHT_SOFTMAX)
    assert main(["check", str(other)]) == 0
    assert main(["check", "01"]) == 1  # the stub
    other.write_text(BODY.format("return z"))
    capsys.readouterr()
    assert main(["check", str(other)]) == 1
    assert f'scratchnoise check "{other}"' in capsys.readouterr().out.replace("../a b", str(other.parent))


def test_files_are_found_from_a_folder_below(clone, monkeypatch):
    (clone / "01_softmax.py").write_text(RIGHT_SOFTMAX)
    (clone / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(clone / "deep" / "er")
    assert main(["check", "01"]) == 0


def test_progress_is_remembered(clone, capsys):
    (clone / "01_softmax.py").write_text(RIGHT_SOFTMAX)
    assert main(["check", "01"]) == 0 and main(["hint", "02", "2"]) == 0
    known = json.loads((clone / ".scratchnoise.json").read_text())
    assert set(known) == {"01", "02"} and known["02"] == {"hints": 2}
    capsys.readouterr()
    assert main(["course"]) == 0
    shown = capsys.readouterr().out
    assert known["01"]["passed"] in shown and "next: scratchnoise check 02" in shown


def test_a_helper_file_beside_the_exercise(tmp_path):
    (tmp_path / "my_helpers.py").write_text(
        "import numpy as np\n\ndef stable(z):\n    return z - z.max(axis=1, keepdims=True)\n"
    )
    path = tmp_path / "01_softmax.py"
    path.write_text(
        "from my_helpers import stable\n" + RIGHT_SOFTMAX.replace("z - z.max(axis=1, keepdims=True)", "stable(z)")
    )
    result = check_file(path, "01")
    assert result.status == "passed", result.message


def test_an_endless_loop_is_stopped_in_its_line(tmp_path, monkeypatch):
    monkeypatch.setattr("scratchnoise.course.checker.runner.OwnProcess.__init__.__defaults__", (0.5,), raising=False)
    path = tmp_path / "01_softmax.py"
    path.write_text(BODY.format("while True: pass"))
    result = check_file(path, "01")
    assert (result.status, result.step) == ("failed", "timeout") and "line 2, in softmax: while True" in result.message


def in_a_terminal(command, folder, *typed, until):
    """What a command shows in a terminal while somebody types, up to the text `until`; it is ended then."""
    import pty

    own, other = pty.openpty()
    run = subprocess.Popen(command, cwd=folder, stdin=other, stdout=other, stderr=other, close_fds=True)
    os.close(other)
    shown = b""
    for wait, keys in [*typed, (until, b"")]:
        while wait not in shown:
            shown += os.read(own, 2**12)
        os.write(own, keys)
    run.kill()
    run.wait()
    os.close(own)
    return shown.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of its own")
@pytest.mark.slow
def test_a_debugger_and_input_work_in_a_check(tmp_path):
    path = tmp_path / "01_softmax.py"
    command = [sys.executable, "-m", "scratchnoise", "check", "01"]
    path.write_text(RIGHT_SOFTMAX.replace("    e = ", "    breakpoint()\n    e = "))
    shown = in_a_terminal(
        command, tmp_path, (b"(Pdb)", b"p z.shape\n"), (b"(2, 2)", b"q\n"), until=b"stopped in softmax"
    )
    assert "01_softmax.py(6)softmax()" in shown
    path.write_text(RIGHT_SOFTMAX.replace("    e = ", "    print(input('how? ') * 2)\n    e = "))
    shown = in_a_terminal(command, tmp_path, (b"how? ", b"so\n"), until=b"soso")
    assert shown.startswith("how? ")


@pytest.mark.slow
def test_an_exercise_of_ones_own(tmp_path):
    """The worked example of TEACHING.md, in a process that reads the folder afresh."""
    text = (Path(__file__).parents[1] / "TEACHING.md").read_text(encoding="utf-8")
    folder = tmp_path / "my_exercises"
    (folder / "stubs").mkdir(parents=True)
    (folder / "relu.py").write_text(text.partition("```python\n")[2].partition("```")[0], encoding="utf-8")
    (folder / "stubs" / "15_relu.py").write_text("def relu(z):\n    raise NotImplementedError\n")
    environment = os.environ | {"SCRATCHNOISE_EXERCISES": str(folder)}

    def run(*arguments):
        command = [sys.executable, "-m", "scratchnoise", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True).stdout

    assert "15_relu.py written" in run("start", "15")
    assert "15 relu  not started" in run("check", "15")
    (tmp_path / "15_relu.py").write_text("def relu(z):\n    return z * (z > 0)\n")
    assert "15 relu  passed" in run("check", "15")
