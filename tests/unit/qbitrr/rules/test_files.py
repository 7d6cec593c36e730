"""Real layouts of releases under invented names: what is not wanted of them, and what remains to be played."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.config.derived_defaults import arr_defaults
from qbitrr.config.extensions import AUDIO, VIDEO
from qbitrr.config.model import Settings
from qbitrr.rules.files import (
    Selection,
    TorrentFile,
    compile_rules,
    deletable,
    excluded,
    extension,
    media,
    select,
)

MIB = 1024 * 1024
SECTIONS = {"radarr": "Radarr-HD", "sonarr": "Sonarr-TV", "lidarr": "Lidarr-Music"}
NAME = "Some.Release"
DISC, ARCHIVE, IMAGE = "it is a disc", "it is an archive", "it is a disc image"


def shipped(kind):
    """The rules that users have who changed nothing."""
    torrent = arr_defaults(SECTIONS[kind], kind, Settings())["Torrent"]
    return compile_rules(
        torrent["FolderExclusionRegex"],
        torrent["FileNameExclusionRegex"],
        torrent["FileExtensionAllowlist"],
        kind,
        case_sensitive=False,
    )


def rules(folders=(), names=(), extensions=(), kind="radarr", *, case_sensitive=False):
    return compile_rules(folders, names, extensions, kind, case_sensitive=case_sensitive)


def release(*files):
    """Paths with their sizes in MiB; one without a size has one MiB."""
    sized = [file if isinstance(file, tuple) else (file, 1) for file in files]
    return [TorrentFile(index, path, int(size * MIB)) for index, (path, size) in enumerate(sized)]


def out(files, by):
    """The paths that are not wanted."""
    return {unwanted.path for unwanted in select(files, by, NAME).unwanted}


SEASON_PACK = release(
    *((f"Harbour.Lights.S02.1080p.WEB/Harbour.Lights.S02E{n:02}.1080p.WEB.mkv", 900) for n in range(1, 11)),
    "Harbour.Lights.S02.1080p.WEB/Harbour.Lights.S02.nfo",
    "Harbour.Lights.S02.1080p.WEB/RARBG_DO_NOT_MIRROR.exe",
    ("Harbour.Lights.S02.1080p.WEB/Sample/harbour.lights.s02e01.sample.mkv", 20),
    "Harbour.Lights.S02.1080p.WEB/Subs/Harbour.Lights.S02E01/2_English.srt",
    "Harbour.Lights.S02.1080p.WEB/Subs/Harbour.Lights.S02E01/3_English.idx",
    "Harbour.Lights.S02.1080p.WEB/Subs/Harbour.Lights.S02E01/3_English.sub",
    ("Harbour.Lights.S02.1080p.WEB/Extras/Behind the Harbour.mkv", 300),
    ("Harbour.Lights.S02.1080p.WEB/Featurettes/The Sea/Deep.mkv", 200),
)


def test_of_a_season_pack_all_episodes_and_subtitles_remain():
    found = select(SEASON_PACK, shipped("sonarr"), NAME)
    assert found.playable == 10
    root = "Harbour.Lights.S02.1080p.WEB"
    assert {unwanted.path: unwanted.because for unwanted in found.unwanted} == {
        f"{root}/Harbour.Lights.S02.nfo": "FileExtensionAllowlist",
        f"{root}/RARBG_DO_NOT_MIRROR.exe": "FileExtensionAllowlist",
        f"{root}/Sample/harbour.lights.s02e01.sample.mkv": r"FolderExclusionRegex \bsamples?\b",
        f"{root}/Extras/Behind the Harbour.mkv": r"FolderExclusionRegex \bextras?\b",
        f"{root}/Featurettes/The Sea/Deep.mkv": r"FolderExclusionRegex \bfeaturettes?\b",
    }


def test_a_season_pack_in_season_folders_keeps_its_episodes():
    files = release(
        ("Tin Valley/Season 1/Tin Valley - S01E01 - Ore.mkv", 800),
        ("Tin Valley/Season 1/Tin Valley - S01E02 - Smoke.mkv", 800),
        ("Tin Valley/Season 2/Tin Valley - S02E01 - Ash.mkv", 800),
        ("Tin Valley/Specials/Tin Valley - S00E01 - Making Of.mkv", 400),
        ("Tin Valley/Season 2/Extras/Tin Valley - Bloopers.mkv", 40),
    )
    found = select(files, shipped("sonarr"), NAME)
    assert found.playable == 4
    assert [unwanted.index for unwanted in found.unwanted] == [4]


def test_an_anime_batch_loses_its_openings_and_endings():
    files = release(
        *((f"[Kumo] Paper Moons (BD 1080p)/[Kumo] Paper Moons - {n:02}.mkv", 500) for n in range(1, 13)),
        ("[Kumo] Paper Moons (BD 1080p)/NC/[Kumo] Paper Moons - NCOP1.mkv", 50),
        ("[Kumo] Paper Moons (BD 1080p)/[Kumo] Paper Moons - NCED2.mkv", 50),
    )
    assert select(files, shipped("sonarr"), NAME).playable == 12
    assert out(files, shipped("sonarr")) == {file.path for file in files[12:]}


@pytest.mark.parametrize("root", ["Extras.S01.720p.WEB", "Sample", "Screens (2011)", "featurettes"])
def test_the_torrents_own_folder_is_never_matched(root):
    """Of a series of that name nothing would remain otherwise."""
    files = release((f"{root}/e01.mkv", 500), (f"{root}/e02.mkv", 500), (f"{root}/Extras/cut.mkv", 90))
    assert out(files, shipped("sonarr")) == {f"{root}/Extras/cut.mkv"}


def test_without_a_folder_of_its_own_every_folder_is_matched():
    files = release(("film.mkv", 5000), ("Extras/one.mkv", 50), ("Sample/film.mkv", 10))
    assert out(files, shipped("radarr")) == {"Extras/one.mkv", "Sample/film.mkv"}


def test_a_folder_of_its_own_is_one_that_all_files_share():
    assert out(release(("Extras/a.mkv", 9), ("Film/b.mkv", 90)), rules([r"\bextras\b"])) == {"Extras/a.mkv"}
    assert out(release(("Extras/a.mkv", 9), ("Extras/b.mkv", 9)), rules([r"\bextras\b"])) == set()


def test_only_the_name_of_a_file_is_matched_by_its_pattern_and_only_folders_by_theirs():
    files = release(("Film/film.mkv", 90), ("Film/sample/film.mkv", 9), ("Film/film/sample.mkv", 9))
    assert out(files, rules(names=["sample"])) == {"Film/film/sample.mkv"}
    assert out(files, rules(folders=["sample"])) == {"Film/sample/film.mkv"}


@pytest.mark.parametrize(
    "path", ["The.Long.Tide.2019.1080p.mkv", "The.Long.Tide.2019/The.Long.Tide.2019.mkv", "ثلج/Снег и соль 雪.mkv"]
)
def test_a_single_film_is_wanted(path):
    assert select(release((path, 4000)), shipped("radarr"), NAME) == Selection(playable=1)


@pytest.mark.parametrize("path", ["setup.exe", "Film/film.mkv.exe", "Film/film.mkv.lnk", "Film.2024.1080p.scr"])
def test_of_malware_alone_nothing_playable_remains(path):
    for by in (shipped("radarr"), rules()):
        found = select(release((path, 900)), by, NAME)
        assert (found.playable, found.foreign) == (0, "")


def test_malware_beside_a_film_is_not_fetched_and_the_film_is():
    files = release(("Film/film.mkv", 4000), ("Film/codec.exe", 5), ("Film/watch.lnk", 1))
    assert out(files, shipped("radarr")) == {"Film/codec.exe", "Film/watch.lnk"}
    assert select(files, shipped("radarr"), NAME).playable == 1


@pytest.mark.parametrize(
    ("files", "what"),
    [
        (release(("Film/BDMV/STREAM/00001.m2ts", 9000), "Film/BDMV/index.bdmv", "Film/CERTIFICATE/id.bdmv"), DISC),
        (release(("Show.S01.D1/Disc 1/bdmv/STREAM/00800.m2ts", 9000), ("Show.S01.D1/x.mkv", 1)), DISC),
        (release(("BDMV/STREAM/00001.m2ts", 9000), "BDMV/index.bdmv"), DISC),
        (release(("Film.DVD9/VIDEO_TS/VTS_01_1.VOB", 1000), "Film.DVD9/VIDEO_TS/VIDEO_TS.IFO"), DISC),
        (release(("VIDEO_TS/VTS_01_1.VOB", 1000), "AUDIO_TS/x.aob"), DISC),
        (release(("Film/HVDVD_TS/FEATURE_1.EVO", 1000)), DISC),
        (release(("Film/film.rar", 50), ("Film/film.r00", 50), ("Film/film.r01", 50), "Film/film.sfv"), ARCHIVE),
        (release(("Film/film.part01.rar", 50), ("Film/film.part02.rar", 50), ("Film/Sample/sample.mkv", 9)), ARCHIVE),
        (release(("Film/film.s00", 50), ("Film/film.R99", 50)), ARCHIVE),
        (release(("Film/film.7z.001", 50), ("Film/film.7z.002", 50)), ARCHIVE),
        (release(("film.zip.!qB", 50)), ARCHIVE),
        (release(("Film/film.iso", 8000), "Film/film.nfo"), IMAGE),
        (release(("FILM.IMG", 8000)), IMAGE),
    ],
)
def test_what_others_unpack_is_left_as_it_is(files, what):
    """Of an archive without its parts or a disc without its menus nothing could be made."""
    assert select(files, shipped("radarr"), NAME) == Selection(foreign=what)


@pytest.mark.parametrize(
    ("film", "archive", "foreign"), [(100, 99, ""), (100, 100, ""), (100, 101, ARCHIVE), (0, 1, ARCHIVE)]
)
def test_it_is_an_archive_when_more_than_half_of_it_is(film, archive, foreign):
    files = release(("Film/film.mkv", film), ("Film/subs.rar", archive))
    assert select(files, rules(), NAME).foreign == foreign


def test_folders_that_only_sound_like_a_disc_are_none():
    files = release(("Film/BDMV extras/film.mkv", 900), ("Film/bdmv.mkv", 9))
    assert select(files, rules(), NAME).foreign == ""


ALBUM = release(
    *((f"Nine Rivers - Low Water (2016) [FLAC]/{n:02} - Song.flac", 30) for n in range(1, 9)),
    "Nine Rivers - Low Water (2016) [FLAC]/Low Water.cue",
    "Nine Rivers - Low Water (2016) [FLAC]/Low Water.log",
    "Nine Rivers - Low Water (2016) [FLAC]/folder.jpg",
    ("Nine Rivers - Low Water (2016) [FLAC]/Scans/booklet 01.png", 25),
    ("Nine Rivers - Low Water (2016) [FLAC]/Extras/interview.mp3", 25),
)


def test_of_an_album_all_songs_remain():
    found = select(ALBUM, shipped("lidarr"), NAME)
    assert found.playable == 8
    assert found.foreign == ""
    assert not {unwanted.path for unwanted in found.unwanted} & {file.path for file in ALBUM[:8]}
    assert ALBUM[12].path in {unwanted.path for unwanted in found.unwanted}


def test_an_album_without_rules_stays_whole():
    assert select(ALBUM, rules(kind="lidarr"), NAME) == Selection(playable=9)


def test_what_can_be_played_depends_on_the_arr():
    assert [f.path for f in media(release("a/song.flac", "a/clip.mkv", "a/text.txt"), rules(kind="lidarr"), NAME)] == [
        "a/song.flac"
    ]
    assert [f.path for f in media(release("a/song.flac", "a/clip.mkv", "a/text.txt"), rules(kind="sonarr"), NAME)] == [
        "a/clip.mkv"
    ]


@pytest.mark.parametrize(
    ("path", "ending"),
    [
        ("a/Film.MKV", ".mkv"),
        ("Film.mkv.!qB", ".mkv"),
        ("Film.mkv.!QB", ".mkv"),
        ("a.b/Film", ""),
        (".mkv", ""),
        ("Film.", "."),
        ("Film.part1.rar", ".rar"),
    ],
)
def test_the_extension_is_that_of_the_complete_file(path, ending):
    assert extension(path) == ending


def test_a_file_that_is_not_there_in_full_is_judged_by_its_name_when_it_is():
    files = release(("Film/film.mkv.!qB", 900), ("Film/sample.mkv.!qB", 9), ("Film/setup.exe.!qB", 9))
    found = select(files, shipped("radarr"), NAME)
    assert found.playable == 1
    assert {unwanted.index for unwanted in found.unwanted} == {1, 2}


@pytest.mark.parametrize(
    ("case_sensitive", "expected"), [(False, {"F/SAMPLE.mkv", "F/sample.mkv"}), (True, {"F/sample.mkv"})]
)
def test_upper_and_lower_case_matter_only_when_asked(case_sensitive, expected):
    files = release(("F/film.mkv", 900), "F/SAMPLE.mkv", "F/sample.mkv")
    assert out(files, rules(names=["sample"], case_sensitive=case_sensitive)) == expected


def test_upper_and_lower_case_never_matter_in_an_extension():
    assert out(release(("F/FILM.MKV", 900)), rules(extensions=[".mkv"], case_sensitive=True)) == set()
    assert out(release(("F/film.mkv", 900)), rules(extensions=[".MKV"], case_sensitive=True)) == set()


def test_upper_and_lower_case_are_known_of_other_scripts_too():
    assert out(release(("F/film.mkv", 90), ("F/ÄRGER ПРОБА.mkv", 9)), rules(names=["ärger проба"])) == {
        "F/ÄRGER ПРОБА.mkv"
    }


def test_a_pattern_reaches_over_line_breaks_in_a_name():
    assert out(release(("F/film.mkv", 90), ("F/a\nb.mkv", 9)), rules(names=["a.b"])) == {"F/a\nb.mkv"}


def test_an_empty_file_is_not_playable():
    assert select(release(("F/film.mkv", 0), ("F/film.nfo", 1)), rules(), NAME).playable == 0


def test_what_is_excluded_already_is_neither_unwanted_nor_playable():
    files = [TorrentFile(0, "F/film.mkv", 900), TorrentFile(1, "F/sample.mkv", 9, 0), TorrentFile(2, "F/two.mkv", 9, 0)]
    assert select(files, shipped("radarr"), NAME) == Selection(playable=1)


@pytest.mark.parametrize(
    ("priorities", "playable", "foreign"),
    [
        ((1, 1, 1), 1, ""),
        ((0, 1, 1), 0, "the user deselected what can be played in it"),
        ((0, 0, 0), 0, "the user deselected what can be played in it"),
        ((1, 0, 0), 1, ""),
    ],
)
def test_what_the_user_deselected_is_no_reason_to_fail_the_rest(priorities, playable, foreign):
    paths = ("F/film.mkv", "F/sample.mkv", "F/film.srt")
    files = [TorrentFile(index, path, 9, priorities[index]) for index, path in enumerate(paths)]
    found = select(files, shipped("radarr"), NAME)
    assert (found.playable, found.foreign) == (playable, foreign)


def test_when_everything_was_excluded_by_the_rules_nothing_playable_remains():
    files = [TorrentFile(0, "F/film.avi", 9, 0), TorrentFile(1, "F/setup.exe", 90, 0)]
    assert select(files, rules(extensions=[".mkv"]), NAME) == Selection()


def test_no_files_are_no_finding():
    assert select([], shipped("radarr"), NAME) == Selection()
    assert excluded([], shipped("radarr"), NAME) == media([], shipped("radarr"), NAME) == []


def test_only_what_the_rules_exclude_counts_as_excluded_not_what_the_user_deselected():
    files = [TorrentFile(0, "F/film.mkv", 9), TorrentFile(1, "F/sample.mkv", 9, 0), TorrentFile(2, "F/two.mkv", 9, 0)]
    assert [file.path for file in excluded(files, shipped("radarr"), NAME)] == ["F/sample.mkv"]


def test_without_rules_there_is_nothing_to_exclude():
    assert not rules().exclude_anything
    assert rules(["a"]).exclude_anything
    assert rules(names=["a"]).exclude_anything
    assert rules(extensions=[".a"]).exclude_anything


@pytest.mark.parametrize("name", ["film.vob", "film.m2v", "film.xvid", "film.QT", "film.dvr-ms", "film.nsv"])
def test_old_forms_that_an_arr_imports_can_be_played(name):
    """What counts as not playable is failed and deleted, so that nothing may be missing here."""
    assert select(release((name, 900)), rules(), NAME).playable == 1


def test_links_and_playlists_cannot_be_played():
    assert select(release("film.strm", "film.m3u", "film.asx", "film.wpl"), rules(), NAME).playable == 0


def test_every_extension_can_be_recognised():
    assert all(extension(f"x{ending}") == ending for ending in VIDEO | AUDIO)


# -- properties -------------------------------------------------------------------------------------------------

PARTS = st.sampled_from(["Extras", "Sample", "Film", "Subs", "season 1", "BDMV", "ünï", "a.b"])
NAMES = st.sampled_from(
    ["film.mkv", "SAMPLE.mkv", "x.exe", "film.rar", "film.iso", "a.srt", "b.mkv.!qB", "trailer.mp4", ".mkv", "x"]
)
PATHS = st.builds(lambda folders, name: "/".join([*folders, name]), st.lists(PARTS, max_size=3), NAMES)
FILES = st.lists(st.tuples(PATHS, st.integers(0, 5), st.integers(0, 1)), max_size=8, unique_by=lambda row: row[0]).map(
    lambda rows: [TorrentFile(index, *row) for index, row in enumerate(rows)]
)
BY = shipped("radarr")


@given(FILES, st.randoms(use_true_random=False))
def test_the_order_of_the_files_does_not_matter(files, random):
    shuffled = random.sample(files, len(files))
    one, other = select(files, BY, NAME), select(shuffled, BY, NAME)
    assert (one.playable, one.foreign, set(one.unwanted)) == (other.playable, other.foreign, set(other.unwanted))
    assert {file.index for file in excluded(files, BY, NAME)} == {file.index for file in excluded(shuffled, BY, NAME)}


@given(FILES)
def test_after_excluding_nothing_more_is_unwanted_and_as_much_can_be_played(files):
    found = select(files, BY, NAME)
    gone = {unwanted.index for unwanted in found.unwanted}
    after = [TorrentFile(f.index, f.path, f.size_bytes, 0 if f.index in gone else f.priority) for f in files]
    again = select(after, BY, NAME)
    assert again.unwanted == ()
    assert again.playable == found.playable
    assert gone <= {file.index for file in excluded(after, BY, NAME)}


@given(FILES, st.sampled_from(["Extras", "Sample", "Screens", "NCOP"]))
def test_a_folder_around_everything_changes_nothing(files, root):
    """Unless all was in one folder before, which then is the torrent's own no more."""
    inside = [TorrentFile(f.index, f"top/{f.path}", f.size_bytes, f.priority) for f in files]
    context = [TorrentFile(f.index, f"{root}/{f.path}", f.size_bytes, f.priority) for f in files]
    one, other = select(inside, BY, NAME), select(context, BY, NAME)
    assert (one.playable, one.foreign) == (other.playable, other.foreign)
    assert {u.index for u in one.unwanted} == {u.index for u in other.unwanted}


@given(FILES)
def test_without_rules_every_file_is_wanted(files):
    assert select(files, rules(), NAME).unwanted == ()


@given(FILES, st.sampled_from(["Film", "Sample.2023", "Extras"]))
def test_patterns_for_names_never_exclude_half_of_the_bytes_nor_what_the_torrents_name_has(files, name):
    found = select(files, BY, name)
    by_name = [unwanted for unwanted in found.unwanted if unwanted.because != "FileExtensionAllowlist"]
    sizes = {file.index: file.size_bytes for file in files}
    assert not by_name or sum(sizes[one.index] for one in by_name) * 2 < sum(sizes.values())
    for one in by_name:
        assert not re.search(one.because.partition(" ")[2], name, re.IGNORECASE)


# -- titles that contain an excluded word ----------------------------------------------------------------------------

EPISODE = 900


@pytest.mark.parametrize(
    ("kind", "name", "paths"),
    [
        ("sonarr", "Trailer.Park.Boys.S01E01.1080p.WEB-DL.mkv", ["Trailer.Park.Boys.S01E01.1080p.WEB-DL.mkv"]),
        (
            "sonarr",
            "Trailer.Park.Boys.S01.1080p",
            [f"Trailer.Park.Boys.S01.1080p/Trailer.Park.Boys.S01E0{n}.mkv" for n in (1, 2)],
        ),
        (
            "sonarr",
            "Show.S02E05.The.Trailer.1080p",
            ["Show.S02E05.The.Trailer.1080p/Show.S02E05.The.Trailer.1080p.mkv"],
        ),
        ("radarr", "renamed by the user", ["The.Sample.2023.1080p.mkv"]),
        (
            "sonarr",
            "Extras.Complete",
            ["Extras.Complete/Extras Season 1/e1.mkv", "Extras.Complete/Extras Season 2/e1.mkv"],
        ),
        ("sonarr", "Show Complete", ["Show Complete/OVA/e1.mkv", "Show Complete/OVA/e2.mkv"]),
        ("lidarr", "Artist - Sample", ["Artist - Sample/01 - Sample.flac", "Artist - Sample/02 - Other.flac"]),
    ],
)
def test_a_word_of_the_title_or_of_the_bulk_excludes_nothing(kind, name, paths):
    found = select(release(*((path, EPISODE) for path in paths)), shipped(kind), name)
    assert (found.playable, found.unwanted, found.foreign) == (len(paths), (), "")


@pytest.mark.parametrize("ending", ["avi", "ts", "m2ts", "m4v", "mkv"])
def test_every_video_that_an_arr_imports_is_wanted_by_default(ending):
    files = release((f"Old.Movie.1999.DVDRip/Old.Movie.1999.DVDRip.{ending}", EPISODE))
    assert select(files, shipped("radarr"), "Old.Movie.1999.DVDRip") == Selection(playable=1)


@pytest.mark.parametrize(
    ("kind", "medium", "beside"),
    [
        ("radarr", "film.mkv", ["film.idx", "film.sub", "film.sup", "film.en.srt", "film.ass"]),
        ("lidarr", "Album.flac", ["Album.cue"]),
    ],
)
def test_what_a_medium_needs_is_wanted_by_default(kind, medium, beside):
    files = release((f"F/{medium}", EPISODE), *((f"F/{name}", 1) for name in beside))
    assert select(files, shipped(kind), NAME) == Selection(playable=1)


def test_what_only_patterns_for_names_leave_empty_is_told_from_what_has_nothing_in_it():
    trailer_and_program = release(("F/trailer.mkv", 20), ("F/setup.exe", 900))
    assert select(trailer_and_program, shipped("radarr"), NAME).by_name
    assert not select(release(("F/setup.exe", 900)), shipped("radarr"), NAME).by_name


@pytest.mark.parametrize(
    ("path", "size", "title", "is_sample"),
    [
        ("F/Sample/film.mkv", 50, NAME, True),
        ("F/film-sample.mkv", 200, NAME, True),
        ("F/Samples/film.MKV.!qB", 50, NAME, True),
        ("film.sample.mkv", 50, NAME, True),
        # larger than a sample, called so by its title, or called something else
        ("F/Sample/film.mkv", 201, NAME, False),
        ("F/the.sample.mkv", 50, "The.Sample.2023", False),
        ("Sample/film.mkv", 50, NAME, False),
        ("F/resampled.mkv", 50, NAME, False),
        ("F/example.mkv", 50, NAME, False),
        ("F/Trailer/film.mkv", 50, NAME, False),
    ],
)
@pytest.mark.parametrize("by", [rules(), rules().by_content, shipped("radarr")])
def test_a_release_of_only_samples_has_nothing_to_import(path, size, title, is_sample, by):
    found = select([*release((path, size)), TorrentFile(9, path.rpartition(".")[0] + ".nfo", 9)], by, title)
    assert (found.playable, found.foreign, found.by_name) == (0 if is_sample else 1, "", False)


def test_a_sample_beside_a_film_changes_nothing_but_the_count():
    found = select(release(("F/film.mkv", 900), ("F/Sample/film.mkv", 50)), rules(), NAME)
    assert found == Selection(playable=1)


def test_music_has_no_samples():
    assert select(release("A/01 - Sample.flac"), rules(kind="lidarr"), NAME).playable == 1


RARS = (("F/film.rar", 500), ("F/film.r00", 500))


@pytest.mark.parametrize(
    ("files", "foreign"),
    [
        (release(*RARS), ""),
        (release(*RARS, ("F/Sample/film.mkv", 50), "F/film.nfo"), ""),
        (release(*RARS, ("F/film.mkv", 50)), ARCHIVE),
        (release(("F/film.iso", 500)), IMAGE),
        (release(("F/BDMV/index.bdmv", 1), ("F/film.rar", 500)), DISC),
    ],
)
def test_archives_have_nothing_to_import_where_the_user_says_so(files, foreign):
    by = shipped("radarr")
    assert select(files, by, NAME).foreign == (foreign or ARCHIVE)
    found = select(files, replace(by, archives_fail=True), NAME)
    assert (found.foreign, found.playable, found.by_name) == (foreign, 0, False)


@pytest.mark.parametrize(
    "files",
    [
        release(("Film/BDMV/STREAM/00010.m2ts", 50), ("Film/BDMV/STREAM/00800.m2ts", 5000)),
        release(("Film/VIDEO_TS/VTS_01_1.VOB", 500), ("Film/VIDEO_TS/VTS_02_0.VOB", 0)),
        release(("Film/film.iso", 5000)),
    ],
)
def test_a_disc_is_no_medium_to_be_probed(files):
    assert media(files, shipped("radarr"), NAME) == []


def test_only_main_files_are_probed_the_largest_first():
    files = release(
        ("S/e1.mkv", 500),
        ("S/e2.mkv", 600),
        ("S/e3.mkv", 0),
        ("S/Extra/Behind.mkv", 90),
        ("S/sample.mkv", 5),
        "S/x.srt",
    )
    assert [file.path for file in media(files, shipped("sonarr"), NAME)] == ["S/e2.mkv", "S/e1.mkv"]
    assert [file.path for file in media(files, rules(), NAME)] == ["S/e2.mkv", "S/e1.mkv", "S/sample.mkv"]


def with_pieces(*pieces, priorities=(1, 0)):
    """A film and a sample of it, with their pieces."""
    names = ("F/film.mkv", "F/sample.mkv")
    sizes = (90_000, 10_000)
    return [TorrentFile(n, *fields) for n, fields in enumerate(zip(names, sizes, priorities, pieces, strict=True))]


@pytest.mark.parametrize(
    ("pieces", "paths"),
    [
        (((0, 8), (9, 9)), ["F/sample.mkv"]),
        (((1, 9), (0, 0)), ["F/sample.mkv"]),
        (((0, 8), (8, 9)), []),
        (((0, 9), (3, 3)), []),
        (((0, 8), None), []),
        ((None, (9, 9)), []),
    ],
)
def test_an_excluded_file_of_which_a_selected_one_has_a_piece_stays_on_the_disk(pieces, paths):
    assert [file.path for file in deletable(with_pieces(*pieces), shipped("radarr"), NAME)] == paths


def test_what_is_selected_is_never_deletable():
    assert deletable(with_pieces((0, 8), (9, 9), priorities=(1, 1)), shipped("radarr"), NAME) == []
