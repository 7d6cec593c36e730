"""One worker: its process, its channel, and what it last said of itself."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec import Raw, Struct
from msgspec.structs import replace

from qbitrr import ipc, logs
from qbitrr.errors import ProtocolError
from qbitrr.worker import configuration
from supervisor import lifecycle
from supervisor.lifecycle import Effect, Phase, State

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from qbitrr.clock import Clock
    from qbitrr.worker.configuration import WorkerConfig
    from supervisor.lifecycle import Limits
    from supervisor.spawner import Spawned, Spawner

_log = logs.get(__name__)

_TELLING_SECONDS = 2.0


class Said(Struct, frozen=True):
    """What a worker last said of itself."""

    kind: str = "idle"
    search_summary: str | None = None
    search_at: float | None = None
    queue_count: int | None = None
    category_count: int | None = None
    waiting_for: str | None = None
    last_error: str | None = None
    errors: int = 0
    beat_at: float | None = None


class Child:
    """Keeps one worker alive. Runs on the supervisor's loop and never waits for the worker."""

    def __init__(
        self, config: WorkerConfig, limits: Limits, spawner: Spawner, clock: Clock, changed: Callable[[], None]
    ) -> None:
        self.config = config
        self.state = State(since=clock.monotonic())
        self.phase_since = clock.wall()
        self.said = Said()
        self.restarts = 0
        self._limits = limits
        self._spawner = spawner
        self._clock = clock
        self._changed = changed
        self._loop = asyncio.get_running_loop()
        self._spawned: Spawned | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def category(self) -> str:
        """The category it works for, which is its name everywhere."""
        return self.config.name

    @property
    def pid(self) -> int | None:
        """Its process id while it has one."""
        return self._spawned.pid if self._spawned else None

    def start(self) -> None:
        """Have it run."""
        self._handle(lifecycle.Start())

    def restart(self) -> None:
        """Have a fresh process run."""
        self._handle(lifecycle.Restart())

    def stop(self) -> None:
        """Have it end."""
        self._handle(lifecycle.Stop())

    def send(self, message: ipc.Message) -> bool:
        """Tell it something; False when it does not listen."""
        if self._spawned is None:
            return False
        try:
            self._spawned.channel.send(ipc.encode(message))
        except OSError as error:
            _log.warning("worker did not listen", category=self.category, error=str(error))
            return False
        return True

    # -- events -------------------------------------------------------------------------------------------------

    def _handle(self, event: lifecycle.Event) -> None:
        before = self.state.phase
        self.state, effects = lifecycle.step(self.state, event, self._clock.monotonic(), self._limits, random.random)
        if self.state.phase is not before:
            self.phase_since = self._clock.wall()
            _log.info("worker changed", category=self.category, phase=str(self.state.phase), before=str(before))
            self._changed()
        self._set_timer()
        for effect in effects:
            self._carry_out(effect)

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = lifecycle.next_timer(self.state)
        if due is not None:
            delay = max(0.0, due - self._clock.monotonic())
            self._timer = self._loop.call_later(delay, self._handle, lifecycle.Tick())

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Effect.SPAWN:
                self._do(self._spawn())
            case Effect.TERMINATE:
                self._signal(signal.SIGTERM)
            case Effect.KILL:
                _log.warning("worker was killed", category=self.category, phase=str(self.state.phase))
                self._signal(signal.SIGKILL)

    def _do(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _signal(self, number: signal.Signals) -> None:
        if self._spawned is None:
            return
        with suppress(ProcessLookupError):  # it has ended; its descriptor says so in a moment
            signal.pidfd_send_signal(self._spawned.pidfd, number)

    # -- the process --------------------------------------------------------------------------------------------

    async def _spawn(self) -> None:
        try:
            spawned = await self._spawner.spawn(self._limits.start_seconds)
        except OSError as error:
            self.said = replace(self.said, last_error=f"the process could not be started: {error}")
            _log.error("worker could not be started", category=self.category, error=str(error))
            self._handle(lifecycle.Ended())
            return
        self._spawned = spawned
        self._loop.add_reader(spawned.pidfd, self._process_ended)
        self._loop.add_reader(spawned.channel.fileno(), self._read)
        if self.state.phase is Phase.STOPPING:  # it was stopped while it started
            self._signal(signal.SIGTERM)

    def _read(self) -> None:
        spawned = self._spawned
        if spawned is not None and self._take(spawned) == b"":
            # it closed its end and is about to end, which the process descriptor tells
            self._loop.remove_reader(spawned.channel.fileno())

    def _take(self, spawned: Spawned) -> bytes | None:
        """Take in one message; None when there is none now, empty when there will be none any more."""
        try:
            packet = spawned.channel.recv(ipc.LONGEST_MESSAGE_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            return b""
        if packet:
            try:
                self._heard(ipc.decode_from_worker(packet))
            except ProtocolError as error:
                _log.warning("message was dropped", category=self.category, error=str(error))
        return packet

    def _heard(self, message: ipc.FromWorker) -> None:
        match message:
            case ipc.Hello():
                self._greet(message)
            case ipc.Ready():
                self._handle(lifecycle.Ready())
            case ipc.Beat():
                self.said = replace(self.said, beat_at=self._clock.wall(), errors=message.errors)
                self._handle(lifecycle.Beaten(message.within_seconds))
            case ipc.Waiting():
                waiting_for = message.service or None
                last_error = message.error or self.said.last_error
                self.said = replace(self.said, waiting_for=waiting_for, last_error=last_error)
                self._handle(lifecycle.Waits(waits=waiting_for is not None, held=message.held))
            case ipc.Metrics():
                self.said = replace(self.said, queue_count=message.queue_count, category_count=message.category_count)
            case ipc.Activity():
                self.said = replace(
                    self.said,
                    kind=message.kind,
                    search_summary=message.search_summary,
                    search_at=message.search_at,
                )
            case ipc.Bye():
                _log.info("worker said goodbye", category=self.category, reason=message.reason)
        if not isinstance(message, ipc.Beat):
            self._changed()

    def _greet(self, hello: ipc.Hello) -> None:
        if hello.protocol != ipc.PROTOCOL:
            _log.error("worker speaks another protocol", category=self.category, protocol=hello.protocol)
            self._signal(signal.SIGKILL)
            return
        self.send(ipc.Configure(Raw(configuration.encode(self.config))))

    def _process_ended(self) -> None:
        spawned = self._spawned
        if spawned is None:
            return
        self._loop.remove_reader(spawned.pidfd)
        self._loop.remove_reader(spawned.channel.fileno())
        while self._take(spawned):  # its last words
            pass
        self._spawned = None
        asked = self.state.phase is Phase.STOPPING
        self._do(self._bury(spawned, asked=asked))
        self.said = Said(
            search_summary=self.said.search_summary,
            search_at=self.said.search_at,
            last_error=self.said.last_error,
        )
        if not asked:
            self.restarts += 1
        self._handle(lifecycle.Ended())

    async def _bury(self, spawned: Spawned, *, asked: bool) -> None:
        """Learn how it ended and give back its descriptors."""
        spawned.channel.close()
        os.close(spawned.pidfd)
        code: int | None = None
        with suppress(TimeoutError):  # a zygote that hangs tells nothing
            async with asyncio.timeout(_TELLING_SECONDS):
                code = await spawned.ended
        how = _how_it_ended(code)
        if asked:
            _log.info("worker ended", category=self.category, pid=spawned.pid, how=how)
        else:
            self.said = replace(self.said, last_error=f"the process ended unexpectedly: {how}")
            _log.error("worker died", category=self.category, pid=spawned.pid, how=how)


def _how_it_ended(code: int | None) -> str:
    """An exit code in words."""
    if code is None:
        return "nobody saw how"
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
