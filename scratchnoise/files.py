"""Files for people: written in one step, and as pages that need nothing but themselves."""

import os
from html import escape
from pathlib import Path

# The policy makes browsers refuse whatever is not in the file.
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


def page(title, style, body):
    """An HTML page of its own. title: plain text; style: CSS; body: HTML."""
    return PAGE.format(title=escape(title), style=style, body=body)


def write_whole(path, content):
    """Write a file in one step: readers see the old file or the new one, never half of one.

    path: str or Path; its folder is made if need be.  content: bytes.
    Raises OSError as the file system does; the old file is then untouched.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # In the same folder, because a file can only be renamed in one step within one file system.
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        draft.write_bytes(content)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
