"""`scratchnoise notebooks`: every tutorial runs in a kernel and becomes a page that needs nothing but itself."""

import json
import re
import sys
from html.parser import HTMLParser
from importlib.util import find_spec

import pytest

from scratchnoise import notebooks
from scratchnoise.cli import parser
from scratchnoise.course import EXERCISES, find_exercise
from scratchnoise.notebooks import LIBRARIES, NotebookError, build, find_folder

STUBS = [exercise.filename for exercise in EXERCISES.values()]
DOCS = all(map(find_spec, LIBRARIES))
docs = pytest.mark.skipif(not DOCS, reason='the extra "docs" is not installed')
SCRIPT = """# %% [markdown]
# # A title with <angles>
#
# Question: is $\\hat T_{ij} < 1$, and what is $$\\begin{aligned} a &= b \\\\ c &= T^{-1} d \\end{aligned}$$ here?

# %%
import sys

from matplotlib.figure import Figure

print(sys.executable, "1 < 2")

# %%
figure = Figure(figsize=(1, 1))
figure.subplots()
figure

# %%
assert CLAIM
"""


def folder_with(tmp_path, **scripts):
    """A folder of tutorials, {name: text}."""
    folder = tmp_path / "tutorials"
    folder.mkdir(parents=True)
    for name, text in scripts.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


class Elements(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A small folder, built once: the folder of pages."""
    tmp_path = tmp_path_factory.mktemp("built")
    good = SCRIPT.replace("CLAIM", "True")
    return build(tmp_path / "out", folder_with(tmp_path, **{"01_one": good, "02_two": good})).parent


@docs
def test_it_writes_notebooks_pages_and_exercises(built):
    names = {str(path.relative_to(built)) for path in built.rglob("*") if path.is_file()}
    pages = {f"{name}.{suffix}" for name in ("01_one", "02_two") for suffix in ("ipynb", "html")}
    assert names >= pages | {"index.html", *(f"exercises/{name[:-3]}.ipynb" for name in STUBS)}
    rest = {name for name in names - pages if not name.startswith(("exercise", "reference"))}
    assert rest == {"index.html", "equations.html"}  # no document lies beside this folder


@docs
def test_the_notebook_was_run_by_this_interpreter(built):
    cells = json.loads((built / "01_one.ipynb").read_text(encoding="utf-8"))["cells"]
    printed, drawn = cells[2]["outputs"][0], cells[3]["outputs"][0]
    assert "".join(printed["text"]).split()[0] == sys.executable
    assert "image/png" in drawn["data"]


@docs
def test_a_page_shows_text_formulas_code_output_and_picture(built):
    page = (built / "01_one.html").read_text(encoding="utf-8")
    elements = Elements(page).found
    assert "<title>A title with &lt;angles&gt;</title>" in page
    assert [attrs.get("display") for tag, attrs in elements if tag == "math"] == ["inline", "block"]
    assert "$" not in re.sub(r"<style>.*?</style>", "", page, flags=re.S)
    assert "1 &lt; 2" in page
    (image,) = [attrs for tag, attrs in elements if tag == "img"]
    assert image["src"].startswith("data:image/png;base64,") and image["alt"]
    assert "%matplotlib" not in page


STEPS = """# %% [markdown]
# # Steps
#
# Question: what does a line do? `scratchnoise step relu_forward`, and once more `scratchnoise step relu_forward`.

# %%
assert True
"""


@pytest.mark.slow
@docs
def test_a_command_to_step_brings_its_page_along(tmp_path):
    out = build(tmp_path / "out", folder_with(tmp_path, **{"01_steps": STEPS})).parent
    page = (out / "01_steps.html").read_text(encoding="utf-8")
    elements = Elements(page).found
    assert [attrs["src"] for tag, attrs in elements if tag == "iframe"] == ["steps/relu_forward.html"]
    assert "frame-src 'self'" in page and "<code>scratchnoise step relu_forward</code>" in page
    assert "script" not in {tag for tag, _ in elements}
    assert "relu_forward, line by line" in (out / "steps" / "relu_forward.html").read_text(encoding="utf-8")


@docs
def test_a_command_to_step_that_does_not_exist_names_the_tutorial(tmp_path):
    with pytest.raises(NotebookError, match="01_steps: 'relu_forwrd' cannot be stepped.*did you mean 'relu_forward'"):
        build(tmp_path / "out", folder_with(tmp_path, **{"01_steps": STEPS.replace("forward", "forwrd")}))
    assert not (tmp_path / "out").exists()


def test_the_tutorials_that_derive_can_be_stepped_through():
    from scratchnoise.notebooks.steps import COMMAND
    from scratchnoise.stepping.subjects import names

    known, found = {name for group in names().values() for name in group}, {}
    for path in find_folder().glob("[0-9][0-9]_*.py"):
        found[path.name[:2]] = set(COMMAND.findall(path.read_text(encoding="utf-8")))
    assert set().union(*found.values()) <= known
    assert {"softmax", "linear_loss_grad"} <= found["02"] and "forward_cross_entropy_grad" in found["05"]
    assert "BackwardCorrected" in found["04"]
    pairs = {f"{kernel}_{way}" for kernel in ("conv2d", "maxpool2d") for way in ("forward", "backward")}
    assert pairs <= found["07"]


@docs
def test_the_pages_are_linked(built):
    index = (built / "index.html").read_text(encoding="utf-8")
    links = [attrs["href"] for tag, attrs in Elements(index).found if tag == "a"]
    bar = ["index.html", "exercises.html", "reference.html", "equations.html"]
    assert links == [*bar, "01_one.html", "02_two.html"]
    first = Elements((built / "01_one.html").read_text(encoding="utf-8")).found
    assert [attrs["href"] for tag, attrs in first if tag == "a"] == [*bar, "01_one.ipynb", "02_two.html"]


NAMED = """# %% [markdown]
# # Links
#
# Question: what of (17), tutorial 02, exercise 11, `(18)` and $(19)$? Not (47), tutorial 03, nor tutorial 01 itself.
"""


@pytest.mark.slow
@docs
def test_what_a_text_names_is_linked_but_not_in_code_and_formulas(tmp_path):
    out = build(tmp_path / "out", folder_with(tmp_path, **{"01_links": NAMED, "02_two": NAMED})).parent
    page = (out / "01_links.html").read_text(encoding="utf-8")
    links = [attrs["href"] for tag, attrs in Elements(page.partition("<main>")[2]).found if tag == "a"]
    assert links == ["equations.html#eq-17", "02_two.html", "exercises/11_convolution.ipynb", "02_two.html"]
    equations = (out / "equations.html").read_text(encoding="utf-8")
    found = {attrs["id"] for tag, attrs in Elements(equations).found if "id" in attrs}
    assert found == {f"eq-{number}" for number in range(1, 47)}
    assert '<a href="01_links.html">tutorial 01</a>' in equations.replace("Tutorial", "tutorial")


def test_headings_are_listed_where_there_are_several():
    from scratchnoise.notebooks.links import with_contents

    assert with_contents("<h2>One</h2>") == '<h2 id="part-1">One</h2>'
    listed = with_contents("<h2>One</h2>" * 3)
    assert listed.count('href="#part-') == listed.count(' id="part-') == 3


@docs
def test_an_exercise_saves_and_checks_itself_and_is_not_run(built):
    cells = json.loads((built / "exercises/01_softmax.ipynb").read_text(encoding="utf-8"))["cells"]
    stub, run, check = ("".join(cell["source"]) for cell in cells[1:])
    assert stub.startswith('%%writefile 01_softmax_notebook.py\n"""01 softmax') and run == "%run 01_softmax_notebook.py"
    assert '!"{sys.executable}" -m scratchnoise' in check  # a path with spaces is one word
    arguments = parser().parse_args(check.split("-m scratchnoise ")[1].split())
    assert find_exercise(arguments.exercise).number == "01"
    assert all(not cell.get("outputs") for cell in cells)


@docs
def test_an_edited_exercise_is_not_written_over(tmp_path):
    folder = folder_with(tmp_path, **{"01_one": "# %% [markdown]\n# # One\n#\n# Why?\n"})
    own = tmp_path / "out" / "exercises" / "01_softmax.ipynb"
    own.parent.mkdir(parents=True)
    own.write_text("mine")
    build(tmp_path / "out", folder)
    assert own.read_text() == "mine"


@docs
def test_a_failing_cell_stops_with_its_name_and_writes_nothing(tmp_path):
    folder = folder_with(tmp_path, **{"01_one": SCRIPT.replace("CLAIM", "1 + 1 == 3")})
    with pytest.raises(NotebookError) as caught:
        build(tmp_path / "out", folder)
    message = str(caught.value)
    assert "01_one.py, code cell 3, which begins in line 19, failed" in message
    assert "assert 1 + 1 == 3" in message and "AssertionError" in message and "\x1b" not in message
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@docs
def test_a_kernel_that_dies_stops_the_build(tmp_path):
    folder = folder_with(tmp_path, **{"01_one": SCRIPT.replace("assert CLAIM", "import os; os.abort()")})
    with pytest.raises(NotebookError, match="01_one.py, code cell 3.*failed:\nKernel died"):
        build(tmp_path / "out", folder)


@docs
@pytest.mark.parametrize(("wrong", "why"), [(r"\hatt T", r"'\\\\hatt'"), (r"\left( T", "ExtraLeftOrMissingRight")])
def test_a_formula_that_cannot_be_set_is_an_error(tmp_path, wrong, why):
    text = SCRIPT.replace("CLAIM", "True").replace(r"\hat T", wrong)
    with pytest.raises(NotebookError, match=f"01_one: the formula .* cannot be set: {why}"):
        build(tmp_path / "out", folder_with(tmp_path, **{"01_one": text}))


def test_without_the_libraries_it_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "jupytext", None)
    with pytest.raises(NotebookError, match=r"\w+ is not installed.*\.\[docs\]"):
        build(tmp_path / "out", folder_with(tmp_path, **{"01_one": SCRIPT}))


def test_without_tutorials_it_says_where_they_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(notebooks, "PACKAGE_PARENT", tmp_path / "site-packages")
    with pytest.raises(NotebookError, match="part of the repository"):
        find_folder()
    with pytest.raises(NotebookError, match="nowhere"):
        find_folder(tmp_path / "nowhere")


def test_the_command_takes_its_options():
    arguments = parser().parse_args(["notebooks", "--out", "pages", "--jobs", "2"])
    assert (arguments.out, arguments.folder, arguments.jobs) == ("pages", None, 2)
