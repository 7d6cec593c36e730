"""Hostile indexes, by the list of attacks of The Update Framework: nothing that they serve is ever run."""

import asyncio
import os
import shutil
import sys
import tarfile
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from qbitrr.clock import Clock
from qbitrr.config import Settings
from qbitrr.data_dir import DataDir
from qbitrr.errors import UntrustedReleaseError, UpdateFailedError
from qbitrr.update import index, programs
from qbitrr.update.check import Checker
from qbitrr.update.download import best, chosen, download
from qbitrr.update.installation import Installation
from qbitrr.update.programs import REQUIREMENTS, clean_environ, run
from qbitrr.update.releases import Release
from qbitrr.update.signature import Dependency, File, Manifest
from qbitrr.update.stage import stage
from qbitrr.update.upgrade import Upgrade
from tests.support.polling import until
from tests.support.wheels import PackageIndex, build, dependency, manifest_of, sign, small, trusted_keys

NOW = 1_790_000_000.0
PRESENT = "1.0.0"
MANIFEST = Manifest("qbitrrd", "2.0.0", 1.0, 2e9, File("qbitrrd-2.0.0-py3-none-any.whl", "0" * 64, 1), ())
FOREIGN = Ed25519PrivateKey.from_private_bytes(b"f" * 32)


@pytest.fixture
async def served(tmp_path):
    (tmp_path / "wheels").mkdir()
    async with PackageIndex(tmp_path / "wheels") as running:
        yield running


@pytest.fixture
def hostile_pip(tmp_path, monkeypatch):
    """A configuration of pip with another index, which has higher versions as source; returns the mark they leave."""
    mark, more = tmp_path / "mark", tmp_path / "more"
    more.mkdir()
    for name in ("qbitrrd", "helper"):
        sdist(more, name, "99.0", mark)
    (tmp_path / "pip.conf").write_text(
        f"[global]\nfind-links = {more}\nextra-index-url = {more.as_uri()}\npre = true\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setenv("PIP_FIND_LINKS", str(more))
    monkeypatch.setenv("QBITRR_QBIT_PASSWORD", "secret")
    return mark


def sdist(folder, name, version, mark):
    """A source distribution whose build leaves a mark."""
    source = folder / f"{name}-{version}"
    source.mkdir()
    (source / "setup.py").write_text(f"open({str(mark)!r}, 'w').close()\n")
    with tarfile.open(folder / f"{name}-{version}.tar.gz", "w:gz") as archive:
        archive.add(source, source.name)
    shutil.rmtree(source)


def checker(served, **settings):
    ours = {"update_index": f"{served.url}/simple", "update_key": tuple(trusted_keys())}
    configured = Settings(**(ours | settings))
    clock = Clock(wall=lambda: NOW, monotonic=lambda: NOW)
    return Checker(lambda: configured, PRESENT, clock, lambda _: None)


async def found(served, **settings):
    """The version that would be installed, and why another one would not."""
    asked = checker(served, **settings)
    known = await asked.newest(within_seconds=20)
    return asked.available.version if asked.available else None, known.error


def wheel(served, version="2.0.0"):
    return small(served.wheels, "qbitrrd", version)


async def test_a_signed_release_is_found(served):
    sign(wheel(served))
    assert await found(served) == ("2.0.0", None)


@pytest.mark.parametrize(
    ("signing", "because"),
    [
        ({"keys": [FOREIGN]}, "not signed by a release key"),
        ({"keys": []}, "not signed by a release key"),
        ({"version": "3.0.0"}, "lists qbitrrd-2.0.0"),
        ({"expires_at": NOW}, "has expired"),
        ({"distribution": "qbitrr"}, "cannot be read"),
    ],
    ids=["wrong key", "no signature", "mix and match", "freeze", "another program"],
)
async def test_what_is_not_signed_for_this_is_refused(served, signing, because):
    sign(wheel(served), **signing)
    version, error = await found(served)
    assert version is None
    assert because in error


async def test_an_arbitrary_package_without_a_manifest_is_refused(served):
    wheel(served)
    assert await found(served) == (None, "the package index has no signed manifest of 2.0.0")


@pytest.mark.parametrize(("update_key", "because"), [((), "no release key is known"), (("x",), "Ed25519")])
async def test_without_a_key_the_reason_is_named(served, update_key, because):
    sign(wheel(served))
    version, error = await found(served, update_key=update_key)
    assert version is None
    assert because in error


async def test_an_older_release_renamed_to_a_newer_one_is_refused(served):
    older = sign(wheel(served, "0.9.0"))
    renamed = wheel(served)
    renamed.with_name(f"{renamed.name}.manifest").write_bytes(older)
    version, error = await found(served)
    assert (version, error) == (None, "the manifest of 2.0.0 is that of 0.9.0")


async def test_older_releases_are_not_even_asked_for(served):
    sign(wheel(served, "0.9.0"))
    assert await found(served) == (None, None)


async def test_a_release_by_a_new_key_is_passed_over_for_the_one_that_brings_this_key(served):
    sign(wheel(served, "2.0.0"))
    sign(wheel(served, "3.0.0"), [FOREIGN])
    assert await found(served) == ("2.0.0", None)


async def test_stable_takes_what_was_signed_a_week_ago_also_from_an_index_without_times(served):
    sign(wheel(served, "2.0.0"), signed_at=NOW - 8 * 86400)
    sign(wheel(served, "3.0.0"), signed_at=NOW - 6 * 86400)
    assert await found(served, auto_update_channel="stable") == ("2.0.0", None)
    assert await found(served) == ("3.0.0", None)


async def test_an_index_that_changes_its_answer_after_the_check_is_noticed(served, tmp_path):
    sign(wheel(served))
    asked = checker(served)
    await asked.newest(within_seconds=20)
    manifest = asked.available.manifest
    file = served.wheels / manifest.wheel.name
    for content in (file.read_bytes()[:-1] + b"x", file.read_bytes() + b"x", b""):
        file.write_bytes(content)
        sign(file, [FOREIGN])
        with pytest.raises(UpdateFailedError, match=r"not the file that was signed|too long"):
            await download(manifest, f"{served.url}/simple", tmp_path / "got", print)
    assert not (tmp_path / "got" / REQUIREMENTS).exists()


async def test_endless_data_ends_at_the_size_that_was_signed(tmp_path):
    sent = 0

    async def project(request):
        name = "qbitrrd-2.0.0-py3-none-any.whl"
        return web.json_response({"files": [{"filename": name, "url": f"/files/{name}"}]})

    async def endless(request):
        nonlocal sent
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b"x" * 65536)
            sent += 65536

    app = web.Application()
    app.router.add_get("/simple/qbitrrd/", project)
    app.router.add_get("/files/{name}", endless)
    manifest = manifest_of(small(tmp_path, "qbitrrd", "2.0.0"))
    async with TestServer(app) as server:
        address = str(server.make_url("/simple"))
        with pytest.raises(UpdateFailedError, match="too long"):
            await download(manifest, address, tmp_path / "got", print)
        asked = Checker(
            lambda: Settings(update_index=address, update_key=tuple(trusted_keys())), PRESENT, Clock(), lambda _: None
        )
        assert "too long" in (await asked.newest(within_seconds=20)).error
    assert sent < 64 << 20


async def test_a_release_that_expired_after_the_check_is_not_downloaded(served, tmp_path):
    manifest = manifest_of(wheel(served), expires_at=NOW)
    data_dir = DataDir(tmp_path)
    here = Installation("linked", str(tmp_path / "versions" / "1"), link=str(tmp_path / "current"))
    settings = Settings(update_index=f"{served.url}/simple")
    begun = Upgrade(data_dir, {}, settings, here, Release("2.0.0", manifest=manifest), {})
    begun.open(NOW)
    with pytest.raises(UntrustedReleaseError, match="has expired"):
        await begun.prepare(print)
    assert served.asked == 0


async def test_a_dependency_that_the_index_has_as_source_only_is_not_built(served, tmp_path, hostile_pip):
    helper = dependency(small(tmp_path, "helper", "1.0"))
    sdist(served.wheels, "helper", "1.0", hostile_pip)
    manifest = manifest_of(wheel(served), dependencies=(helper,))
    with pytest.raises(UpdateFailedError, match="it has no helper-1"):
        await download(manifest, f"{served.url}/simple", tmp_path / "got", print)
    assert not hostile_pip.exists()


async def test_pip_installs_the_signed_bytes_whatever_else_is_configured(served, tmp_path, hostile_pip, monkeypatch):
    helper = small(served.wheels, "helper", "1.0")
    small(served.wheels, "helper", "2.0")
    sdist(served.wheels, "helper", "3.0", hostile_pip)
    release = build(served.wheels, "2.0.0", dependencies=[dependency(helper)])
    manifest = manifest_of(release, dependencies=(dependency(helper),))
    data_dir, place, wheels = DataDir(tmp_path / "data"), tmp_path / "versions" / "2.0.0", tmp_path / "got"
    data_dir.create()
    data_dir.config_file.write_text("")
    # a working folder with modules of these names
    folder = tmp_path / "folder"
    for name in ("pip", "venv", "qbitrr", "ensurepip"):
        (folder / name).mkdir(parents=True)
        for module in ("__init__.py", "__main__.py"):
            (folder / name / module).write_text(f"open({str(hostile_pip)!r}, 'w').close()\n")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    await download(manifest, f"{served.url}/simple", wheels, print)
    lines = []
    await stage(Release("2.0.0", manifest=manifest), place, data_dir, wheels, {}, lines.append)
    packages = next(place.glob("lib/python3*/site-packages"))
    assert (packages / "helper.py").read_text() == 'version = "1.0"\n'
    assert {path.name for path in packages.glob("*.dist-info")} >= {"helper-1.0.dist-info", "qbitrrd-2.0.0.dist-info"}
    assert await index.of_pip()
    assert not hostile_pip.exists(), lines
    # the bytes are compared once more when they are installed
    (wheels / helper.name).write_bytes((served.wheels / "helper-2.0-py3-none-any.whl").read_bytes())
    with pytest.raises(UpdateFailedError, match="pip failed"):
        await stage(Release("2.0.0", manifest=manifest), place, data_dir, wheels, {}, lines.append)


def test_programs_get_no_secret_and_no_configuration_of_pip(hostile_pip):
    environ = clean_environ()
    assert environ["PIP_CONFIG_FILE"] == os.devnull
    assert not [name for name in environ if name.startswith(("QBITRR_", "PIP_FIND", "PIP_EXTRA", "PYTHON"))]


@pytest.mark.parametrize("blocking", [False, True])
async def test_what_does_not_end_in_time_ends_with_all_that_it_started(tmp_path, blocking):
    pid_file = tmp_path / "pid"
    program = (
        "import subprocess, sys, time, pathlib\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(pid_file)!r}).write_text(str(child.pid))\n"
        "time.sleep(600)\n"
    )
    command = [sys.executable, "-c", program]
    running = (
        asyncio.to_thread(programs.run_blocking, "it", command, clean_environ(), 2)
        if blocking
        else run("it", command, clean_environ(), 2, print)
    )
    with pytest.raises(UpdateFailedError, match="did not end within"):
        await running
    child = int(pid_file.read_text())
    await until(lambda: _has_ended(child), 10, lambda: f"{child} still runs")


def _has_ended(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_of_a_dependency_the_wheel_for_this_machine_and_only_for_installed_extras_is_chosen():
    def file(name):
        return File(name, "0" * 64, 1)

    ours = f"cp{sys.version_info.major}{sys.version_info.minor}"
    machine = os.uname().machine
    fitting = file(f"a-1-{ours}-{ours}-manylinux2014_{machine}.manylinux_2_17_{machine}.whl")
    files = (file("a-1-cp27-cp27m-win32.whl"), file("a-1-py3-none-any.whl"), fitting)
    assert best(files) == fitting
    assert best(files[:2]) == files[1]
    assert best(files[:1]) is None
    needed, optional = Dependency("a", "1", files), Dependency("b", "1", (file("b-1-py3-none-any.whl"),), ("oidc",))
    manifest = replace(MANIFEST, dependencies=(needed, optional))
    assert [name for name, _, _ in chosen(manifest, frozenset())] == ["qbitrrd", "a"]
    assert [name for name, _, _ in chosen(manifest, frozenset({"oidc"}))] == ["qbitrrd", "a", "b"]
    with pytest.raises(UpdateFailedError, match="no wheel for this machine"):
        chosen(replace(MANIFEST, dependencies=(replace(needed, files=files[:1]),)), frozenset())
