"""The HTML pages of the tutorials: formulas as MathML, pictures inside, no script, nothing loaded from elsewhere."""

import os
import re
from html import escape

from latex2mathml.converter import convert
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments.formatters import HtmlFormatter

from ..files import page
from .convert import NotebookError
from .links import EQUATIONS, equations_body, linked, targets_of, with_contents
from .steps import embedded

STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1c; --quiet: #5f6368; --line: #d0d4d9; --paper: #fff; --code: #f5f6f8;
  --link: #00568a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e4e4; --quiet: #a7adb5; --line: #43484f; --paper: #17191c;
  --code: #22252a; --link: #7cc4f5; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.2rem 1rem 4rem; max-width: 62rem; background: var(--paper); color: var(--ink);
  font: 1.03rem/1.6 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.8rem; line-height: 1.2; margin: 1.2rem 0 .8rem; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 2.4rem 0 .6rem; }
h3 { font-size: 1.08rem; margin: 1.8rem 0 .4rem; }
p, li, dd, blockquote { max-width: 46rem; } .markdown > math { max-width: 46rem; }
a { color: var(--link); }
nav { display: flex; flex-wrap: wrap; justify-content: space-between; gap: .3rem 1.5rem; font-size: .92rem; }
nav.end { margin-top: 3rem; padding-top: .8rem; border-top: 1px solid var(--line); }
pre, code { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
code { font-size: .88em; background: var(--code); padding: .1em .25em; border-radius: .2rem; }
pre { font-size: .8rem; line-height: 1.45; margin: 0; overflow-x: auto; }
pre code { font-size: inherit; padding: 0; }
.input, .markdown pre { background: var(--code); border-radius: .3rem; padding: .7rem .9rem; margin: 1rem 0 .5rem; }
.output { margin: .5rem 0 1.2rem; border-left: 3px solid var(--line); padding: .1rem 0 .1rem .9rem; }
.output img { display: block; max-width: 100%; height: auto; background: #fff; border-radius: .3rem; }
.table { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: .93rem; line-height: 1.45; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem 1.1rem .25rem 0; vertical-align: baseline;
  border-bottom: 1px solid var(--line); }
math[display="block"] { margin: 1rem 0; overflow-x: auto; overflow-y: hidden; max-width: 100%; padding: .2rem 0; }
math { font-family: "STIX Two Math", "Cambria Math", "Latin Modern Math", "DejaVu Serif", math; }
mtd[columnalign="right"] { text-align: right; padding-right: 0; } mtd[columnalign="left"] { text-align: left; }
blockquote { margin: 1rem 0; padding-left: 1rem; border-left: 3px solid var(--line); color: var(--quiet); }
details.step { margin: 1rem 0; } summary { cursor: pointer; color: var(--link); }
details.step iframe { width: 100%; height: 34rem; border: 1px solid var(--line); border-radius: .3rem; }
dt { font-weight: 600; margin-top: 1rem; } dd, dd p { margin: 0; } .stderr { color: var(--quiet); }
@media print { body { max-width: none; } .input, .output { break-inside: avoid; } }
"""

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


def tutorial_pages(notebooks, exercises):
    """One page per notebook, each with links to its neighbours and to all that its text names: {name: HTML}.

    notebooks: {name: executed notebook}, in reading order.  exercises: their names, e.g. "01_softmax".
    Raises NotebookError for a formula that cannot be set.
    """
    titles = {name: _title(notebook) for name, notebook in notebooks.items()}
    targets = targets_of(notebooks, exercises)
    names, pages = list(notebooks), {}
    for place, name in enumerate(names):
        around = [names[place - 1] if place else None, names[place + 1] if place + 1 < len(names) else None]
        links = ["" if near is None else _link(f"{near}.html", f"{near[:2]} {titles[near]}") for near in around]
        top = f"<nav>{_link('index.html', 'All tutorials')}{_link(f'{name}.ipynb', 'This page as a notebook')}</nav>"
        end = f'<nav class="end"><span>{links[0]}</span><span>{links[1]}</span></nav>'
        cells = linked(with_contents(_cells(name, notebooks[name])), targets, f"{name}.html")
        pages[name] = _page(titles[name], f"{top}\n{_note_on_sizes()}<main>\n{cells}</main>\n{end}")
    return pages


def equations_page(notebooks, exercises):
    """The page of the report's equations, to look them up: HTML. Arguments as of `tutorial_pages`."""
    texts = {
        name: "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
        for name, notebook in notebooks.items()
    }
    body = linked(equations_body(texts), targets_of(notebooks, exercises))
    top = f"<nav>{_link('index.html', 'All tutorials')}</nav>"
    return _page("The equations of the report", f"{top}\n<main>\n{body}\n</main>")


def index_page(notebooks, exercises):
    """The list of all tutorials, each with its question, and of the exercises: HTML.

    notebooks: {name: notebook}, whose second paragraph is the question.  exercises: {name: notebook}.
    """
    body = [
        "<h1>Learning from wrong labels</h1>",
        "<p>Tutorials that derive the report's methods, run them, and say where its equations are wrong. Every page "
        "was made by running the script of the same name, and its last cell asserts what the page claims.</p>\n<dl>",
    ]
    for name, notebook in notebooks.items():
        question = notebook.cells[0].source.split("\n\n")[1].removeprefix("Question: ")
        question = _markdown(name, question[:1].upper() + question[1:])
        link = _link(f"{name}.html", f"{name[:2]} {_title(notebook)}")
        body.append(f"<dt>{link}</dt><dd>{question}</dd>")
    body.append(f"</dl>\n<p>{_link(EQUATIONS, 'The equations of the report')}, to look one up.</p>")
    if exercises:
        body.append(
            "<h2>Exercises</h2>\n<p>Each is a stub to fill in, checked by <code>scratchnoise check NN</code>: work on "
            "the files that <code>scratchnoise start --all</code> writes, or on these notebooks.</p>\n<ul>"
        )
        body += [f"<li>{_link(f'exercises/{name}.ipynb', name)}</li>" for name in exercises]
        body.append("</ul>")
    return _page("Learning from wrong labels", "\n".join(body))


def mathml(formula, display="inline"):
    """A formula in LaTeX as MathML, which browsers set by themselves.

    formula: the text between the dollars.  display: "inline" or "block".
    Raises ValueError for what the converter does not know: it would otherwise leave the command in the text.
    """
    known = re.sub(r"(begin|end){aligned}", r"\1{align*}", formula)  # the same, but for its name
    try:
        text = convert(known, display=display)
    except Exception as error:  # the converter's errors have no base class of their own
        raise ValueError(f"the formula {formula.strip()!r} cannot be set: {type(error).__name__}") from error
    left = re.search(r"\\[a-zA-Z]+|>&<", text)
    if left:
        raise ValueError(f"the formula {formula.strip()!r} has a part that cannot be set: {left[0].strip('<>')!r}")
    return re.sub(r"(<mi>[a-z]{3,}</mi>)", r'\1<mspace width="0.16em" />', text)  # between log and its argument


class _Renderer(IPythonRenderer):
    """Markdown to HTML, formulas to MathML, wide tables in boxes that scroll."""

    def inline_math(self, body):
        return mathml(body)

    def block_math(self, body):
        return mathml(body, "block")

    def table(self, text):
        return f'<div class="table"><table>{text}</table></div>\n'


def _markdown(name, source):
    try:
        text = MarkdownWithMath(renderer=_Renderer(escape=False, exclude_anchor_links=True)).render(source)
    except ValueError as error:
        raise NotebookError(f"{name}: {error}") from error
    return text + embedded(source)


def _cells(name, notebook):
    """The cells of a notebook as HTML, without the one that prepares the pictures."""
    shown = {**notebook, "cells": [cell for cell in notebook.cells if "setup" not in cell.metadata.get("tags", ())]}
    exporter = HTMLExporter(raw_template=CELLS, filters={"markdown2html": lambda source: _markdown(name, source)})
    html, _ = exporter.from_notebook_node(type(notebook)(shown))
    return html


def _note_on_sizes():
    if not os.environ.get("SCRATCHNOISE_FAST"):
        return ""
    return (
        "<p>Made with SCRATCHNOISE_FAST=1: fewer samples and runs than the text speaks of, so its numbers differ.</p>\n"
    )


def _title(notebook):
    return notebook.cells[0].source.split("\n")[0].removeprefix("# ")


def _link(target, text):
    return f'<a href="{escape(target)}">{escape(text)}</a>'


def _page(title, body):
    return page(title, STYLE + _code_style(), body, frames=True)


def _code_style():
    """Colours of the code, by day and by night."""
    day, night = (HtmlFormatter(style=style).get_style_defs(".highlight") for style in ("default", "github-dark"))
    return f"{_only_text(day)}\n@media (prefers-color-scheme: dark) {{\n{_only_text(night)}\n}}\n"


def _only_text(style):
    """Without the background of the whole block, which the page has already."""
    return "\n".join(line for line in style.split("\n") if line.startswith(".highlight .") and "linenos" not in line)
