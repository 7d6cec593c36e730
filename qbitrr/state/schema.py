"""Tables that hold rows of a category or of a torrent, each written once. A test holds it against the schema."""

BY_TORRENT = ("torrents", "file_checks", "strikes", "seeding_times", "tracker_refusals", "import_answers", "verdicts")
"""Tables whose key begins with category, instance and infohash: what is stored of a torrent while it is there."""

BY_CATEGORY = (
    *BY_TORRENT,
    "catalogue",
    "movies",
    "movie_counts",  # after movies, whose triggers leave rows of 0
    "series",
    "episodes",
    "artists",
    "albums",
    "tracks",
    "artist_files",
    "requests",
    "searches",
    "last_searches",
    "search_plans",
    "search_budgets",
    "search_pauses",
    "season_searches",
    "indexer_outages",
    "profile_switches",
    "breakers",
    "answers",
    "retry_after",
    "shadow",
    "shadow_searches",
    "departures",
    "foreign_acts",
    "watch_periods",
    "file_events",
    "history_readings",
    "arr_folders",
    "room_stops",
)
"""Tables of which a removed category leaves nothing; each has an index that begins with the category.

Not among them: `ledger`, which stays, and `titles`, which follows the catalogue by triggers.
"""

REBUILT = (
    "catalogue",
    "movies",
    "movie_counts",
    "series",
    "episodes",
    "artists",
    "albums",
    "tracks",
    "artist_files",
    "titles",
    "verdicts",
    "file_events",
    "history_readings",
    "arr_folders",
)
"""Tables that a worker fills again from its Arr and its qBittorrent: backups leave their rows out."""
