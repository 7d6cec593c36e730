"""One torrent of the download client and how it develops.

States and what they mean: Web API page of qBittorrent's wiki; names as in 5.x.
"""

from __future__ import annotations

import posixpath

from msgspec import Struct, field

from qbitrr.sandbox.life.fate import Destiny, Fate

NEVER_SECONDS = 8_640_000  # qBittorrent's eta for "not in sight"
UPLOAD_BYTES_PER_SECOND = 60_000.0


class TorrentFile(Struct):
    """A file of a torrent; size in bytes, priority 0 for one that is not selected.

    `playable` is false for a video or audio file that is none.
    """

    path: str
    size: int
    priority: int = 1
    playable: bool = True


class Torrent(Struct):
    """A torrent. Times are epoch seconds, rates bytes per second; `clock` is up to when it has developed.

    `selected_size` (bytes) and `progress` count the files with a priority only. `data_lost` is noticed by the client,
    `moved_away` only by a recheck. `tracker_complaint` is what its trackers answer instead of peers; rate limits are 0
    for none, share limits -1 for none and -2 for the client's. `reported_seconds` are those of its activity and of its
    seeding that the client reports: as they were when something else happened to it last.
    """

    infohash: str
    name: str
    category: str
    save_path: str
    files: list[TorrentFile]
    fate: Fate
    added_on: float
    tracker: str
    clock: float
    tags: set[str] = field(default_factory=set)
    progress: float = 0.0
    completion_on: float | None = None
    last_activity: float = 0.0
    seeding_seconds: float = 0.0
    active_seconds: float = 0.0
    reported_seconds: tuple[float, float] = (0.0, 0.0)
    reported_state: str = ""
    uploaded: float = 0.0
    download_rate: float = 0.0
    upload_rate: float = 0.0
    download_limit: int = 0
    upload_limit: int = 0
    stopped: bool = False
    errored: bool = False
    data_lost: bool = False
    moved_away: bool = False
    checking_until: float | None = None
    gone_at: float | None = None
    gone_with_files: bool = False
    tracker_complaint: str = ""
    more_trackers: list[str] = field(default_factory=list)
    super_seeding: bool = False
    private: bool = False
    ratio_limit: float = -2
    seeding_minutes_limit: int = -2

    @property
    def trackers(self) -> list[str]:
        """All announce URLs, its own first."""
        return [url for url in (self.tracker, *self.more_trackers) if url]

    def set_trackers(self, urls: list[str]) -> None:
        """Replace all announce URLs."""
        self.tracker, self.more_trackers = (urls[0], urls[1:]) if urls else ("", [])

    @property
    def ratio(self) -> float:
        """Uploaded by downloaded bytes."""
        done = int(self.selected_size * self.progress)
        return self.uploaded / done if done else 0.0

    @property
    def has_metadata(self) -> bool:
        """Whether its files are known."""
        return self.fate.destiny is not Destiny.NO_METADATA

    @property
    def total_size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def selected_size(self) -> int:
        """Bytes of the files with a priority."""
        return sum(file.size for file in self.files if file.priority)

    @property
    def complete(self) -> bool:
        """Whether all that is selected is there."""
        return self.has_metadata and self.progress >= 1

    @property
    def is_at_limit(self) -> bool:
        """Complete, stopped, and at a share limit of its own."""
        by_ratio = 0 <= self.ratio_limit <= self.ratio
        by_time = 0 <= self.seeding_minutes_limit <= self.seeding_seconds / 60
        return self.complete and self.stopped and (by_ratio or by_time)

    @property
    def content_path(self) -> str:
        """The file of a torrent with one, else its folder; the save path without one; empty without metadata."""
        if not self.has_metadata:
            return ""
        if len(self.files) == 1:
            return posixpath.join(self.save_path, self.files[0].path)
        roots = {file.path.partition("/")[0] if "/" in file.path else "" for file in self.files}
        root = roots.pop() if len(roots) == 1 else ""
        return posixpath.join(self.save_path, root) if root else self.save_path

    @property
    def state(self) -> str:
        """What it is doing, in qBittorrent's words."""
        way = "UP" if self.complete else "DL"
        conditions = (
            (self.checking_until is not None, f"checking{way}"),
            (self.errored, "error"),
            (self.data_lost, "missingFiles"),
            (self.stopped, f"stopped{way}"),
            (not self.has_metadata, "metaDL"),
            (self.upload_rate > 0, "uploading"),
            (self.download_rate > 0, "downloading"),
        )
        return next((name for holds, name in conditions if holds), f"stalled{way}")

    @property
    def eta_seconds(self) -> int:
        """Until it is complete; NEVER_SECONDS when that is not in sight."""
        if self.complete or not self.download_rate:
            return NEVER_SECONDS
        return min(NEVER_SECONDS, int(self.selected_size * (1 - self.progress) / self.download_rate) + 1)

    def develop(self, now: float, speed: float) -> None:
        """Let time pass until `now`; at `speed` 10 bytes flow ten times as fast."""
        self._develop(now, speed)
        # what qBittorrent 4.5.2, 5.1.0 and 5.3.0 report of a torrent is updated by nothing but a change of it
        if self.download_rate or self.upload_rate or self.state != self.reported_state:
            self.reported_state, self.reported_seconds = self.state, (self.active_seconds, self.seeding_seconds)

    def _develop(self, now: float, speed: float) -> None:
        seconds, self.clock = max(0.0, now - self.clock), now
        if self.checking_until is not None:
            if now < self.checking_until:
                return
            self._checked()
        self.download_rate = self.upload_rate = 0.0
        if self.stopped or self.errored or self.data_lost:
            return
        self.active_seconds += seconds
        if self.complete:
            self._seed(seconds, now, speed)
        elif self.has_metadata:
            self._download(seconds, now, speed)

    def recheck(self, now: float, seconds: float) -> None:
        """Read all data again, which heals an error and notices lost data."""
        self.checking_until = now + seconds
        self.download_rate = self.upload_rate = 0.0

    def _checked(self) -> None:
        self.checking_until = None
        if self.data_lost or self.moved_away:
            self.data_lost, self.moved_away, self.progress, self.completion_on = False, False, 0.0, None
        if self.errored:
            self.errored, self.fate = False, Fate(Destiny.HEALTHY, self.fate.bytes_per_second)

    def _seed(self, seconds: float, now: float, speed: float) -> None:
        self.seeding_seconds += seconds
        # half of the torrents have a peer to upload to
        if int(self.infohash[-1], 16) % 2:
            self.upload_rate = _limited(UPLOAD_BYTES_PER_SECOND * speed, self.upload_limit)
            self.uploaded += self.upload_rate * seconds
            self.last_activity = now

    def _download(self, seconds: float, now: float, speed: float) -> None:
        rate = _limited(self.fate.bytes_per_second * speed, self.download_limit)
        size = max(1, self.selected_size)
        reached = self.progress + rate * seconds / size
        if reached < self.fate.until:
            self.progress, self.download_rate, self.last_activity = reached, rate, now
            return
        moment = now
        if self.progress < self.fate.until:  # the end of this download lies within the time that passed
            moment = now - (reached - self.fate.until) * size / rate
            self.progress, self.last_activity = self.fate.until, moment
        if self.fate.until >= 1:
            self.progress, self.completion_on = 1.0, moment
            self._seed(now - moment, now, speed)
        else:
            self.errored = self.fate.destiny is Destiny.ERRORED


def _limited(rate: float, limit: int) -> float:
    return min(rate, limit) if limit > 0 else rate
