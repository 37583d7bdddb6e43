"""The exercises as pages: the stub, and what to do with it."""

from html import escape

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from ..course.exercises import OURS
from ..course.path import TAUGHT_BY
from .style import link, whole_page


def page_of(exercise):
    """Name of the page of an exercise."""
    return f"exercise_{exercise.number}_{exercise.name}.html"


def exercise_pages(tutorials, bar):
    """{page: HTML} of all exercises of the package, and exercises.html, which lists them.

    tutorials: names of the pages of tutorials that there are.  bar: {target: text} of the site's main pages.
    """
    pages = {page_of(exercise): _page(exercise, tutorials, bar) for exercise in OURS}
    rows = [f"<dt>{link(page_of(e), f'{e.number} {e.name}')}</dt><dd>{escape(e.title)}</dd>" for e in OURS]
    body = [
        "<h1>Exercises</h1>",
        "<p>Each is a file to fill in. <code>scratchnoise start --all</code> writes them, "
        "<code>scratchnoise check 01</code> says what is wrong on the smallest input, and "
        "<code>scratchnoise hint 01</code> helps.</p>",
        f"<dl>{''.join(rows)}</dl>",
    ]
    return pages | {"exercises.html": whole_page("Exercises", "<main>" + "\n".join(body) + "</main>", bar)}


def _page(exercise, tutorials, bar):
    number, taught = exercise.number, TAUGHT_BY.get(exercise.number)
    notebook = link(f"exercises/{exercise.filename[:-3]}.ipynb", "as a notebook")
    sentence = f"<p>Write it with <code>scratchnoise start {number}</code>, or {notebook}."
    if taught in tutorials:
        sentence += f" Tutorial {link(f'{taught}.html', taught[:2])} teaches it."
    code = highlight(exercise.stub, PythonLexer(), HtmlFormatter())
    title = f"{number} {exercise.name.replace('_', ' ')}: {exercise.title}"
    body = f'<h1>{escape(title)}</h1>\n{sentence}</p>\n<div class="input">{code}</div>'
    return whole_page(title, f"<main>\n{body}\n</main>", bar)
