"""`qbitrr doctor`: ask every Arr for its settings, and report what contradicts the configuration, with remedies."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from qbitrr.arr.client import ArrClient
from qbitrr.arr.kinds import KINDS
from qbitrr.config.redact import redact_url
from qbitrr.errors import ServiceError
from qbitrr.http.client import Timeouts
from qbitrr.rules.arr_settings import contradictions
from qbitrr.worker.arr_settings import our_settings, read_settings
from qbitrr.worker.config import worker_configs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qbitrr.config.load import Loaded
    from qbitrr.rules.arr_settings import Contradiction
    from qbitrr.worker.config import WorkerConfig

_ONCE = Timeouts(attempts=1, connect_seconds=5.0, silence_seconds=10.0, answer_seconds=12.0)


class Diagnosis(NamedTuple):
    """One Arr: its version, or the error with which it answered, and what contradicts."""

    config: WorkerConfig
    version: str
    error: str
    found: Sequence[Contradiction]

    @property
    def is_good(self) -> bool:
        """Whether there is nothing to do."""
        return not self.error and not self.found


def diagnose(loaded: Loaded, within_seconds: float = 30.0) -> list[Diagnosis]:
    """Ask all Arrs at the same time. One that does not answer in time has an error."""
    return asyncio.run(_diagnose(loaded, within_seconds))


def report(diagnoses: Sequence[Diagnosis]) -> str:
    """Report on every Arr: whether it answers, and what contradicts, each with its remedy."""
    lines = [line for one in diagnoses for line in (_headline(one), *details(one))]
    return "\n".join(lines) or "There is no Arr to ask yet."


def details(diagnosis: Diagnosis) -> Iterator[str]:
    """Describe what contradicts, in lines."""
    for one in diagnosis.found:
        yield f"  {one.text}."
        if one.words:
            yield f"    It says: {one.words}"
        yield f"    Remedy: {one.remedy}."


def _headline(diagnosis: Diagnosis) -> str:
    arr = diagnosis.config.arr
    place = f"{arr.section} ({redact_url(arr.uri)})"
    if diagnosis.error:
        return f"{place}: {diagnosis.error}"
    state = "nothing contradicts" if not diagnosis.found else "its settings contradict the configuration:"
    return f"{place}: {arr.kind.capitalize()} {diagnosis.version}, {state}"


async def _diagnose(loaded: Loaded, within_seconds: float) -> list[Diagnosis]:
    configs = [one for one in worker_configs(loaded.config, "", None) if one.arr_section is not None]
    return await asyncio.gather(*(_ask(config, within_seconds) for config in configs))


async def _ask(config: WorkerConfig, within_seconds: float) -> Diagnosis:
    arr = config.arr
    client = ArrClient(
        arr.section, KINDS[arr.kind], arr.uri, arr.api_key, verify_tls=not arr.skip_tls_verify, timeouts=_ONCE
    )
    try:
        async with asyncio.timeout(within_seconds):
            status = await client.status()
            found = contradictions(await read_settings(client), our_settings(config))
    except ServiceError as error:
        return Diagnosis(config, "", str(error).removeprefix(f"{arr.section}: "), ())
    except TimeoutError:
        return Diagnosis(config, "", "no answer in time", ())
    finally:
        await client.close()
    return Diagnosis(config, status.version or "", "", found)
