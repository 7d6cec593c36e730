"""Verdicts on torrents in ordinary states, and what to expect of them."""

from msgspec.structs import replace

from qbitrr.rules import torrents
from qbitrr.rules.history import History, ImportFacts
from qbitrr.rules.verdict import Action
from tests import factories
from tests.factories import NOW

DOWNLOADING = factories.torrent()
COMPLETE = factories.completed()
HOPELESS = factories.stalled()
CONTEXT = factories.context()
POLICY = factories.policy()


def verdict(torrent=DOWNLOADING, context=CONTEXT, policy=POLICY, **changes):
    return torrents.judge(replace(torrent, **changes), context, policy, NOW)


def listed(**changes):
    """The context of a download with these facts in the Arr's queue."""
    return factories.context(queue=factories.queue(**changes))


def with_history(**changes):
    return factories.context(history=History(**changes))


def with_imports(**changes):
    return with_history(imports=ImportFacts(**changes))


def decision(found):
    """What is to be done, by which rule."""
    return found.action, found.last.rule


def left_alone_by(rule):
    return Action.NOTHING, rule


def fails_by(rule):
    return Action.FAIL, rule
