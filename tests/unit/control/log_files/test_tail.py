"""Following a log file across rotation and truncation."""

from control.log_files.tail import Tail


def drained(tail):
    lines = b""
    for _ in range(6):
        lines += tail.read()
    return lines


def test_a_follower_loses_no_line_when_files_rotate(tmp_path):
    file = tmp_path / "Main.log"
    file.write_bytes(b"1\n")
    tail = Tail(tmp_path, "Main.log", last_lines=10)
    try:
        assert drained(tail) == b"1\n"
        with file.open("ab") as out:
            out.write(b"2\n")
        file.rename(tmp_path / "Main.log.1")
        file.write_bytes(b"3\n")
        (tmp_path / "Main.log.1").rename(tmp_path / "Main.log.2")
        file.rename(tmp_path / "Main.log.1")
        file.write_bytes(b"4\n")
        assert drained(tail) == b"2\n3\n4\n"
    finally:
        tail.close()


def test_a_follower_continues_after_a_truncation(tmp_path):
    file = tmp_path / "Main.log"
    file.write_bytes(b"long line\n")
    tail = Tail(tmp_path, "Main.log")
    try:
        assert drained(tail) == b""
        file.write_bytes(b"new\n")
        assert drained(tail) == b"new\n"
    finally:
        tail.close()
