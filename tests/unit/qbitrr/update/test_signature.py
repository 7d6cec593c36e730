"""The attacks that The Update Framework lists, as far as a manifest can refuse them, and the rotation of keys."""

import base64
import json

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from qbitrr.config import Settings
from qbitrr.errors import UntrustedReleaseError
from qbitrr.update import keys, signature
from qbitrr.update.signature import Dependency, File, Manifest, check_current, parse_keys, verify
from release.lock import needs
from release.sign import private_keys, public_line, signed

NOW = 1_790_000_000.0
OLD, NEW, FOREIGN = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2, 3))
WHEEL = File("qbitrrd-2.0.0-py3-none-any.whl", "0" * 64, 1000)
MANIFEST = Manifest("qbitrrd", "2.0.0", NOW - 1, NOW + 1, WHEEL, ())


def public(*private):
    return parse_keys("\n".join(map(public_line, private)))


def changed(**changes):
    return msgspec.structs.replace(MANIFEST, **changes)


def test_what_a_known_key_has_signed_is_read():
    dependencies = (
        Dependency("some-thing", "1.0", (File("some_thing-1.0-py3-none-any.whl", "1" * 64, 5),), ("oidc",)),
    )
    manifest = changed(dependencies=dependencies)
    assert verify(signed(manifest, [OLD]), public(OLD)) == manifest


@pytest.mark.parametrize(
    "envelope",
    [
        b"",
        b"no JSON",
        b"{}",
        b'{"manifest": "", "signatures": []}',
        b'{"manifest": "%", "signatures": [""]}',
        b"\xff" * 100,
        b"[" * 100_000,
        signed(MANIFEST, []),
        signed(MANIFEST, [FOREIGN]),
        signed(MANIFEST, [OLD] * 9),
        signed(MANIFEST, [OLD]) + b" " * signature.LONGEST_ENVELOPE_BYTES,
    ],
    ids=range(11),
)
def test_an_arbitrary_manifest_is_refused(envelope):
    with pytest.raises(UntrustedReleaseError):
        verify(envelope, public(OLD))


def test_without_a_key_everything_is_refused():
    with pytest.raises(UntrustedReleaseError):
        verify(signed(MANIFEST, [OLD]), ())
    with pytest.raises(UntrustedReleaseError, match="no release key is known"):
        keys.trusted(Settings())


def test_configured_keys_replace_those_of_the_package():
    assert keys.trusted(Settings(update_key=(public_line(OLD), public_line(NEW)))) == public(OLD, NEW)
    for wrong in ("x", base64.b64encode(b"short").decode(), "ß"):
        with pytest.raises(UntrustedReleaseError, match="Ed25519"):
            keys.trusted(Settings(update_key=(wrong,)))


def test_one_changed_byte_is_noticed():
    opened = json.loads(signed(MANIFEST, [OLD]))
    manifest = base64.b64decode(opened["manifest"]).replace(b"2.0.0", b"3.0.0")
    with pytest.raises(UntrustedReleaseError, match="not signed by a release key"):
        verify(json.dumps({**opened, "manifest": base64.b64encode(manifest).decode()}).encode(), public(OLD))


def test_what_the_key_signed_for_another_purpose_is_no_release():
    encoded = msgspec.json.encode(MANIFEST)
    envelope = msgspec.json.encode(signature.Envelope(encoded, (OLD.sign(encoded),)))
    with pytest.raises(UntrustedReleaseError, match="not signed by a release key"):
        verify(envelope, public(OLD))


@pytest.mark.parametrize(
    ("signed_by", "known", "accepted"),
    [
        ([OLD], [OLD], True),
        ([OLD, NEW], [OLD], True),  # the release that brings the new key
        ([OLD, NEW], [NEW], True),
        ([NEW], [OLD, NEW], True),
        ([NEW], [OLD], False),  # one that skipped it has to install that one first
        ([OLD], [NEW], False),  # the old key was revoked
    ],
)
def test_keys_rotate_by_a_release_that_both_have_signed(signed_by, known, accepted):
    envelope = signed(MANIFEST, signed_by)
    if accepted:
        assert verify(envelope, public(*known)) == MANIFEST
    else:
        with pytest.raises(UntrustedReleaseError):
            verify(envelope, public(*known))


@pytest.mark.parametrize(
    ("manifest", "because"),
    [
        (changed(wheel=File("qbitrrd-1.0.0-py3-none-any.whl", "0" * 64, 1)), "as qbitrrd 2.0.0"),
        (changed(wheel=File("other-2.0.0-py3-none-any.whl", "0" * 64, 1)), "as qbitrrd 2.0.0"),
        (changed(dependencies=(Dependency("a", "1.0", (File("a-1.1-py3-none-any.whl", "0" * 64, 1),)),)), "as a 1.0"),
        (changed(dependencies=(Dependency("a", "1.0", (File("b-1.0-py3-none-any.whl", "0" * 64, 1),)),)), "as a 1.0"),
        (changed(dependencies=(Dependency("a", "1.0", ()),)), "cannot be read"),
        (changed(wheel=File("../qbitrrd-2.0.0-py3-none-any.whl", "0" * 64, 1)), "cannot be read"),
        (changed(wheel=File("qbitrrd-2.0.0.tar.gz", "0" * 64, 1)), "cannot be read"),
        (changed(wheel=File(WHEEL.name, "0" * 64, 1 << 40)), "cannot be read"),
        (changed(wheel=File(WHEEL.name, "", 1)), "cannot be read"),
        (changed(distribution="qbitrr"), "cannot be read"),
    ],
)
def test_a_signed_manifest_mixes_nothing_and_lists_nothing_but_wheels(manifest, because):
    with pytest.raises(UntrustedReleaseError, match=because):
        verify(signed(manifest, [OLD]), public(OLD))


@pytest.mark.parametrize(
    ("version", "present", "now", "because"),
    [
        ("3.0.0", "1.0.0", NOW, "is that of 2.0.0"),  # mix and match
        ("2.0.0", "2.0.0", NOW, "is not newer"),  # rollback
        ("2.0.0", "2.1.0", NOW, "is not newer"),
        ("2.0.0", "1.0.0", NOW + 1, "has expired"),  # freeze
    ],
)
def test_a_manifest_counts_for_its_version_upwards_and_in_time(version, present, now, because):
    with pytest.raises(UntrustedReleaseError, match=because):
        check_current(MANIFEST, version, present, now)
    check_current(MANIFEST, "2.0", "1.0.0", NOW)


def test_only_ed25519_keys_sign():
    for wrong in ("", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"):
        with pytest.raises(ValueError):  # noqa: PT011 - of the library
            private_keys(wrong)


def test_a_lock_knows_for_which_extras_a_package_is_needed():
    packages = {
        "qbitrrd": ["a", "b[fast]>=1", "c; extra == 'oidc'", "d; extra == 'update'", "e; python_version < '3'"],
        "a": [],
        "b": ["f; extra == 'fast'"],
        "c": ["d", "a"],
        "d": ["g"],
        "f": ["a", "b"],
        "g": [],
    }
    report = {name: {"metadata": {"requires_dist": needed}} for name, needed in packages.items()}
    assert needs(report, "qbitrrd", ("oidc", "update")) == {
        "a": (), "b": (), "f": (), "c": ("oidc",), "d": ("oidc", "update"), "g": ("oidc", "update")
    }  # fmt: skip
