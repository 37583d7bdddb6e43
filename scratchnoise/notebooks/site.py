"""The site: which pages there are, the bar that every page has, and the index."""

from ..course.exercises import OURS
from .documents import document_pages, found_in
from .exercises import exercise_pages
from .links import EQUATIONS
from .pages import equations_page, question_of, title_of, tutorial_pages
from .reference import reference_pages
from .style import link, whole_page

ERRATA = "09_errata"


def site_pages(notebooks, root):
    """{file: HTML} of the whole site.

    notebooks: {name: executed notebook} of the tutorials, in reading order.  root: Path of the folder that holds the
    documents, such as README.md; those that are not there are left out.
    Raises NotebookError for a formula that cannot be set and for a link that leads nowhere.
    """
    bar = _bar(notebooks, root)
    exercises = [exercise.filename[:-3] for exercise in OURS]
    pages = {f"{name}.html": page for name, page in tutorial_pages(notebooks, exercises, bar).items()}
    pages[EQUATIONS] = equations_page(notebooks, exercises, bar)
    pages |= document_pages(root, bar) | exercise_pages(notebooks, bar) | reference_pages(bar)
    return pages | {"index.html": _index(notebooks, root, bar)}


def _bar(notebooks, root):
    """{target: text} of the main pages."""
    named = {page: text for page, text in found_in(root).values() if text}
    start = {"start.html": named.pop("start.html")} if "start.html" in named else {}
    bar = {
        "index.html": "Tutorials",
        "exercises.html": "Exercises",
        "reference.html": "Reference",
        EQUATIONS: "Equations",
    }
    errata = {f"{ERRATA}.html": "Errata"} if ERRATA in notebooks else {}
    return start | bar | errata | named


def _index(notebooks, root, bar):
    """The list of all tutorials, each with its question, and what else there is."""
    body = [
        "<h1>Learning from wrong labels</h1>",
        "<p>Tutorials that derive the report's methods, run them, and say where its equations are wrong. Every page "
        "was made by running the script of the same name, and its last cell asserts what the page claims.</p>\n<dl>",
    ]
    for name, notebook in notebooks.items():
        target = link(f"{name}.html", f"{name[:2]} {title_of(notebook)}")
        body.append(f"<dt>{target}</dt><dd>{question_of(name, notebook)}</dd>")
    body.append("</dl>")
    quiet = {page: root / file for file, (page, text) in found_in(root).items() if not text}
    if quiet:
        body.append("<h2>Also</h2>\n<ul>")
        body += [f"<li>{link(page, _title(path))}</li>" for page, path in quiet.items()]
        body.append("</ul>")
    return whole_page("Learning from wrong labels", "\n".join(body), bar)


def _title(path):
    """The first heading of a document."""
    return next(line[2:] for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("# "))
