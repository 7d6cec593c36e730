"""Messages of the Arr about files that it refuses: which configured pattern one matches, and what that asks for."""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

How = Literal["begins", "contains", "regex"]

_LONGEST = 300
"""Characters of a message that are matched: the time for a pattern grows faster than the text."""
_IGNORANCE = (
    "unable to determine",
    "failed to get runtime",
    "cannot access",
    "could not access",
    "access to the path",
    "being used by another process",
)


class Answer(IntEnum):
    """What comes of a message, the mildest first."""

    LEAVE = 0
    """No pattern matches: it is shown to the user, and waits in the Arr."""
    ASK = 1
    """It fails once the user answers so."""
    TAG = 2
    FAIL = 3


class MessageRule(Struct, frozen=True):
    """A configured pattern. The Arr has to refuse a download for `delay_seconds` before it counts."""

    text: str
    how: How = "begins"
    answer: Answer = Answer.FAIL
    delay_seconds: int = 0

    def matches(self, message: str) -> bool:
        """Whether a message is meant. A plural in brackets, case and the punctuation at the end do not matter.

        A message that says what the Arr could not find out is meant only by a pattern that says so too.
        """
        message = message[:_LONGEST]
        if any(phrase in message.casefold() and phrase not in self.text.casefold() for phrase in _IGNORANCE):
            return False
        if self.how == "regex":
            return _compiled(self.text).search(message) is not None
        text, normal = _normalized(self.text), _normalized(message)
        return bool(text) and (normal.startswith(text) if self.how == "begins" else text in normal)


class Judgement(Struct, frozen=True):
    """What comes of some messages together: the mildest answer and the longest delay.

    `matched` names the pattern that decided, by message.
    """

    answer: Answer
    delay_seconds: int
    matched: dict[str, str]


def decide(messages: Iterable[str], rules: Iterable[MessageRule]) -> Judgement:
    """Decide what comes of messages: for each the first rule that matches, and nothing without one."""
    rules = tuple(rules)
    answers: list[Answer] = []
    delay, matched = 0, {}
    for message in messages:
        rule = next((rule for rule in rules if rule.matches(message)), None)
        answers.append(Answer.LEAVE if rule is None else rule.answer)
        if rule is not None:
            matched[message] = rule.text
            delay = max(delay, rule.delay_seconds)
    return Judgement(min(answers, default=Answer.LEAVE), delay, matched)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


@lru_cache(maxsize=1024)
def _normalized(text: str) -> str:
    return re.sub(r"\(e?s\)", "", text).strip().rstrip(".:!;, ").casefold()
