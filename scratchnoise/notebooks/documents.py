"""The documents of the repository as pages: their links lead to other pages, their pictures lie inside."""

import base64
import re

from .convert import NotebookError
from .markdown import to_html
from .style import whole_page

# file of the repository -> (page, what the bar calls it, "" for a page that the index names)
DOCUMENTS = {
    "README.md": ("start.html", "Start"),
    "tutorials/results/RESULTS.md": ("results.html", "Results"),
    "tutorials/results/CLAIMS.md": ("claims.html", "Claims"),
    "tutorials/results/CONSTRUCTIONS.md": ("constructions.html", ""),
    "tutorials/results/SPEED.md": ("speed.html", "Speed"),
    "tutorials/results/PRACTICE.md": ("practice.html", "Practice"),
    "tutorials/results/README.md": ("rows.html", ""),
    "TEACHING.md": ("teaching.html", "Teaching"),
    "CONTRIBUTING.md": ("contributing.html", "Contributing"),
    "LONG_RUNS.md": ("long_runs.html", ""),
    "CHANGELOG.md": ("changes.html", ""),
}
FOLDERS = {"tutorials": "index.html", "tutorials/results": "rows.html"}


def found_in(root):
    """The documents that are there: {file: (page, text of the bar)}."""
    return {file: entry for file, entry in DOCUMENTS.items() if (root / file).is_file()}


def document_pages(root, bar):
    """{page: HTML} of the documents in a clone.

    root: Path of the clone.  bar: {target: text} of the site's main pages.
    Raises NotebookError for a link or a picture that leads nowhere.
    """
    pages, found = {}, found_in(root)
    for file, (name, _) in found.items():
        text = (root / file).read_text(encoding="utf-8")
        title = re.search(r"^# (.+)$", text, re.MULTILINE)[1]
        html = _linked(to_html(file, text), root, file, found)
        pages[name] = whole_page(title, f'<main class="markdown">\n{html}</main>', bar)
    return pages


def _linked(html, root, file, found):
    """The HTML of a document with pictures inside, and with links to pages instead of files."""
    html = re.sub(r'(?<=<img src=")[^"]+', lambda match: _picture(root, file, match[0]), html)
    return re.sub(r'(?<=<a href=")[^"]+', lambda match: _target(root, file, match[0], found), html)


def _picture(root, file, source):
    """The picture as a data URI."""
    path = (root / file).parent / source
    if not path.is_file():
        raise NotebookError(f"{file}: there is no picture {source}")
    return f"data:image/{path.suffix[1:]};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _target(root, file, target, found):
    """Where a link of a document leads on the site."""
    where, hash_mark, place = target.partition("#")
    if not where or "://" in where:
        return target
    path = ((root / file).parent / where).resolve().relative_to(root.resolve()).as_posix()
    page = found[path][0] if path in found else FOLDERS.get(path)
    if page is None:
        raise NotebookError(f"{file}: the link to {target} leads to no page; name the file in notebooks/documents.py")
    return page + hash_mark + place
