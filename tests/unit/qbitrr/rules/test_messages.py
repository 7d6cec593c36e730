import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.config.derived_defaults import SAMPLE_ARRS, arr_defaults
from qbitrr.config.model import Settings
from qbitrr.rules.messages import Answer, MessageRule, decide
from tests.contract.recorded import every_recording

UPGRADE = "Not an upgrade for existing movie file. Existing quality: Bluray-480p. New Quality WEBDL-480p."
UNABLE = "Unable to determine if file is a sample"
FAIL, TAG, ASK, LEAVE = Answer.FAIL, Answer.TAG, Answer.ASK, Answer.LEAVE


@pytest.mark.parametrize(
    ("text", "how", "message", "meant"),
    [
        ("Not an upgrade", "begins", UPGRADE, True),
        ("not an UPGRADE for existing movie file(s)", "begins", UPGRADE, True),
        ("an upgrade", "begins", UPGRADE, False),
        ("an upgrade", "contains", UPGRADE, True),
        ("AN UPGRADE", "contains", UPGRADE, True),
        ("preferred word", "contains", UPGRADE, False),
        (r"existing quality: \w+-480p", "regex", UPGRADE, True),
        ("^Existing", "regex", UPGRADE, False),
        ("Sample", "begins", "Sample", True),
        ("...", "begins", "anything", False),
        ("", "contains", "anything", False),
    ],
)
def test_a_pattern_begins_with_contains_or_matches(text, how, message, meant):
    assert MessageRule(text, how).matches(message) is meant


@pytest.mark.parametrize(
    ("text", "configured", "matches"),
    [
        # the texts of Radarr 6.1, Sonarr 4.0 and Lidarr 2.14, by the texts of before
        (UPGRADE, "Not an upgrade for existing movie file(s)", True),
        (
            "Not an upgrade for existing episode file(s). Existing quality: Bluray-480p. New Quality WEBDL-480p.",
            "Not an upgrade for existing episode file(s)",
            True,
        ),
        (
            "Not an upgrade for existing track file(s). New Quality is MP3-192",
            "Not an upgrade for existing track file(s)",
            True,
        ),
        (UPGRADE, "not an upgrade for existing movie file.", True),
        (UPGRADE, "Not an upgrade", True),
        (UPGRADE, UPGRADE, True),
        ("Sample", "Sample.", True),
        ("Sample", "Sample file", False),
        (UPGRADE, "upgrade for existing movie file", False),
        (UPGRADE, "Not an upgrade for existing track file(s)", False),
        (UPGRADE, "", False),
        (UPGRADE, " . ", False),
    ],
)
def test_a_configured_message_is_the_beginning_of_a_text(text, configured, matches):
    found = decide([text], [MessageRule("something else"), MessageRule(configured)])
    assert found.matched == ({text: configured} if matches else {})


@pytest.mark.parametrize(
    "message",
    [
        UNABLE,
        "Failed to get runtime from the file, make sure ffprobe is available",
        "Cannot access /downloads/x.mkv, it is locked",
        "The process cannot access the file because it is being used by another process",
        "Access to the path '/tv' is denied",
    ],
)
def test_what_the_arr_could_not_find_out_counts_only_for_a_pattern_that_says_so(message):
    assert not MessageRule("a", "contains").matches(message)
    assert not MessageRule(".*", "regex").matches(message)
    assert MessageRule(message, "begins").matches(message)


@pytest.mark.parametrize(
    ("messages", "answer", "delay"),
    [
        ((), LEAVE, 0),
        (("odd",), LEAVE, 0),
        (("one",), FAIL, 60),
        (("two",), TAG, 600),
        (("one", "two"), TAG, 600),
        (("one", "odd"), LEAVE, 60),
        (("one but three",), ASK, 0),
        (("three", "two"), ASK, 600),
        (("three", "odd"), LEAVE, 0),
    ],
)
def test_the_first_rule_that_matches_decides_and_the_mildest_answer_counts(messages, answer, delay):
    rules = (
        MessageRule("three", "contains", ASK),
        MessageRule("one", delay_seconds=60),
        MessageRule("two", answer=TAG, delay_seconds=600),
        MessageRule("one", answer=TAG),
    )
    found = decide(messages, rules)
    assert (found.answer, found.delay_seconds) == (answer, delay)
    assert found.matched.keys() == set(messages) - {"odd"}


RULES = st.builds(
    MessageRule,
    text=st.text("ab.", max_size=3),
    how=st.sampled_from(["begins", "contains"]),
    answer=st.sampled_from(list(Answer)),
    delay_seconds=st.integers(0, 9),
)


@given(st.lists(st.text("abc", max_size=4), max_size=3), st.lists(RULES, max_size=4), st.text("xyz", min_size=1))
def test_one_message_more_never_makes_the_answer_harder(messages, rules, more):
    assert decide([*messages, more], rules).answer <= decide(messages or [more], rules).answer
    if decide(messages, rules).answer is FAIL:
        assert set(messages) <= decide(messages, rules).matched.keys()


@pytest.mark.parametrize("how", ["regex", "contains"])
def test_only_the_beginning_of_a_long_message_is_matched_so_that_no_pattern_takes_long(how):
    assert MessageRule("abX", how).matches("ab" * 100 + "X")
    assert not MessageRule("abX", how).matches("ab" * 10**6 + "X")


def messages_in(value):
    """All texts about files in an answer of the queue."""
    if isinstance(value, list):
        for entry in value:
            yield from messages_in(entry)
    elif isinstance(value, dict):
        yield from (text for text in value.get("messages", ()) if isinstance(text, str))
        for entry in value.values():
            yield from messages_in(entry)


@pytest.mark.parametrize(("section", "kind"), SAMPLE_ARRS.items())
def test_of_the_real_messages_of_the_arrs_only_those_fail_by_default_that_are_about_the_release(section, kind):
    defaults = arr_defaults(section, kind, Settings())["ArrErrorCodesToBlocklist"]
    rules = [MessageRule(text) for text in defaults]
    real = {text for one in every_recording() if one.name.startswith("queue") for text in messages_in(one.body)}
    assert len(real) > 8
    assert {text for text in real if decide([text], rules).answer is not LEAVE} == {
        "Not an upgrade for existing movie file. Existing quality: Bluray-480p. New Quality WEBDL-480p.",
        "Not an upgrade for existing track file(s). New Quality is MP3-192",
        "Caution: Found executable file with extension: '.exe'",
    }
