"""WorkerProcess: one worker with its process, its channel and its last report."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Raw, Struct, to_builtins
from msgspec.structs import replace

from qbitrr import __version__, ipc, logs
from qbitrr.errors import ProtocolError
from qbitrr.worker import config as configuration
from qbitrr.worker.main import DAMAGED, STACKS_SIGNAL, UNUSABLE
from supervisor import evidence, lifecycle
from supervisor.evidence import Ending, process_state
from supervisor.lifecycle import Effect, Phase, State

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from qbitrr.clock import Clock
    from qbitrr.worker.config import WorkerConfig
    from supervisor.evidence import Evidence
    from supervisor.fork_server import Exited
    from supervisor.lifecycle import RestartPolicy
    from supervisor.spawner import Spawned, Spawner

_log = logs.get(__name__)

A = TypeVar("A", bound=ipc.Answer)

_EXIT_REPORT_SECONDS = 2.0


class LastReport(Struct, frozen=True):
    """What a worker reported last. Times in epoch seconds.

    `contradictions` are None until the settings of its Arr were read.
    """

    kind: str = "idle"
    operation: str | None = None
    progress: int = 0
    search_summary: str | None = None
    search_at: float | None = None
    queue_count: int | None = None
    category_count: int | None = None
    waiting_for: str | None = None
    last_error: str | None = None
    errors: int = 0
    beat_at: float | None = None
    counters: ipc.Counters = ipc.Counters()
    contradictions: tuple[ipc.Contradiction, ...] | None = None
    concerns: tuple[ipc.Concern, ...] = ()
    clients: tuple[ipc.ClientState, ...] = ()


class WorkerProcess:
    """Keeps one worker alive, on the supervisor's loop, without ever waiting for the worker.

    `on_change` is called after any change, `on_damage` when the worker found the state file damaged. `policy` and
    `on_probation` count for the next process.
    """

    def __init__(
        self,
        config: WorkerConfig,
        policy: RestartPolicy,
        spawner: Spawner,
        evidence: Evidence,
        clock: Clock,
        on_change: Callable[[], None],
        on_damage: Callable[[], None],
    ) -> None:
        self.config = config
        self.state = State(since=clock.monotonic())
        self.phase_since = clock.wall()
        self.last_report = LastReport()
        self.restarts = 0
        self.policy = policy
        self.on_probation = False
        self._spawner = spawner
        self._evidence = evidence
        self._clock = clock
        self._on_change = on_change
        self._on_damage = on_damage
        self._loop = asyncio.get_running_loop()
        self._spawned: Spawned | None = None
        self._because: str | None = None
        self._unusable = False
        self._stopped = False
        self._spawned_at = 0.0
        self._process_state: str | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._asked: dict[int, asyncio.Future[ipc.Answer]] = {}
        self._requests = itertools.count(1)
        self._timer: asyncio.TimerHandle | None = None

    @property
    def category(self) -> str:
        """The category that it works for, its name everywhere."""
        return self.config.name

    @property
    def pid(self) -> int | None:
        """Process id, None without a process."""
        return self._spawned.pid if self._spawned else None

    def describe(self) -> dict[str, object]:
        """State of the worker, for the log."""
        now = self._clock.monotonic()
        return {
            "category": self.category,
            "pid": self.pid,
            "phase": str(self.state.phase),
            "for_seconds": round(now - self.state.since, 1),
            "restarts": self.restarts,
            "failures_in_window": len(self.state.start_failures) + len(self.state.run_failures),
            "next_timer_in": None if (due := lifecycle.next_timer(self.state)) is None else round(due - now, 1),
            **to_builtins(self.last_report),
        }

    def start(self) -> None:
        """Start the worker, unless it runs."""
        self._handle(lifecycle.Start())

    def restart(self) -> None:
        """Replace the process, unless the worker was stopped."""
        if not self._stopped:
            self._handle(lifecycle.Restart())

    def stop(self) -> None:
        """Stop the worker for good: who stops it waits for its end, which a restart meanwhile must not undo."""
        self._stopped = True
        self._handle(lifecycle.Stop())

    def send(self, message: ipc.Message) -> bool:
        """Send a message; False when the worker cannot receive it."""
        if self._spawned is None:
            return False
        try:
            self._spawned.channel.send(ipc.encode(message))
        except OSError as error:
            _log.warning("message could not be sent", category=self.category, error=str(error))
            return False
        return True

    async def torrents(self, keys: Sequence[tuple[str, str]], within_seconds: float) -> tuple[ipc.TorrentRow, ...]:
        """Ask the worker for torrents by instance and infohash. Raises TimeoutError when it does not answer in time."""
        asked = tuple(keys)
        return (await self.ask(lambda request: ipc.ReadTorrents(request, asked), ipc.TorrentRows, within_seconds)).rows

    async def ask(self, question: Callable[[int], ipc.Question], answer: type[A], within_seconds: float) -> A:
        """Ask the worker a question, made with the number of the request.

        Raises TimeoutError when it does not answer in time, ProtocolError when the question is too long.
        """
        request = next(self._requests)
        asked: asyncio.Future[ipc.Answer] = self._loop.create_future()
        self._asked[request] = asked
        try:
            if not self.send(question(request)):
                raise TimeoutError
            async with asyncio.timeout(within_seconds):
                received = await asked
            if not isinstance(received, answer):
                raise TimeoutError
            return received
        finally:
            del self._asked[request]

    # -- events -------------------------------------------------------------------------------------------------

    def _handle(self, event: lifecycle.Event) -> None:
        before = self.state.phase
        self.state, effects = lifecycle.step(self.state, event, self._clock.monotonic(), self.policy, random.random)
        if self.state.phase is not before:
            self.phase_since = self._clock.wall()
            _log.info("worker changed phase", category=self.category, phase=str(self.state.phase), before=str(before))
            self._on_change()
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
                self._because = self._process_state = None
                self._start_task(self._spawn())
            case Effect.DUMP:
                self._on_hang()
            case Effect.TERMINATE:
                self._signal(signal.SIGTERM)
            case Effect.KILL:
                _log.warning("worker was killed", category=self.category, phase=str(self.state.phase))
                self._because = self._because or "it did not end within the grace"
                self._signal(signal.SIGKILL)
            case Effect.ANNOUNCE:
                _log.error("worker is degraded", category=self.category, last_error=self.last_report.last_error)

    def _on_hang(self) -> None:
        """Record what the worker is doing, and have it write where its threads are."""
        if self.state.ready_at is None:
            self._because = self._because or f"it was not ready within {self.policy.start_seconds:g} s"
        else:
            self._because = f"no heartbeat in time; under way: {self.last_report.operation}"
        self.last_report = replace(self.last_report, last_error=self._because)
        _log.error("worker hangs", category=self.category, because=self._because)
        if self._spawned is not None:
            self._process_state = process_state(self._spawned.pid)
            self._signal(STACKS_SIGNAL)

    def _start_task(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _signal(self, number: signal.Signals) -> None:
        if self._spawned is None:
            return
        with suppress(ProcessLookupError):  # it ended, as its descriptor shows in a moment
            signal.pidfd_send_signal(self._spawned.pidfd, number)

    # -- the process --------------------------------------------------------------------------------------------

    async def _spawn(self) -> None:
        try:
            spawned = await self._spawner.spawn(self.policy.start_seconds)
        except OSError as error:
            self.last_report = replace(self.last_report, last_error=f"the process could not be started: {error}")
            _log.error("worker could not be started", category=self.category, error=str(error))
            self._handle(lifecycle.Ended())
            return
        self._spawned = spawned
        self._spawned_at = self._clock.monotonic()
        self._spawner.memory.limit(spawned.pid, self.policy.memory_high_bytes)
        self._loop.add_reader(spawned.pidfd, self._on_process_end)
        self._loop.add_reader(spawned.channel.fileno(), self._read)
        if self.state.phase is Phase.STOPPING:  # stopped while it was being forked
            self._signal(signal.SIGTERM)

    def _read(self) -> None:
        spawned = self._spawned
        if spawned is not None and self._receive(spawned) == b"":
            # it closed its end of the channel; the process descriptor shows when it ends
            self._loop.remove_reader(spawned.channel.fileno())

    def _receive(self, spawned: Spawned) -> bytes | None:
        """Receive one message; None when there is none now, empty at the end of the channel."""
        try:
            packet = spawned.channel.recv(ipc.LONGEST_MESSAGE_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            return b""
        if packet:
            try:
                self._on_message(ipc.decode_from_worker(packet))
            except ProtocolError as error:
                _log.warning("message was dropped", category=self.category, error=str(error))
        return packet

    def _on_message(self, message: ipc.FromWorker) -> None:
        self.last_report = _updated(self.last_report, message, self._clock.wall())
        match message:
            case ipc.Hello():
                self._configure(message)
            case ipc.Ready():
                self._handle(lifecycle.Ready())
            case ipc.Heartbeat():
                self._evidence.memory_kills.observe()
                self._handle(lifecycle.Heartbeat(message.within_seconds))
            case ipc.Stopping():
                self._handle(lifecycle.Stopping())
            case ipc.Waiting():
                self._handle(lifecycle.Blocked(bool(message.service), message.needs_attention))
            case ipc.Answer():
                if (asked := self._asked.get(message.request)) is not None and not asked.done():
                    asked.set_result(message)
            case ipc.Goodbye():
                _log.info("worker announced its end", category=self.category, reason=message.reason)
                self._because = self._because or message.reason
        if not isinstance(message, ipc.Heartbeat | ipc.Counters | ipc.ClientStates | ipc.Answer):
            self._on_change()

    def _configure(self, hello: ipc.Hello) -> None:
        if hello.protocol != ipc.PROTOCOL:
            self._refuse(f"it uses protocol {hello.protocol}, not {ipc.PROTOCOL}")
            return
        try:
            config = replace(self.config, on_probation=self.on_probation)
            self.send(ipc.Configure(Raw(configuration.encode(config))))
        except ProtocolError as error:  # a list of thousands
            self._refuse(f"its configuration cannot be sent: {error}")

    def _refuse(self, because: str) -> None:
        """Kill a worker that cannot be configured."""
        _log.error("worker could not be configured", category=self.category, because=because)
        self._because, self._unusable = because, True
        self._signal(signal.SIGKILL)

    def _on_process_end(self) -> None:
        spawned = self._spawned
        if spawned is None:
            return
        self._loop.remove_reader(spawned.pidfd)
        self._loop.remove_reader(spawned.channel.fileno())
        while self._receive(spawned):  # messages from before its end
            pass
        self._spawned = None
        self._start_task(self._after_end(spawned, self._ending(spawned.pid)))

    async def _after_end(self, spawned: Spawned, ending: Ending) -> None:
        """Learn how the process exited, keep evidence of an abnormal end, and close its descriptors."""
        exited: Exited | None = None
        with suppress(TimeoutError):  # a fork server that hangs reports nothing
            async with asyncio.timeout(_EXIT_REPORT_SECONDS):
                exited = await spawned.exited
        code = exited.code if exited else None
        asked = self.state.phase is Phase.STOPPING
        because = ending.because
        if because is None and code == -signal.SIGKILL and self._evidence.memory_kills.claim():
            because = evidence.KILLED_FOR_MEMORY
        peak_bytes = exited.peak_bytes if exited else None
        ending = replace(ending, how=evidence.how_it_ended(code), because=because, peak_bytes=peak_bytes)
        self.last_report = self._report_after(None if asked else ending)
        if code == DAMAGED:
            self._on_damage()
        self._unusable, unusable = False, self._unusable or code == UNUSABLE
        self._handle(lifecycle.Ended(unusable=unusable))
        spawned.channel.close()
        os.close(spawned.pidfd)
        self._spawner.memory.forget(spawned.pid)
        if asked and code in (0, -signal.SIGTERM):
            _log.info("worker ended", category=self.category, pid=spawned.pid, how=ending.how)
        else:
            self.restarts += not asked
            _log.error("worker died", category=self.category, pid=spawned.pid, how=ending.how, because=ending.because)
            await self._evidence.keep(ending, spawned.stacks)
        os.close(spawned.stacks)

    def _report_after(self, ending: Ending | None) -> LastReport:
        """What of the last report is still true after the end of the process."""
        last_error = self.last_report.last_error
        if ending is not None:
            last_error = f"the process ended unexpectedly: {ending.because or ending.how}"
        return LastReport(
            search_summary=self.last_report.search_summary, search_at=self.last_report.search_at, last_error=last_error
        )

    def _ending(self, pid: int) -> Ending:
        last, wall, monotonic = self.last_report, self._clock.wall(), self._clock.monotonic()
        return Ending(
            category=self.category,
            at=evidence.moment(wall),
            pid=pid,
            how="",
            because=self._because,
            phase=self.state.phase,
            ran_seconds=round(monotonic - self._spawned_at, 3),
            operation=last.operation,
            progress=last.progress,
            errors=last.errors,
            beat_seconds_ago=None if last.beat_at is None else round(wall - last.beat_at, 3),
            waiting_for=last.waiting_for,
            last_error=last.last_error,
            peak_bytes=None,
            process_state=self._process_state,
            config=configuration.fingerprint(self.config),
            version=__version__,
        )


def _updated(last: LastReport, message: ipc.FromWorker, now: float) -> LastReport:
    changes: dict[str, Any] = {}
    match message:
        case ipc.Heartbeat(operation, progress, errors):
            changes = {"beat_at": now, "operation": operation, "progress": progress, "errors": errors}
        case ipc.Waiting(service, error):
            changes = {"waiting_for": service or None, "last_error": error or last.last_error}
        case ipc.Metrics(queue_count, category_count):
            changes = {"queue_count": queue_count, "category_count": category_count}
        case ipc.Counters():
            changes = {"counters": message}
        case ipc.Contradictions(found):
            changes = {"contradictions": found}
        case ipc.Concerns(found):
            changes = {"concerns": found}
        case ipc.ClientStates(states):
            changes = {"clients": states}
        case ipc.Activity(kind, search_summary, search_at):
            changes = {"kind": kind, "search_summary": search_summary, "search_at": search_at}
    return replace(last, **changes) if changes else last
