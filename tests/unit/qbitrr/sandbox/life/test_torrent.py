import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.sandbox.life.fate import Destiny, Fate
from qbitrr.sandbox.life.torrent import NEVER_SECONDS, Torrent, TorrentFile

START = 1_000_000.0
SIZE = 1_000


def torrent(fate=None, *, infohash="a0", files=None):
    return Torrent(
        infohash=infohash,
        name="Some.Release",
        category="radarr",
        save_path="/downloads/radarr",
        files=files or [TorrentFile("Some.Release/a.mkv", SIZE), TorrentFile("Some.Release/a.nfo", 0)],
        fate=fate or Fate(bytes_per_second=10),
        added_on=START,
        tracker="https://tracker.example/announce",
        clock=START,
        last_activity=START,
    )


def after(seconds, one, speed=1.0):
    one.develop(START + seconds, speed)
    return one


def test_a_healthy_one_downloads_completes_and_seeds():
    one = after(40, torrent())
    assert (one.state, one.progress, one.eta_seconds) == ("downloading", 0.4, 61)
    assert one.last_activity == START + 40

    after(130, one)
    assert (one.state, one.progress, one.completion_on) == ("stalledUP", 1.0, START + 100)
    assert one.seeding_seconds == 30
    assert one.last_activity == START + 100


def test_one_with_somebody_to_upload_to_keeps_being_active():
    one = after(130, torrent(infohash="a1"))
    assert one.state == "uploading"
    assert one.uploaded > 0
    assert one.last_activity == START + 130


def test_at_ten_times_the_speed_bytes_flow_ten_times_as_fast():
    assert after(4, torrent(), speed=10).progress == 0.4


def test_a_stalled_one_stops_where_it_is_meant_to_and_remembers_since_when():
    one = after(3_600, torrent(Fate(Destiny.STALLED, 10, until=0.37)))
    assert (one.state, one.progress, one.eta_seconds) == ("stalledDL", 0.37, NEVER_SECONDS)
    assert one.last_activity == pytest.approx(START + 37)
    assert one.completion_on is None


def test_without_metadata_nothing_is_known():
    one = after(3_600, torrent(Fate(Destiny.NO_METADATA)))
    assert (one.state, one.progress, one.content_path, one.complete) == ("metaDL", 0.0, "", False)
    assert one.last_activity == START


def test_an_errored_one_heals_by_being_rechecked():
    one = after(100, torrent(Fate(Destiny.ERRORED, 10, until=0.5)))
    assert one.state == "error"

    one.recheck(START + 100, seconds=4)
    assert one.state == "checkingDL"
    assert after(103, one).state == "checkingDL"
    assert after(105, one).state == "downloading"
    assert after(1000, one).complete


def test_lost_data_is_noticed_at_once_and_downloaded_again_after_a_recheck():
    one = after(200, torrent())
    one.data_lost = True
    assert after(201, one).state == "missingFiles"
    one.recheck(START + 201, seconds=4)
    assert after(205, one).state == "downloading"
    assert one.progress < 0.1
    assert one.completion_on is None


def test_a_stopped_one_does_nothing():
    one = after(10, torrent())
    one.stopped = True
    after(50, one)
    assert (one.state, one.progress, one.active_seconds) == ("stoppedDL", 0.1, 10)
    one.stopped = False
    assert after(60, one).progress == 0.2


def test_files_without_a_priority_do_not_count():
    one = torrent(files=[TorrentFile("x/a", 600), TorrentFile("x/b", 400, priority=0)])
    assert (one.selected_size, one.total_size) == (600, 1000)
    assert after(60, one).complete


@pytest.mark.parametrize(
    ("paths", "content_path"),
    [
        (["a.mkv"], "/downloads/radarr/a.mkv"),
        (["Rel/a.mkv"], "/downloads/radarr/Rel/a.mkv"),
        (["Rel/a.mkv", "Rel/a.nfo"], "/downloads/radarr/Rel"),
    ],
)
def test_the_content_path_is_the_file_or_the_folder_of_several(paths, content_path):
    assert torrent(files=[TorrentFile(path, 1) for path in paths]).content_path == content_path


@given(
    steps=st.lists(st.floats(0.01, 60), min_size=1, max_size=20),
    rate=st.floats(1, 500),
    destiny=st.sampled_from(Destiny),
    until=st.floats(0.05, 0.95),
)
def test_many_small_steps_lead_where_one_big_one_leads(steps, rate, destiny, until):
    ends_early = destiny in (Destiny.STALLED, Destiny.ERRORED)
    fate = Fate(destiny, rate, until=until if ends_early else 1.0)
    small, big = torrent(fate), torrent(fate)
    moment = START
    for step in steps:
        moment += step
        small.develop(moment, 1.0)
    big.develop(moment, 1.0)
    assert small.progress == pytest.approx(big.progress)
    assert small.completion_on == (None if big.completion_on is None else pytest.approx(big.completion_on))
    assert small.seeding_seconds == pytest.approx(big.seeding_seconds)
    assert small.last_activity == pytest.approx(big.last_activity)
