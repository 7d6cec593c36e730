"""`make release` with real pip on a small project, whose build needs nothing, and an index on loopback."""

import asyncio
import hashlib
import os
import sys
import time

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from qbitrr.errors import UntrustedReleaseError, UpdateFailedError
from qbitrr.update.download import check_bytes
from qbitrr.update.signature import Envelope, parse_keys, verify
from release import __main__ as release
from release.sign import public_line
from tests.support.wheels import PackageIndex, dependency, small

KEY, NEXT_KEY, FOREIGN_KEY = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2, 3))
PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "qbitrrd"
version = "2.0.0"
dependencies = ["helper"]
[project.optional-dependencies]
oidc = ["optional"]
dev = ["never-on-any-index"]
"""
BACKEND = """\
import os
from pathlib import Path
import shutil

def build_wheel(folder, config_settings=None, metadata_directory=None):
    here = Path(__file__).parent
    (here / "environ").write_text("\\n".join(os.environ))
    wheel = next(here.glob("*.whl"))
    shutil.copy(wheel, folder)
    return wheel.name
"""


def pem(*keys):
    return b"".join(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) for key in keys).decode()


class Checkout:
    """A project that is released from `folder`."""

    def __init__(self, folder):
        self.folder = folder
        self.dist = folder / "dist"
        self.keys = folder / "release-keys.txt"

    @property
    def wheel(self):
        (wheel,) = self.dist.glob("*.whl")
        return wheel

    @property
    def envelope(self):
        return (self.dist / f"{self.wheel.name}.manifest").read_bytes()

    def is_released(self):
        return self.dist.exists() and any(self.dist.glob("*.manifest"))


@pytest.fixture
async def index(tmp_path):
    (tmp_path / "wheels").mkdir()
    async with PackageIndex(tmp_path / "wheels") as running:
        yield running


@pytest.fixture
def checkout(index, tmp_path, monkeypatch):
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "backend.py").write_text(BACKEND)
    small(folder, "qbitrrd", "2.0.0", requires=["helper", "optional; extra == 'oidc'"], extras=["oidc"])
    checkout = Checkout(folder)
    checkout.keys.write_text(f"# the present key\n{public_line(KEY)}\n")
    for name, value in {"CHECKOUT": folder, "DIST": checkout.dist, "KEYS": checkout.keys}.items():
        monkeypatch.setattr(release, name, value)
    monkeypatch.setattr(release, "_OLDEST_PYTHON", sys.version_info[:2])
    for name in [name for name in os.environ if name.startswith("QBITRR_RELEASE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("QBITRR_RELEASE_INDEX", f"{index.url}/simple")
    monkeypatch.chdir(tmp_path)
    return checkout


@pytest.fixture
def key_file(tmp_path, monkeypatch):
    """The file with the key, named by the environment."""
    file = tmp_path / "key.pem"
    file.write_text(pem(KEY))
    monkeypatch.setenv("QBITRR_RELEASE_KEY_FILE", str(file))
    return file


def _ending():
    """How it ends: None, or the sentence. A thread cannot pass SystemExit on to its event loop."""
    try:
        release.main()
    except SystemExit as ended:
        return ended.code
    return None


async def make_release():
    assert await asyncio.to_thread(_ending) is None


async def refused():
    """The sentence with which it ends."""
    sentence = await asyncio.to_thread(_ending)
    assert isinstance(sentence, str)
    return sentence


async def test_a_release_is_built_locked_and_signed(checkout, index, key_file, capsys, monkeypatch):
    helper, optional = small(index.wheels, "helper", "1.0"), small(index.wheels, "optional", "2.0")
    monkeypatch.setenv("QBITRR_RELEASE_DAYS", "10")
    checkout.dist.mkdir()
    (checkout.dist / "qbitrrd-1.0.0-py3-none-any.whl.manifest").write_text("of an earlier release")
    (checkout.dist / "qbitrr_2.0.0+deb12_all.deb").write_text("a package")
    await make_release()
    manifest = verify(checkout.envelope, parse_keys(public_line(KEY)))
    content = checkout.wheel.read_bytes()
    made = ["qbitrr_2.0.0+deb12_all.deb", "qbitrrd-2.0.0-py3-none-any.whl", "qbitrrd-2.0.0-py3-none-any.whl.manifest"]
    assert sorted(path.name for path in checkout.dist.iterdir()) == ["SHA256SUMS", *made]
    sums = (checkout.dist / "SHA256SUMS").read_text()
    assert [line.split("  ")[1] for line in sums.splitlines()] == made
    assert hashlib.sha256(b"a package").hexdigest() in sums
    assert (manifest.version, manifest.wheel.name) == ("2.0.0", checkout.wheel.name)
    assert (manifest.wheel.sha256, manifest.wheel.size) == (hashlib.sha256(content).hexdigest(), len(content))
    assert manifest.dependencies == (dependency(helper), dependency(optional, ("oidc",)))
    assert manifest.expires_at - manifest.signed_at == 10 * 86_400
    assert abs(manifest.signed_at - time.time()) < 600
    assert "2 packages" in capsys.readouterr().out


async def test_the_key_may_be_the_content_of_a_variable_and_the_build_does_not_get_it(checkout, index, monkeypatch):
    small(index.wheels, "helper", "1.0")
    small(index.wheels, "optional", "2.0")
    monkeypatch.setenv("QBITRR_RELEASE_KEY", pem(KEY))
    await make_release()
    assert verify(checkout.envelope, parse_keys(public_line(KEY)))
    assert not [name for name in (checkout.folder / "environ").read_text().splitlines() if "RELEASE_KEY" in name]


async def test_with_two_keys_in_the_file_both_sign(checkout, index, key_file):
    small(index.wheels, "helper", "1.0")
    small(index.wheels, "optional", "2.0")
    key_file.write_text(pem(KEY, NEXT_KEY))
    checkout.keys.write_text(f"{public_line(KEY)}\n{public_line(NEXT_KEY)}\n")
    await make_release()
    for key in (KEY, NEXT_KEY):
        assert verify(checkout.envelope, parse_keys(public_line(key)))
    with pytest.raises(UntrustedReleaseError):
        verify(checkout.envelope, parse_keys(public_line(FOREIGN_KEY)))


async def test_without_a_key_nothing_is_built(checkout):
    assert "QBITRR_RELEASE_KEY_FILE names no key" in await refused()
    assert not checkout.dist.exists()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (None, "cannot be read"),
        ("", "names no key"),
        ("no key", "not an Ed25519 key"),
        (pem(generate_private_key(SECP256R1())), "not an Ed25519 key"),
        (pem(KEY)[:80], "not an Ed25519 key"),
    ],
)
async def test_a_key_file_that_cannot_be_used_is_named(checkout, key_file, content, found):
    if content is None:
        key_file.unlink()
    else:
        key_file.write_text(content)
    sentence = await refused()
    assert found in sentence
    assert pem(KEY)[40:80] not in sentence
    assert not checkout.dist.exists()


async def test_a_key_that_the_package_does_not_know_signs_nothing(checkout, key_file):
    key_file.write_text(pem(KEY, FOREIGN_KEY))
    sentence = await refused()
    assert public_line(FOREIGN_KEY) in sentence
    assert public_line(KEY) not in sentence
    assert not checkout.dist.exists()


async def test_another_python_than_the_oldest_locks_nothing(checkout, key_file, monkeypatch):
    monkeypatch.setattr(release, "_OLDEST_PYTHON", (3, 1))
    assert "PYTHON=python3.1" in await refused()
    assert not checkout.dist.exists()


async def test_a_wheel_that_changes_while_it_is_signed_is_no_release(checkout, key_file, monkeypatch):
    def resolve_and_tamper(wheel, _extras, _index):
        wheel.write_bytes(wheel.read_bytes() + b"more")
        return []

    monkeypatch.setattr(release, "resolve", resolve_and_tamper)
    assert "was changed" in await refused()
    assert not checkout.is_released()


async def test_a_wheel_that_is_tampered_with_later_is_not_what_was_signed(checkout, index, key_file):
    small(index.wheels, "helper", "1.0")
    small(index.wheels, "optional", "2.0")
    await make_release()
    manifest = verify(checkout.envelope, parse_keys(public_line(KEY)))
    content = checkout.wheel.read_bytes()
    check_bytes(manifest.wheel, content)
    for tampered in (content[:-1], content + b"\0", content.replace(b"2.0.0", b"2.0.1"), bytes(len(content))):
        with pytest.raises(UpdateFailedError, match="not the file that was signed"):
            check_bytes(manifest.wheel, tampered)
    for before, after in ((manifest.wheel.sha256.encode(), b"0" * 64), (b"2.0.0", b"2.0.1")):
        opened = msgspec.json.decode(checkout.envelope, type=Envelope)
        assert before in opened.manifest
        forged = msgspec.structs.replace(opened, manifest=opened.manifest.replace(before, after))
        with pytest.raises(UntrustedReleaseError):
            verify(msgspec.json.encode(forged), parse_keys(public_line(KEY)))


async def test_a_pip_in_the_working_folder_is_not_run(checkout, index, key_file, tmp_path):
    small(index.wheels, "helper", "1.0")
    small(index.wheels, "optional", "2.0")
    (tmp_path / "pip").mkdir()
    for name in ("__init__.py", "__main__.py"):
        (tmp_path / "pip" / name).write_text(f"open({str(tmp_path / 'mark')!r}, 'w').close()\n")
    await make_release()
    assert checkout.is_released()
    assert not (tmp_path / "mark").exists()


async def test_a_dependency_that_the_index_lacks_leaves_no_manifest(checkout, index, key_file):
    small(index.wheels, "optional", "2.0")
    assert "not released" in await refused()
    assert not checkout.is_released()
