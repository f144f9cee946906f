"""A value in a template is shown letter by letter, as an independent reader of Markdown and HTML sees it."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from spectrogram.files.templates import fill_html, fill_markdown, plain

READER = MarkdownIt("commonmark").enable("table")


def test_html_is_escaped_and_markdown_is_not_obeyed(tmp_path):
    (tmp_path / "t.html").write_text("<p>{{ text }}</p>")
    (tmp_path / "t.md").write_text("{{ text }}, {{ text | code }}, {{ text | python }}\n")
    assert fill_html(tmp_path / "t.html", text="<b>&") == "<p>&lt;b&gt;&amp;</p>"
    assert fill_markdown(tmp_path / "t.md", text="a*b`") == 'a\\*b\\`, `a*b\'`, "a*b`"\n'


@pytest.mark.parametrize("number", ["0.75", "-3.25", "1e-05", "12"])
def test_numbers_stay_as_they_are(number):
    assert plain(number) == number


@given(st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable() and text.split()))
def test_a_reader_of_markdown_sees_the_letters_of_the_value(text):
    shown = html.unescape(re.sub(r"</?p>", "", READER.render(plain(text)))).strip()
    assert shown == " ".join(text.split())
