"""What journald receives, over a real socket: fields, odd bytes, large entries; and no secret."""

import array
import logging
import mmap
import os
import socket
import struct

import pytest

from qbitrr import journald as journal
from qbitrr import logs


@pytest.fixture
def journald(tmp_path, monkeypatch):
    """A socket in the place of journald's; gives what reads one entry, as fields."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        address = str(tmp_path / "socket")
        listening.bind(address)
        listening.settimeout(5)
        monkeypatch.setattr(journal.JournalHandler.__init__, "__defaults__", (address,))
        monkeypatch.setattr(journal, "started_by_systemd", lambda environ: True)

        def entry():
            data, rights, _, _ = listening.recvmsg(1 << 20, 64)
            if not rights:
                return fields(data)
            descriptor = array.array("i", rights[0][2])[0]
            try:
                with mmap.mmap(descriptor, 0, prot=mmap.PROT_READ) as content:
                    return fields(content[:])
            finally:
                os.close(descriptor)

        yield entry
    for handler in ours():
        logging.getLogger().removeHandler(handler)
        handler.close()


def ours():
    return [handler for handler in logging.getLogger().handlers if isinstance(handler, journal.JournalHandler)]


def fields(data):
    """The fields of one entry of the native protocol."""
    found = {}
    while data:
        line, _, data = data.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            (length,) = struct.unpack("<Q", data[:8])
            value, data = data[8 : 8 + length], data[8 + length + 1 :]
        found[name.decode()] = value
    return found


@pytest.fixture
def log(journald):
    logs.configure("DEBUG", None, "films.log", lambda text: text.replace("hush", "***"))
    return logs.get("qbitrr.test")


def test_every_field_is_a_field_of_its_own(journald, log):
    log.warning("torrent was judged", torrent="Some.Movie", rule="stalled", category="films")
    entry = journald()
    assert entry["QBITRR_EVENT"] == b"torrent was judged"
    assert entry["QBITRR_TORRENT"] == b"Some.Movie"
    assert entry["QBITRR_RULE"] == b"stalled"
    assert entry["QBITRR_CATEGORY"] == b"films"
    assert entry["PRIORITY"] == b"4"
    assert entry["MESSAGE"].startswith(b"torrent was judged ")
    assert entry["CODE_FILE"].endswith(b"test_journald.py")
    assert entry["SYSLOG_IDENTIFIER"] == b"qbitrr"


@pytest.mark.parametrize(
    ("level", "priority"), [(50, 2), (40, 3), (30, 4), (25, 5), (23, 5), (22, 6), (20, 6), (19, 7), (5, 7)]
)
def test_levels_become_priorities(level, priority):
    assert journal._priority(level) == priority


def test_lines_and_fields_with_breaks_stay_one_entry(journald, log):
    log.info("it broke", text="one\ntwo\n", odd="\udcff\ud800\x00")
    entry = journald()
    assert entry["QBITRR_TEXT"] == b"one\ntwo\n"
    assert entry["QBITRR_ODD"].decode()


def test_ten_megabytes_are_cut_and_arrive(journald, log):
    log.info("it was long", text="é" * (5 << 20))
    entry = journald()
    assert 1 << 19 < len(entry["QBITRR_TEXT"]) <= 1 << 20
    assert set(entry["QBITRR_TEXT"].decode()) == {"é"}


def test_what_is_larger_than_a_datagram_arrives(journald, log):
    log.info("it was large", **{f"part_{number}": "x" * (1 << 18) for number in range(8)})
    assert len(journald()["QBITRR_PART_7"]) == 1 << 18


def test_no_secret_in_any_field(journald, log):
    try:
        int("password hush")
    except ValueError:
        log.exception("it failed", header={"key": "hush"}, url="http://hush@host")
    assert b"hush" not in b"".join(journald().values())


def test_lines_of_other_libraries_arrive_too(journald, log):
    logging.getLogger("aiohttp").warning("odd %s", "thing")
    entry = journald()
    assert entry["MESSAGE"].startswith(b"odd thing")
    assert entry["LOGGER"] == b"aiohttp"


def test_without_journald_logging_goes_on_and_the_loss_is_counted(journald, log):
    (handler,) = ours()
    address, handler._address = handler._address, "/nowhere"
    log.info("lost")
    log.info("lost")
    handler._address = address
    log.info("heard")
    assert journald()["QBITRR_LOST_BEFORE"] == b"2"


def test_a_terminal_is_not_the_journal():
    assert not journal.started_by_systemd({})
    assert not journal.started_by_systemd({"JOURNAL_STREAM": "1:1"})


def test_a_secret_that_is_a_word_is_not_hidden_in_names_of_ours(journald):
    logs.configure("DEBUG", None, "films.log", lambda text: text.replace("films", "***"))
    logs.get("qbitrr.test").warning("films were read", category="films", because="films hush", number=3)
    entry = journald()
    assert entry["QBITRR_EVENT"] == b"films were read"
    assert entry["QBITRR_CATEGORY"] == b"films"
    assert entry["QBITRR_BECAUSE"] == b"*** hush"
    assert entry["QBITRR_NUMBER"] == b"3"
    assert entry["CODE_FILE"].endswith(b"test_journald.py")
    assert b"category='films'" in entry["MESSAGE"]


def test_the_text_of_an_exception_forges_no_line_of_the_message(journald, log):
    error = ValueError("it answered\nfilms: state file was damaged\x1b[31m")
    try:
        raise error
    except ValueError:
        log.exception("call failed")
    first, *traceback = journald()["MESSAGE"].decode().split("\n")
    assert first == "call failed"
    assert [line for line in traceback if not (line.startswith("  | ") and line.isprintable())] == []
