"""How complete downloads come into the library, and what is done about those that do not."""

import asyncio
import re

import pytest
from msgspec.structs import replace

from qbitrr.clock import Clock
from qbitrr.rules.tags import TAG_IMPORTED, TAG_QUARANTINE
from qbitrr.rules.verdict import CHECKS
from qbitrr.sandbox.life import texts
from qbitrr.sandbox.life.settings import PathMapping
from qbitrr.sandbox.life.torrent import TorrentFile
from qbitrr.sandbox.services.faults import Down
from qbitrr.state import ledger, verdicts
from qbitrr.worker.torrents.actions.ffprobe import FFprobe
from tests.integration.qbitrr.worker.torrents import downloads
from tests.integration.qbitrr.worker.torrents.downloads import (
    KINDS,
    QUIET,
    SCANS,
    add,
    before,
    commands,
    complete,
    contents,
    downloaded,
    events,
    grab,
    missing,
    on_disk,
    pack,
    program,
    scans,
)
from tests.integration.qbitrr.worker.torrents.passing import ended, passes_until, settled
from tests.support.polling import until

BLOCKLIST_ALL = {"ArrErrorCodesToBlocklist": ["Not an upgrade for existing", "Caution: Found"]}


@pytest.fixture
def an_arr(judged, tmp_path):
    return lambda kind, **how: downloads.an_arr(kind, judged, tmp_path, **how)


async def of(opened, torrent):
    """What the ledger says of a torrent, oldest first."""
    return await ledger.of_torrent(opened.database, torrent.infohash)


async def outcomes(opened, torrent):
    return [(entry.action, entry.state) for entry in await of(opened, torrent)]


async def verdict(opened, torrent):
    (found,) = await verdicts.of_torrent(opened.database, torrent.infohash)
    return found


async def decided_by(opened, torrent, rule):
    """The verdict as soon as it comes by a rule, and is not that something has to be checked first."""

    async def found():
        some = await verdicts.of_torrent(opened.database, torrent.infohash)
        decided = some and some[0].rule == rule and some[0].action not in CHECKS
        return some[0] if decided and not opened.loop.runner.busy else None

    return await passes_until(opened, found, f"no verdict by {rule}", 30)


async def imported(opened, torrent):
    await passes_until(opened, lambda: "qBitrr-imported" in torrent.tags, "it was not imported")
    await settled(opened, 1)


# -- what the Arr does by itself --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_pack", [False, True])
async def test_the_arr_is_asked_to_poll_its_client_and_nothing_else(an_arr, kind, is_pack):
    async with an_arr(kind) as on:
        torrent = downloaded(on, pack(on) if is_pack and kind != "radarr" else missing(on))
        async with on.opened() as opened:
            await opened.loop.load()
            await imported(opened, torrent)
            (entry,) = await of(opened, torrent)
    assert (entry.action, entry.state) == ("import", "done")
    assert "by the Arr itself" in entry.outcome
    assert [body["name"] for body in commands(on)] == ["RefreshMonitoredDownloads"]


@pytest.mark.parametrize("handles_completed", [True, False])
@pytest.mark.parametrize("is_listed", [True, False])
async def test_one_pass_is_enough_whatever_has_to_be_checked_before(an_arr, handles_completed, is_listed):
    """A small download is complete before its files were checked, and before the Arr lists it."""
    async with an_arr("radarr") as on:
        on.arr.settings.completed_download_handling = handles_completed
        items = missing(on)
        torrent = on.arr.grab(items, on.arr.offer(items), downloads.STUCK)
        if is_listed:
            on.arr.refresh_now()
        complete(torrent)
        async with on.opened(FileNameExclusionRegex=["trailer"]) as opened:
            await opened.loop.load()
            await settled(opened, 1)
            assert await outcomes(opened, torrent) == [("import", "done")]
    assert "qBitrr-imported" in torrent.tags
    assert len(commands(on, "RefreshMonitoredDownloads")) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_a_release_that_is_grabbed_again_is_scanned_as_the_arr_takes_it_for_imported(an_arr, kind):
    """Its files were deleted since. The Arr lists the download again only after a restart."""
    async with an_arr(kind) as on:
        items = missing(on)
        first = downloaded(on, items)
        async with on.opened() as opened:
            await opened.loop.load()
            await imported(opened, first)
            on.client.delete([first.infohash], with_files=True)
            await until(lambda: first.infohash not in on.client.torrents, 10, "the deletion")
            await settled(opened, 1)
            for item in items:
                item.file = None
            downloads.date_back(on, 86_400)
            again = downloaded(on, items)
            on.stand_in.requests.clear()
            assert again.infohash == first.infohash
            await imported(opened, again)
            *_, entry = await of(opened, again)
    assert (entry.action, entry.state) == ("import", "done")
    assert "by a scan that qbitrr asked for" in entry.outcome
    assert [body["importMode"] for body in scans(on)] == ["Copy"]
    assert all(item.file is not None for item in items)


async def test_fifty_downloads_that_end_together_cost_a_few_requests(an_arr):
    async with an_arr("radarr", items=500) as on:
        items = list(on.arr.collection.wanted(on.arr.now))[:50]
        assert len(items) == 50
        torrents = [grab(on, [item]) for item in items]
        async with on.opened(clock=Clock()) as opened:
            await opened.loop.load()
            await settled(opened)
            for torrent in torrents:
                complete(torrent)
            on.stand_in.requests.clear()

            def all_are_imported():
                return all("qBitrr-imported" in torrent.tags for torrent in torrents)

            await passes_until(opened, all_are_imported, "not all of them were imported")
    asked = [request.path.rpartition("/")[2] for request in on.stand_in.requests]
    assert len(commands(on)) == 1
    assert asked.count("history") == 0
    assert asked.count("queue") < len(torrents)


async def test_a_first_start_reads_the_histories_of_many_imported_downloads_together(an_arr):
    async with an_arr("radarr", items=500) as on:
        items = list(on.arr.collection.wanted(on.arr.now))[:30]
        torrents = [downloaded(on, [item]) for item in items]
        on.arr.refresh_now()
        await until(lambda: all(item.file is not None for item in items), 10, "the Arr did not import them")
        on.stand_in.requests.clear()
        async with on.opened(clock=Clock()) as opened:
            await opened.loop.load()

            def all_are_known():
                return all("qBitrr-imported" in torrent.tags for torrent in torrents)

            await passes_until(opened, all_are_known, "not all of them are known as imported")
    asked = [request.path.rpartition("/")[2] for request in on.stand_in.requests]
    assert scans(on) == []
    assert 1 <= asked.count("history") < len(torrents) / 3


@pytest.mark.parametrize("kind", KINDS)
async def test_an_arr_that_is_restarted_in_the_middle_imports_it_all_the_same(an_arr, kind):
    async with an_arr(kind) as on:
        torrent = downloaded(on, missing(on))
        on.arr.tempo = replace(QUIET, import_download=1.0)
        async with on.opened() as opened:
            await opened.loop.load()
            await passes_until(opened, lambda: commands(on), "the Arr was not asked")
            on.arr.restart()
            on.arr.tempo = QUIET
            await imported(opened, torrent)
            assert ("import", "failed") not in await outcomes(opened, torrent)
    assert scans(on) == []


async def test_what_is_being_imported_for_long_is_neither_failed_nor_scanned(an_arr):
    """A pack that is copied to another disk."""
    async with an_arr("sonarr") as on:
        on.arr.tempo = replace(QUIET, import_download=4.0)
        torrent = downloaded(on, pack(on))
        async with on.opened() as opened:
            await opened.loop.load()
            await imported(opened, torrent)
            assert await outcomes(opened, torrent) == [("import", "done")]
    assert scans(on) == []


async def test_a_torrent_that_the_arr_moved_to_its_imported_category_was_imported(an_arr):
    async with an_arr("radarr") as on:
        on.arr.connections[0].settings.imported_category = "movies-imported"
        torrent = downloaded(on, missing(on))
        async with on.opened() as opened:
            await opened.loop.load()
            await passes_until(opened, ended(opened, "import"), "the import did not end well")
            (entry,) = await of(opened, torrent)
    assert torrent.category == "movies-imported"
    assert "the Arr put it into movies-imported" in entry.outcome
    assert "qBitrr-imported" not in torrent.tags


async def test_a_torrent_that_was_moved_while_its_import_took_long_was_imported(an_arr):
    """The import is open in the ledger then, and its torrent is not the worker's any more."""
    async with an_arr("radarr") as on:
        on.arr.connections[0].settings.imported_category = "movies-imported"
        on.arr.tempo = replace(QUIET, import_download=4.0)
        torrent = downloaded(on, missing(on))
        async with on.opened() as opened:
            await opened.loop.load()
            await settled(opened, 1)
            assert [state for _, state in await outcomes(opened, torrent)] == ["planned"]
            await until(lambda: torrent.category == "movies-imported", 20, "it was not moved")
            await passes_until(opened, ended(opened, "import"), "the import did not end well")
            (entry,) = await of(opened, torrent)
    assert "the Arr put it into movies-imported" in entry.outcome


async def test_what_the_user_moved_away_before_its_import_is_left_alone(an_arr):
    async with an_arr("radarr") as on:
        on.arr.imports_by_itself = False
        torrent = downloaded(on, missing(on))
        async with on.opened() as opened:
            await opened.loop.load()
            await passes_until(opened, lambda: commands(on), "the Arr was not asked")
            torrent.category = "mine"
            await passes_until(opened, ended(opened, "import", "cancelled"), "the import goes on")
            (entry,) = await of(opened, torrent)
    assert "another category" in entry.outcome


# -- what it is scanned for -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
async def test_without_completed_download_handling_it_is_scanned_once_also_when_the_arr_has_polled_before(an_arr, kind):
    async with an_arr(kind) as on:
        on.arr.settings.completed_download_handling = False
        torrent = downloaded(on, missing(on))
        on.arr.refresh_now()  # it is not listed any more
        async with on.opened() as opened:
            await opened.loop.load()
            await imported(opened, torrent)
            entries = await of(opened, torrent)
        assert torrent.infohash in on.client.torrents
        assert not torrent.moved_away
    assert [(entry.action, entry.state) for entry in entries] == [("import", "done")]
    assert "scan" in entries[0].outcome
    (scan,) = scans(on)
    assert (scan["path"], scan["importMode"]) == (torrent.content_path, "Copy")
    assert scan["downloadClientId"] == torrent.infohash.upper()


@pytest.mark.parametrize(("configured", "sent"), [("Auto", "Copy"), ("Move", "Move"), ("Copy", "Copy")])
async def test_a_scan_moves_only_when_that_was_configured(an_arr, configured, sent):
    async with an_arr("radarr") as on:
        on.arr.settings.completed_download_handling = False
        torrent = downloaded(on, missing(on))
        async with on.opened(arr={"importMode": configured}) as opened:
            await opened.loop.load()
            await imported(opened, torrent)
    assert [scan["importMode"] for scan in scans(on)] == [sent]


async def test_a_scan_that_waits_over_a_restart_of_the_arr_takes_nothing_out_of_a_torrent(an_arr):
    """Commands that wait run first then, before any download is known."""
    async with an_arr("radarr") as on:
        on.arr.settings.completed_download_handling = False
        on.arr.tempo = replace(QUIET, import_download=2.0)
        first, second = (downloaded(on, [item]) for item in missing(on, 2))
        async with on.opened() as opened:
            await opened.loop.load()
            await passes_until(opened, lambda: len(scans(on)) == 2, "they were not scanned")
            on.arr.restart()
            on.arr.tempo = QUIET
            await settled(opened, 2)
    assert not first.moved_away
    assert not second.moved_away


async def test_what_the_arr_imported_just_before_a_scan_has_not_failed(an_arr):
    """The scan is unsuccessful then, as there is nothing left to import."""
    async with an_arr("radarr") as on:
        on.arr.settings.completed_download_handling = False
        torrent = downloaded(on, missing(on))

        def scan_first():
            body = {"path": torrent.content_path, "downloadClientId": torrent.infohash.upper(), "importMode": "Auto"}
            on.arr.commands.post(SCANS["radarr"], body)

        async with on.opened(before("scan", scan_first)) as opened:
            await opened.loop.load()
            await imported(opened, torrent)
            assert await outcomes(opened, torrent) == [("import", "done")]
        results = [one.result for one in on.arr.commands.listed() if one.name == SCANS["radarr"]]
    assert results == ["successful", "unsuccessful"]


async def test_a_scan_that_the_user_cancels_in_the_arr_is_not_waited_for(an_arr):
    """It stays `queued` by its id, for a day, and is not listed."""
    async with an_arr("radarr") as on:
        on.arr.settings.completed_download_handling = False
        on.arr.tempo = replace(QUIET, import_download=60.0)
        torrents = [downloaded(on, [item]) for item in missing(on, 2)]
        async with on.opened() as opened:
            await opened.loop.load()
            await passes_until(opened, lambda: len(scans(on)) == 2, "they were not scanned")
            waiting = next(one for one in on.arr.commands.listed() if one.status == "queued")
            on.arr.commands.cancel(waiting.id)
            await passes_until(opened, ended(opened, "import", "failed"), "it is waited for")
            (torrent,) = [t for t in torrents if t.infohash.upper() == waiting.body["downloadClientId"]]
            (entry,) = await of(opened, torrent)
    assert "cancelled" in entry.outcome


@pytest.mark.parametrize("handles_completed", [True, False])
async def test_an_arr_that_sees_the_data_elsewhere_imports_it_all_the_same(an_arr, handles_completed):
    async with an_arr("radarr") as on:
        torrent = downloaded(on, missing(on))
        mapping = PathMapping(f"{on.client.downloads}/", "/data/torrents/")
        on.arr.settings.mounts, on.arr.settings.path_mappings = [mapping], [mapping]
        on.arr.settings.completed_download_handling = handles_completed
        async with on.opened() as opened:
            await opened.loop.load()
            await imported(opened, torrent)
            assert await outcomes(opened, torrent) == [("import", "done")]
    below = torrent.content_path.removeprefix(on.client.downloads)
    assert [scan["path"] for scan in scans(on)] == ([] if handles_completed else [f"/data/torrents{below}"])


async def test_a_scan_that_imported_nothing_has_failed_by_its_result(an_arr):
    """Its status is that of one which imported everything."""
    async with an_arr("radarr") as on:
        torrent = downloaded(on, missing(on))
        on.arr.settings.mounts = [PathMapping(f"{on.client.downloads}/", "/data/torrents/")]
        on.arr.settings.completed_download_handling = False
        async with on.opened() as opened:
            await opened.loop.load()
            await passes_until(opened, ended(opened, "import", "failed"), "its import did not end")
            (entry, *_) = await of(opened, torrent)
    assert "completed, unsuccessful" in entry.outcome


async def test_a_pending_import_that_does_not_move_is_scanned_after_two_minutes(an_arr):
    async with an_arr("radarr") as on:
        on.arr.imports_by_itself = False
        torrent = downloaded(on, missing(on))
        async with on.opened() as opened:
            await opened.loop.load()
            await imported(opened, torrent)
            assert await outcomes(opened, torrent) == [("import", "done")]
    (scan,) = scans(on)
    assert (scan["path"], scan["importMode"]) == (torrent.content_path, "Copy")


@pytest.mark.parametrize("handles_completed", [True, False])
async def test_a_torrent_without_a_folder_is_never_scanned_beside_others(an_arr, handles_completed):
    async with an_arr("radarr") as on:
        item, other = missing(on, 2)
        beside = downloaded(on, [other])
        await until(lambda: beside.complete, 5, "it is not complete")
        names = [TorrentFile("A.Film.mkv", 50_000_000), TorrentFile("A.Film.nfo", 500)]
        torrent = downloaded(on, [item], files=names, name="A.Film")
        on.arr.settings.completed_download_handling = handles_completed
        async with on.opened() as opened:
            await opened.loop.load()
            await imported(opened, beside)
            await passes_until(opened, ended(opened, "import", "failed"), "its import did not end")
            entry = (await of(opened, torrent))[-1]
            if handles_completed:
                found = await decided_by(opened, torrent, "arr_has_it")
                assert texts.BASE_DIRECTORY in found.because
    assert torrent.infohash.upper() not in [scan["downloadClientId"] for scan in scans(on)]
    assert on.arr.collection.items[item.id].file is None
    assert "base download directory" in entry.outcome


# -- what the Arr leaves to the user ----------------------------------------------------------------------------


async def test_a_path_that_is_none_to_the_arr_is_told_in_its_words(an_arr):
    """It stays `downloading` then, and `completed`: `CompletedDownloadService.ValidatePath` of all three."""
    async with an_arr("radarr") as on:
        on.arr.settings.path_mappings.append(PathMapping(f"{on.client.downloads}/", "D:\\downloads\\"))
        torrent = downloaded(on, missing(on))
        async with on.opened() as opened:
            await opened.loop.load()
            await passes_until(opened, ended(opened, "import", "failed"), "its import did not end")
            entry = (await of(opened, torrent))[-1]
            found = await decided_by(opened, torrent, "arr_has_it")
    assert "is not a valid local path" in entry.outcome
    assert "is not a valid local path" in found.because
    assert scans(on) == []


@pytest.mark.parametrize("kind", ["radarr", "sonarr"])
async def test_what_was_matched_by_its_id_is_left_to_the_user_in_the_words_of_the_arr(an_arr, kind):
    async with an_arr(kind) as on:
        items = missing(on)
        release = on.arr.offer(items)
        on.arr.note_grab([items[0].id], release, by_id=True)
        torrent = on.arr.add_torrent(items, release, downloads.STUCK, (), "Something Else Entirely")
        on.arr.refresh_now()
        complete(torrent)
        async with on.opened() as opened:
            await opened.loop.load()
            found = await decided_by(opened, torrent, "arr_has_it")
            assert await outcomes(opened, torrent) == [("import", "failed")]
    assert texts.MATCHED_BY_ID[kind] in found.because
    assert scans(on) == []
    assert on.arr.collection.items[items[0].id].file is None


async def test_two_albums_of_which_one_is_short_are_never_imported_twice(an_arr):
    async with an_arr("lidarr") as on:
        whole, short = pack(on)
        files = contents(on, [whole, short])
        dropped = next(file for file in reversed(files) if file.path.endswith(".flac"))
        torrent = downloaded(on, [whole, short], files=[file for file in files if file is not dropped])
        async with on.opened() as opened:
            await opened.loop.load()
            found = await decided_by(opened, torrent, "arr_refuses_the_rest")
            await settled(opened)
            (entry,) = await of(opened, torrent)
    assert texts.MISSING_TRACKS in found.because
    assert "imported 1 of 2" in entry.outcome
    assert scans(on) == []
    assert [event for event in on.arr.history if event.event_type == "trackFileDeleted"] == []


async def test_what_the_arr_refuses_is_shown_once_and_nothing_is_sent_again(an_arr):
    async with an_arr("radarr") as on:
        files = [TorrentFile("X/a.rar", 40_000_000), TorrentFile("X/a.r00", 40_000_000)]
        torrent = downloaded(on, missing(on), files=files, name="X")
        async with on.opened() as opened:
            await opened.loop.load()
            found = await decided_by(opened, torrent, "arr_refuses_it")
            sent = len(commands(on))
            await settled(opened, 10)
            assert await outcomes(opened, torrent) == [("import", "failed")]
    assert texts.ARCHIVE in found.because
    assert len(commands(on)) == sent == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_a_program_instead_of_media_fails_at_once_whatever_its_age(an_arr, kind):
    async with an_arr(kind) as on:
        torrent = downloaded(on, missing(on), files=[TorrentFile("Setup/setup.exe", 9_000_000)], name="Setup")
        async with on.opened(IgnoreTorrentsYoungerThan="1d") as opened:
            await opened.loop.load()
            await passes_until(opened, ended(opened, "fail"), "it was not failed")
            assert (await of(opened, torrent))[-1].rule == "nothing_to_import"
    assert torrent.infohash not in on.client.torrents
    assert [entry.release.infohash for entry in on.arr.blocklist] == [torrent.infohash]


NOT_BETTER = "Not an upgrade for existing movie file(s)"


def _not_an_upgrade(on):
    """A complete download that its Arr refuses, as what it has is better."""
    item = next(item for item in on.arr.collection.items.values() if item.file is not None)
    release = on.arr.offer([item])
    poor = replace(release, title=_in_poor_quality(release.title))
    on.arr.note_grab([item.id], poor)
    torrent = on.arr.add_torrent([item], poor, downloads.STUCK)
    on.arr.refresh_now()
    complete(torrent)
    return torrent


@pytest.mark.parametrize(
    "messages",
    [
        {"ArrErrorCodesToBlocklist": [NOT_BETTER]},
        {"Messages": [{"Text": NOT_BETTER, "Match": "begins", "Delay": "10s"}]},
        {"Messages": [{"Text": NOT_BETTER.replace("(s)", ""), "Match": "regex"}]},
    ],
)
async def test_a_configured_message_fails_what_the_arr_refuses_for_it(an_arr, messages):
    async with an_arr("radarr") as on:
        torrent = _not_an_upgrade(on)
        async with on.opened(arr=messages, IgnoreTorrentsYoungerThan=0) as opened:
            await opened.loop.load()
            await passes_until(opened, ended(opened, "fail"), "it was not failed")
            entry = (await of(opened, torrent))[-1]
    assert entry.rule == "arr_refuses_it"
    assert "Existing quality" in entry.because
    assert [pattern.removesuffix("(s)") for pattern in entry.facts["matched"].values()] == [NOT_BETTER[:-3]]
    assert torrent.infohash not in on.client.torrents


async def test_it_is_failed_after_its_quarantine_also_by_a_process_that_has_not_checked_the_import(an_arr):
    how = {"arr": {"ArrErrorCodesToBlocklist": [NOT_BETTER]}, "settings": {"Quarantine": "1s"}}
    async with an_arr("radarr") as on:
        torrent = _not_an_upgrade(on)
        async with on.opened(**how, IgnoreTorrentsYoungerThan=0) as opened:
            await opened.loop.load()
            await passes_until(
                opened, lambda: TAG_QUARANTINE in torrent.tags and torrent.stopped, "it was not put aside"
            )
            await settled(opened)
        async with on.opened(**how, IgnoreTorrentsYoungerThan=0) as opened:
            await opened.loop.load()
            await passes_until(opened, ended(opened, "fail"), "it was not failed")
            assert [one.action for one in await of(opened, torrent)].count("fail") == 1
    assert torrent.infohash not in on.client.torrents


async def test_a_message_may_only_tag_what_the_arr_refuses_for_it(an_arr):
    tagging = {"Messages": [{"Text": "existing quality", "Match": "contains", "Action": "tag"}]}
    async with an_arr("radarr") as on:
        torrent = _not_an_upgrade(on)
        async with on.opened(arr=tagging, IgnoreTorrentsYoungerThan=0) as opened:
            await opened.loop.load()
            await passes_until(opened, ended(opened, "tag_useless"), "it was not tagged")
            await settled(opened)
            assert [action for action, _ in await outcomes(opened, torrent)].count("tag_useless") == 1
        assert "qBitrr-useless" in torrent.tags
    assert on.arr.blocklist == []


def _in_poor_quality(title):
    for name in ("2160p", "1080p", "720p"):
        title = title.replace(name, "480p")
    return title


# -- packs in part ----------------------------------------------------------------------------------------------


def _pack_with_one_bad_file(on, folder):
    """A season of which one file is no media, on the disk; its episode and the name of the file."""
    items = pack(on)
    files = contents(on, items)
    bad = next(file for file in files if file.path.endswith(".mkv"))
    bad.playable = False
    torrent = downloaded(on, items, files=files)
    on_disk(torrent, folder)
    number = int(re.search(r"S\d+E(\d+)", bad.path)[1])
    return torrent, next(item for item in items if item.number == number), bad.path.rpartition("/")[2]


async def test_a_pack_with_one_bad_file_is_imported_and_only_that_episode_is_searched(an_arr, tmp_path):
    async with an_arr("sonarr") as on:
        torrent, item, name = _pack_with_one_bad_file(on, tmp_path / "downloads")
        others = [one for one in pack_of(on, item) if one.id != item.id]
        async with on.opened(IgnoreTorrentsYoungerThan="1d") as opened:
            opened.loop.action_context.probe = FFprobe("sonarr", program(tmp_path, [name]))
            await opened.loop.load()
            await passes_until(opened, ended(opened, "fail_rest"), "the rest was not failed")
            await settled(opened)
            entry = (await of(opened, torrent))[-1]
            found = await verdict(opened, torrent)
        assert torrent.infohash in on.client.torrents
    assert "qBitrr-imported" in torrent.tags
    assert found.rule == "imported"
    assert all(one.file is not None for one in others)
    assert [one.release.infohash for one in on.arr.blocklist] == [torrent.infohash]
    assert commands(on, "EpisodeSearch", "SeasonSearch", "SeriesSearch") == [
        {"name": "EpisodeSearch", "episodeIds": [item.id]}
    ]
    assert "the torrent stays" in entry.outcome
    assert scans(on) == []


def pack_of(on, item):
    series = on.arr.collection.series[item.series_id]
    return [one for one in series.episodes if one.season == item.season]


async def test_a_pack_with_one_file_that_is_only_suspected_is_left_to_the_user(an_arr, tmp_path):
    async with an_arr("sonarr") as on:
        torrent, _, _ = _pack_with_one_bad_file(on, tmp_path / "downloads")
        async with on.opened(arr=BLOCKLIST_ALL, IgnoreTorrentsYoungerThan=0) as opened:
            opened.loop.action_context.probe = FFprobe("sonarr", program(tmp_path, []))
            await opened.loop.load()
            found = await decided_by(opened, torrent, "arr_refuses_the_rest")
            await settled(opened)
            assert await outcomes(opened, torrent) == [("import", "failed")]
        assert torrent.infohash in on.client.torrents
    assert texts.SAMPLE_UNCLEAR in found.because
    assert on.arr.blocklist == []


async def test_what_cannot_be_played_at_all_is_not_imported(an_arr, tmp_path):
    async with an_arr("sonarr") as on:
        items = pack(on)
        torrent = downloaded(on, items)
        on_disk(torrent, tmp_path / "downloads")
        async with on.opened() as opened:
            opened.loop.action_context.probe = FFprobe("sonarr", program(tmp_path, [".mkv"]))
            await opened.loop.load()
            await passes_until(opened, ended(opened, "fail"), "it was not failed")
            assert (await of(opened, torrent))[-1].rule == "unplayable"
    assert events(on, torrent, "downloadFolderImported") == []


async def test_a_part_of_a_pack_that_was_failed_in_the_arr_is_not_called_the_whole(an_arr):
    """Two episodes were imported, and then all of it was blocklisted by the user of the Arr."""
    async with an_arr("sonarr") as on:
        items = pack(on)
        files = contents(on, items)
        for file in [one for one in files if one.path.endswith(".mkv")][2:]:
            file.playable = False
        torrent = downloaded(on, items, files=files)
        on.arr.refresh_now()
        await until(lambda: len(events(on, torrent, "downloadFolderImported")) == 2, 5, "nothing was imported")
        await until(lambda: all(one.tracked_state == "importBlocked" for one in on.arr.queue.values()), 5, "state")
        on.arr.remove(next(iter(on.arr.queue)), from_client=False, blocklist=True, skip_redownload=True)
        async with on.opened() as opened:
            await opened.loop.load()
            found = await decided_by(opened, torrent, "not_in_queue")
            await settled(opened)
            assert ("import", "done") not in await outcomes(opened, torrent)
        assert torrent.infohash in on.client.torrents
    assert "failed" in found.because
    assert "qBitrr-imported" not in torrent.tags


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("handles_completed", [True, False])
async def test_what_the_user_has_the_arr_ignore_is_not_imported(an_arr, kind, handles_completed):
    """`IgnoredDownloadService` of all three: it is listed no more, and its history says `downloadIgnored`."""
    async with an_arr(kind) as on:
        on.arr.imports_by_itself = False
        torrent = downloaded(on, missing(on))
        on.arr.refresh_now()
        await until(lambda: on.arr.queue, 5, "it is not listed")
        on.arr.remove(next(iter(on.arr.queue)), from_client=False, blocklist=False, skip_redownload=False)
        on.arr.settings.completed_download_handling = handles_completed
        on.arr.imports_by_itself = True
        async with on.opened() as opened:
            await opened.loop.load()
            found = await decided_by(opened, torrent, "not_in_queue")
            await settled(opened)
            assert await outcomes(opened, torrent) == []
    assert found.because == "it is complete, but the Arr ignores the download, as the user asked for"
    assert TAG_IMPORTED not in torrent.tags
    assert scans(on) == []


async def test_an_empty_queue_after_a_restart_of_the_arr_proves_nothing_of_a_pack(an_arr):
    async with an_arr("sonarr") as on:
        items = pack(on)
        files = contents(on, items)
        for file in [one for one in files if one.path.endswith(".mkv")][1:]:
            file.playable = False
        torrent = downloaded(on, items, files=files)
        on.arr.refresh_now()
        await until(lambda: events(on, torrent, "downloadFolderImported"), 5, "nothing was imported")
        torrent.tags.add("qBitrr-imported")  # as another program may have done
        torrent.ratio_limit = 0
        on.arr.restart()
        async with on.opened(SeedingMode={"RemoveTorrent": 1, "MaxUploadRatio": 0.1}) as opened:
            torrent.uploaded = 10 * torrent.total_size
            await opened.loop.load()
            await settled(opened, 5)
            assert ("remove", "done") not in await outcomes(opened, torrent)
        assert torrent.infohash in on.client.torrents


# -- an Arr that is away ---------------------------------------------------------------------------------------


async def test_a_download_that_ends_while_the_arr_is_away_is_imported_when_it_is_back(an_arr):
    async with an_arr("radarr") as on:
        torrent = grab(on, missing(on))
        async with on.opened() as opened:
            await opened.loop.load()
            await settled(opened)
            await on.stand_in.fail(Down())
            complete(torrent)
            await settled(opened)
            await on.stand_in.heal()
            await imported(opened, torrent)
            assert await outcomes(opened, torrent) == [("import", "done")]


@pytest.mark.parametrize("handles_completed", [True, False])
async def test_while_the_arr_does_not_poll_its_client_an_empty_queue_proves_nothing(an_arr, handles_completed):
    """It has backed off from it: nothing is listed, and a scan would not be known as that of a download."""
    async with an_arr("radarr") as on:
        on.arr.settings.completed_download_handling = handles_completed
        torrent = downloaded(on, missing(on))
        (connection,) = on.arr.connections
        connection.blocked_until = on.arr.now + 3600
        async with on.opened() as opened:
            await opened.loop.load()
            await passes_until(opened, ended(opened, "import", "failed"), "its import did not end")
            (entry,) = await of(opened, torrent)
    assert scans(on) == []
    words = "unavailable due to failures" if handles_completed else "does not poll its download client"
    assert words in entry.outcome


async def test_a_torrent_that_another_program_added_is_imported_when_the_arr_does(an_arr):
    async with an_arr("radarr") as on:
        torrent = add(on, missing(on))
        complete(torrent)
        async with on.opened() as opened:
            await opened.loop.load()
            await imported(opened, torrent)
            await asyncio.sleep(0)
            assert await outcomes(opened, torrent) == [("import", "done")]
    assert scans(on) == []
