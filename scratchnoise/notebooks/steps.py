"""Where a tutorial says `scratchnoise step NAME`, its page shows the page that the command writes."""

import re
from html import escape

from .convert import NotebookError

COMMAND = re.compile(r"`scratchnoise step (\w+)`")
FOLDER = "steps"


def embedded(source):
    """Frames, as HTML, with the pages of the commands in a Markdown text; the text itself stays."""
    names = dict.fromkeys(COMMAND.findall(source))
    return "".join(
        f'<details class="step"><summary>Step through {escape(name)} here</summary>'
        f'<iframe src="{FOLDER}/{escape(name)}.html" title="{escape(name)}, line by line" loading="lazy"></iframe>'
        f'<p><a href="{FOLDER}/{escape(name)}.html">The same on a page of its own</a></p></details>\n'
        for name in names
    )


def step_pages(notebooks):
    """{"steps/NAME.html": page} of every command in the texts of the notebooks, {name: notebook}.

    Raises NotebookError, with the tutorial, for a name that cannot be stepped through.
    """
    from ..stepping.page import html
    from ..stepping.subjects import find

    pages = {}
    for tutorial, notebook in notebooks.items():
        texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
        for name in dict.fromkeys(COMMAND.findall("\n".join(texts))):
            try:
                subject = find(name)
            except ValueError as error:
                raise NotebookError(f"{tutorial}: {error}") from error
            pages[f"{FOLDER}/{name}.html"] = html(subject, {run.label: run.record() for run in subject.runs})
    return pages
