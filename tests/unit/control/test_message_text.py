"""The two forms of a message."""

import pytest

from control.message_text import Body, Link, Strong, body_of

LINK = Link("Undo", 'https://nas/ui#a&b"c')


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        ([], Body("", "")),
        ([("a < b",), (Strong("c&d"), " e")], Body("a < b\nc&d e", "a &lt; b<br>\n<b>c&amp;d</b> e")),
        ([("x ", LINK)], Body('x Undo: https://nas/ui#a&b"c', 'x <a href="https://nas/ui#a&amp;b&quot;c">Undo</a>')),
        ([("one\ntwo\r\nthree", Strong("\u2028"))], Body("one two three", "one two three<b> </b>")),
    ],
)
def test_both_forms_have_the_same_lines_and_only_our_markup(lines, body):
    assert body_of(lines) == body
