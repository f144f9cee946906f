"""Pages and cards are filled in from template files; text from people stays text, in HTML and in Markdown.

In HTML jinja2 itself escapes every value. Markdown has no such help: here every value loses its meaning as Markdown
and as HTML, stays on its line, and does not leave its table cell, unless it is `Markdown` already.
"""

import re
from functools import cache
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from spectrogram import json_text

SPECIAL = re.compile(r"([\\`*_{}\[\]|~$#])")
# The first letters of a line that make it a list, a rule or a heading.
LEADING = re.compile(r"^(\d*)([-+=.)])(?=[-+=\s]|$)")


class Markdown(str):
    """Text that is Markdown and stays as it is."""

    __slots__ = ()


def fill_html(path, **values) -> Markup:
    """The HTML template at `path` with its values, each escaped unless it is Markup; itself such a value."""
    return Markup(_template(Path(path), True).render(**values).strip())


def fill_markdown(path, **values) -> str:
    """The Markdown template at `path` with its values, each as `plain` writes it unless it is Markdown.

    In a template `value | code` is inline code, `value | python` a Python literal, `value | link` an address.
    """
    return _template(Path(path), False).render(**values)


def plain(value) -> str:
    """A value as text that Markdown shows letter by letter, on one line."""
    if isinstance(value, Markdown):
        return value
    text = " ".join(str(value).split())
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return Markdown(LEADING.sub(r"\1\\\2", SPECIAL.sub(r"\\\1", text)))


def code(value) -> Markdown:
    """A value as inline code; backticks become apostrophes, and a bar does not end a table's cell."""
    text = " ".join(str(value).replace("`", "'").split()).replace("|", r"\|")
    return Markdown(f"`{text or ' '}`")


def python(value) -> Markdown:
    """A value as a literal of Python on one line, whatever it holds."""
    return Markdown(json_text.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value))


def link(value) -> Markdown:
    """A relative address for the brackets of a link."""
    return Markdown(quote(str(value)))


@cache
def _template(path: Path, is_html: bool):
    environment = Environment(
        loader=FileSystemLoader(path.parent),
        autoescape=is_html,
        finalize=None if is_html else plain,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"code": code, "python": python, "link": link}
    return environment.get_template(path.name)


__all__ = ["Markdown", "Markup", "code", "fill_html", "fill_markdown", "link", "plain", "python"]
