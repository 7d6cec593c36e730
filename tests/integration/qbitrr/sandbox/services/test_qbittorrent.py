import pytest

from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.sandbox.services.faults import WrongCredentials

NOW = 1_790_000_000.0
SECTIONS = (Section("Radarr", "radarr", 60),)
OLD, MIDDLE, NEW = "4.5.2", "5.1.0", "5.3.0"


@pytest.fixture
def version():
    return MIDDLE


@pytest.fixture
async def sandbox(version):
    # time stands still unless a test lets it pass
    async with Sandbox(SECTIONS, qbittorrent_version=version, clock=lambda: NOW) as sandbox:
        yield sandbox


@pytest.fixture
def qbit(sandbox):
    return sandbox.qbittorrent


@pytest.fixture
def call(qbit, ask):
    async def call(method, path, **options):
        return await ask(method, f"{qbit.url}/api/v2/{path}", **options)

    return call


@pytest.fixture
async def logged_in(call, qbit):
    await call("POST", "auth/login", data={"username": qbit.logins.user, "password": qbit.logins.password})
    return call


@pytest.mark.parametrize(
    ("version", "good", "bad", "cookie"),
    [
        (OLD, (200, "Ok."), (200, "Fails."), "SID"),
        (MIDDLE, (200, "Ok."), (200, "Fails."), "SID"),
        (NEW, (204, ""), (401, "Unauthorized"), "QBT_SID_{port}"),
    ],
)
async def test_logging_in(call, qbit, ask, good, bad, cookie):
    assert await call("GET", "app/version") == (403, "Forbidden")
    assert await call("POST", "auth/login", data={"username": "admin", "password": "wrong"}) == bad
    assert await call("POST", "auth/login", data={"username": "admin", "password": "adminadmin"}) == good
    assert [morsel.key for morsel in ask.session.cookie_jar] == [cookie.format(port=qbit.port)]
    assert (await call("GET", "app/version"))[0] == 200
    await call("POST", "auth/logout")
    assert (await call("GET", "app/version"))[0] == 403


async def test_five_bad_logins_ban(call):
    for _ in range(5):
        await call("POST", "auth/login", data={"username": "admin", "password": "wrong"})
    status, text = await call("POST", "auth/login", data={"username": "admin", "password": "adminadmin"})
    assert status == 403
    assert "banned" in text


@pytest.mark.parametrize("version", [NEW])
async def test_an_api_key_is_enough(call, qbit, ask):
    ask.headers["Authorization"] = f"Bearer {qbit.logins.api_key}"
    _, first = await call("GET", "sync/maindata")
    _, second = await call("GET", f"sync/maindata?rid={first['rid']}")
    assert first["full_update"]
    assert "full_update" not in second
    ask.headers["Authorization"] = "Bearer qbt_wrong"
    assert (await call("GET", "app/version"))[0] == 403


async def test_wrong_credentials_end_sessions(logged_in, qbit):
    await qbit.fail(WrongCredentials())
    assert (await logged_in("GET", "app/version"))[0] == 403
    login = await logged_in("POST", "auth/login", data={"username": "admin", "password": "adminadmin"})
    assert login == (200, "Fails.")
    await qbit.heal()
    assert (await logged_in("GET", "app/version"))[0] == 403  # whoever was logged in is not any more


@pytest.mark.parametrize(
    ("version", "api", "fields", "stopped", "stop"),
    [
        (OLD, "2.8.19", 48, "pausedDL", "pause"),
        (MIDDLE, "2.11.4", 56, "stoppedDL", "stop"),
        (NEW, "2.16.2", 69, "stoppedDL", "stop"),
    ],
)
async def test_versions_differ(logged_in, version, api, fields, stopped, stop):
    assert await logged_in("GET", "app/version") == (200, f"v{version}")
    assert await logged_in("GET", "app/webapiVersion") == (200, api)
    _, data = await logged_in("GET", "sync/maindata")
    infohash, row = next((h, row) for h, row in data["torrents"].items() if row["state"] == "stalledDL")
    assert len(row) == fields
    assert (await logged_in("POST", f"torrents/{stop}", data={"hashes": infohash}))[0] == 200
    other = "stop" if stop == "pause" else "pause"
    assert (await logged_in("POST", f"torrents/{other}", data={"hashes": infohash}))[0] == 404
    _, delta = await logged_in("GET", f"sync/maindata?rid={data['rid']}")
    assert delta["torrents"][infohash]["state"] == stopped
    start = "resume" if stop == "pause" else "start"
    await logged_in("POST", f"torrents/{start}", data={"hashes": infohash})
    _, rows = await logged_in("GET", f"torrents/info?hashes={infohash.upper()}")
    assert [one["state"] for one in rows] == ["stalledDL"]


async def test_torrents_are_filtered_sorted_and_cut(logged_in, sandbox):
    torrents = sandbox.world.client.torrents.values()

    async def hashes(**query):
        return [row["hash"] for row in (await logged_in("GET", "torrents/info", params=query))[1]]

    assert len(await hashes()) == len(torrents)
    assert set(await hashes(filter="completed")) == {t.infohash for t in torrents if t.complete}
    assert set(await hashes(filter="stalled_downloading")) == {t.infohash for t in torrents if t.state == "stalledDL"}
    assert set(await hashes(filter="errored")) == {t.infohash for t in torrents if t.state == "error"}
    assert set(await hashes(filter="active")) == {t.infohash for t in torrents if t.download_rate or t.upload_rate}
    assert len(await hashes(filter="nonsense")) == len(torrents)
    assert len(await hashes(category="radarr")) == len(torrents)
    assert await hashes(category="other") == []
    assert await hashes(category="") == []
    by_age = await hashes(sort="added_on", reverse="true")
    assert await hashes(sort="added_on", reverse="true", limit=2, offset=1) == by_age[1:3]
    assert (await logged_in("GET", "torrents/info?sort=nonsense"))[0] == 400


async def test_tags_are_joined_and_can_be_filtered_by(logged_in, sandbox):
    first, second, *_ = sandbox.world.client.torrents
    both = {"hashes": f"{first}|{second}"}
    await logged_in("POST", "torrents/createTags", data={"tags": "spare"})
    await logged_in("POST", "torrents/addTags", data={**both, "tags": "b,a"})
    await logged_in("POST", "torrents/removeTags", data={"hashes": second, "tags": "a"})
    _, rows = await logged_in("GET", f"torrents/info?hashes={first}|{second}")
    assert {row["hash"]: row["tags"] for row in rows} == {first: "a, b", second: "b"}
    _, tagged = await logged_in("GET", "torrents/info?tag=a")
    assert [row["hash"] for row in tagged] == [first]
    assert await logged_in("GET", "torrents/tags") == (200, ["a", "b", "spare"])
    await logged_in("POST", "torrents/deleteTags", data={"tags": "b,spare"})
    assert await logged_in("GET", "torrents/tags") == (200, ["a"])
    _, rows = await logged_in("GET", f"torrents/info?hashes={second}")
    assert rows[0]["tags"] == ""


async def test_deleting_is_asynchronous(logged_in, sandbox):
    first, *others = sandbox.world.client.torrents
    _, data = await logged_in("GET", "sync/maindata")
    assert await logged_in("POST", "torrents/delete", data={"hashes": first, "deleteFiles": "true"}) == (200, "")
    assert len((await logged_in("GET", f"torrents/info?hashes={first}"))[1]) == 1
    sandbox.world.advance(sandbox.world.now + 2)
    assert (await logged_in("GET", f"torrents/info?hashes={first}"))[1] == []
    _, delta = await logged_in("GET", f"sync/maindata?rid={data['rid']}")
    assert delta["torrents_removed"] == [first]
    await logged_in("POST", "torrents/delete", data={"hashes": "all", "deleteFiles": "false"})
    sandbox.world.advance(sandbox.world.now + 2)
    assert others
    assert (await logged_in("GET", "torrents/info"))[1] == []


async def test_categories(logged_in, sandbox):
    first, *_ = sandbox.world.client.torrents
    _, categories = await logged_in("GET", "torrents/categories")
    assert categories == {"radarr": {"name": "radarr", "savePath": "/downloads/radarr"}}
    new = {"category": "failed", "savePath": ""}
    assert (await logged_in("POST", "torrents/createCategory", data=new))[0] == 200
    assert (await logged_in("POST", "torrents/createCategory", data=new))[0] == 409
    assert (await logged_in("POST", "torrents/createCategory", data={"category": ""}))[0] == 400
    assert (await logged_in("POST", "torrents/setCategory", data={"hashes": first, "category": "failed"}))[0] == 200
    assert (await logged_in("POST", "torrents/setCategory", data={"hashes": first, "category": "nope"}))[0] == 409
    _, rows = await logged_in("GET", "torrents/info?category=failed")
    assert [row["hash"] for row in rows] == [first]


async def test_files_and_their_priorities(logged_in, sandbox):
    torrent = next(t for t in sandbox.world.client.torrents.values() if len(t.files) > 1 and t.has_metadata)
    _, files = await logged_in("GET", f"torrents/files?hash={torrent.infohash}")
    assert [file["index"] for file in files] == [0, 1]
    choice = {"hash": torrent.infohash, "id": "1", "priority": "0"}
    assert (await logged_in("POST", "torrents/filePrio", data=choice))[0] == 200
    _, files = await logged_in("GET", f"torrents/files?hash={torrent.infohash}")
    assert [file["priority"] for file in files] == [1, 0]
    _, [row] = await logged_in("GET", f"torrents/info?hashes={torrent.infohash}")
    assert row["size"] == files[0]["size"]
    for wrong, status in (({"id": "7"}, 409), ({"id": "x"}, 400), ({"priority": "9"}, 400), ({"hash": "zz"}, 404)):
        assert (await logged_in("POST", "torrents/filePrio", data=choice | wrong))[0] == status


async def test_a_tracker_can_complain(logged_in, sandbox):
    torrent = next(iter(sandbox.world.client.torrents.values()))
    torrent.tracker_complaint = "Unregistered torrent"
    _, rows = await logged_in("GET", f"torrents/trackers?hash={torrent.infohash}")
    assert [row["url"][:2] for row in rows[:3]] == ["**"] * 3
    assert (rows[3]["status"], rows[3]["msg"]) == (4, "Unregistered torrent")


async def test_without_metadata_there_are_no_files_and_no_size(logged_in, sandbox):
    torrent = next(t for t in sandbox.world.client.torrents.values() if not t.has_metadata)
    assert await logged_in("GET", f"torrents/files?hash={torrent.infohash}") == (200, [])
    _, [row] = await logged_in("GET", f"torrents/info?hashes={torrent.infohash}")
    assert (row["total_size"], row["amount_left"], row["content_path"]) == (-1, 0, "")


async def test_limits_and_rechecks(logged_in, sandbox):
    torrent = next(t for t in sandbox.world.client.torrents.values() if t.state == "downloading")
    await logged_in("POST", "torrents/setDownloadLimit", data={"hashes": torrent.infohash, "limit": "1000"})
    await logged_in("POST", "torrents/setUploadLimit", data={"hashes": torrent.infohash, "limit": "500"})
    sandbox.world.advance(sandbox.world.now + 1)
    _, [row] = await logged_in("GET", f"torrents/info?hashes={torrent.infohash}")
    assert (row["dl_limit"], row["dlspeed"], row["up_limit"]) == (1000, 1000, 500)
    await logged_in("POST", "torrents/recheck", data={"hashes": torrent.infohash})
    _, [row] = await logged_in("GET", f"torrents/info?hashes={torrent.infohash}")
    assert row["state"] == "checkingDL"


async def test_the_state_of_the_server_is_told(logged_in, sandbox):
    client = sandbox.world.client
    client.connection_status = "disconnected"
    _, data = await logged_in("GET", "sync/maindata")
    _, info = await logged_in("GET", "transfer/info")
    assert data["server_state"]["connection_status"] == info["connection_status"] == "disconnected"
    assert data["server_state"]["free_space_on_disk"] == client.free_bytes
    assert set(data["categories"]) == {"radarr"}


@pytest.mark.parametrize(("version", "text"), [(OLD, "Bad Request"), (NEW, "Missing required parameters: deleteFiles")])
async def test_missing_parameters_are_refused(logged_in, text):
    assert await logged_in("POST", "torrents/delete", data={"hashes": "aa"}) == (400, text)
    assert (await logged_in("GET", "torrents/files"))[0] == 400
    assert (await logged_in("GET", "torrents/files?hash=zz"))[0] == 404
    assert (await logged_in("GET", "torrents/delete"))[0] == 405
    assert (await logged_in("GET", "torrents/nonsense"))[0] == 404
