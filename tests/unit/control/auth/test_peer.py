"""The user at the other end of a connection within the machine."""

import pytest

from control.auth import peer
from control.auth.peer import is_own_user, owner_in

HEAD = b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
PAIR = "0100007F:AC46 0100007F:1B39"
ENTRY = b": 0100007F:AC46 0100007F:1B39 "


def line(pair=PAIR, state="01", uid=1000, inode=593747):
    queues = "00000000:00000000 00:00000000 00000000"
    return f"  69: {pair} {state} {queues} {uid:5d}        0 {inode} 1 000000003ed4b412 20 0 0 11 -1  \n".encode()


OTHERS = line("0100007F:1B39 0100007F:AC46", uid=7) + line("0100007F:AC47 0100007F:1B39", uid=8)


@pytest.mark.parametrize("state", ["01", "04", "05", "08"])
def test_the_owner_of_a_connected_socket(state):
    assert owner_in(HEAD + OTHERS + line(state=state) + OTHERS, ENTRY) == 1000
    assert owner_in(HEAD + line(state=state, uid=0), ENTRY) == 0


@pytest.mark.parametrize(
    "lines",
    [
        b"",
        HEAD + OTHERS,
        HEAD + line(state="04", uid=0, inode=0),  # its process has closed it: shown as that of root
        HEAD + line(state="06", uid=0, inode=0),  # TIME_WAIT
        HEAD + line(state="02", uid=0),  # another socket that tries to connect from the same port
        HEAD + line(state="0A", uid=0),  # it listens
        HEAD + line("0100007F:AC46 0100007F:1B3A", uid=0),  # connected to another port
    ],
)
def test_no_owner_is_known(lines):
    assert owner_in(lines, ENTRY) is None


def test_a_socket_without_a_process_does_not_hide_one_with():
    assert owner_in(line(state="06", uid=0, inode=0) + line(uid=65534), ENTRY) == 65534


@pytest.mark.parametrize(
    ("peer_address", "our_address", "entries"),
    [
        (
            "127.0.0.1",
            "127.0.0.1",
            {
                4: ": 0100007F:AC46 0100007F:1B39 ",
                6: ": 0000000000000000FFFF00000100007F:AC46 0000000000000000FFFF00000100007F:1B39 ",
            },
        ),
        (
            "::ffff:127.0.0.1",
            "127.0.0.1",
            {
                4: ": 0100007F:AC46 0100007F:1B39 ",
                6: ": 0000000000000000FFFF00000100007F:AC46 0000000000000000FFFF00000100007F:1B39 ",
            },
        ),
        ("::1", "::1", {6: ": 00000000000000000000000001000000:AC46 00000000000000000000000001000000:1B39 "}),
        (
            "fe80::1%eth0",
            "fe80::1%eth0",
            {6: ": 000080FE000000000000000001000000:AC46 000080FE000000000000000001000000:1B39 "},
        ),
    ],
)
def test_how_addresses_are_written(peer_address, our_address, entries):
    """On a machine with little-endian words, as all are that qbitrr runs on in practice."""
    found = dict(peer._entries((peer_address, 0xAC46), (our_address, 0x1B39)))
    assert {version: entry.decode() for version, entry in found.items()} == entries


@pytest.mark.parametrize(
    ("own", "uid", "ours"),
    [
        (1000, 1000, True),
        (1000, 0, True),
        (1000, 1001, False),
        (1000, 65534, False),
        (0, 0, True),
        (0, 65534, False),
        (65534, 65534, False),  # every user that a user namespace does not know is shown as this one
        (65534, 0, True),
    ],
)
def test_which_users_are_own(own, uid, ours, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: own)
    assert is_own_user(uid) is ours


async def test_in_a_container_of_podman_no_socket_proves_a_user(monkeypatch, tmp_path):
    mark = tmp_path / ".containerenv"
    monkeypatch.setattr(peer, "_find", lambda table, entry: 0)
    monkeypatch.setattr(peer, "_PODMAN_MARK", mark)
    assert await peer.PeerUsers().uid_of(("127.0.0.1", 1), ("127.0.0.1", 2)) == 0
    mark.touch()
    assert await peer.PeerUsers().uid_of(("127.0.0.1", 1), ("127.0.0.1", 2)) is None


async def test_a_table_that_cannot_be_read_proves_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(peer, "_TABLES", {4: tmp_path, 6: tmp_path})
    assert await peer.PeerUsers().uid_of(("127.0.0.1", 1), ("127.0.0.1", 2)) is None


def test_the_end_of_a_table_that_is_too_long_is_not_read(monkeypatch, tmp_path):
    table = tmp_path / "tcp"
    table.write_bytes(HEAD + OTHERS * 2000 + line())
    assert peer._find(table, ENTRY) == 1000
    monkeypatch.setattr(peer, "_MOST_BYTES", 1 << 16)
    assert peer._find(table, ENTRY) is None
