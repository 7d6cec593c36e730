"""Sending one message through Apprise, which is optional."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from qbitrr import logs

if TYPE_CHECKING:
    from collections.abc import Sequence

_log = logs.get(__name__)


def send_by_apprise(urls: Sequence[str], title: str, text: str) -> bool:
    """Send a message to all addresses; returns whether all were reached. Blocking."""
    try:
        import apprise  # noqa: PLC0415 - optional, large, and only needed when there is something to send
    except ImportError:
        _log.error("notification was not sent", remedy="install qbitrrd[notify]")
        return False
    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it logs addresses, which are secrets
    sender = apprise.Apprise()
    for position, url in enumerate(urls):
        if not sender.add(url):
            _log.error("notification address was rejected by Apprise", position=position)
    return bool(sender.notify(title=title, body=text))
