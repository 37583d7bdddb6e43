"""Files for people: written in one step, and as pages that need nothing but themselves."""

import base64
import hashlib
import os
from html import escape
from pathlib import Path

# The policy makes browsers refuse whatever is not in the file.
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'{allowed}">
<meta name="generator" content="{generator}">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


def page(title, style, body, script="", generator="scratchnoise", frames=False):
    """An HTML page of its own. title: plain text; style: CSS; body: HTML; script: the only JavaScript that may run.

    generator: who wrote it, as the page says itself.  frames: whether it may show pages that lie beside it.
    """
    allowed = "; frame-src 'self'" if frames else ""
    if script:
        code = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        allowed, body = f"{allowed}; script-src 'sha256-{code}'", f"{body}<script>{script}</script>"
    return PAGE.format(title=escape(title), style=style, body=body, allowed=allowed, generator=escape(generator))


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
