import asyncio
import sys
import tomllib

import pytest

from qbitrr.sandbox.sandbox import SECTIONS, Sandbox, Section
from tests.support.polling import until
from tests.support.ports import free_port


async def test_everything_listens_on_loopback_and_the_config_leads_there():
    async with Sandbox(speed=2) as sandbox:
        assert list(sandbox.urls) == ["qBit", *(section.name for section in SECTIONS)]
        assert all(url.startswith("http://127.0.0.1:") for url in sandbox.urls.values())
        config = tomllib.loads(sandbox.config_toml())
        assert f"http://{config['qBit']['Host']}:{config['qBit']['Port']}" == sandbox.urls["qBit"]
        for section in SECTIONS:
            assert config[section.name]["URI"] == sandbox.urls[section.name]
            assert config[section.name]["APIKey"] == sandbox.arrs[section.name].api_key
            assert config[section.name]["Category"] == sandbox.arrs[section.name].arr.category


async def test_the_config_can_be_overridden_key_by_key():
    sandbox = Sandbox([Section("Radarr", "radarr", 5)])
    text = sandbox.config_toml({"Radarr": {"ReSearch": False, "Torrent": {"StalledDelay": 1}}, "WebUI": {"Port": 7}})
    config = tomllib.loads(text)
    assert config["Radarr"]["ReSearch"] is False
    assert config["Radarr"]["Managed"] is True
    assert config["Radarr"]["Torrent"] == {"StalledDelay": 1, "IgnoreTorrentsYoungerThan": 180}
    assert config["WebUI"] == {"Host": "127.0.0.1", "WebAccess": "auto", "Port": 7}


async def test_time_passes_by_the_clock_it_is_given():
    moment = 1_790_000_000.0
    async with Sandbox([Section("Radarr", "radarr", 60)], clock=lambda: moment) as sandbox:
        assert sandbox.world.now == moment
        moment += 500
        await until(lambda: sandbox.world.now == moment, 5, "the world follows the clock")


async def test_ports_can_be_fixed():
    ports = {"qBit": free_port(), "Radarr": free_port()}
    async with Sandbox([Section("Radarr", "radarr", 5)], ports=ports) as sandbox:
        assert {name: stand_in.port for name, stand_in in sandbox.stand_ins.items()} == ports
        with pytest.raises(OSError, match=r"(?i)address already in use"):
            await Sandbox([Section("Radarr", "radarr", 5)], ports=ports).__aenter__()


async def test_an_error_that_stops_the_time_is_not_lost():
    class StoppedError(Exception):
        pass

    def stop(_):
        raise StoppedError

    sandbox = await Sandbox([Section("Radarr", "radarr", 5)]).__aenter__()
    sandbox.world.advance = stop
    await until(sandbox._ticks.done, 5, "the ticks end")
    with pytest.raises(StoppedError):
        await sandbox.__aexit__(None, None, None)


async def test_a_world_without_a_past_begins_with_nothing_to_do():
    async with Sandbox([Section("Radarr", "radarr", 60)], has_past=False) as sandbox:
        assert not sandbox.world.client.torrents
        assert not sandbox.arrs["Radarr"].arr.history


async def test_an_arr_without_the_client_begins_with_an_empty_queue():
    async with Sandbox([Section("Radarr", "radarr", 60, has_client=False)]) as sandbox:
        assert not sandbox.arrs["Radarr"].arr.queue
        assert not sandbox.world.client.torrents


async def test_the_torrents_are_on_the_disk_when_asked_for(tmp_path):
    async with Sandbox([Section("Radarr", "radarr", 60)], downloads=tmp_path, on_disk=True) as sandbox:
        client = sandbox.world.client
        finished = [torrent for torrent in client.torrents.values() if torrent.complete]
        assert all((tmp_path / torrent.content_path).exists() for torrent in finished)

        gone, kept, moved = finished[:3]
        client.delete([gone.infohash], with_files=True)
        client.delete([kept.infohash], with_files=False)
        client.lose_data(moved.infohash)
        await until(lambda: len(client.torrents) and gone.infohash not in client.torrents, 5, "deletion")
        await until(lambda: not (tmp_path / gone.content_path).exists(), 5, "files gone")
        assert (tmp_path / kept.content_path).exists()
        assert not (tmp_path / moved.content_path).exists()
        assert (tmp_path / "radarr").is_dir()


async def test_it_runs_alone_from_the_command_line():
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "qbitrr.sandbox", "--qbittorrent", "4.5.2"), stdout=asyncio.subprocess.PIPE
    )
    try:
        first = await asyncio.wait_for(process.stdout.readline(), 20)
        assert first.startswith(b"# qBit: http://127.0.0.1:")
    finally:
        process.terminate()
        await process.communicate()
