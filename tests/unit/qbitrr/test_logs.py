import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr import logs


@pytest.fixture
def configured(tmp_path):
    """Configures this process as a daemon does, and gives back what was there before."""
    before, level = logging.getLogger().handlers[:], logging.getLogger().level
    logging.getLogger().handlers[:] = []

    def configure(level="INFO", file=logs.MAIN_FILE, hide=lambda text: text):
        logs.configure(level, tmp_path, file, hide)
        return tmp_path

    yield configure
    for handler in logging.getLogger().handlers:
        handler.close()
    logging.getLogger().handlers[:] = before
    logging.getLogger().setLevel(level)
    for package in ("qbitrr", "supervisor", "control"):
        logging.getLogger(package).setLevel(logging.NOTSET)
    logging.captureWarnings(capture=False)


def test_lines_of_the_control_plane_have_a_file_of_their_own(configured, capsys):
    folder = configured()
    logs.get("supervisor.workers").info("worker was started", pid=3)
    logs.get("control.server").info("request was refused")
    assert "worker was started" in (folder / "Main.log").read_text()
    assert "request was refused" not in (folder / "Main.log").read_text()
    assert "request was refused" in (folder / "WebUI.log").read_text()
    assert "pid=3" in capsys.readouterr().err


@pytest.mark.parametrize(("level", "shown"), [("TRACE", 4), ("DEBUG", 4), ("INFO", 3), ("NOTICE", 2), ("ERROR", 1)])
def test_the_level_decides_what_is_written(configured, level, shown):
    folder = configured(level)
    logger = logs.get("supervisor")
    for write in (logger.debug, logger.info, logger.warning, logger.error):
        write("something happened")
    assert (folder / "Main.log").read_text().count("something happened") == shown


@pytest.mark.parametrize(("level", "shown"), [("TRACE", 4), ("DEBUG", 2), ("INFO", 2), ("WARNING", 2), ("ERROR", 1)])
def test_other_libraries_are_shown_from_warnings_on_and_below_only_at_trace(configured, level, shown):
    folder = configured(level)
    logger = logging.getLogger("aiosqlite")
    for number in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        logger.log(number, "executing functools.partial(…)")
    assert (folder / "Main.log").read_text().count("executing") == shown


def test_secrets_are_hidden_in_fields_and_in_tracebacks(configured, capsys):
    folder = configured(hide=lambda text: text.replace("hush", "***"))
    try:
        int("the key is hush")
    except ValueError:
        logs.get("supervisor").exception("call failed", key="hush", keys=["hush"])
    text = (folder / "Main.log").read_text()
    assert "call failed" in text
    assert "'the key is ***'" in text
    assert "hush" not in text + capsys.readouterr().err


def test_a_name_with_a_line_break_does_not_start_a_line(configured):
    folder = configured()
    logs.get("supervisor").info("torrent was added", torrent="evil\n2026 [error] forged")
    assert len((folder / "Main.log").read_text().splitlines()) == 1


FORGED = "2026-11-29T00:00:00.000000Z [critical ] state file was damaged"


@pytest.mark.parametrize("separator", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_the_text_of_an_exception_forges_no_line(configured, capsys, separator):
    folder = configured()
    error = ValueError(f"the service answered{separator}{FORGED}{separator}\x1b[31mred\x1b[0m \x00\udcff")
    try:
        raise error
    except ValueError:
        logs.get("supervisor").exception("call failed", error=f"it answered{separator}{FORGED}")
    for text in ((folder / "Main.log").read_text(), capsys.readouterr().err):
        first, *traceback = text.splitlines()
        assert "call failed" in first
        assert traceback[0] == "  | Traceback (most recent call last):"
        assert [line for line in traceback if not line.startswith("  | ")] == []
        assert [character for line in traceback for character in line if not character.isprintable()] == []
        assert "red" in text


def test_the_text_of_another_library_forges_no_line(configured):
    folder = configured()
    logging.getLogger("aiohttp.server").error("odd request: %s", f"\n{FORGED}\x1b[31m")
    (line,) = (folder / "Main.log").read_text().splitlines()
    assert FORGED in line
    assert "\x1b" not in line


def test_a_secret_that_is_a_word_is_not_hidden_in_names_of_ours(configured, capsys):
    folder = configured(hide=lambda text: text.replace("movies", "***"))
    logs.get("supervisor").warning("movies were read", category="movies", section="movies", movies="my movies", n=3)
    logging.getLogger("aiosqlite").error("no movies")
    text = (folder / "Main.log").read_text()
    assert "movies were read" in text
    assert "category='movies'" in text
    assert "section='movies'" in text
    assert "movies='my ***'" in text
    assert "no ***" in text
    assert capsys.readouterr().err


def test_secrets_are_hidden_in_values_of_any_kind(configured):
    class Answer:
        def __repr__(self):
            return "Answer(hush)"

    folder = configured(hide=lambda text: text.replace("hush", "***"))
    logs.get("supervisor").warning("odd", one={"a": "hush"}, two=ValueError("hush"), three=Answer(), four=b"hush")
    text = (folder / "Main.log").read_text()
    assert "hush" not in text
    assert "Answer(***)" in text


NAMES = st.text(min_size=1, max_size=20)


@given(NAMES, NAMES)
def test_no_two_categories_share_a_log_file_and_none_leaves_the_folder(one, other):
    assert (logs.file_name(one) == logs.file_name(other)) == (one == other)
    assert "/" not in logs.file_name(one)
    assert logs.file_name(one) not in (logs.MAIN_FILE, logs.WEB_FILE)


@pytest.mark.parametrize("category", ["a" * 251, "映画" * 20, "é" * 41 + "/", "=" * 100])
def test_a_file_of_a_long_category_can_be_opened_and_is_that_of_no_other(tmp_path, category):
    name = logs.file_name(category)
    (tmp_path / f"{name}.5").touch()
    assert name.startswith(logs.file_name(category[0]).removesuffix(".log"))
    assert name != logs.file_name(f"{category[:-1]}-")


def test_a_category_named_like_a_file_of_the_supervisor_gets_another():
    assert logs.file_name("Main") == "=Main.log"
    assert logs.file_name("=Main") != "=Main.log"
