"""Any torrent, any context, any policy: what the properties are tried on."""

from hypothesis import strategies as st

from qbitrr.config.model import MakeRoom
from qbitrr.config.model.downloads import DownloadRange
from qbitrr.config.model.modes import MODES, MODES_OF_RULES
from qbitrr.rules.adjustment import NONE, Adjustment
from qbitrr.rules.context import RuleContext
from qbitrr.rules.facts import ItemScores, QueueFacts, Refusal, SeedingFacts, TorrentFacts, TorrentKey
from qbitrr.rules.files import Selection, Unwanted
from qbitrr.rules.history import History, ImportFacts
from qbitrr.rules.hit_and_run import Clearance
from qbitrr.rules.imports import ImportProof
from qbitrr.rules.messages import Answer, MessageRule
from qbitrr.rules.policy import Policy
from qbitrr.rules.seed_value import RoomChoice, SeedNumbers
from qbitrr.rules.seeding import EffectiveLimits, RateLimits
from qbitrr.rules.speed import ClientSpeed
from qbitrr.rules.strikes import Elapsed
from qbitrr.rules.stuck_imports import ImportAnswer, ImportChoice
from qbitrr.rules.supersession import Supersession
from tests.factories import NOW

ANY_STATE = st.sampled_from(
    [
        "downloading",
        "metaDL",
        "forcedMetaDL",
        "stalledDL",
        "checkingDL",
        "stoppedDL",
        "queuedDL",
        "forcedDL",
        "uploading",
        "stalledUP",
        "stoppedUP",
        "queuedUP",
        "forcedUP",
        "checkingUP",
        "checkingResumeData",
        "moving",
        "allocating",
        "missingFiles",
        "error",
        "unknown",
        "brandNew",
    ]
)
SEEDING = st.builds(
    SeedingFacts,
    complete=st.booleans(),
    progress=st.floats(0, 1),
    ratio=st.sampled_from([0.0, 1.0, 5.0, float("inf")]),
    seconds=st.sampled_from([0.0, 60.0, 10.0**6]),
    own_ratio_limit=st.sampled_from([-1.0, 2.0]),
    super_seeding=st.booleans(),
    forced=st.booleans(),
    counting=st.booleans(),
    download_limit=st.integers(0, 3),
)
LIMITS = st.none() | st.tuples(
    st.sampled_from([-1, 1, 2, 3, 4]), st.sampled_from([-1.0, 1.0]), st.sampled_from([-1.0, 60.0])
).map(lambda fields: EffectiveLimits(*fields))
CLEARANCES = st.builds(
    Clearance,
    granted=st.booleans(),
    because=st.just("the hit-and-run minimum is not met"),
    in_seconds=st.none() | st.just(60.0),
)
ADJUSTMENTS = st.just(NONE) | st.just(Adjustment(RateLimits(download_limit=1)))
TORRENTS = st.builds(
    TorrentFacts,
    key=st.just(TorrentKey("qBit", "a" * 40)),
    name=st.text(max_size=5),
    category=st.sampled_from(["movies", "movies", "movies", "failed", "recheck"]),
    tags=st.frozensets(
        st.sampled_from(
            ["qBitrr-ignored", "qBitrr-imported", "qBitrr-allowed_stalled", "qBitrr-quarantine", "keep", "mine"]
        )
    ),
    state=ANY_STATE,
    progress=st.floats(0, 1),
    left_bytes=st.integers(0, 2),
    size_bytes=st.integers(0, 2),
    added_at=st.floats(0, NOW),
    completed_at=st.none() | st.floats(1, NOW),
    last_activity_at=st.floats(0, NOW),
    content_path=st.just("/x"),
    save_path=st.just("/"),
    eta_seconds=st.integers(0, 8_640_000),
    availability=st.floats(-1, 3),
    speed=st.integers(-1, 3),
    seeding=SEEDING,
    private=st.none() | st.booleans(),
    tracker=st.sampled_from(["", "https://tracker.example/announce", "https://other.example/announce"]),
)
QUEUES = st.none() | st.builds(
    QueueFacts,
    record_ids=st.just((1,)),
    item_ids=st.just((1,)),
    tracked_state=st.sampled_from(
        ["downloading", "importPending", "importBlocked", "importFailed", "importing", "imported", "new"]
    ),
    refusals=st.lists(
        st.builds(
            Refusal,
            subject=st.sampled_from(["a.mkv", "b.mkv", ""]),
            texts=st.lists(
                st.sampled_from(["Not an upgrade", "Manual import required", "else", "File already imported at 1"]),
                min_size=1,
                max_size=2,
            ).map(tuple),
        ),
        max_size=3,
    ).map(tuple),
    tracked_status=st.sampled_from(["", "ok", "warning"]),
    error_message=st.sampled_from(["", "The download is stalled with no connections"]),
    status=st.sampled_from(["", "completed", "warning", "downloading"]),
    added_at=st.none() | st.floats(0, NOW),
)
PROOFS = st.none() | st.builds(
    ImportProof,
    grabbed=st.frozensets(st.integers(1, 2)),
    imported=st.frozensets(st.integers(1, 2)),
    failed=st.frozensets(st.integers(1, 2)),
    touched=st.booleans(),
)
SEEN = st.builds(Elapsed, st.floats(0, 10**6), st.integers(0, 1000))
SELECTIONS = st.none() | st.builds(
    Selection,
    unwanted=st.lists(st.builds(Unwanted, st.just(0), st.just("a/sample.mkv"), st.just("x")), max_size=1).map(tuple),
    playable=st.integers(0, 2),
    foreign=st.sampled_from(["", "it is a disc"]),
    complete=st.booleans(),
    left_on_disk=st.sampled_from([(), ("a/sample.mkv",)]),
)
MOMENTS = st.none() | st.floats(0, NOW)
HISTORIES = st.builds(
    History,
    imports=st.builds(ImportFacts, imported=st.booleans(), failures=st.integers(0, 3), failed_at=MOMENTS),
    rechecks=st.integers(0, 5),
    rechecked_at=MOMENTS,
    acted_at=MOMENTS,
    searched_again=st.booleans(),
    discarded_at=MOMENTS,
    adjusted=st.none() | ADJUSTMENTS,
    adjusted_at=MOMENTS,
    unplayable=st.sampled_from(["", "moov atom not found"]),
    proof=PROOFS,
    faults=st.sampled_from([None, {}, {"a.mkv": "moov atom not found"}]),
    selection=SELECTIONS,
    supersession=st.none() | st.builds(Supersession, st.booleans(), st.just("because"), st.booleans()),
    supersession_checked_at=MOMENTS,
    left=st.frozensets(st.sampled_from(["stalled", "arr_refuses_it"])),
)
CLIENT_SPEEDS = st.builds(
    ClientSpeed, st.none() | st.booleans(), st.none() | st.integers(0, 3), st.none() | st.integers(0, 3)
)
CONTEXTS = st.builds(
    RuleContext,
    queue_known=st.booleans(),
    queue=QUEUES,
    standstill=st.sampled_from(["", "qBittorrent has no connection to the internet"]),
    trackers_out_of_reach=st.booleans(),
    unregistered=st.booleans(),
    suspected_superseded=st.booleans(),
    room=st.none() | st.builds(RoomChoice, st.builds(SeedNumbers, st.none() | st.integers(0, 3))),
    private=st.none() | st.booleans(),
    elsewhere=st.booleans(),
    stalled=SEEN,
    slow=SEEN,
    below_speed=SEEN,
    unavailable=SEEN,
    refused=SEEN,
    client_speed=CLIENT_SPEEDS,
    scores=st.lists(
        st.builds(ItemScores, st.none() | st.integers(-10, 10), st.none() | st.integers(-10, 10)), max_size=2
    ).map(tuple),
    grabbed_score=st.none() | st.integers(-10, 10),
    import_answer=st.none()
    | st.builds(
        ImportAnswer,
        st.sampled_from(list(ImportChoice)),
        st.sampled_from(["Not an upgrade", "Manual import required", "Manual import required; Not an upgrade", "else"]),
    ),
    failed_grabs=st.integers(0, 5),
    content_is_there=st.booleans(),
    history=HISTORIES,
    limits=LIMITS,
    clearance=CLEARANCES,
    adjustment=ADJUSTMENTS,
)
MESSAGES = st.builds(
    MessageRule,
    text=st.sampled_from(["Not an upgrade", "e"]),
    how=st.sampled_from(["begins", "contains"]),
    answer=st.sampled_from(list(Answer)),
    delay_seconds=st.sampled_from([0, 60]),
)
RANGES = st.builds(
    DownloadRange,
    from_progress=st.floats(0, 1),
    up_to_progress=st.floats(0, 1),
    from_size_bytes=st.integers(0, 2),
    up_to_size_bytes=st.integers(-1, 2),
    stalled_delay_seconds=st.integers(-1, 10**6),
    minimum_speed_bytes_per_second=st.integers(-1, 3),
)
MODES_BY_RULE = st.dictionaries(
    st.sampled_from(["stalled", "default", "seeding_is_over", "settings_differ"]), st.sampled_from(MODES), max_size=3
).map(lambda modes: {rule: mode for rule, mode in modes.items() if mode in MODES_OF_RULES.get(rule, MODES)})
POLICIES = st.builds(
    Policy,
    ignore_younger_than_seconds=st.integers(0, 10**6),
    stalled_delay_seconds=st.integers(-1, 10**6),
    protect_tags=st.sampled_from([frozenset(), frozenset({"keep"})]),
    tagless=st.booleans(),
    with_arr=st.booleans(),
    strikes=st.integers(1, 5),
    search_stalled_again=st.booleans(),
    maximum_eta_seconds=st.integers(-1, 10**6),
    keep_slow=st.booleans(),
    minimum_speed=st.integers(0, 3),
    slow_delay_seconds=st.integers(60, 10**6),
    ranges=st.lists(RANGES, max_size=2).map(tuple),
    maximum_deletable_progress=st.floats(0, 1),
    filters_files=st.booleans(),
    auto_delete=st.booleans(),
    messages=st.lists(MESSAGES, max_size=2).map(tuple),
    enforces_custom_formats=st.booleans(),
    forces_minimum_custom_format=st.booleans(),
    most_failed_grabs=st.integers(0, 5),
    remove_unregistered=st.booleans(),
    remove_superseded=st.sampled_from(["off", "replaced", "all"]),
    make_room=st.builds(MakeRoom, st.booleans(), min_other_seeders=st.integers(0, 2)),
    private_modes=MODES_BY_RULE,
    public_modes=MODES_BY_RULE,
)
