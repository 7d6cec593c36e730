"""One word for each thing: the documentation keeps to the glossary."""

import re

import pytest

from tests.unit.docs.pages import PAGES, ROOT, name

AVOIDED = re.compile(
    r"\b(?:zygotes?|purses?|pulse|gates?|anew|for ever|nobody|somebody|anybody|a person|persons"
    r"|tells?|told|hears?|heard|listens? to|looks? at|looked at|knocks?|wish(?:es)?|wants?|gives? back|lets? go)\b",
    re.IGNORECASE,
)
GLOSSARY = ROOT / "docs" / "glossary.md"


def prose(page):
    """The text without code, and of the glossary without the list of such words."""
    text = re.sub(r"^ *```.*?^ *```$|`[^`\n]+`", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return text.partition("## Words that are not used")[0] if page == GLOSSARY else text


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_words(page):
    assert not AVOIDED.findall(prose(page))


# the metaphors that the code once had, in names, docstrings, comments and texts
METAPHORS = re.compile(
    r"\b(?:_?zygotes?|_?purses?|_?gists?|_?regimes?|pulse|anew|for ever|nobody|somebody|wish(?:es)?|lets? go"
    r"|gives? back|_?told|hears?|heard)\b",
    re.IGNORECASE,
)
SOURCES = sorted(
    path
    for folder in ("qbitrr", "supervisor", "control", "systemd", "benchmarks")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".js", ".html", ".css", ".service", ".socket"}
)


@pytest.mark.parametrize("source", SOURCES, ids=name)
def test_words_of_the_code(source):
    assert not METAPHORS.findall(source.read_text())
