"""Whatever an Arr answers, and whatever a client says or does not: what is deleted has its proof in what is true.

A story is a list of moments. In each of them something may happen to a download, a client answers, is silent, offline
or says what cannot be, and an Arr answers in full, with an empty queue, or not at all, its history in any order. What
is true is kept apart from what was said, and every removal is compared with it.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, TypeVar

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from qbitrr.qbittorrent.facts import torrent_facts
from qbitrr.qbittorrent.models import Torrent
from qbitrr.rules import torrents
from qbitrr.rules.context import RuleContext
from qbitrr.rules.facts import QueueFacts, Refusal, TorrentKey
from qbitrr.rules.files import Selection
from qbitrr.rules.history import History, ImportFacts
from qbitrr.rules.imports import EventKind, ImportEvent, ImportProof, proof_of, read_queue
from qbitrr.rules.messages import Answer, MessageRule
from qbitrr.rules.policy import Policy
from qbitrr.rules.seeding import EffectiveLimits
from qbitrr.rules.speed import ClientSpeed
from qbitrr.rules.strikes import Observed, StrikeKind
from qbitrr.rules.verdict import DESTRUCTIVE, Action
from qbitrr.worker.torrents.strikes import StrikeTimers

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

START = 1_700_000_000.0
SIZE = 1000
GAP = 60.0
COMPLETE_STATES = ("uploading", "stalledUP", "stoppedUP", "missingFiles", "error", "checkingUP")
LOADING_STATES = ("downloading", "stalledDL", "metaDL", "queuedDL", "stoppedDL", "forcedDL", "checkingDL", "unknown")
BAD, ODD = "Not an upgrade for existing movie file", "Unable to determine if file is a sample"


class Moment(Struct, frozen=True):
    """What happens, `after` seconds, and what is said of it. `loaded` bytes arrived, `imported` are items."""

    after: float
    loaded: int
    state: str
    client: str
    nonsense: bool
    speed: int
    limited: bool
    availability: float
    trackers_away: bool
    imported: frozenset[int]
    failed: bool
    arr: str
    tracked: str
    texts: tuple[str, ...]
    history_answers: bool


class Scene(Struct, frozen=True):
    """What is true from the beginning: how many items were grabbed, what is in the torrent, what it is."""

    items: int
    has_media: bool
    private: bool
    row_is_old: bool
    """Before 5.0 nothing but the row of the DHT says whether it is private."""
    ratio: float


def choices(model: type[T], **options: Sequence[object]) -> st.SearchStrategy[T]:
    """One of each of the options, by a single number: a story of many moments is made in little time."""

    def chosen(number: int) -> T:
        pick = random.Random(number).choice
        return model(**{name: pick(values) for name, values in options.items()})

    return st.integers(0, 2**32).map(chosen)


MOMENT = {
    "after": [30.0, 5.0, 59.0, 61.0, 4000.0],
    "loaded": [0, 0, 0, 0, 1, SIZE],
    "state": ["stalledDL", "downloading", "downloading", "stalledUP", *LOADING_STATES, *COMPLETE_STATES],
    "client": ["answers", "answers", "answers", "silent", "offline"],
    "nonsense": [False, True],
    "speed": [50, 0, -1, 5000],
    "limited": [False, False, True],
    "availability": [1.5, 0.5, -1.0],
    "trackers_away": [False, False, True],
    "imported": [frozenset({1, 2, 3}), frozenset(), frozenset({1}), frozenset({2, 3})],
    "failed": [False, False, True],
    "arr": ["full", "full", "empty", "away"],
    "tracked": ["importPending", "importBlocked", "downloading", "importing", "imported"],
    "texts": [(BAD,), (), (BAD, ODD), (ODD,)],
    "history_answers": [True, False],
}
MOMENTS = choices(Moment, **MOMENT)
DEAD = choices(
    Moment,
    **MOMENT
    | {
        "after": [30.0, 59.0],
        "loaded": [0],
        "state": ["stalledDL", "stalledDL", "stalledDL", "downloading"],
        "client": ["answers", "answers", "answers", "answers", "offline"],
    },
)
"""Nothing arrives any more."""
REFUSED = choices(
    Moment,
    **MOMENT
    | {
        "after": [30.0, 4000.0],
        "loaded": [SIZE],
        "state": ["stalledUP", "uploading", "stoppedUP"],
        "client": ["answers"],
        "imported": [frozenset()],
        "arr": ["full", "full", "full", "empty"],
        "tracked": ["importPending", "importBlocked"],
        "texts": [(BAD,), (BAD,), (BAD, ODD), (ODD,)],
    },
)
"""It is complete, and the Arr imports nothing of it."""
IN_PART = choices(
    Moment, **MOMENT | {"loaded": [SIZE], "client": ["answers"], "imported": [frozenset({1}), frozenset({2})]}
)
"""It is complete, and the Arr imports one item after the other."""
STORIES = st.tuples(
    st.lists(MOMENTS, max_size=4),
    st.lists(DEAD, max_size=20) | st.lists(REFUSED, max_size=8) | st.lists(IN_PART, max_size=8),
    st.lists(MOMENTS, max_size=2),
).map(lambda parts: [moment for part in parts for moment in part])
SCENES = choices(
    Scene,
    items=[1, 2, 3],
    has_media=[True, True, False],
    private=[False, False, True],
    row_is_old=[False, True],
    ratio=[0.0, 3.0],
)
POLICIES = choices(
    Policy,
    ignore_younger_than_seconds=[0, 180],
    stalled_delay_seconds=[60, 200, 300, 0, -1],
    with_arr=[True, True, False],
    strikes=[1, 2, 3],
    keep_slow=[False, True],
    minimum_speed=[0, 100],
    slow_delay_seconds=[60, 300],
    maximum_eta_seconds=[-1, 600],
    filters_files=[False, True],
    messages=[
        (MessageRule(BAD),),
        (MessageRule(BAD),),
        (),
        (MessageRule("a", "contains"),),
        (MessageRule(BAD, answer=Answer.TAG),),
    ],
    private_modes=[{}, {"default": "act"}],
)
REMOVALS = st.sampled_from([EffectiveLimits(), EffectiveLimits(1, 2.0, -1.0), EffectiveLimits(2, -1.0, 600.0)])


class World:
    """What is true of one download, and what a worker makes of what it is told."""

    def __init__(self, scene: Scene, policy: Policy, limits: EffectiveLimits, shuffle: random.Random) -> None:
        self.scene, self.policy, self.limits, self.shuffle = scene, policy, limits, shuffle
        self.now = START
        self.left = SIZE
        self.was_whole = False
        self.events = [ImportEvent(item, EventKind.GRABBED, item) for item in range(1, scene.items + 1)]
        # what the worker knows
        self.timers = StrikeTimers(policy, GAP)
        self.history = History(selection=Selection(playable=1 if scene.has_media else 0, complete=True))
        self.queue: QueueFacts | None = None
        self.queue_known = False
        # what the test knows of the time before: when which trouble could be seen
        self.seen = dict.fromkeys(("idle", "slow", "rare"), 0.0)
        self.before: tuple[float, frozenset[str]] | None = None

    @property
    def imported(self) -> set[int]:
        """The items that the Arr has, by all that happened."""
        found: set[int] = set()
        for one in self.events:
            found = found | {one.item} if one.kind is EventKind.IMPORTED else found
            found = found - {one.item} if one.kind is EventKind.FAILED else found
        return found

    def happen(self, moment: Moment) -> None:
        """Change what is true."""
        self.now += moment.after
        if moment.loaded and self.left:
            self.left = max(0, self.left - moment.loaded)
            self.seen = dict.fromkeys(self.seen, 0.0)
            self.before = None
        if self.left == 0:
            items = sorted(item for item in moment.imported if item <= self.scene.items)
            kind = EventKind.FAILED if moment.failed else EventKind.IMPORTED
            self.events += [ImportEvent(len(self.events) + 1 + n, kind, item) for n, item in enumerate(items)]
            self.was_whole = self.was_whole or self.imported >= set(range(1, self.scene.items + 1))

    def row(self, moment: Moment) -> Torrent:
        """What the client says. Its nonsense is what versions and zones have said of what is not so."""
        complete = self.left == 0
        states = COMPLETE_STATES if complete else LOADING_STATES
        state = moment.state if moment.state in states else states[0]
        nothing = self.shuffle.choice([-1, 0, -3600, 18000]) if moment.nonsense else -1
        done = int(START) + 60 if not moment.nonsense else self.shuffle.choice([18000, int(self.now) + 10**6])
        return Torrent(
            name="Film",
            state=state,
            progress=1 - self.left / SIZE,
            amount_left=self.left,
            size=SIZE,
            added_on=int(START),
            completion_on=done if complete else nothing,
            eta=8_640_000,
            availability=moment.availability,
            dlspeed=moment.speed,
            ratio=self.scene.ratio,
            seeding_time=10**9 if moment.nonsense else 0,
            content_path="/d/Film",
            save_path="/d",
            private=None if self.scene.row_is_old else self.scene.private,
        )

    def observed(self, moment: Moment) -> RuleContext | None:
        """What the worker makes of the answers; None while the client is silent."""
        self._ask_arr(moment)
        if moment.client == "silent":
            self.timers.lost("qBit")
            self.before = None
            return None
        torrent = torrent_facts(TorrentKey("qBit", "a" * 40), self.row(moment), self.now)
        standstill = "it has no connection" if moment.client == "offline" else ""
        speed = ClientSpeed(alternative=moment.limited, limit=0, total=0)
        state = read_queue(self.queue, polled=False).state if self.queue_known else None
        self._note(moment, torrent.state)
        self.timers.polled("qBit", self.now, standstill=bool(standstill))
        self.timers.observe(Observed(torrent, speed, state), waits=moment.trackers_away)
        self.torrent = torrent
        timers = {kind.value: self.timers.elapsed(torrent.key, kind) for kind in StrikeKind}
        return RuleContext(
            queue_known=self.queue_known,
            queue=self.queue,
            standstill=standstill,
            trackers_out_of_reach=moment.trackers_away,
            private=self.scene.private if moment.history_answers else None,
            history=self.history,
            limits=self.limits,
            client_speed=speed,
            **timers,
        )

    def _ask_arr(self, moment: Moment) -> None:
        if moment.arr == "away":
            self.queue_known, self.queue = False, None
            return
        self.queue_known = True
        if moment.arr == "empty":
            self.queue = None
            return
        refusals = (Refusal("a.mkv", moment.texts),) if moment.texts else ()
        self.queue = QueueFacts(
            record_ids=(1,),
            item_ids=tuple(range(1, self.scene.items + 1)),
            tracked_state=moment.tracked,
            refusals=refusals,
            status="completed" if self.left == 0 else "downloading",
            tracked_status="warning" if refusals else "ok",
        )

    def _note(self, moment: Moment, state: str) -> None:
        """Add up for how long each trouble was to be seen: from one answer to the next, with nothing in the way."""
        if self.before is not None and self.now - self.before[0] <= GAP:
            for trouble in self.before[1]:
                self.seen[trouble] += self.now - self.before[0]
        if moment.client == "offline" or moment.trackers_away:
            self.before = None
            return
        found = set()
        if state in ("stalledDL", "metaDL"):
            found.add("idle")
        if state == "downloading" and not moment.limited:
            found.add("slow")
        if state in ("stalledDL", "downloading") and 0 <= moment.availability < 1:
            found.add("rare")
        self.before = self.now, frozenset(found)

    def act(self, moment: Moment, action: Action) -> None:
        """What the worker does and learns: it reads the history, and takes an import for done by its proof alone."""
        if action not in (Action.IMPORT, Action.CHECK_IMPORT):
            return
        imports = self.history.imports
        if not moment.history_answers:
            self.history = replace(self.history, imports=replace(imports, failures=1, failed_at=self.now))
            return
        proof = self._proof()
        imports = ImportFacts(imported=proof.whole, checks=imports.checks + 1, checked_at=self.now)
        self.history = replace(self.history, proof=proof, faults={}, imports=imports)

    def goes_on(self, moment: Moment, action: Action) -> bool:
        """Whether a removal goes on: before the failure of a complete torrent the history is read once more."""
        if action is not Action.FAIL or self.left:
            return True
        if moment.history_answers and (proof := self._proof()).imported:
            self.history = replace(self.history, proof=proof)
            return False
        return moment.history_answers

    def _proof(self) -> ImportProof:
        told = list(self.events)
        self.shuffle.shuffle(told)
        return proof_of(told, self.queue.item_ids if self.queue else ())


def proven(world: World, rule: str, moment: Moment) -> bool:
    """Whether what is true proves what a rule removes a torrent for."""
    policy, scene = world.policy, world.scene
    if rule == "seeding_is_over":
        reached = scene.ratio >= 2.0 if world.limits.ratio > 0 else world.now - START >= 600
        return reached and world.left == 0 and (world.was_whole or not policy.with_arr)
    if scene.private and not policy.private_modes:
        return False
    if policy.with_arr and not world.queue_known:
        return False
    if rule in ("nothing_playable", "nothing_to_import"):
        return not scene.has_media
    if rule == "arr_refuses_it":
        counts = bool(moment.texts) and all(text == BAD for text in moment.texts) and policy.messages
        return bool(counts) and world.left == 0 and moment.arr == "full" and not world.imported
    trouble, delay = {
        "stalled": ("idle", policy.stalled_delay_seconds),
        "unavailable": ("rare", policy.stalled_delay_seconds),
        "slow": ("slow", policy.ignore_younger_than_seconds),
        "slow_by_speed": ("slow", policy.slow_delay_seconds),
    }[rule]
    in_the_way = moment.client == "offline" or moment.trackers_away or (trouble == "slow" and moment.limited)
    return world.left > 0 and world.seen[trouble] >= delay and not in_the_way


def ended_by(story: list[Moment], world: World) -> str:
    """Tell a story until something is removed, by a rule that has its proof; returns the rule."""
    for moment in story:
        world.happen(moment)
        context = world.observed(moment)
        if context is None:
            continue
        verdict = torrents.judge(world.torrent, context, world.policy, world.now)
        if verdict.action in DESTRUCTIVE and world.goes_on(moment, verdict.action):
            assert proven(world, verdict.last.rule, moment), (verdict.last, moment)
            return verdict.last.rule
        world.act(moment, verdict.action)
    return ""


def test_nothing_is_deleted_without_its_proof():
    endings: Counter[str] = Counter()

    @settings(max_examples=2000, deadline=None, phases=[Phase.generate, Phase.shrink])
    @given(STORIES, SCENES, POLICIES, REMOVALS, st.integers(0, 2**16))
    def every_story(story, scene, policy, limits, seed):
        endings[ended_by(story, World(scene, policy, limits, random.Random(seed)))] += 1

    every_story()
    assert endings.keys() >= {
        "",
        "seeding_is_over",
        "stalled",
        "nothing_playable",
        "nothing_to_import",
        "arr_refuses_it",
    }
