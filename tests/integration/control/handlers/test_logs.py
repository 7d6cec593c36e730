"""Log files over HTTP: the list, and lines of each."""

import os

import pytest

from tests.integration.control.asking import get


def write(folder, **files):
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_bytes(content)


async def test_the_daemons_files_come_first_and_rotated_ones_last(client, log_folder):
    write(
        log_folder,
        **{
            "radarr-4k_log": b"",
            "Main_log_10": b"",
            "Main_log_2": b"",
            "WebUI_log": b"",
            "Main_log": b"",
            "tv=2Fanime_log": b"",
            "config_toml": b"",
            "Main_log_gz": b"",
        },
    )
    (log_folder / "folder.log").mkdir()
    (log_folder / "link.log").symlink_to("/etc/passwd")
    os.mkfifo(log_folder / "pipe.log")
    assert (await get(client, "/web/logs"))["logs"] == [
        "Main.log",
        "WebUI.log",
        "radarr-4k.log",
        "tv=2Fanime.log",
        "Main.log.2",
        "Main.log.10",
    ]


async def test_no_folder_no_files(make_context, connect, tmp_path):
    for folder in (None, tmp_path / "nothing"):
        async with connect(make_context(log_folder=folder)) as client:
            assert await get(client, "/web/logs") == {"logs": []}
            assert (await get(client, "/web/logs/Main.log", 404))["code"] == "NOT_FOUND"


async def test_a_part_of_a_file(client, log_folder):
    write(log_folder, Main_log=b"one\ntwo\nthree\nfour\nunfinished")
    answer = await get(client, "/web/logs/Main.log?offset=1&limit=2")
    assert answer == {
        "name": "Main.log",
        "content": "two\nthree\n",
        "lines": 2,
        "offset": 1,
        "total_lines": 4,
        "inode": (log_folder / "Main.log").stat().st_ino,
    }


@pytest.mark.parametrize(
    ("query", "offset", "content"),
    [
        ("", 0, "a\nb\n\nd\n"),
        ("offset=-100", 0, "a\nb\n\nd\n"),
        ("offset=3", 3, "d\n"),
        ("offset=4", 4, ""),
        ("offset=5000", 5000, ""),
        ("limit=1", 0, "a\n"),
        ("offset=2&limit=1", 2, "\n"),
        ("limit=99999999", 0, "a\nb\n\nd\n"),
    ],
)
async def test_offset_and_limit(client, log_folder, query, offset, content):
    write(log_folder, Main_log=b"a\nb\n\nd\nnot yet")
    answer = await get(client, f"/web/logs/Main.log?{query}")
    assert (answer["offset"], answer["content"]) == (offset, content)
    assert (answer["lines"], answer["total_lines"]) == (content.count("\n"), 4)


@pytest.mark.parametrize("query", ["limit=0", "limit=-1", "limit=x", "offset=x"])
async def test_unusable_limits_are_refused(client, log_folder, query):
    write(log_folder, Main_log=b"a\n")
    assert (await get(client, f"/web/logs/Main.log?{query}", 400))["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize(
    "name",
    [
        "nothing.log",
        "..%2Fsecret.log",
        "..%2F..%2F..%2Fetc%2Fpasswd",
        "%2e%2e%2fsecret.log",
        "..%5Csecret.log",
        "%2Fetc%2Fpasswd",
        "Main.log%00",
        "Main.log%00.log",
        "Main.log%2F",
        ".%2FMain.log",
        "main.log",
        "link.log",
        "outside.log",
        "folder.log",
        "folder.log%2Finner.log",
        "pipe.log",
        "config.toml",
        "%FF.log",
        "..%252Fsecret.log",
        "logs%2FMain.log",
        "~",
        "*.log",
    ],
)
async def test_no_name_leads_out_of_the_folder(client, log_folder, name):
    write(log_folder, Main_log=b"a\n", config_toml=b"Token = 1\n")
    write(log_folder.parent, secret_log=b"secret\n")
    (log_folder / "link.log").symlink_to(log_folder / "Main.log")
    (log_folder / "outside.log").symlink_to(log_folder.parent / "secret.log")
    (log_folder / "folder.log").mkdir()
    write(log_folder / "folder.log", inner_log=b"inner\n")
    os.mkfifo(log_folder / "pipe.log")
    assert (await get(client, f"/web/logs/{name}", 404))["code"] == "NOT_FOUND"


async def test_a_slash_in_a_name_is_not_part_of_it(client, log_folder):
    (log_folder / "folder").mkdir()
    write(log_folder / "folder", inner_log=b"inner\n")
    await get(client, "/web/logs/folder/inner.log", 404)


async def test_colours_and_broken_text_become_plain_text(client, log_folder):
    write(log_folder, Main_log=b"\x1b[31mred\x1b[0m \x1b[1;38;5;9mbold\x1b[m \xff\n")
    assert (await get(client, "/web/logs/Main.log"))["content"] == "red bold \ufffd\n"


async def test_following_a_file_loses_no_line(client, log_folder):
    seen = ""
    for content in (b"one\ntw", b"one\ntwo\nthree\n", b"one\ntwo\nthree\nfour\n"):
        write(log_folder, Main_log=content)
        answer = await get(client, f"/web/logs/Main.log?offset={seen.count(chr(10))}&limit=1000")
        seen += answer["content"]
    assert seen == "one\ntwo\nthree\nfour\n"


async def test_lines_from_a_time_on(client, log_folder):
    times = [f"2026-01-0{day}T00:00:00Z [info     ] day {day}\n" for day in range(1, 6)]
    (log_folder / "Main.log").write_text("".join(times))
    found = await get(client, "/web/logs/Main.log/at?time=2026-01-02T12:00:00%2B00:00&limit=2")
    assert (found["content"], found["lines"], found["start"]) == ("".join(times[2:4]), 2, 2 * len(times[0]))
    rest = await get(client, f"/web/logs/Main.log/at?position={found['end']}")
    assert (rest["content"], rest["end"]) == (times[4], rest["size"])
    assert (await get(client, "/web/logs/Main.log/at?time=2027-01-01T00:00:00Z"))["lines"] == 0
    assert (await get(client, "/web/logs/Main.log/at?position=99999"))["lines"] == 0
    for wrong in ("time=", "time=noon", "position=-1", "position=x"):
        assert (await get(client, f"/web/logs/Main.log/at?{wrong}", 400))["code"] == "VALIDATION_ERROR"
    assert (await get(client, "/web/logs/None.log/at?time=2027-01-01T00:00:00Z", 404))["code"] == "NOT_FOUND"
