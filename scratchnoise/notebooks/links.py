"""Where a page names a tutorial, an exercise or an equation of the report, it links there."""

import re
from html import escape

from ..formulas import FORMULAS

EQUATIONS = "equations.html"
KEPT = re.compile(r"(<(?:a|code|pre|math|h\d)\b.*?</(?:a|code|pre|math|h\d)>|<[^>]+>)", re.S)
NAMED = re.compile(r"\b([Tt]utorial|[Ee]xercise)s?\s+(\d\d)\b")
NUMBERED = re.compile(r"\((\d{1,2})\)")


def targets_of(tutorials, exercises):
    """{(kind, number): address} of every page, from the names of tutorials and exercises, e.g. "02_cross_entropy"."""
    found = {("tutorial", name[:2]): f"{name}.html" for name in tutorials}
    return found | {("exercise", name[:2]): f"exercises/{name}.ipynb" for name in exercises}


def linked(html, targets, here=""):
    """HTML with links in its text, but not in code, formulas, headings and links. here: the page, which needs none."""
    parts = KEPT.split(html)
    parts[::2] = [_linked_text(text, targets, here) for text in parts[::2]]
    return "".join(parts)


def _linked_text(text, targets, here):
    def page(match):
        target = targets.get((match[1].lower(), match[2]))
        return match[0] if target in (None, here) else f'<a href="{escape(target)}">{match[0]}</a>'

    def equation(match):
        known = int(match[1]) in FORMULAS
        return f'<a href="{EQUATIONS}#eq-{match[1]}">{match[0]}</a>' if known else match[0]

    return NUMBERED.sub(equation, NAMED.sub(page, text))


def with_contents(html):
    """HTML whose headings can be linked to, and before it a list of them where there are several."""
    titles = []

    def heading(match):
        titles.append(match[1])
        return f'<h2 id="part-{len(titles)}">{match[1]}</h2>'

    body = re.sub(r"<h2(?: [^>]*)?>(.*?)</h2>", heading, html, flags=re.S)
    items = [f'<li><a href="#part-{number}">{title}</a></li>' for number, title in enumerate(titles, 1)]
    if len(items) < 3:
        return body
    return f'<details class="contents"><summary>On this page</summary><ol>{"".join(items)}</ol></details>\n{body}'


def equations_body(texts):
    """The equations of the report as HTML, each with the tutorials that name it. texts: {name: Markdown}."""
    body = [
        "<h1>The equations of the report</h1>",
        "<p>In our letters and words: N samples, C classes; x is an image, T[i, j] = P(noisy = i | true = j), p the "
        "posterior of the true label and q of the noisy one. <code>scratchnoise equations 17</code> prints one of them "
        "and names the functions that compute it.</p>\n<dl>",
    ]
    for number, (title, lines, holds) in FORMULAS.items():
        named = [name[:2] for name, text in texts.items() if re.search(rf"\({number}\)", text)]
        where = f"<p>Tutorial {', tutorial '.join(named)}.</p>" if named else ""
        instead = f"<p>What holds:</p><pre>{escape(holds)}</pre>" if holds else ""
        body.append(
            f'<dt id="eq-{number}">({number}) {escape(title)}</dt><dd><pre>{escape(lines)}</pre>{instead}{where}</dd>'
        )
    return "\n".join([*body, "</dl>"])
