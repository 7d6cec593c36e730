"""The screenshots of the documentation: each can be renewed and is shown, and every width and scheme is among them."""

from __future__ import annotations

import re
from itertools import product

from tests.browser.opening import VIEWS
from tests.support.screenshots import FOLDER, OF_THE_PAST, SCREENSHOTS
from tests.unit.docs.pages import PAGES

# They hold one field, or need a package index.
_NOT_SHOWN = {"login", "about"}
ALL = (*SCREENSHOTS, *OF_THE_PAST)


def test_each_is_made_and_shown():
    shown = {path for page in PAGES for path in re.findall(r"images/([\w-]+)\.png", page.read_text())}
    assert {path.stem for path in FOLDER.iterdir()} == {one.name for one in ALL} == shown


def test_every_view_width_and_scheme_is_among_them():
    assert {re.split("[/?]", one.view)[0] for one in ALL} == set(VIEWS) - _NOT_SHOWN
    assert {(one.width, one.scheme) for one in ALL} == set(product((360, 800, 1400), ("light", "dark")))
