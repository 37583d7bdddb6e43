"""The API reference: every public name with its signature and its docstring, read from the package itself."""

import ast
import inspect
import re
import textwrap
from html import escape
from importlib import import_module
from pathlib import Path

import scratchnoise

from .style import link, whole_page

MORE = ("backend", "course", "network.layers")  # besides the modules whose names the package itself gives


def modules():
    """{name below the package: module}, in alphabetical order; those that give no names have no page."""
    names = {*scratchnoise._HOME.values(), *scratchnoise._MODULES, *MORE}
    found = {name: import_module(f"scratchnoise.{name}") for name in sorted(names)}
    return {name: module for name, module in found.items() if members(module)}


def members(module):
    """{name: function or class} of a module: what `__all__` names, else what it defines, and their base classes."""
    listed = getattr(module, "__all__", None)
    found = {name: getattr(module, name) for name in listed or vars(module) if not name.startswith("_")}
    found = {name: value for name, value in found.items() if _is_ours(value) and (listed or _of(module, value))}
    for cls in list(found.values()):
        found |= {base.__name__: base for base in bases_of(cls)}
    return found


def bases_of(cls):
    """The public base classes of a class in this package; none of a function."""
    return [base for base in getattr(cls, "__mro__", ())[1:] if _is_ours(base) and not base.__name__.startswith("_")]


def _is_ours(value):
    return (inspect.isclass(value) or inspect.isfunction(value)) and value.__module__.startswith("scratchnoise")


def _of(module, value):
    """Whether a module without `__all__` is the home of a value; a layer lies beside the others."""
    return value.__module__ == module.__name__ or module.__name__.endswith("layers") and hasattr(value, "backward")


def reference_pages(bar):
    """{page: HTML}: one page a module, and reference.html, which lists all names. bar: as for all pages."""
    pages, listed = {}, ["<h1>Reference</h1>", "<p>Read from the docstrings of the package.</p>"]
    for name, module in modules().items():
        page, found = f"reference_{name.replace('.', '_')}.html", members(module)
        entries = [_entry(each, value) for each, value in sorted(found.items(), key=lambda item: item[0].lower())]
        title = f"scratchnoise.{name}"
        body = f"<h1>{title}</h1>\n{described(inspect.getdoc(module) or '')}\n" + "\n".join(entries)
        pages[page] = whole_page(title, f"<main>\n{body}\n</main>", bar)
        names = ", ".join(link(f"{page}#{each}", each) for each in sorted(found, key=str.lower))
        listed.append(f"<h2>{link(page, title)}</h2>\n<p>{names}</p>")
    pages["reference.html"] = whole_page("Reference", "<main>\n" + "\n".join(listed) + "\n</main>", bar)
    return pages


def _entry(name, value, inside=""):
    """A function, a class with its own methods, or a property."""
    level, full = (3, f"{inside}.{name}") if inside else (2, name)
    function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
    parts = [f"<h{level}>{escape(name)}</h{level}>"]
    if not isinstance(value, property):
        parts.append(f'<div class="input"><pre class="signature">{escape(signature(name, function))}</pre></div>')
    parts.append(described(inspect.getdoc(function) or ""))
    if inspect.isclass(value):
        own = {n: v for n, v in vars(value).items() if not n.startswith("_") and _is_method(v)}
        parts += [_entry(n, v, name) for n, v in own.items()]
        bases = ", ".join(link(f"#{base.__name__}", base.__name__) for base in bases_of(value))
        parts += [f"<p>More methods: {bases}.</p>"] if bases else []
    return f'<section class="entry" id="{escape(full)}">' + "\n".join(parts) + "</section>"


def _is_method(value):
    return inspect.isfunction(value) or isinstance(value, property | classmethod | staticmethod)


def signature(name, value):
    """name(arguments) as the source has it: aliases such as ArrayLike keep their names."""
    if inspect.isclass(value) and issubclass(value, Exception):
        return f"class {name}({', '.join(base.__name__ for base in value.__bases__)})"
    function = value.__init__ if inspect.isclass(value) else inspect.unwrap(value)
    try:
        node = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    except (OSError, TypeError):  # written by a dataclass
        return f"{name}{_plain(inspect.signature(value))}"
    node.args.args = [argument for argument in node.args.args if argument.arg not in ("self", "cls")]
    returns = f" -> {ast.unparse(node.returns)}" if node.returns and not inspect.isclass(value) else ""
    arguments = re.sub(r"(: (?:[^=,\[]|\[[^\]]*\])+)=", r"\1 = ", ast.unparse(node.args))  # as a formatter spaces them
    text = f"{name}({arguments}){returns}"
    return text if len(text) < 110 else _one_a_line(name, arguments, returns)


def _plain(found):
    """The text of a Signature; folders of this machine stay out of it."""
    parameters = found.parameters.values()
    hidden = [each.replace(default=...) if isinstance(each.default, Path) else each for each in parameters]
    found = found.replace(parameters=hidden)
    return re.sub(r" -> None$|\bscratchnoise\.(?:\w+\.)*|\bnumpy\.|\bcollections\.abc\.", "", str(found))


def _one_a_line(name, arguments, returns):
    """A long signature, an argument a line."""
    parts = re.split(r", (?=[*\w]+(?:: |=|,|$))", arguments)
    return f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){returns}"


def described(docstring):
    """A docstring as HTML: paragraphs are filled anew, indented lines stay as they are, `code` is code."""
    blocks, kind = [], None
    for line in docstring.splitlines():
        now = "code" if line.startswith("    ") else "text" if line.strip() else None
        if now is None and kind == "code":
            blocks[-1][1].append("")
        elif now and now == kind:
            blocks[-1][1].append(line)
        elif now:
            blocks.append((now, [line]))
        kind = kind if now is None and kind == "code" else now
    return "\n".join(_block(kind, lines) for kind, lines in blocks)


def _block(kind, lines):
    if kind == "code":
        return f'<div class="input"><pre>{escape(textwrap.dedent(chr(10).join(lines)).rstrip())}</pre></div>'
    text = lines[0]
    for before, line in zip(lines, lines[1:], strict=False):  # a line that is full goes on in the next one
        text += (" " if len(before) > 95 else "\n") + line
    html = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))
    return "<p>" + html.replace("\n", "<br>\n") + "</p>"
