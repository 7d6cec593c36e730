import msgspec
import pytest

from qbitrr import ipc
from qbitrr.errors import ProtocolError

FROM_WORKER = [
    ipc.Hello(1, 42),
    ipc.Ready(),
    ipc.Heartbeat("torrents", 7, 0, 15.0),
    ipc.Waiting("qBit", "no answer", needs_attention=True),
    ipc.Metrics(5, 120),
    ipc.Activity("search", "a movie", 1.5),
    ipc.Contradictions((ipc.Contradiction("removes_completed", "Radarr deletes", "Switch it off"),)),
    ipc.Stopping(),
    ipc.Goodbye("it was stopped"),
]


@pytest.mark.parametrize("message", FROM_WORKER)
def test_a_message_of_a_worker_is_decoded_as_it_was_encoded(message):
    ours, theirs = ipc.channel()
    with ours, theirs:
        theirs.send(ipc.encode(message))
        assert ipc.decode_from_worker(ours.recv(ipc.LONGEST_MESSAGE_BYTES)) == message


def test_a_configuration_travels_as_it_is():
    sent = ipc.Configure(msgspec.Raw(msgspec.msgpack.encode({"a": [1, 2]})))
    received = ipc.decode_to_worker(ipc.encode(sent))
    assert msgspec.msgpack.decode(received.config) == {"a": [1, 2]}


@pytest.mark.parametrize("packet", [b"", b"\xc1", b"hello", msgspec.msgpack.encode({"type": "Unheard"}), b"\x80" * 50])
def test_what_is_no_message_is_refused_by_name(packet):
    with pytest.raises(ProtocolError):
        ipc.decode_from_worker(packet)
    with pytest.raises(ProtocolError):
        ipc.decode_to_worker(packet)


def test_a_message_that_is_too_long_is_refused_before_it_is_sent():
    with pytest.raises(ProtocolError, match="too long"):
        ipc.encode(ipc.Goodbye("x" * ipc.LONGEST_MESSAGE_BYTES))


def test_the_longest_message_fits_into_a_packet():
    ours, theirs = ipc.channel()
    with ours, theirs:
        theirs.send(b"x" * ipc.LONGEST_MESSAGE_BYTES)
        assert len(ours.recv(ipc.LONGEST_MESSAGE_BYTES)) == ipc.LONGEST_MESSAGE_BYTES


def test_the_end_of_the_other_side_reads_as_an_empty_packet():
    ours, theirs = ipc.channel()
    with ours:
        theirs.close()
        assert ours.recv(10) == b""
