"""A past for a new world, so that there is something to see at once.

It is played by the rules of the present: what is half done was started some time ago.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import replace

from qbitrr.sandbox.life.commands import REFRESH
from qbitrr.sandbox.life.fate import Destiny, Fate
from qbitrr.sandbox.media.draw import rng

if TYPE_CHECKING:
    from qbitrr.sandbox.life.arr import Arr
    from qbitrr.sandbox.life.world import World

MINUTE = 60.0
PAST_SECONDS = 5 * 60 * MINUTE
STEP_SECONDS = 30.0
REFRESH_SECONDS = 10 * MINUTE  # in the past: all refreshes of it last long and show nothing more
LAST_REFRESH_SECONDS = 40.0


class Scene(NamedTuple):
    """A download started `ago` seconds before the present, where it stands at `progress`; `until` see Fate.

    A healthy one of progress 1 or more was complete that much earlier: 2 means halfway from then to now.
    """

    ago: float
    destiny: Destiny
    progress: float
    until: float = 1.0
    pack: bool = False  # a season pack, where there are seasons


SCENES = (
    # seeding, imported by the Arr itself
    Scene(280 * MINUTE, Destiny.HEALTHY, 8),
    Scene(200 * MINUTE, Destiny.HEALTHY, 5),
    # dead for hours
    Scene(190 * MINUTE, Destiny.STALLED, 9, until=0.37),
    Scene(150 * MINUTE, Destiny.STALLED, 9, until=0.82),
    Scene(170 * MINUTE, Destiny.NO_METADATA, 0),
    Scene(120 * MINUTE, Destiny.ERRORED, 9, until=0.55),
    # on their way
    Scene(45 * MINUTE, Destiny.SLOW, 0.02),
    Scene(9 * MINUTE, Destiny.HEALTHY, 0.15),
    Scene(12 * MINUTE, Destiny.HEALTHY, 0.48),
    Scene(15 * MINUTE, Destiny.HEALTHY, 0.91),
    # finished seconds ago, and seconds from now
    Scene(20 * MINUTE, Destiny.HEALTHY, 1.01),
    Scene(20 * MINUTE, Destiny.HEALTHY, 0.9985),
    Scene(22 * MINUTE, Destiny.HEALTHY, 0.996, pack=True),
    Scene(24 * MINUTE, Destiny.HEALTHY, 0.994),
)


def live_through_past(world: World, now: float) -> None:
    """Bring a world that began PAST_SECONDS before `now` to `now`, with downloads in every stage of life."""
    casts = {arr.name: _Cast(arr) for arr in world.arrs.values() if arr.connections}
    tempos = {name: arr.tempo for name, arr in world.arrs.items()}
    for arr in world.arrs.values():
        arr.tempo = replace(arr.tempo, refresh_interval=REFRESH_SECONDS)
    due = sorted(SCENES, key=lambda scene: -scene.ago)
    moment = world.now
    while moment < now:
        moment = min(now, moment + STEP_SECONDS)
        world.advance(moment)
        while due and now - due[0].ago <= moment:
            scene = due.pop(0)
            for name, cast in casts.items():
                if items := cast.next(scene):
                    _play(world.arrs[name], items, scene, now - moment)
        if tempos and now - moment <= LAST_REFRESH_SECONDS:
            for name, tempo in tempos.items():
                world.arrs[name].tempo = tempo
                world.arrs[name].commands.post(REFRESH, {}, trigger="scheduled", priority="high")
            tempos.clear()


class _Cast:
    """The missing items of one Arr in a mixed order, each to be used once."""

    def __init__(self, arr: Arr) -> None:
        missing = list(arr.collection.wanted(arr.now))
        rng(arr.name, "opening").shuffle(missing)
        series = sorted({item.series_id for item in missing}) if arr.kind == "sonarr" else []
        groups = (
            group
            for number in series
            for group in arr.collection.searched_by("SeriesSearch", {"seriesId": number}, arr.now)
        )
        self._pack = next((group for group in groups if len(group) > 1), [])
        packed = {item.id for item in self._pack}
        self._single = [item for item in missing if item.id not in packed]

    def next(self, scene: Scene) -> list[Any]:
        if scene.pack and self._pack:
            return self._pack
        return [self._single.pop()] if self._single else []


def _play(arr: Arr, items: list[Any], scene: Scene, seconds: float) -> None:
    release = arr.offer(items)
    rate = scene.progress * release.size / seconds
    fate = Fate(scene.destiny, max(1.0, rate / arr.tempo.speed), scene.until)
    arr.grab(items, release, fate)
