"""What a torrent is given again when it is added after its deletion."""

from qbitrr.qbittorrent.restore import KeptFile, KeptTorrent, TorrentSettings

FILES = (KeptFile(0, "Film/a.mkv", 1), KeptFile(1, "Film/b.mkv", 0), KeptFile(2, "Film/c.mkv", 7))


def kept(*files, **settings):
    return KeptTorrent(TorrentSettings("a" * 40, **settings), running=True, files=files)


def test_only_priorities_that_differ_are_set_also_ordinary_ones():
    assert kept(*FILES).priorities({0: 1, 1: 1, 2: 1}) == {0: [1], 7: [2]}
    assert kept(*FILES).priorities({0: 0, 1: 0, 2: 7}) == {1: [0]}  # a client that excludes names by itself
    assert kept(*FILES).priorities({}) == {}


def test_files_keep_their_layout_and_their_names():
    assert kept(*FILES).content_layout == "Subfolder"
    assert kept(KeptFile(0, "a.mkv", 1), KeptFile(1, "b.mkv", 1)).content_layout == "NoSubfolder"
    assert kept(KeptFile(0, "A/a.mkv", 1), KeptFile(1, "B/b.mkv", 1)).content_layout == "NoSubfolder"
    assert kept(*FILES).renamed({0: "Film/a.mkv", 1: "Film/original.mkv"}) == [("Film/original.mkv", "Film/b.mkv")]


def test_it_is_added_stopped_with_all_that_was_set_on_it_but_the_tags_of_qbitrr():
    settings = {
        "name": "Mine", "tags": "mine, qBitrr-quarantine", "save_path": "/data", "auto_tmm": True, "seq_dl": True,
        "f_l_piece_prio": True, "dl_limit": 5, "up_limit": -1, "ratio_limit": -1.0, "seeding_time_limit": 60,
    }  # fmt: skip
    assert kept(*FILES, **settings).fields("films", ("qBitrr-quarantine",)) == {
        "savepath": "/data", "category": "films", "tags": "mine", "autoTMM": "true", "rename": "Mine",
        "paused": "true", "stopped": "true", "sequentialDownload": "true", "firstLastPiecePrio": "true",
        "ratioLimit": "-1.0", "seedingTimeLimit": "60", "inactiveSeedingTimeLimit": "-2", "dlLimit": "5",
        "upLimit": "0", "contentLayout": "Subfolder",
    }  # fmt: skip
