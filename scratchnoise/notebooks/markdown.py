"""Markdown to HTML: formulas as MathML, headings that can be linked to, wide tables in boxes that scroll."""

import re
from html import escape

from latex2mathml.converter import convert
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from .convert import NotebookError


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


def anchor(heading):
    """The id of a heading, as most sites that show Markdown make it: words in small letters, joined by hyphens."""
    words = re.sub(r"<[^>]*>|&[a-z]+;", "", heading).lower()
    return re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", words).strip())


class _Renderer(IPythonRenderer):
    """With our formulas, headings and tables."""

    def inline_math(self, body):
        return mathml(body)

    def block_math(self, body):
        return mathml(body, "block")

    def heading(self, text, level, **attrs):
        return f'<h{level} id="{escape(anchor(text))}">{text}</h{level}>\n'

    def table(self, text):
        return f'<div class="table"><table>{text}</table></div>\n'


def to_html(name, source):
    """HTML of a Markdown text. Raises NotebookError, with the name of the text, for a formula that cannot be set."""
    try:
        return MarkdownWithMath(renderer=_Renderer(escape=False, exclude_anchor_links=True)).render(source)
    except ValueError as error:
        raise NotebookError(f"{name}: {error}") from error
