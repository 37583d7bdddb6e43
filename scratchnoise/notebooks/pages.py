"""The HTML pages of the tutorials: what their notebooks show, with pictures inside and no script."""

import os

from nbconvert import HTMLExporter

from .links import equations_body, linked, targets_of, with_contents
from .markdown import to_html
from .steps import embedded
from .style import link, whole_page

# What a page shows of a notebook: text, code, and what the code printed or drew.
CELLS = """
{%- extends 'base/display_priority.j2' -%}
{% block markdowncell %}<div class="markdown">{{ cell.source | markdown2html }}</div>
{% endblock %}
{% block input %}<div class="input">{{ cell.source | highlight_code(metadata=cell.metadata) }}</div>
{% endblock %}
{% block output_group %}<div class="output">{{ super() }}</div>
{% endblock %}
{% block execute_result scoped %}{% block data_priority scoped %}{{ super() }}{% endblock %}{% endblock %}
{% block stream_stdout %}<pre>{{ output.text | ansi2html }}</pre>{% endblock %}
{% block stream_stderr %}<pre class="stderr">{{ output.text | ansi2html }}</pre>{% endblock %}
{% block data_png %}<img src="data:image/png;base64,{{ output.data['image/png'] | replace('\\n', '') }}"
{%- if 'width' in output.metadata.get('image/png', {}) %} width="{{ output.metadata['image/png']['width'] }}"{% endif %}
 alt="The picture that this code draws">{% endblock %}
{% block data_html %}<div class="table">{{ output.data['text/html'] }}</div>{% endblock %}
{% block data_text %}<pre>{{ output.data['text/plain'] | ansi2html }}</pre>{% endblock %}
"""


def tutorial_pages(notebooks, exercises, bar):
    """One page per notebook, each with links to its neighbours and to all that its text names: {name: HTML}.

    notebooks: {name: executed notebook}, in reading order.  exercises: their names, e.g. "01_softmax".
    bar: {target: text} of the site's main pages.
    Raises NotebookError for a formula that cannot be set.
    """
    titles = {name: title_of(notebook) for name, notebook in notebooks.items()}
    targets = targets_of(notebooks, exercises)
    names, pages = list(notebooks), {}
    for place, name in enumerate(names):
        around = [names[place - 1] if place else None, names[place + 1] if place + 1 < len(names) else None]
        links = ["" if near is None else link(f"{near}.html", f"{near[:2]} {titles[near]}") for near in around]
        top = f"<nav><span></span>{link(f'{name}.ipynb', 'This page as a notebook')}</nav>"
        end = f'<nav class="end"><span>{links[0]}</span><span>{links[1]}</span></nav>'
        cells = linked(with_contents(_cells(name, notebooks[name])), targets, f"{name}.html")
        body = f"{top}\n{_note_on_sizes()}<main>\n{cells}</main>\n{end}"
        pages[name] = whole_page(titles[name], body, bar)
    return pages


def equations_page(notebooks, exercises, bar):
    """The page of the report's equations, to look them up: HTML. Arguments as of `tutorial_pages`."""
    texts = {
        name: "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
        for name, notebook in notebooks.items()
    }
    body = linked(equations_body(texts), targets_of(notebooks, exercises))
    return whole_page("The equations of the report", f"<main>\n{body}\n</main>", bar)


def title_of(notebook):
    """The first heading of a notebook."""
    return notebook.cells[0].source.split("\n")[0].removeprefix("# ")


def question_of(name, notebook):
    """The question that a tutorial asks, its second paragraph, as HTML."""
    question = notebook.cells[0].source.split("\n\n")[1].removeprefix("Question: ")
    return to_html(name, question[:1].upper() + question[1:])


def _cells(name, notebook):
    """The cells of a notebook as HTML, without the one that prepares the pictures."""
    shown = {**notebook, "cells": [cell for cell in notebook.cells if "setup" not in cell.metadata.get("tags", ())]}
    filters = {"markdown2html": lambda source: to_html(name, source) + embedded(source)}
    html, _ = HTMLExporter(raw_template=CELLS, filters=filters).from_notebook_node(type(notebook)(shown))
    return html


def _note_on_sizes():
    if not os.environ.get("SCRATCHNOISE_FAST"):
        return ""
    return (
        "<p>Made with SCRATCHNOISE_FAST=1: fewer samples and runs than the text speaks of, so its numbers differ.</p>\n"
    )
