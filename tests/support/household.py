"""A household in days that pass in leaps: what happens in it, what its user does, and what is counted of it.

`SECTIONS` and `CONFIGURATION` are all that it has: a part that is to live in it is switched on there.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import replace

from qbitrr.sandbox.life.fate import Fate
from qbitrr.sandbox.life.history import GRABBED, IMPORTED
from qbitrr.sandbox.life.torrent import TorrentFile
from qbitrr.sandbox.media.draw import rng
from qbitrr.sandbox.sandbox import Section
from qbitrr.sandbox.services.faults import Down
from tests.support.days import DAY, HOUR, PATIENCE_SECONDS, Days
from tests.support.polling import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from qbitrr.sandbox.life.arr import Arr
    from qbitrr.sandbox.life.torrent import Torrent
    from qbitrr.sandbox.sandbox import Sandbox
    from tests.support.daemon import Daemon
    from tests.support.passing_time import PassingTime

LEAPS = 6  # of a day
SECTIONS = (
    Section("Radarr-HD", "radarr", 240),
    Section("Sonarr-TV", "sonarr", 16, episodes=420),
    Section("Lidarr-Music", "lidarr", 12),
)
KEPT_SEEDS = 3
LEAST_SEEDING_SECONDS = DAY / 2
HIT_AND_RUN = "example-tracker.example"
ASIDE_SECONDS = 8 * HOUR
ARR = {
    "EntrySearch": {"DoUpgradeSearch": True, "QualityUnmetSearch": True},
    "RssSyncTimer": 15,
    "RefreshDownloadsTimer": 5,
    "Torrent": {
        "StalledDelay": 15,
        "DoNotRemoveSlow": False,
        "MinimumSpeed": 100,
        "SlowDelay": 30,
        "MaxFailedGrabsPerDay": 5,
        "VerifyMedia": False,  # the files have no content
        "PrivatePolicy": {"default": "ask", "room_needed": "off"},
        "RemoveSuperseded": "all",
        "SeedingMode": {"MaxUploadRatio": 2.0, "MaxSeedingTime": "5d", "RemoveTorrent": 3},
        "MakeRoom": {"Enabled": True, "KeepSeeds": KEPT_SEEDS, "MinSeedingTime": "12h", "MinSeedRatio": 0.0},
        "Trackers": [{"URI": HIT_AND_RUN, "HitAndRunMode": "and", "MinSeedRatio": 0.0,
                      "MinSeedingTimeDays": 2, "HitAndRunMinimumDownloadPercent": 100}],
    },
}  # fmt: skip
CONFIGURATION: dict[str, Any] = {
    "Settings": {
        "FreeSpace": "50G",
        "FreeSpaceFolder": "/",
        "Quarantine": "8h",
        "SearchLoopDelay": 1,
        "LoopSleepTimer": 1,
        "Orphans": {"Mode": "act", "MinimumAge": 1, "PurgeAfter": "8h", "MaxShare": 0.5},
    },
    **{one.name: ARR for one in SECTIONS},
}
"""The pauses are those of a second: between two leaps there are a few seconds."""

DISK_BYTES = 2_000_000_000_000
PRIVATE = "0"  # the first digit of the infohash of a torrent that is private
REQUESTED = {"radarr": 4, "sonarr": 3, "lidarr": 1}  # what the household asks for, each day
DELETED_EVERY, REPLACED_EVERY = 4, 3  # days: a movie that no one wants to see again; a file that is broken
FOUND = 0.92  # how likely a search finds something
INDEXERS_AWAY = range(8, 10)  # days
DISK_FULL = range(14, 19)
MOST_LOOKS = 6  # at a removal for space, after a leap: when a service is away it waits longer
LEFT_BYTES = 60_000_000_000  # of the full disk, of which FreeSpace is kept free
KEPT_BYTES = 50 * 2**30  # by FreeSpace
LEFT_BEHIND_EVERY = 6  # days, from the first on: someone removes a torrent from qBittorrent, and leaves its file
FOREIGN_EVERY, EMPTY_EVERY = 9, 7  # days: a download whose name shows nothing; one with a program instead of media
AWAY_EVERY = 5  # days: one service does not answer for a while
RESTARTED_EVERY = 12  # days: the machine of qbitrr


_ROOM_WAS_SEEN = ("space was freed", "making room was stopped")


class Asked(NamedTuple):
    """What the user was asked, on which day (from 1), and what the answer was."""

    day: int
    what: str
    about: str
    answer: str


class Event(NamedTuple):
    """What happened on a day, that is not of every day."""

    day: int
    text: str


def _is_question(entry: dict[str, Any]) -> bool:
    return entry["matter"] in ("ask", "approval") or (entry["matter"] == "import" and bool(entry["answers"]))


def _question(entry: dict[str, Any]) -> tuple[str, str]:
    """What distinguishes an entry of the inbox from the others."""
    what = {"ask": "number", "approval": "category", "import": "hash"}.get(entry["matter"])
    return entry["matter"], "" if what is None else str(entry[what])


class Household(Days):
    """One household; `counted` has numbers by day and subject. Other data fills its disk on the days `disk_full`."""

    def __init__(self, sandbox: Sandbox, daemon: Daemon, time: PassingTime, disk_full: range = DISK_FULL) -> None:
        super().__init__(sandbox, daemon, time, LEAPS)
        self.started_at = time.now()
        self.disk_full = disk_full
        self.counted: dict[int, Counter[str]] = {}
        self.asked: list[Asked] = []
        self.events: list[Event] = []
        self._commands = dict.fromkeys(sandbox.arrs, 0)
        self._held_back = {name: list(self._hold_back(arr)) for name, arr in self._arrs()}
        self.deleted: set[str] = set()
        """Infohashes of what brought items that were deleted."""
        self.empty: set[str] = set()
        """Infohashes of what has no media."""
        self.left_behind: dict[str, float] = {}
        """When a torrent was removed without its files, by infohash."""
        self.torrents: list[Torrent] = []
        """All that there ever were."""
        self.days_without_room: set[int] = set()
        self.room_since = 0.0
        self.inbox: list[dict[str, Any]] = []
        """As it was read last."""
        sandbox.world.client.disk_bytes = DISK_BYTES
        for _, arr in self._arrs():
            for connection in arr.connections:  # as docs/operations.md asks for
                connection.settings.remove_completed = connection.settings.remove_failed = False
        add, advance = sandbox.world.client.add, sandbox.world.advance

        def added(torrent: Torrent) -> None:
            torrent.private = torrent.infohash.startswith(PRIVATE)
            self.torrents.append(torrent)
            add(torrent)

        def advanced(now: float) -> None:
            advance(now)
            self.time.set_free(max(0, sandbox.world.client.free_bytes))

        sandbox.world.client.add = added  # type: ignore[method-assign]
        sandbox.world.advance = advanced  # type: ignore[method-assign]

    def _arrs(self) -> Iterator[tuple[str, Arr]]:
        return ((name, stand_in.arr) for name, stand_in in self.sandbox.arrs.items())

    def _hold_back(self, arr: Arr) -> Iterator[Any]:
        """What is asked for in the days to come is not monitored yet."""
        wanted = list(arr.collection.wanted(self.time.now()))
        rng(arr.name, "household").shuffle(wanted)
        for item in wanted[REQUESTED[arr.kind] :]:
            item.monitored = False
            yield item

    def pass_hours(self) -> None:
        """Let the hours of a leap pass at once, also on the disk."""
        super().pass_hours()
        self.sandbox.pass_time()
        if self.is_disk_full:
            self.days_without_room.add(self.day_of(self.time.now()))

    async def leap(self) -> None:
        """Let hours pass, but none between a removal for space and the moment when that space shows."""
        await super().leap()
        for _ in range(MOST_LOOKS if self.is_disk_full else 0):
            await self.see()
            if await self._is_room_seen():
                return

    async def _see_what_fits(self) -> None:
        """Have downloads be paused before hours of them fill what is left of the disk."""
        client = self.sandbox.world.client
        for _ in range(MOST_LOOKS):
            await self.see()
            active = [one for one in client.torrents.values() if one.has_metadata and not one.stopped]
            if sum(one.selected_size * (1 - one.progress) for one in active) <= LEFT_BYTES - KEPT_BYTES:
                return

    async def _is_room_seen(self) -> bool:
        """Whether all removals for space wait in quarantine or have ended, and what they freed was seen."""
        removals, now = await self.decisions(rule="room_needed"), self.time.now()
        acting = [one for one in removals if one["state"] == "planned" and one["notes"].get("until", 0.0) <= now]
        freed = sum(bool(one["notes"].get("deletion_sent")) for one in removals if one["state"] == "done")
        folder = self.daemon.folder / "logs"
        logs = [path.read_text(errors="replace") for path in folder.glob("*.log*")]
        return not acting and sum(log.count(said) for log in logs for said in _ROOM_WAS_SEEN) >= freed

    async def leap_until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        """Let hours pass until something has come about, a day at most."""
        for _ in range(self.leaps):
            if await condition():
                return
            await self.leap()

    async def day(self, number: int) -> None:
        """Live through one day, counted from 1."""
        self.counted[number] = Counter()
        self._happens(number)
        if number == self.disk_full[0]:
            await self._see_what_fits()
        away = await self._take_away(number)
        for leap in range(self.leaps):
            await self.leap()
            self._count_searches(number)
            if leap > 0 and len(self.left_behind) <= (number - 1) // LEFT_BEHIND_EVERY:
                self._leave_behind(number)
            if leap == 0 and away is not None:
                await self.sandbox.stand_ins[away].heal()
                self.sandbox.arrs[away].arr.restart()
        if number % RESTARTED_EVERY == 0:
            self.events.append(Event(number, "the machine of qbitrr is restarted"))
            assert await self.daemon.stop() == 0
            await self.daemon.start()
            await self.daemon.all_running(PATIENCE_SECONDS)
        await self.answer(number)
        self.counted[number]["free"] = self.sandbox.world.client.free_bytes // 10**9
        self.counted[number]["torrents"] = len(self.sandbox.world.client.torrents)
        self.counted[number]["missing"] = self.missing()

    def _happens(self, number: int) -> None:
        self._request(number)
        self._change_library(number)
        self._fill_disk(number)
        radarr = self.sandbox.arrs["Radarr-HD"].arr
        if number % FOREIGN_EVERY == 0:
            self._grab_foreign(radarr, number)
        if number % EMPTY_EVERY == 0:
            self._grab_empty(radarr, number)
        self.sandbox.pass_time()

    def _request(self, number: int) -> None:
        """Ask for something of every Arr, whose indexers may be away."""
        is_away = number in INDEXERS_AWAY
        for name, arr in self._arrs():
            for _ in range(REQUESTED[arr.kind]):
                if self._held_back[name]:
                    item = self._held_back[name].pop()
                    item.monitored = True
                    arr.changed(item)
            arr.settings.indexers_away = is_away
            arr.odds = replace(arr.odds, found=0.0 if is_away else FOUND)
        if number in (INDEXERS_AWAY[0], INDEXERS_AWAY[-1] + 1):
            self.events.append(Event(number, "no indexer answers" if is_away else "indexers are back"))

    def _change_library(self, number: int) -> None:
        """Delete a movie, or a file that is broken."""
        radarr = self.sandbox.arrs["Radarr-HD"].arr
        draw = rng("household", number)
        there = [one for one in radarr.collection.items.values() if one.file is not None and one.monitored]
        if number % DELETED_EVERY == 0:
            movie = draw.choice([one for one in there if self._is_downloaded(radarr, one.id)] or there)
            brought = {one.download_id for one in radarr.history if one.item_id == movie.id}
            self.deleted |= {one.lower() for one in brought if one}
            radarr.delete(movie.id)
            self.events.append(Event(number, f"the movie {movie.title} is deleted in Radarr"))
        elif number % REPLACED_EVERY == 0:
            movie = draw.choice(there)
            movie.file = None
            radarr.changed(movie)
            self.events.append(Event(number, f"the file of {movie.title} is broken and deleted"))

    def _fill_disk(self, number: int) -> None:
        client = self.sandbox.world.client
        if number == self.disk_full[0]:
            client.disk_bytes -= client.free_bytes - LEFT_BYTES
            self.events.append(Event(number, "other data fills the disk: 60 GB are left, of which 50 stay free"))
        elif number == self.disk_full[-1] + 1:
            self.empty_disk(number)

    @property
    def is_disk_full(self) -> bool:
        """Whether there is other data."""
        return self.sandbox.world.client.disk_bytes < DISK_BYTES

    def empty_disk(self, number: int) -> None:
        """Have the other data go."""
        self.sandbox.world.client.disk_bytes = DISK_BYTES
        self.room_since = self.time.now()
        self.events.append(Event(number, "the other data is gone"))

    def _leave_behind(self, number: int) -> None:
        """Have someone remove the smallest movie that seeds from qBittorrent, without its file, if there is one."""
        client, imported = self.sandbox.world.client, self.imported()
        seeding = [
            one
            for one in client.torrents.values()
            if one.complete and not one.stopped and one.infohash in imported
            if one.category == self.sandbox.arrs["Radarr-HD"].arr.category
        ]
        torrent = min(seeding, key=lambda one: (one.total_size, one.infohash), default=None)
        if torrent is None:
            return
        client.delete([torrent.infohash], with_files=False)
        self.left_behind[torrent.infohash] = self.time.now()
        self.events.append(Event(number, f"{torrent.name} is removed from qBittorrent, and its file is left behind"))

    def _is_downloaded(self, arr: Arr, item_id: int) -> bool:
        brought = {one.download_id for one in arr.history if one.item_id == item_id and one.event_type == GRABBED}
        return any(infohash.upper() in brought for infohash in self.sandbox.world.client.torrents)

    def _missing(self, arr: Arr) -> Any:
        """What is missing and not being downloaded; what was not asked for yet when there is nothing else."""
        busy = {record.item_id for record in arr.queue.values()}
        found = next((one for one in arr.collection.wanted(arr.now) if one.id not in busy), None)
        return found or self._held_back["Radarr-HD"].pop()

    def _grab_foreign(self, radarr: Arr, number: int) -> None:
        """The Arr knows of what it was grabbed for, and waits for its user as the name does not show it."""
        movie = self._missing(radarr)
        release = radarr.offer([movie], attempt=f"foreign {number}")
        radarr.note_grab([movie.id], release, by_id=True)
        radarr.add_torrent([movie], release, Fate(), name=f"Foreign.Title.{number}.2160p-GROUP")
        self.events.append(Event(number, f"a download of {movie.title} has a name that Radarr does not know"))

    def _grab_empty(self, radarr: Arr, number: int) -> None:
        movie = self._missing(radarr)
        release = radarr.offer([movie], attempt=f"empty {number}")
        program = TorrentFile(f"{release.title}/{release.title}.exe", release.size)
        radarr.grab([movie], release, Fate(), [program])
        self.empty.add(release.infohash)
        self.events.append(Event(number, f"a download of {movie.title} has a program instead of a movie"))

    async def _take_away(self, number: int) -> str | None:
        """Have one Arr not answer for a leap; returns its section."""
        if number % AWAY_EVERY:
            return None
        name = SECTIONS[number // AWAY_EVERY % len(SECTIONS)].name
        await self.sandbox.stand_ins[name].fail(Down())
        self.events.append(Event(number, f"{name} does not answer for four hours"))
        return name

    def _count_searches(self, number: int) -> None:
        for name, arr in self._arrs():
            new = [one for one in arr.commands.commands.values() if one.id > self._commands[name]]
            self._commands[name] = max([self._commands[name], *(one.id for one in new)])
            self.counted[number]["searched"] += sum(
                one.name.endswith("Search") and one.trigger == "manual" for one in new
            )

    async def answer(self, number: int) -> None:
        """Read the inbox in the evening and answer what can be answered, one after the other, as a user does."""
        answered: set[tuple[str, str]] = set()
        while True:
            entries = (await self.daemon.get("/web/inbox"))["entries"]
            entry = next((one for one in entries if _is_question(one) and _question(one) not in answered), None)
            if entry is None:
                return
            answered.add(_question(entry))
            await self._answer(number, entry)

    async def _answer(self, number: int, entry: dict[str, Any]) -> None:
        match entry["matter"]:
            case "ask":
                body = {"answer": "do", "always": True}
                await self.daemon.post_as_user(f"/web/actions/{entry['number']}/answer", body)
                answer = f"do it, always for this rule and {entry['tracker']}"
                self.asked.append(Asked(number, f"whether to {entry['action']} it", entry["name"], answer))

                async def is_gone() -> bool:  # and with it what the same answer is for
                    entries = (await self.daemon.get("/web/inbox"))["entries"]
                    return _question(entry) not in map(_question, entries)

                await until(is_gone, PATIENCE_SECONDS, self.log)
            case "approval":
                await self.daemon.post_as_user(f"/web/arr/{entry['category']}/approve")
                self.asked.append(Asked(number, "many removals at once", entry["text"], "approve"))
            case _:
                answer = entry["answers"][0]
                body = {"section": entry["category"], "instance": entry["instance"], "hash": entry["hash"],
                        "answer": answer, "because": entry["text"]}  # fmt: skip
                await self.daemon.post_as_user("/web/imports/answer", body)
                self.asked.append(Asked(number, "what is to become of an import", entry["name"], answer))

    # --- what came of it ---

    def day_of(self, moment: float) -> int:
        """The day of a time, counted from 1."""
        return 1 + int((moment - self.started_at) // DAY)

    def count_downloads(self) -> None:
        """Count what the Arrs grabbed and imported, each download once."""
        for _, arr in self._arrs():
            for subject, kind in (("grabbed", GRABBED), ("imported", IMPORTED[arr.kind])):
                first: dict[str, float] = {}
                for event in arr.history:
                    if event.event_type == kind and event.download_id:
                        first.setdefault(event.download_id, event.date)
                for moment in first.values():
                    if (number := self.day_of(moment)) in self.counted:
                        self.counted[number][subject] += 1

    async def orphans(self) -> list[dict[str, Any]]:
        """All files without a torrent, also those that are gone."""
        found: list[dict[str, Any]] = (await self.daemon.get("/web/orphans", limit="500"))["orphans"]
        return found

    def imported(self) -> set[str]:
        """Infohashes of what the Arrs imported."""
        return {
            infohash.lower()
            for _, arr in self._arrs()
            for event in arr.history
            if "mported" in event.event_type and (infohash := event.download_id)
        }

    def left_files(self) -> dict[str, set[str]]:
        """The files that were left behind, by the infohash of their torrent."""
        return {
            one.infohash: {f"{one.save_path}/{file.path}" for file in one.files}
            for one in self.torrents
            if one.infohash in self.left_behind
        }

    def missing(self) -> int:
        """How many items the Arrs still look for."""
        return sum(len(list(arr.collection.wanted(self.time.now()))) for _, arr in self._arrs())
