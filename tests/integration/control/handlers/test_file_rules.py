"""Rules for files, tried on a torrent before they are configured."""

import pytest

from qbitrr import ipc
from tests.integration.control.asking import post
from tests.integration.control.sample import HASH, answering, fake_process

PATH = f"/web/torrents/{HASH}/check-files"
NAME = "Some.Movie.2019"
FILES = (
    ipc.FileRow(0, f"{NAME}/movie.mkv", 4_000_000_000, 1),
    ipc.FileRow(1, f"{NAME}/Featurettes/making of.mkv", 300_000_000, 0),
    ipc.FileRow(2, f"{NAME}/readme.txt", 900, 1),
)


@pytest.fixture
def worker(context):
    arr = context.workers.processes["movies"].config.arr
    listed = ipc.TorrentFiles(1, NAME, FILES)
    context.workers.processes["movies"] = process = fake_process(arr, ask=answering(listed))
    return process


async def check(client, status=200, section="Radarr-4K", **rules):
    return await post(client, PATH, status, json={"section": section, **rules})


async def test_each_file_is_shown_with_the_rule_that_excludes_it(client, worker):
    answer = await check(client, folderExclusionRegex=["^featurettes?$"], fileExtensionAllowlist=[".mkv", ".mp4"])
    assert answer["name"] == NAME
    assert [file["excludedBy"] for file in answer["files"]] == [
        None,
        "FolderExclusionRegex ^featurettes?$",
        "FileExtensionAllowlist",
    ]
    assert [file["selected"] for file in answer["files"]] == [True, False, True]
    assert (answer["playable"], answer["foreign"], answer["faults"], answer["complete"]) == (1, "", [], True)
    assert worker.ask.asked == [ipc.ReadFiles(1, HASH)]


async def test_case_counts_where_it_is_configured_to(client, worker):
    answer = await check(client, folderExclusionRegex=["^featurettes?$"], caseSensitiveMatches=True)
    assert [file["excludedBy"] for file in answer["files"]] == [None, None, None]


async def test_a_pattern_that_cannot_be_used_is_named_and_left_out(client, worker):
    answer = await check(client, fileNameExclusionRegex=["[", r"(\w+\.?)+$", "readme"])
    assert [fault["pattern"] for fault in answer["faults"]] == ["[", r"(\w+\.?)+$"]
    assert "unterminated" in answer["faults"][0]["fault"]
    assert answer["files"][2]["excludedBy"] == "FileNameExclusionRegex readme"


async def test_what_cannot_be_answered_says_so(client, context, worker):
    arr = worker.config.arr
    context.workers.processes["movies"] = fake_process(arr, ask=answering(ipc.TorrentFiles(1, error="it is gone")))
    assert "it is gone" in (await check(client, 404))["error"]
    context.workers.processes["movies"] = fake_process(arr)
    assert (await check(client, 503))["code"] == "NOT_READY"
    assert (await check(client, 404, section="nothing"))["code"] == "UNKNOWN_CATEGORY"


async def test_there_is_a_bound_on_patterns(client, worker):
    await check(client, 400, folderExclusionRegex=["a"] * 201)
    await check(client, 400, folderExclusionRegex=["a" * 501])
