"""Which workers another configuration concerns."""

from msgspec.structs import replace

from qbitrr.config import load_text
from qbitrr.worker.config import worker_configs
from supervisor.changes import WorkerChanges, difference

TEXT = """
[Settings]
CompletedDownloadFolder = "/downloads"
[WebUI]
Token = "t"
[qBit]
Host = "localhost"
[Radarr-A]
URI = "http://a"
APIKey = "ka"
Category = "films"
[Sonarr-B]
URI = "http://b"
APIKey = "kb"
Category = "tv"
"""
ANIME = '[Sonarr-C]\nURI = "http://c"\nAPIKey = "kc"\nCategory = "tv/anime"\n'


def parts(text):
    configs = worker_configs(load_text(text, {}).config, "/state.db", None)
    return {config.name: config for config in configs}


def change(text, before=TEXT):
    return difference(parts(before), parts(text))


def changed(old, new):
    assert old in TEXT
    return change(TEXT.replace(old, new))


def test_the_same_file_changes_nothing():
    assert change(TEXT + "# a comment\n") == WorkerChanges(unchanged=("films", "tv"))


def test_a_key_of_one_arr_concerns_its_worker_only():
    assert changed('"ka"', '"other"') == WorkerChanges(restarted=("films",), unchanged=("tv",))


def test_a_new_arr_concerns_no_other():
    assert change(TEXT + ANIME.replace("tv/anime", "anime")) == WorkerChanges(
        started=("anime",), unchanged=("films", "tv")
    )


def test_a_new_sub_category_concerns_its_parent_which_owned_its_torrents():
    assert change(TEXT + ANIME) == WorkerChanges(started=("tv/anime",), restarted=("tv",), unchanged=("films",))


def test_an_arr_that_is_gone_is_stopped():
    assert change(TEXT, TEXT + ANIME).stopped == ("tv/anime",)


def test_a_renamed_category_is_another_worker():
    assert changed('"films"', '"movies"') == WorkerChanges(started=("movies",), stopped=("films",), unchanged=("tv",))


def test_what_every_worker_uses_concerns_all():
    assert changed('"localhost"', '"nas"').restarted == ("films", "tv")
    assert changed("[Settings]\n", "[Settings]\nLoopSleepTimer = 9\n").restarted == ("films", "tv")


def test_what_only_the_supervisor_looks_at_concerns_no_worker():
    settings = "AutoRestartProcesses = false\nMaxProcessRestarts = 9\nProcessRestartWindow = 9\nLogging = false\n"
    more = "ProcessRestartDelay = 9\nProcessSpawnTimeoutSeconds = 9\nAutoUpdateEnabled = true\n"
    assert changed("[Settings]\n", f"[Settings]\n{settings}{more}").restarted == ()
    assert changed('"t"', '"another token"').restarted == ()


def test_a_worker_knows_the_secrets_of_its_own_services_only():
    parts_ = parts(TEXT)
    assert "ka" in parts_["films"].secrets
    assert "kb" not in parts_["films"].secrets
    assert replace(parts_["films"], arr_section=parts_["tv"].arr) != parts_["films"]
