"""The site: no dead link, nothing loaded from elsewhere, every public name in the reference. No tutorial is run."""

import inspect
import re
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path

import pytest

import scratchnoise
from scratchnoise import kernels, models
from scratchnoise.course.exercises import OURS
from scratchnoise.notebooks import LIBRARIES, NotebookError
from scratchnoise.notebooks.convert import read_tutorial

if not all(map(find_spec, LIBRARIES)):
    pytest.skip('the extra "docs" is not installed', allow_module_level=True)

from scratchnoise.notebooks import documents, reference
from scratchnoise.notebooks.site import site_pages
from scratchnoise.notebooks.steps import COMMAND

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.slow  # the site takes ten seconds


class Page(HTMLParser):
    """The links, the ids and what is loaded of a page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.ids, self.loaded, self.pictures = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if tag == "a" and "href" in found else []
        self.loaded += [found["src"]] if "src" in found else []
        self.pictures += [found] if tag == "img" else []


@pytest.fixture(scope="module")
def notebooks():
    """The tutorials, not run."""
    return {path.stem: read_tutorial(path).notebook for path in sorted(ROOT.glob("tutorials/[0-9][0-9]_*.py"))}


@pytest.fixture(scope="module")
def pages(notebooks):
    """{file: Page} of the whole site."""
    return {file: Page(text) for file, text in site_pages(notebooks, ROOT).items()}


def dead_links(pages, notebooks):
    """(page, link) of every link that leads nowhere. Notebooks and pages to step through are written beside these."""
    texts = "\n".join(cell.source for notebook in notebooks.values() for cell in notebook.cells)
    beside = {f"{name}.ipynb" for name in notebooks} | {f"steps/{name}.html" for name in COMMAND.findall(texts)}
    beside |= {f"exercises/{exercise.filename[:-3]}.ipynb" for exercise in OURS}
    dead = []
    for file, page in pages.items():
        for link in page.links:
            target, _, place = link.partition("#")
            target = target or file
            there = target in beside or target in pages and (not place or place in pages[target].ids)
            dead += [] if there or link.startswith(("https://", "http://")) else [(file, link)]
    return dead


def test_no_link_is_dead(pages, notebooks):
    assert dead_links(pages, notebooks) == []


@pytest.mark.parametrize("link", ["nowhere.html", "#nowhere", "index.html#nowhere"])
def test_a_dead_link_is_noticed(pages, notebooks, link):
    broken = pages | {"broken.html": Page(f'<a href="{link}">x</a>')}
    assert dead_links(broken, notebooks) == [("broken.html", link)]


def test_every_page_is_reached_from_the_index(pages):
    reached, left = set(), ["index.html"]
    while left:
        file = left.pop()
        if file in pages and file not in reached:
            reached.add(file)
            left += [link.partition("#")[0] for link in pages[file].links]
    assert reached == set(pages)


def test_no_id_is_there_twice(pages):
    for file, page in pages.items():
        twice = {each for each in page.ids if page.ids.count(each) > 1}
        assert not twice, f"{file}: {twice}"


def test_nothing_is_loaded_from_elsewhere(pages):
    for file, page in pages.items():
        assert all(source.startswith(("data:image/png;", "steps/")) for source in page.loaded), file
        assert all(picture.get("alt") for picture in page.pictures), file


def test_the_site_has_its_parts(pages):
    wanted = {"start.html", "index.html", "exercises.html", "reference.html", "09_errata.html", "results.html"}
    assert wanted | {"speed.html", "practice.html", "teaching.html", "contributing.html"} <= set(pages)
    assert set(pages["01_what_label_noise_does.html"].links) >= wanted
    assert len(pages["results.html"].pictures) >= 1


def test_no_page_names_a_folder_of_this_machine(notebooks):
    texts = site_pages(notebooks, ROOT).values()
    assert not any(str(ROOT) in text or str(Path.home()) + "/" in text for text in texts)


# --- reference -----------------------------------------------------------------------------------------------


def test_every_public_name_is_in_the_reference(pages):
    found = {name for file, page in pages.items() if file.startswith("reference_") for name in page.ids}
    values = {name: getattr(scratchnoise, name) for name in scratchnoise.__all__}
    wanted = {name for name, value in values.items() if inspect.isclass(value) or inspect.isfunction(value)}
    assert wanted <= found and {"softmax", "Loss", "Classifier", "Classifier.fit", "verify", "Conv2d"} <= found
    assert wanted > {"SoftmaxRegression", "TransitionMatrix"}


def test_a_signature_keeps_the_names_of_the_source():
    assert reference.signature("softmax", kernels.softmax) == "softmax(z: ArrayLike) -> np.ndarray"
    shown = reference.signature("KNeighbors", models.KNeighbors)
    assert shown.startswith("KNeighbors(") and "n_neighbors: int = 5" in shown and "self" not in shown
    assert "\n    mixup: float = 0.0,\n" in reference.signature("NeuralNetwork", models.NeuralNetwork)
    assert "power: float = 0.7" in reference.signature("G", scratchnoise.GeneralizedCrossEntropy)


def test_a_docstring_is_filled_anew():
    full = "a" * 60 + " " + "b" * 50
    shown = reference.described(f"First `x < y`.\n\n{full}\nends here.\nSecond.\n\n    code  x\n\n    more\nlast")
    assert "<p>First <code>x &lt; y</code>.</p>" in shown
    assert f"{full} ends here.<br>\nSecond." in shown
    assert "<pre>code  x\n\nmore</pre>" in shown and shown.endswith("<p>last</p>")


# --- documents -----------------------------------------------------------------------------------------------


def document(tmp_path, text):
    (tmp_path / "README.md").write_text(f"# Title\n\n{text}\n", encoding="utf-8")
    return documents.document_pages(tmp_path, {})


@pytest.mark.parametrize("text", ["[x](nowhere.md)", "![x](nowhere.png)", "[x](scratchnoise/losses.py)"])
def test_what_a_document_names_must_be_on_the_site(tmp_path, text):
    with pytest.raises(NotebookError, match=r"README.md: .*(nowhere|losses)"):
        document(tmp_path, text)


def test_links_of_a_document_lead_to_pages(tmp_path):
    (tmp_path / "TEACHING.md").write_text("# For teachers\n\n## An exercise of your own\n", encoding="utf-8")
    pages = document(tmp_path, "[a](TEACHING.md#an-exercise-of-your-own) [b](https://example.org/c) [c](#title)")
    assert Page(pages["start.html"]).links == [
        *("teaching.html#an-exercise-of-your-own", "https://example.org/c", "#title"),
    ]
    assert "an-exercise-of-your-own" in Page(pages["teaching.html"]).ids
    assert re.search(r"<title>For teachers</title>", pages["teaching.html"])
