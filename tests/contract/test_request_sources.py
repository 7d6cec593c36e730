"""Every call to Overseerr and Seerr, and every answer of their stand-in, fits the official descriptions of both."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest

from qbitrr.config import load_text
from qbitrr.errors import CredentialsRejectedError
from qbitrr.media_requests.request import MediaRequest
from qbitrr.media_requests.source import configured_source
from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.sandbox.services.overseerr import OverseerrStandIn

NOW = 1_790_000_000.0
SECTIONS = (Section("Radarr", "radarr", 120), Section("Sonarr", "sonarr", 10, episodes=240))


@pytest.fixture(params=["overseerr", "seerr"])
async def sandbox(judge, request, monkeypatch):
    monkeypatch.setattr(OverseerrStandIn, "kind", request.param)
    async with Sandbox(SECTIONS, middlewares=[judge.middleware], clock=lambda: NOW, with_requests=True) as sandbox:
        yield sandbox
    assert (request.param, "GET", "/api/v1/request") in judge.routes


@asynccontextmanager
async def source_of(sandbox, section, **overrides):
    loaded = load_text(sandbox.config_toml({section: {"EntrySearch": {"Overseerr": overrides}}}), {})
    source = configured_source(loaded.config.arrs[section])
    try:
        yield source
    finally:
        await source.close()


@pytest.mark.parametrize("section", ["Radarr", "Sonarr"])
@pytest.mark.parametrize("approved_only", [True, False])
async def test_what_is_asked_for_is_found(sandbox, section, approved_only):
    of_section = [request for request in sandbox.requests if request.arr.name == section]
    assert len(of_section) == 3
    of_section[0].approved, of_section[1].is_4k = None, True
    expected = of_section[2:] if approved_only else [of_section[0], of_section[2]]
    async with source_of(sandbox, section, ApprovedOnly=approved_only) as source:
        assert set(await source.requests()) == {
            MediaRequest(request.tmdb_id, request.tvdb_id, None, season)
            for request in expected
            for season in request.seasons or (None,)
        }


async def test_a_wrong_key_is_an_error_of_its_own(sandbox):
    async with source_of(sandbox, "Radarr", OverseerrAPIKey="wrong") as source:
        for _ in range(2):
            with pytest.raises(CredentialsRejectedError, match="correct APIKey"):
                await source.requests()
