"""Paragraphs, lists and tables of a page in Markdown, and the rows that they are made from."""

import textwrap

from . import evidence


def found(name, folder, described):
    """What is said of the rows of an experiment: list of str."""
    has_rows = (folder / f"{name}.jsonl").exists()
    return described(evidence.rows(name, folder)) if has_rows else [f"Not run: there are no rows of `{name}`."]


def table_and_list(name, folder, table, items):
    """The table of an experiment, and the list below it: two paragraphs, or one that says that it was not run."""
    below = listed(found(name, folder, items))
    return ("\n".join(found(name, folder, table)), below) if (folder / f"{name}.jsonl").exists() else (below,)


def listed(items):
    """A list, an item a line."""
    return "\n".join(f"* {item}" for item in items)


def wrapped(part):
    """Paragraphs and lists at 120 characters a line; tables, headings, pictures and code as they are."""
    if "\n\n" in part:
        return "\n\n".join(map(wrapped, part.split("\n\n")))
    if part.startswith(("|", "#", "<", "!", "```")):
        return part
    options = {"width": 120, "break_long_words": False, "break_on_hyphens": False}
    if part.startswith("* "):
        return "\n".join(textwrap.fill(line, subsequent_indent="  ", **options) for line in part.split("\n"))
    return textwrap.fill(part, **options)
