"""Where orphans may be found, and what belongs to a torrent."""

import pytest
from msgspec.structs import replace

from qbitrr.rules.orphan_folders import (
    ArrFolders,
    ClientData,
    Evidence,
    Folder,
    KnownPaths,
    TorrentData,
    fold,
    foreign_folders,
    is_never_entered,
    objection_to_folder,
    objection_to_list,
    objections_to_evidence,
    our_folders,
    spared_by,
)
from qbitrr.rules.paths import PathMapping

HASH = "a" * 40
MOVIE = TorrentData(
    HASH, "A", "stalledUP", "/downloads/movies/A", "/downloads/movies", "", 100, complete=True, has_data=True
)
CLIENT = ClientData("qBit", "/downloads", {"movies": "", "tv": "/disk/tv", "games": "rel/games"}, (MOVIE,))
MOVIES = Folder("/downloads/movies", "qBit", "movies", "/downloads/movies")


def known(*torrents, **fields):
    return KnownPaths([replace(CLIENT, torrents=torrents, **fields)])


@pytest.mark.parametrize(
    ("path", "covered"),
    [
        ("/downloads/movies/A", True),
        ("/downloads/movies/A/a.mkv", True),
        ("/downloads/movies/A/Subs/en.srt", True),
        ("/downloads/movies/a/A.MKV", True),  # some file systems ignore case
        ("/downloads/movies/A.!qB", True),
        ("/downloads/movies/A.mkv", False),
        ("/downloads/movies/AB", False),
        ("/downloads/movies", False),
        ("/downloads/movies/.unwanted/A/a.mkv", True),
        (f"/downloads/movies/.{HASH}.parts", True),
        (f"/downloads/movies/.{'b' * 40}.parts", False),
        (f"/downloads/movies/{HASH}.parts", False),
    ],
)
def test_what_belongs_to_a_torrent(path, covered):
    assert known(MOVIE).cover(path) is covered


@pytest.mark.parametrize("written", ["/downloads/movies/Cafe\u0301", "/downloads/movies/Caf\u00e9"])
def test_accents_in_either_form_are_the_same(written):
    torrent = replace(MOVIE, content_path=written)
    assert known(torrent).cover("/downloads/movies/Caf\u00e9/a.mkv")
    assert known(torrent).cover("/downloads/movies/Cafe\u0301/a.mkv")
    assert not known(torrent).cover("/downloads/movies/Cafe/a.mkv")


def test_an_incomplete_download_covers_its_file_with_and_without_its_suffix_and_where_it_will_lie():
    torrent = replace(
        MOVIE, content_path="/incomplete/x.mkv.!qB", download_path="/incomplete", state="stalledDL", complete=False
    )
    paths = known(torrent)
    assert paths.cover("/incomplete/x.mkv.!qB")
    assert paths.cover("/incomplete/x.mkv")
    assert paths.cover("/downloads/movies/x.mkv.!qB")
    assert paths.cover("/downloads/movies/x.mkv")
    assert not paths.cover("/downloads/movies/y.mkv.!qB")


def test_a_torrent_that_waits_for_its_metadata_covers_its_name():
    paths = known(replace(MOVIE, name="B", content_path="", state="metaDL", has_data=False))
    assert paths.cover("/downloads/movies/B/b.mkv")
    assert paths.cover("/downloads/movies/B")
    assert not paths.cover("/downloads/movies/C")
    assert not known(replace(MOVIE, name="../B", content_path="")).cover("/downloads/B")


def test_the_folders_of_torrents_are_known_as_this_machine_calls_them():
    torrent = replace(MOVIE, content_path="/incomplete/B", download_path="/incomplete")
    paths = known(torrent, replace(MOVIE, content_path="/far/C"), local_paths={"/downloads": "/nas", "/far": ""})
    assert paths.places == {"/nas/movies", "/incomplete"}


def test_the_folder_for_incomplete_downloads_may_lie_in_the_save_path():
    folder = "/downloads/movies/incomplete"
    paths = known(replace(MOVIE, content_path=f"{folder}/A/a.mkv.!qB", download_path=folder, complete=False))
    assert paths.cover("/downloads/movies/A/other.nfo")
    assert paths.cover(f"{folder}/A/other.nfo")
    assert not paths.cover(f"{folder}/other.nfo")


def test_a_single_file_in_a_folder_of_its_own_has_the_folder():
    torrent = replace(MOVIE, content_path="/incomplete/A/a.mkv.!qB", download_path="/incomplete", complete=False)
    paths = known(torrent)
    assert paths.cover("/incomplete/A/other.nfo")
    assert paths.cover("/downloads/movies/A/other.nfo")
    assert not paths.cover("/downloads/movies/other.nfo")


def test_content_in_a_folder_that_the_client_does_not_name_covers_its_name_in_the_save_path():
    paths = known(replace(MOVIE, content_path="/elsewhere/deep/A"))
    assert paths.cover("/elsewhere/deep/A/a.mkv")
    assert paths.cover("/downloads/movies/A/a.mkv")


def test_a_torrent_without_a_folder_of_its_own_covers_its_files_and_their_folders():
    torrent = replace(MOVIE, content_path="/downloads/movies", files=("a.mkv", "more/b.mkv"))
    assert torrent.rootless
    assert known(torrent).cover("/downloads/movies/more/b.mkv")
    assert known(torrent).cover("/downloads/movies/more/c.mkv")
    assert not known(torrent).cover("/downloads/movies/c.mkv")


def test_paths_of_the_client_count_as_well_as_those_of_this_machine():
    paths = known(MOVIE, local_paths={"/downloads": "/mnt/nas"})
    assert paths.cover("/mnt/nas/movies/A/a.mkv")
    assert paths.cover("/downloads/movies/A/a.mkv")
    assert known(MOVIE, local_paths={"/downloads": ""}).cover("/downloads/movies/A/a.mkv")


@pytest.mark.parametrize(
    ("path", "here"),
    [
        ("/downloads/movies/A", "/mnt/a/movies/A"),
        ("/downloads/tv/B", "/mnt/b/B"),
        ("/seedbox/C", None),
        ("/downloads2/A", "/downloads2/A"),
    ],
)
def test_the_longest_local_path_counts(path, here):
    client = replace(CLIENT, local_paths={"/downloads": "/mnt/a", "/downloads/tv": "/mnt/b/", "/seedbox": ""})
    assert client.here(path) == here


def test_a_client_may_be_on_another_machine_as_a_whole():
    assert replace(CLIENT, local_paths={"/": ""}).here("/downloads/A") is None
    assert replace(CLIENT, local_paths={"/": "/host"}).here("/downloads/A") == "/host/downloads/A"


@pytest.mark.parametrize(
    ("category", "subcategories", "folder"),
    [
        ("movies", False, "/downloads/movies"),
        ("tv", False, "/disk/tv"),
        ("games", False, "/downloads/rel/games"),
        ("tv/anime", False, "/downloads/tv/anime"),
        ("tv/anime", True, "/disk/tv/anime"),
    ],
)
def test_folders_of_categories(category, subcategories, folder):
    assert replace(CLIENT, subcategories=subcategories).category_folder(category) == folder


def test_only_folders_of_our_categories_are_found():
    assert our_folders(CLIENT, {"movies"}, ()) == [MOVIES]
    assert our_folders(replace(CLIENT, local_paths={"/downloads": ""}), {"movies"}, ()) == []
    mapped = replace(CLIENT, local_paths={"/downloads": "/nas"})
    assert our_folders(mapped, {"movies"}, ()) == [Folder("/nas/movies", "qBit", "movies", "/downloads/movies")]
    below = replace(CLIENT, categories={"movies/4k": ""})
    assert our_folders(below, {"movies"}, ()) == []
    assert [one.category for one in our_folders(below, {"movies"}, {"movies"})] == ["movies/4k"]


def test_folders_of_others():
    client = replace(CLIENT, temp_path="/downloads/incomplete")
    assert foreign_folders([client], {"movies", "tv"}, ()) == {"/downloads/incomplete", "/downloads/rel/games"}


def objection(folder=MOVIES, arrs=None, foreign=(), kept=(), clients=(CLIENT,)):
    found = objection_to_folder(folder, clients, arrs or {}, foreign, kept)
    return "" if found is None else found.because


def test_an_ordinary_folder_has_no_objection():
    assert (
        objection(arrs={"Radarr": ArrFolders(("/media/movies",))}, foreign={"/downloads/movies/x"}, kept={"/var"}) == ""
    )


@pytest.mark.parametrize(
    ("path", "because"),
    [
        ("/downloads", "folder of all downloads"),
        ("/", "root of the file system"),
        ("downloads/movies", "no such path"),
        ("C:\\downloads\\movies", "no such path"),
        ("/downloads/../movies", "no such path"),
    ],
)
def test_folders_that_may_hold_what_is_not_ours(path, because):
    assert because in objection(replace(MOVIES, path=path))


def test_a_folder_above_that_of_all_downloads_is_refused():
    client = replace(CLIENT, save_path="/downloads/movies/all")
    assert "all downloads" in objection(clients=[client])


def test_a_folder_that_is_also_anothers_is_refused():
    assert "not configured" in objection(foreign={"/Downloads/Movies/"})


@pytest.mark.parametrize("kept", ["/downloads/movies/qbitrr", "/downloads"])
def test_a_folder_with_the_data_of_qbitrr_is_refused(kept):
    assert "data folder" in objection(kept={kept})


@pytest.mark.parametrize(
    ("root", "refused"),
    [
        ("/downloads/movies", True),
        ("/downloads/movies/library", True),
        ("/downloads/Movies/library", True),
        ("/downloads", True),
        ("/downloads/movies2", False),
        ("/media/movies", False),
    ],
)
def test_root_folders_of_an_arr(root, refused):
    assert ("root folder of Radarr" in objection(arrs={"Radarr": ArrFolders((root,))})) is refused


def test_root_folders_are_compared_as_the_arr_sees_them():
    mapping = PathMapping("nas", "/downloads/", "/data/torrents/")
    arr = ArrFolders(("/data/torrents/movies/library",), (mapping,), ("NAS",))
    assert "root folder" in objection(arrs={"Radarr": arr})
    assert objection(arrs={"Radarr": replace(arr, hosts=("other",))}) == ""
    assert objection(arrs={"Radarr": replace(arr, roots=("/data/media",))}) == ""


def test_contradictory_path_mappings_are_refused():
    mappings = (PathMapping("nas", "/downloads/", "/data/"), PathMapping("NAS", "/downloads", "/other"))
    arr = ArrFolders(("/media",), mappings, ("nas",))
    assert "contradict" in objection(arrs={"Radarr": arr})
    nearer = PathMapping("nas", "/downloads/movies", "/films")
    assert objection(arrs={"Radarr": replace(arr, mappings=(*mappings, nearer))}) == ""


@pytest.mark.parametrize(
    ("torrents", "because"),
    [
        ((MOVIE,), ""),
        ((), "no torrent"),
        ((MOVIE, replace(MOVIE, state="checkingResumeData")), "loading"),
        ((replace(MOVIE, state="unknown"),), "loading"),
        ((MOVIE, replace(MOVIE, state="moving")), "moving"),
        ((replace(MOVIE, content_path="/downloads/movies"),), "files are not known"),
        ((replace(MOVIE, state="checkingUP"),), ""),
    ],
)
def test_which_lists_are_complete(torrents, because):
    found = objection_to_list(replace(CLIENT, torrents=torrents))
    assert because in ("" if found is None else found.because)
    assert (found is None) == (because == "")


@pytest.mark.parametrize(
    ("seen", "expected", "because"),
    [(0, 0, None), (0, 1, "called otherwise"), (1, 1, None), (1, 2, None), (1, 3, "only 1 are seen"), (9, 10, None)],
)
def test_a_folder_has_to_show_most_of_its_torrents(seen, expected, because):
    found = objections_to_evidence([Evidence("qBit", "/downloads", seen, expected)])
    assert [because in one.because for one in found] == ([] if because is None else [True])


@pytest.mark.parametrize(
    ("changes", "shows"),
    [({}, True), ({"has_data": False}, False), ({"content_path": ""}, False), ({"state": "missingFiles"}, False)],
)
def test_which_torrents_show_their_place(changes, shows):
    assert replace(MOVIE, **changes).shows_place is shows


@pytest.mark.parametrize(
    ("path", "spared"),
    [
        ("a.nfo", True),
        ("deep/a.nfo", True),
        ("keep/mine.mkv", True),
        ("keep", False),  # it is entered, and nothing in it is an orphan
        ("old/keep/mine.mkv", False),
        ("caf\u00e9/x", True),
        ("a.nfo.mkv", False),
        ("[group] x", False),
        ("x.part", True),
    ],
)
def test_what_is_spared(path, spared):
    pattern = spared_by(["*.NFO", "keep/*", "Cafe\u0301/*", "?.part", "", "/"])
    assert bool(pattern.match(path) or pattern.match(path.rpartition("/")[2])) is spared


def test_nothing_is_spared_without_patterns():
    assert spared_by([]) is None


def test_folders_of_the_system_are_not_entered():
    assert all(map(is_never_entered, (".qbitrr-orphans", "lost+found", "@eaDir", ".Trash-1000", "#recycle")))
    assert not is_never_entered("Movie")


def test_paths_are_folded_as_a_whole():
    assert fold("//Downloads/./A/") == "/downloads/a"
