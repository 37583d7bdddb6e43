"""How every page looks: one style by day and by night, a bar with the way through the site, nothing loaded."""

import re
from collections import Counter
from html import escape

from pygments.formatters import HtmlFormatter

from ..files import page

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
nav.site { border-bottom: 1px solid var(--line); padding-bottom: .6rem; margin-bottom: .8rem; justify-content: start; }
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
.markdown img { max-width: 100%; height: auto; background: #fff; border-radius: .3rem; }
.entry { margin: 1.6rem 0; padding-top: .4rem; border-top: 1px solid var(--line); }
.entry .entry { margin: 1rem 0 0 1rem; border-top: none; }
.signature { white-space: pre-wrap; } .where { color: var(--quiet); font-size: .85rem; }
dt { font-weight: 600; margin-top: 1rem; } dd, dd p { margin: 0; } .stderr { color: var(--quiet); }
@media print { body { max-width: none; } .input, .output { break-inside: avoid; } }
"""


def link(target, text):
    """A link whose text is plain."""
    return f'<a href="{escape(target)}">{escape(text)}</a>'


def whole_page(title, body, bar):
    """The HTML of a page. bar: {target: text} of the site's main pages."""
    links = "".join(link(target, text) for target, text in bar.items())
    return page(title, STYLE + _code_style(), f'<nav class="site">{links}</nav>\n{_each_once(body)}', frames=True)


def _each_once(body):
    """The same HTML with no id twice: the second heading of a name gets name-2, as most sites do."""
    seen = Counter()

    def numbered(match):
        seen[match[1]] += 1
        return match[0] if seen[match[1]] == 1 else f' id="{match[1]}-{seen[match[1]]}"'

    return re.sub(r'(?<=<h[1-6]) id="([^"]*)"', numbered, body)


def _code_style():
    """Colours of the code, by day and by night."""
    day, night = (HtmlFormatter(style=style).get_style_defs(".highlight") for style in ("default", "github-dark"))
    return f"{_only_text(day)}\n@media (prefers-color-scheme: dark) {{\n{_only_text(night)}\n}}\n"


def _only_text(style):
    """Without the background of the whole block, which the page has already."""
    return "\n".join(line for line in style.split("\n") if line.startswith(".highlight .") and "linenos" not in line)
