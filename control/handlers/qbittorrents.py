"""`qbittorrents`: each qBittorrent, as the workers see it."""

from typing import Literal

from msgspec import Struct

from control.context import HandlerContext
from control.handlers.shared import Nothing
from qbitrr.ipc import ClientState


class QbittorrentView(Struct, frozen=True, rename="camel"):
    """One qBittorrent; null for what is not known. Rates are in bytes per second, `freeBytes` of its save path.

    `connection` is its connection to the internet, `unknown` while it does not answer. `torrents` are those of the
    categories of all workers.
    """

    section: str
    version: str | None
    connection: Literal["connected", "firewalled", "disconnected", "unknown"]
    download_rate: int | None
    upload_rate: int | None
    free_bytes: int | None
    torrents: int


class Qbittorrents(Struct, frozen=True):
    """Every qBittorrent that is used."""

    qbittorrents: list[QbittorrentView]


async def read(context: HandlerContext, _request: Nothing) -> Qbittorrents:
    """List every qBittorrent that is used, as its workers have seen it last."""
    return all_of(context)


def all_of(context: HandlerContext) -> Qbittorrents:
    """Return every qBittorrent as it is now."""
    seen: dict[str, list[ClientState]] = {
        section: [] for section, qbit in context.loaded.config.qbits.items() if not qbit.disabled and qbit.complete
    }
    for process in context.workers.processes.values():
        for state in process.last_report.clients:
            if state.instance in seen:
                seen[state.instance].append(state)
    return Qbittorrents([_view(section, states) for section, states in seen.items()])


def _view(section: str, states: list[ClientState]) -> QbittorrentView:
    """What any worker knows of it; workers poll at different moments, and one that answers says more than others."""
    best = max(states, key=lambda state: bool(state.connection), default=None)
    known = best if best is not None and best.connection else None
    return QbittorrentView(
        section=section,
        version=best.version or None if best else None,
        connection=_connection(known.connection) if known else "unknown",
        download_rate=known.download_rate if known else None,
        upload_rate=known.upload_rate if known else None,
        free_bytes=known.free_bytes if known else None,
        torrents=sum(state.torrents for state in states),
    )


def _connection(name: str) -> Literal["connected", "firewalled", "disconnected", "unknown"]:
    match name:
        case "connected" | "firewalled" | "disconnected":
            return name
    return "unknown"
