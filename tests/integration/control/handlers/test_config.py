"""Reading and changing the configuration over HTTP."""

import asyncio
import threading

import pytest
from msgspec.structs import replace

from control import config_editor
from control.auth.roles import Author, Caller
from qbitrr import ipc
from qbitrr.config import history
from qbitrr.errors import ConflictError, WorkerNotReadyError
from qbitrr.worker.config import decode, worker_configs
from supervisor.config_reload import ReloadPlan, ReloadResult
from supervisor.workers import WorkerChanges
from tests.integration.control.asking import get, post
from tests.integration.control.sample import CONFIG, HASH, TOKEN, answering, fake_process
from tests.support.polling import until

FILE = """\
# mine
[Settings]
CompletedDownloadFolder = "/downloads"  # where they land
LoopSleepTimer = 5

[WebUI]
Token = "the token of the file"
Theme = "Dark"

[qBit]
Host = "http://me:pw@localhost"
UserName = "admin"
Password = "hunter2"

[[qBit.Trackers]]
URI = "https://tracker.example/0123456789abcdef0123456789abcdef/announce"
MaximumETA = 60

[Radarr-4K]
URI = "http://radarr"
APIKey = "k1-secret"
Category = "movies"
"""
STRANGER = {"X-Forwarded-For": "192.168.1.9"}


@pytest.fixture
def context(make_context):
    return make_context(FILE)


@pytest.fixture
def file(context):
    return context.config_reload.data_dir.config_file


async def change(client, status=200, deletions=(), headers=None, **changes):
    body = {"changes": {name.replace("__", "."): value for name, value in changes.items()}, "deletions": [*deletions]}
    return await post(client, "/web/config", status, json=body, headers=headers)


async def test_it_is_shown_without_a_secret(client):
    async with client.get("/web/config") as response:
        text = await response.text()
        shown = await response.json()
        assert response.headers["Cache-Control"] == "no-store"
    for secret in ("the token", "hunter2", "k1-secret", "me:pw", "0123456789abcdef"):
        assert secret not in text
    assert shown["WebUI"] == {"Theme": "Dark"}
    assert shown["Radarr-4K"] == {"URI": "http://radarr", "Category": "movies"}
    assert shown["qBit"]["Host"] == "http://localhost"


@pytest.mark.parametrize(
    ("section", "key"), [("qBit", "Pasword"), ("Radarr-4K", "APIKy"), ("WebUI", "tokn"), ("Notifications", "Url")]
)
async def test_a_secret_under_a_misspelt_key_is_not_shown(make_context, connect, section, key):
    context = make_context(f'[{section}]\n{key} = "hunter2"\nNotes = "mine"\n')
    async with connect(context) as client:
        assert await get(client, "/web/config") == {section: {"Notes": "mine"}}


async def test_a_section_is_renamed_with_its_secret_and_the_torrents_of_its_category(client, context, file):
    body = {"renames": {"Radarr-4K": "Radarr-UHD"}, "changes": {"Radarr-UHD.Managed": True}}
    plan = await post(client, "/web/config/plan", json=body)
    assert {"Radarr-4K.URI", "Radarr-UHD.URI"} <= {entry["key"] for entry in plan["changed"]}
    assert "k1-secret" not in str(plan)
    assert file.read_text() == FILE
    await post(client, "/web/config", json=body)
    assert file.read_text() == FILE.replace("[Radarr-4K]", "[Radarr-UHD]") + "Managed = true\n"
    assert context.loaded.config.arrs["Radarr-UHD"].category == "movies"
    refused = await post(client, "/web/config", 400, json={"renames": {"qBit": "qBit-nas"}})
    assert "a section without trackers" in refused["details"]["qBit"]


async def test_who_may_not_change_a_section_may_not_rename_it(client, file):
    await post(client, "/web/config", 401, json={"renames": {"Radarr-4K": "Radarr-UHD"}}, headers=STRANGER)
    assert file.read_text() == FILE


async def test_a_change_is_written_with_everything_else_left_as_it_stands(client, context, file):
    answer = await change(client, Settings__LoopSleepTimer=10, WebUI__Theme="Light")
    assert (answer["success"], answer["message"]) == (True, "Configuration updated successfully")
    assert file.read_text() == FILE.replace("Timer = 5", "Timer = 10").replace('"Dark"', '"Light"')
    assert context.loaded.config.webui.theme == "Light"
    assert [entry["key"] for entry in answer["plan"]["changed"]] == ["Settings.LoopSleepTimer", "WebUI.Theme"]


async def test_an_object_merges_and_null_deletes(client, file):
    await change(
        client, WebUI={"Theme": None, "LiveArr": False}, **{"Radarr-4K": {"EntrySearch": {"SearchMissing": True}}}
    )
    text = file.read_text()
    assert "Theme" not in text
    assert "LiveArr = false" in text
    assert 'Token = "the token of the file"' in text
    assert "[Radarr-4K.EntrySearch]\nSearchMissing = true" in text


async def test_names_within_an_object_may_be_dotted_too(client, context):
    mappings = {"HD.720p": "Any"}
    inner = {"EntrySearch.SearchMissing": False, "EntrySearch.QualityProfileMappings": mappings}
    answer = await change(client, **{"Radarr-4K": inner})
    search = context.loaded.config.arrs["Radarr-4K"].entry_search
    assert (search.search_missing, search.quality_profile_mappings) == (False, mappings)
    assert len(answer["plan"]["changed"]) == 2
    answer = await change(client, 400, **{"Radarr-4K": {"EntrySearch.SearchMissin": True}})
    assert answer["error"] == "Invalid configuration key: Radarr-4K.EntrySearch.SearchMissin"


async def test_deleting_what_is_absent_succeeds(client, file):
    await post(client, "/web/config", json={"deletions": ["Settings.OldKey", "Radarr-Old", "Settings.LoopSleepTimer"]})
    assert file.read_text() == FILE.replace("LoopSleepTimer = 5\n", "")


@pytest.mark.parametrize("body", [None, {}, {"changes": {}}, {"deletions": []}])
async def test_nothing_is_a_change_too(client, file, body):
    assert (await post(client, "/web/config", json=body))["success"] is True
    assert file.read_text() == FILE


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"InvalidSection.Key": 1}, "InvalidSection.Key"),
        ({"Settings.LoopSleepTime": 1}, "Settings.LoopSleepTime"),
        ({"Settings": {"Nonsense": 1}}, "Settings.Nonsense"),
        ({"WebUI.OIDC.Nonsense": ""}, "WebUI.OIDC.Nonsense"),
        ({"qBit": 1}, "qBit"),
        ({"": 1}, "(empty)"),
        ({"Settings.": 1}, "Settings."),
        ({"Settings.ConfigVersion": "9"}, "Settings.ConfigVersion"),
        ({"Settings": {"ConfigVersion": "9"}}, "Settings.ConfigVersion"),
        ({"WebUI.Port": 0}, "WebUI.Port"),
        ({"WebUI.Port": "many"}, "WebUI.Port"),
        ({"WebUI.Token": ""}, "WebUI.Token"),
        ({"WebUI.Token": None}, "WebUI.Token"),
        ({"WebUI": {"Token": None}}, "WebUI.Token"),
        ({"Radarr-4K.URI": "http://evil"}, "Radarr-4K.APIKey"),
        ({"qBit.Host": "evil"}, "qBit.Password"),
        ({"qBit.Port": 1234}, "qBit.Password"),
    ],
)
async def test_what_cannot_be_is_refused_as_a_whole(client, context, file, changes, key):
    answer = await post(client, "/web/config", 400, json={"changes": {"WebUI.Theme": "Light", **changes}})
    assert (answer["success"], answer["code"]) == (False, "CONFIG_ERROR")
    assert key in answer["details"]
    assert file.read_text() == FILE
    assert context.config_reload.calls == 0


async def test_an_unknown_key_has_the_error_text_of_the_reference(client):
    answer = await change(client, 400, InvalidSection__Key=1)
    assert answer["error"] == "Invalid configuration key: InvalidSection.Key"


async def test_the_token_cannot_be_removed_with_its_section(client, file):
    await post(client, "/web/config", 400, json={"deletions": ["WebUI"]})
    assert file.read_text() == FILE


async def test_a_key_goes_to_another_address_only_when_it_is_sent_along(client, context):
    await change(client, **{"Radarr-4K.URI": "http://other", "Radarr-4K.APIKey": "k1-secret"})
    assert context.loaded.config.arrs["Radarr-4K"].uri == "http://other"


async def test_the_secret_at_a_provider_goes_to_another_one_only_when_it_is_sent_along(make_context, connect):
    provider = 'Authority = "https://login.example"\nClientId = "us"\nClientSecret = "s1-secret"\n'
    context = make_context(f"{FILE}\n[WebUI.OIDC]\n{provider}")
    elsewhere = {"WebUI.OIDC.Authority": "https://login.evil.example"}
    async with connect(context) as client:
        for path in ("/web/config", "/web/config/plan"):
            answer = await post(client, path, 400, json={"changes": elsewhere})
            assert answer["details"].keys() == {"WebUI.OIDC.ClientSecret"}
        await post(client, "/web/config", json={"changes": {**elsewhere, "WebUI.OIDC.ClientSecret": "s2-secret"}})
    assert context.loaded.config.webui.oidc.authority == "https://login.evil.example"


async def test_what_was_read_sanitised_may_be_sent_back(client, file):
    shown = await get(client, "/web/config")
    await post(
        client,
        "/web/config",
        json={"changes": {"qBit.Host": shown["qBit"]["Host"], "qBit.Trackers": shown["qBit"]["Trackers"]}},
    )
    assert "0123456789abcdef0123456789abcdef" in file.read_text()
    assert "me:pw" in file.read_text()


CHANGES = [
    {"WebUI.Theme": "Light"},
    {"Settings.LoopSleepTimer": 7},
    {"WebUI.Token": "mine now"},
    {"WebUI.WebAccess": "token"},
    {"WebUI.TrustedProxies": ["0.0.0.0/0"]},
    {"qBit.Password": "x"},
    {"qBit.SkipTLSVerify": True},
    {"qBit.Trackers": [{"URI": "http://evil.example/announce", "AddTrackerIfMissing": True}]},
    {"Radarr-4K": {"URI": "http://evil", "APIKey": "k1-secret"}},
    {"Radarr-New": {"URI": "http://evil", "APIKey": "x", "Category": "new"}},
    {"Settings.MaxDestructiveActions": 1_000_000, "Settings.ProtectTags": []},
    {"Radarr-4K.Torrent.SeedingMode": {"MaxSeedingTime": 1, "RemoveTorrent": 2}},
    {"Settings.AutoUpdateEnabled": True, "Settings.AutoUpdateCron": "* * * * *"},
    {"Notifications.Events": []},
    {"Settings.Quarantine": 0},
    {"Settings.Shadow": False},
]


@pytest.mark.parametrize("changes", CHANGES, ids=", ".join)
async def test_every_change_from_elsewhere_needs_a_credential(make_context, connect, changes, file):
    context = make_context(FILE.replace("[WebUI]", '[WebUI]\nTrustedProxies = ["127.0.0.1"]'))
    before = file.read_text()
    async with connect(context) as client:
        for path in ("/web/config", "/web/config/plan"):
            await post(client, path, 403, json={"changes": changes}, headers=STRANGER)
            await post(client, path, 403, json={"deletions": list(changes)}, headers=STRANGER)
        await post(client, "/web/restart", 403, headers=STRANGER)
        assert file.read_text() == before
        allowed = {**STRANGER, "X-API-Token": "the token of the file"}
        await post(client, "/web/config", 200, json={"changes": changes}, headers=allowed)


async def test_a_new_token_counts_from_the_next_request(client):
    await change(client, WebUI__Token="another")
    await get(client, "/api/status", 401, headers={"X-API-Token": TOKEN})
    await get(client, "/api/status", headers={"X-API-Token": "another"})


async def test_the_file_is_what_it_was_when_a_worker_does_not_get_ready(client, context, file):
    context.config_reload.fails = WorkerNotReadyError("movies", "no")
    answer = await change(client, 409, Settings__LoopSleepTimer=10)
    assert answer["code"] == "WORKER_NOT_READY"
    assert file.read_text() == FILE
    versions = (await get(client, "/web/config/history"))["versions"]
    assert [version["author"] for version in versions] == ["rolled back", "127.0.0.1", "file"]


async def test_a_change_that_the_system_refuses_leaves_the_file_as_it_was(client, context, file):
    context.config_reload.fails = OSError("no process can be started")
    await change(client, 500, Settings__LoopSleepTimer=10)
    assert file.read_text() == FILE


async def test_a_plan_says_what_would_be_removed_of_what_is_there_now(client, context, monkeypatch):
    changed = replace(worker_configs(context.loaded.config, "state.db", None)[0], log_folder="/elsewhere")
    removed = ipc.OtherVerdict("qBit", HASH, "Some.Movie", ("nothing", "under_way", "-"), ("fail", "stalled", "it is"))
    compared = ipc.Comparison(1, 7, 1, 0, (removed,), ("files",))
    arr = context.workers.processes["movies"].config.arr
    context.workers.processes["movies"] = worker = fake_process(arr, ask=answering(compared))

    async def plan(loaded):
        return ReloadPlan(loaded, (changed,), ReloadResult(WorkerChanges(restarted=("movies",))))

    monkeypatch.setattr(context.config_reload, "plan", plan)
    body = {"changes": {"Radarr-4K.Torrent.StalledDelay": "1m"}}
    (effect,) = (await post(client, "/web/config/plan", json=body))["effects"]
    assert (effect["category"], effect["judged"], effect["removed"], effect["spared"]) == ("movies", 7, 1, 0)
    assert effect["unknown"] == ["files"]
    assert effect["torrents"][0]["after"] == ["fail", "stalled", "it is"]
    (asked,) = worker.ask.asked
    assert decode(asked.config) == changed
    context.workers.processes["movies"] = fake_process(arr)  # does not answer
    (effect,) = (await post(client, "/web/config/plan", json=body))["effects"]
    assert effect["judged"] is None


async def test_a_plan_changes_nothing(client, context, file):
    body = {"changes": {"Radarr-4K.Category": "films", "WebUI.Port": 7000}}
    plan = await post(client, "/web/config/plan", json=body)
    assert (plan["workers"]["started"], plan["workers"]["stopped"]) == (["films"], ["movies"])
    assert plan["changed"][1] == {"key": "WebUI.Port", "before": None, "after": 7000}
    assert file.read_text() == FILE
    assert context.config_reload.calls == 0


async def test_history_shows_who_changed_what_and_keeps_secrets(client):
    await change(client, Settings__LoopSleepTimer=10)
    await change(client, **{"Radarr-4K.APIKey": "k2-secret"})
    newest, middle, first = (await get(client, "/web/config/history"))["versions"]
    assert newest["changed"] == [{"key": "Radarr-4K.APIKey", "before": "***", "after": "***"}]
    assert middle["changed"] == [{"key": "Settings.LoopSleepTimer", "before": 5, "after": 10}]
    assert (middle["author"], first["author"], first["changed"]) == ("127.0.0.1", "file", [])


async def test_versions_are_compared_beside_the_loop_and_each_is_read_once(client, monkeypatch):
    for seconds in (10, 11, 12):
        await change(client, Settings__LoopSleepTimer=seconds)
    threads, parse = [], config_editor.parse

    def recorded(text):
        threads.append(threading.current_thread())
        return parse(text)

    monkeypatch.setattr(config_editor, "parse", recorded)
    assert len((await get(client, "/web/config/history"))["versions"]) == len(threads) == 4
    assert threading.main_thread() not in threads


async def test_an_earlier_version_can_be_had_again(client, file):
    await change(client, Settings__LoopSleepTimer=10)
    await post(client, "/web/config/rollback", json={"id": 1})
    assert file.read_text() == FILE
    assert (await post(client, "/web/config/rollback", 404, json={"id": 99}))["code"] == "NOT_FOUND"


async def test_an_earlier_version_without_its_secrets_gets_those_of_now(client, context, file):
    """A key that was replaced since does not come back, and what the secrets were is not shown."""
    await change(client, Settings__LoopSleepTimer=10)
    await change(client, **{"Radarr-4K.APIKey": "k2-secret"})
    history.drop_secrets(context.config_reload.data_dir.config_history, 1e12)
    newest, middle, _ = (await get(client, "/web/config/history"))["versions"]
    assert newest["changed"] == []
    assert middle["changed"] == [{"key": "Settings.LoopSleepTimer", "before": 5, "after": 10}]
    await post(client, "/web/config/rollback", json={"id": 1})
    assert "LoopSleepTimer = 10" not in file.read_text()
    assert "k2-secret" in file.read_text()


async def test_who_saw_an_older_version_is_refused_with_the_keys(client):
    async with client.get("/web/config") as response:
        tag = response.headers["ETag"]
    await change(client, Settings__LoopSleepTimer=10, headers={"If-Match": f'"another", W/{tag}'})
    answer = await change(client, 409, Settings__LoopSleepTimer=11, headers={"If-Match": tag})
    assert (answer["code"], answer["details"]) == ("CONFLICT", {"changed": ["Settings.LoopSleepTimer"]})


@pytest.mark.parametrize("header", ["*", " * ", '"another", *', ""])
async def test_every_version_matches_an_asterisk(client, header):
    await change(client, Settings__LoopSleepTimer=10)
    await change(client, Settings__LoopSleepTimer=11, headers={"If-Match": header})


async def test_of_two_writers_at_once_the_second_is_refused(context, monkeypatch):
    going_on = asyncio.Event()

    async def slow(_plan):
        await going_on.wait()

    monkeypatch.setattr(context.config_reload, "apply", slow)
    me = Author("127.0.0.1", Caller.OWN_USER, "uid 0")
    first = asyncio.create_task(context.config_editor.apply({"Settings.LoopSleepTimer": 10}, [], {}, me))
    await asyncio.sleep(0)
    with pytest.raises(ConflictError) as caught:
        await context.config_editor.apply({"WebUI.Theme": "Light"}, [], {}, me)
    assert caught.value.details == {"changed": ["Settings.LoopSleepTimer"]}
    going_on.set()
    await first


async def test_a_change_goes_on_alone_when_its_client_disconnects(context, file, monkeypatch):
    going_on, applied = asyncio.Event(), asyncio.Event()

    async def slow(_plan):
        await going_on.wait()
        applied.set()

    monkeypatch.setattr(context.config_reload, "apply", slow)
    me = Author("127.0.0.1", Caller.OWN_USER, "uid 0")
    first = asyncio.create_task(context.config_editor.apply({"Settings.LoopSleepTimer": 10}, [], {}, me))
    await until(lambda: "= 10" in file.read_text(), 5, "nothing was written")
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    with pytest.raises(ConflictError):
        await context.config_editor.apply({"WebUI.Theme": "Light"}, [], {}, me)
    going_on.set()
    await applied.wait()
    await context.config_editor.apply({"WebUI.Theme": "Light"}, [], {}, me)
    assert file.read_text() == FILE.replace("Timer = 5", "Timer = 10").replace('"Dark"', '"Light"')


async def test_an_edit_by_hand_is_noticed_and_planned(context, file, monkeypatch):
    monkeypatch.setattr("control.config_editor._POLL_SECONDS", 0.01)
    told = []
    monkeypatch.setattr(context.config_editor, "_on_change", lambda what, plan: told.append((what, plan)))
    watching = asyncio.create_task(context.config_editor.watch())
    await asyncio.sleep(0)
    file.write_text(FILE.replace("Timer = 5", "Timer = 9"))
    await until(lambda: told, 5, lambda: "nothing was told")
    watching.cancel()
    assert told[0][0] == "edited"
    assert context.config_reload.calls == 0


async def test_everything_that_is_wrong_with_a_change_is_reported_at_once(client, file):
    changes = {
        "Settings.LoopSleepTimr": 9,
        "Settings.ConsoleLevel": "LOUD",
        "Settings.ConfigVersion": "9",
        "Radarr-4K.EntrySearch.SearchLimit": "many",
        "WebUI.Token": None,
    }
    before = file.read_text()
    for path in ("/web/config", "/web/config/plan"):
        async with client.post(path, json={"changes": changes}) as answer:
            assert answer.status == 400
            said = await answer.json()
        assert said["details"].keys() >= set(changes)
    assert file.read_text() == before


@pytest.mark.parametrize("value", ["nan", "[1.0, nan]", "{a = nan}"])
async def test_a_change_of_a_file_with_what_is_no_number_in_an_unknown_table(make_context, connect, value):
    context = make_context(CONFIG + f"[Unknown]\nKey = {value}\n")
    async with connect(context) as client:
        body = {"changes": {"Settings.Tagless": True}}
        answer = await post(client, "/api/config", json=body, headers={"X-API-Token": TOKEN})
    assert [entry["key"] for entry in answer["plan"]["changed"]] == ["Settings.Tagless"]
    assert f"Key = {value}" in context.config_reload.data_dir.config_file.read_text()


@pytest.fixture
def edited_while_it_is_written(file, monkeypatch):
    """Saves an edit by hand when a version is recorded: after the change was checked, before it is written."""
    record = history.record

    def edit_and_record(folder, text, author, at):
        if author == "file":
            draft = file.with_name("draft")
            draft.write_text(f"{text}# an edit by hand\n")
            draft.replace(file)
        record(folder, text, author, at)

    monkeypatch.setattr(history, "record", edit_and_record)


async def test_an_edit_by_hand_in_the_middle_of_a_change_is_not_lost(
    client, context, file, edited_while_it_is_written, monkeypatch
):
    before = context.loaded
    answer = await change(client, 409, WebUI__Theme="Light")
    assert "was changed" in answer["error"]
    assert file.read_text() == f"{FILE}# an edit by hand\n"
    assert context.loaded is before
    monkeypatch.undo()
    await change(client, WebUI__Theme="Light")
    assert file.read_text() == f"{FILE}# an edit by hand\n".replace('"Dark"', '"Light"')


async def test_an_edit_by_hand_while_a_change_is_rolled_back_is_not_lost(client, context, file, monkeypatch):
    record = history.record

    def edit_and_record(folder, text, author, at):
        record(folder, text, author, at)
        if author not in ("file", "rolled back"):
            file.write_text("# an edit by hand\n")

    monkeypatch.setattr(history, "record", edit_and_record)
    context.config_reload.fails = WorkerNotReadyError("movies", None)
    await change(client, 409, WebUI__Theme="Light")
    assert file.read_text() == "# an edit by hand\n"
