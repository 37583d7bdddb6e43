"""What is added is added everywhere: each of these tests names the file that a new loss, kernel or exercise forgot.

CONTRIBUTING.md lists the steps. Files are read, not run, wherever running them would compile something.
"""

import ast
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest
from agreement import NAMES as KERNELS

import scratchnoise
from scratchnoise import losses, robust_losses
from scratchnoise.check import adjoints, kernel_strategies
from scratchnoise.course import EXERCISES, mistakes, path
from scratchnoise.course import exercises as themes
from scratchnoise.course.exercise import MISTAKES
from scratchnoise.course.exercises import OURS
from scratchnoise.course.workspace import STUBS
from scratchnoise.kernels import loops_table, warm_up
from scratchnoise.models import saving
from scratchnoise.stepping import examples
from scratchnoise.stepping import losses as stepping_losses

ROOT = Path(__file__).parents[1]
PAIRS = adjoints.pair_names(KERNELS)


def text_of(file):
    return (ROOT / file).read_text(encoding="utf-8")


def defined_in(file):
    """The names that a module has when it has been run: imported, assigned or defined at its top."""
    found = set()
    for node in ast.parse(text_of(file)).body:
        if isinstance(node, ast.ImportFrom | ast.Import):
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
    return found


def texts_in(file, name):
    """Every text in the value of the variable `name` of a file: the names that a table there speaks of."""
    for node in ast.parse(text_of(file)).body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if hasattr(node, "target") else []
        if name in [getattr(target, "id", None) for target in targets]:
            return {leaf.value for leaf in ast.walk(node.value) if isinstance(leaf, ast.Constant)}
    raise AssertionError(f"{file} has no variable {name}")


def assert_all(wanted, found, place):
    missing = sorted(set(wanted) - set(found))
    assert not missing, f"{place} lacks {', '.join(missing)}; see CONTRIBUTING.md"


# --- losses --------------------------------------------------------------------------------------------------


def loss_classes():
    """{name: class} of every loss, whether or not the package names it: all modules with losses are imported."""
    modules = [losses]
    for module in pkgutil.iter_modules(robust_losses.__path__, robust_losses.__name__ + "."):
        modules.append(importlib.import_module(module.name))
    found = {}
    for module in modules:
        own = [cls for cls in vars(module).values() if inspect.isclass(cls) and cls.__module__ == module.__name__]
        found |= {cls.__name__: cls for cls in own if issubclass(cls, losses.Loss) and cls is not losses.Loss}
    return found


LOSSES = loss_classes()
ROBUST = [name for name, cls in LOSSES.items() if cls.__module__ != losses.__name__]


def test_every_loss_is_a_name_of_the_package():
    assert_all(LOSSES, scratchnoise.__all__, "_HOME in scratchnoise/__init__.py")


def test_every_robust_loss_is_a_name_of_its_folder():
    assert_all(ROBUST, robust_losses.__all__, "NAMED or __all__ in scratchnoise/robust_losses/__init__.py")


def test_a_loss_with_defaults_has_a_name_for_the_network():
    settings = {name: inspect.signature(LOSSES[name]).parameters.values() for name in ROBUST}
    ready = {name for name, found in settings.items() if all(p.default is not p.empty for p in found)}
    assert_all(
        ready - {"Flooded"},
        {cls.__name__ for cls in robust_losses.NAMED.values()},
        "NAMED in scratchnoise/robust_losses/__init__.py",
    )


def test_every_loss_can_be_saved():
    assert_all(LOSSES, [cls.__name__ for cls in saving.LOSSES], "LOSSES in scratchnoise/models/saving.py")


def test_every_loss_can_be_stepped_through():
    """A setting without a default needs an example in stepping/losses.py, and the error says so."""
    for name in set(LOSSES) & set(scratchnoise.__all__):
        assert stepping_losses.loss(name).runs


def test_the_gradient_of_every_loss_is_checked():
    assert_all(LOSSES, texts_in("tests/test_gradients.py", "INSTANCES"), "INSTANCES in tests/test_gradients.py")


def test_every_loss_is_compared_with_its_equation():
    assert_all(LOSSES, texts_in("tests/test_loss_equations.py", "EQUATIONS"), "tests/test_loss_equations.py")


def test_every_setting_of_a_loss_is_tried_with_careless_arguments():
    settings = {name for cls in LOSSES.values() for name in inspect.signature(cls).parameters}
    for table in ("RIGHT", "WRONG"):
        found = texts_in("tests/careless_arguments.py", table)
        found |= {"active", "passive", "base", "loss"} if table == "RIGHT" else set()  # given in one line
        assert_all(settings, found, f"{table} in tests/careless_arguments.py")


# --- kernels -------------------------------------------------------------------------------------------------

TABLES = ("numpy", "loops", "numba", "c", "cupy", "cuda_on_cpu")
C_FILES = sorted((ROOT / "scratchnoise/kernels/c").glob("*.c"))
DISTINCT = [name for name in KERNELS if name != "dropout_backward"]  # which is dropout_forward once more
CUDA_FILES = sorted((ROOT / "scratchnoise/kernels/cuda").glob("*.cu"))


def test_the_facade_has_every_kernel():
    assert_all(kernel_strategies.KERNEL_ARGUMENTS, KERNELS, "scratchnoise/kernels/__init__.py")


@pytest.mark.parametrize("table", TABLES)
def test_every_table_has_every_kernel(table):
    file = f"scratchnoise/kernels/{table}_table.py"
    assert_all(KERNELS, defined_in(file), file)


def test_the_plain_loops_are_listed_once_more():
    assert_all(KERNELS, texts_in("scratchnoise/kernels/loops_table.py", "__all__"), "__all__ of loops_table.py")


def test_what_compiled_loops_call_is_compiled():
    """numba refuses to call a plain function, and says so only when the kernel is compiled."""
    table = text_of("scratchnoise/kernels/numba_table.py")
    helpers = set(re.findall(r"^    (?:losses|layers|images)\.(\w+),$", table, re.MULTILINE))
    for name in re.findall(r"compiled\(loops\.(\w+)", table):
        function = getattr(loops_table, name, None)
        called = set(function.__code__.co_names) if function else set()
        ours = {each for each in called if inspect.isfunction(function.__globals__.get(each))}
        assert_all(ours, helpers, f"{name} calls a function that scratchnoise/kernels/numba_table.py")


def test_every_kernel_is_launched_on_a_device():
    launches = ast.parse(text_of("scratchnoise/kernels/cuda/launches.py"))
    methods = {node.name for node in ast.walk(launches) if isinstance(node, ast.FunctionDef)}
    methods |= {t.id for n in ast.walk(launches) if isinstance(n, ast.Assign) for t in n.targets if hasattr(t, "id")}
    assert_all(KERNELS, methods, "scratchnoise/kernels/cuda/launches.py")


def in_sources(files, pattern):
    """What a regular expression finds in these files."""
    return {name for file in files for name in re.findall(pattern, text_of(file), re.MULTILINE)}


CUDA_KERNELS = in_sources(CUDA_FILES, r"__global__ void (?:__launch_bounds__\(\w+\) )?(\w+)\(")


def test_what_the_c_table_runs_is_written_in_c():
    table = "scratchnoise/kernels/c_table.py"
    run, exported = in_sources([table], r'run\(\s*"(\w+)"'), in_sources(C_FILES, r"^EXPORT int (\w+)\(")
    assert_all(run, exported, "scratchnoise/kernels/c/*.c")
    by_library = in_sources(["scratchnoise/kernels/c/library.py"], r"\b(\w+)\b")
    assert_all(exported - by_library, run, table)


def test_what_is_launched_is_written_in_cuda():
    launches = [f"scratchnoise/kernels/cuda/{file}.py" for file in ("launches", "tuned_launches")]
    assert_all(
        in_sources(launches, r'\.launch(?:_blocks)?\(\s*"(\w+)"'), CUDA_KERNELS, "scratchnoise/kernels/cuda/*.cu"
    )
    assert_all(CUDA_KERNELS, in_sources(launches, r'"(\w+)"'), launches[0])


def test_every_kernel_has_drawn_arguments():
    assert_all(KERNELS, kernel_strategies.KERNEL_ARGUMENTS, "scratchnoise/check/kernel_strategies.py")


def test_every_backward_pass_is_bound_to_its_forward_pass():
    forward = [name.removesuffix("_forward") for name, _ in PAIRS if name.endswith("_forward")]
    assert_all(forward, adjoints.ADJOINTS, "scratchnoise/check/adjoints.py")


def test_every_kernel_is_warmed_up():
    assert_all(KERNELS, warm_up.tiny_calls(float), "tiny_calls in scratchnoise/kernels/warm_up.py")


def test_every_kernel_can_be_stepped_through():
    assert_all(KERNELS, examples.kernel_arguments(), "scratchnoise/stepping/examples.py")


def test_every_kernel_is_called_with_shapes_that_disagree():
    file = "tests/kernels/test_kernel_contract.py"
    found = texts_in(file, "AXES") | texts_in(file, "ELEMENTWISE") | texts_in(file, "ONE_ARRAY")
    assert_all(KERNELS, found, f"AXES in {file}")


def test_every_kernel_has_wrong_versions():
    backward = [name for pair in PAIRS for name in pair[1:]]
    wrong = set(re.findall(r'@in_place_of\(\s*"(\w+)"', text_of("tests/mutants/backward_passes.py")))
    assert_all(backward, wrong, "tests/mutants/backward_passes.py")
    assert_all(DISTINCT, texts_in("tests/mutants/c.py", "MUTANTS"), "tests/mutants/c.py")
    assert_all(CUDA_KERNELS, texts_in("tests/mutants/cuda.py", "MUTANTS"), "tests/mutants/cuda.py")


def test_the_cuda_source_is_compared_on_every_kernel():
    found = text_of("tests/cuda_cases.py")
    assert_all(DISTINCT, [name for name in DISTINCT if name_in(name, found)], "tests/cuda_cases.py")


def name_in(name, text):
    """Whether a text has the name, or its beginning where it is made of that and an end."""
    begun = re.sub(r"(_grad|_backward|_forward)$", "", name)
    return f'"{name}"' in text or f'"{begun}{{end}}"' in text


# --- exercises and mistakes ------------------------------------------------------------------------------------

FUNCTIONS = {spec.name: exercise for exercise in OURS for spec in exercise.functions}


def test_every_theme_is_read():
    files = {Path(name).stem for name in ("inputs", "own")}
    found = {module.name for module in pkgutil.iter_modules(themes.__path__)} - files
    named = {theme.__name__.rpartition(".")[2] for theme in themes.THEMES}
    assert_all(found, named, "THEMES in scratchnoise/course/exercises/__init__.py")
    found = {module.name for module in pkgutil.iter_modules(mistakes.__path__)}
    read = [name for name in mistakes.__all__ if hasattr(mistakes, name)]
    assert_all(found, read, "scratchnoise/course/mistakes/__init__.py")


def test_every_exercise_has_a_stub_and_every_stub_an_exercise():
    stubs = {path.name for path in STUBS.glob("*.py")}
    assert_all([exercise.filename for exercise in OURS], stubs, "scratchnoise/course/stubs/")
    assert_all(stubs, [exercise.filename for exercise in OURS], "EXERCISES in scratchnoise/course/exercises/*.py")


def test_the_numbers_of_exercises_have_no_gap():
    assert sorted(exercise.number for exercise in OURS) == [f"{n:02}" for n in range(1, len(OURS) + 1)]


def test_every_exercise_has_its_tutorial():
    file = "scratchnoise/course/path.py"
    assert_all([exercise.number for exercise in OURS], path.TAUGHT_BY, f"TAUGHT_BY in {file}")
    scripts = {script.stem for script in (ROOT / "tutorials").glob("*.py")}
    assert_all(path.TAUGHT_BY.values(), scripts, "tutorials/")


def test_every_tutorial_invites_to_its_exercises():
    for number, tutorial in path.TAUGHT_BY.items():
        said = text_of(f"tutorials/{tutorial}.py")
        assert re.search(rf"\b{number}\b", said), f"tutorials/{tutorial}.py does not speak of exercise {number}"


def test_every_exercise_is_in_the_syllabus():
    rows = "\n".join(line for line in text_of("TEACHING.md").splitlines() if line.startswith("| "))
    assert_all([e.number for e in OURS], re.findall(r"\b(\d\d) [a-z]", rows), "the table of TEACHING.md")


def test_every_exercise_has_known_mistakes():
    for exercise in OURS:
        known = sum(len(MISTAKES.get(spec.name, ())) for spec in exercise.functions)
        assert known >= 5, f"exercise {exercise.number} has {known} in scratchnoise/course/mistakes/, not five"
    assert_all(MISTAKES, FUNCTIONS, "EXERCISES, which the mistakes of scratchnoise/course/mistakes speak of,")


def test_every_mistake_has_a_hint():
    for function, known in MISTAKES.items():
        for name, wrong in known.items():
            where = f"{name} of {function} in scratchnoise/course/mistakes/"
            assert len(inspect.getdoc(wrong) or "") > 20, f"{where} has no docstring, which is the student's hint"


def test_every_function_has_solutions():
    assert_all(FUNCTIONS, texts_in("tests/solutions/base.py", "BASE"), "BASE in tests/solutions/base.py")
    slips = texts_in("tests/solutions/wrong.py", "SLIPS")
    for exercise in OURS:
        names = [spec.name for spec in exercise.functions]
        assert set(names) & slips, f"SLIPS in tests/solutions/wrong.py lacks exercise {exercise.number}"


def test_the_numbers_of_exercises_are_written_nowhere_else():
    """README and TEACHING say how many there are; nothing else does, by a word."""
    words = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    words += ("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty")
    for file in ("README.md", "TEACHING.md"):
        said = re.findall(r"\b(\w+) exercises\b", text_of(file).lower())
        numbers = {words.index(word) for word in said if word in words}
        assert numbers == {len(OURS)}, f"{file} speaks of {numbers} exercises, there are {len(OURS)}"
    assert len(EXERCISES) >= len(OURS)
