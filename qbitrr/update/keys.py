"""Release keys: the public keys that this installation trusts."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from qbitrr.errors import UntrustedReleaseError
from qbitrr.update.signature import parse_keys

if TYPE_CHECKING:
    from qbitrr.config import Settings

_FILE = "release-keys.txt"


def trusted(settings: Settings) -> tuple[bytes, ...]:
    """The configured keys, else those of the package. Raises UntrustedReleaseError when there are none."""
    configured = "\n".join(settings.update_key)
    found = parse_keys(configured or resources.files(__package__).joinpath(_FILE).read_text(encoding="utf-8"))
    if not found:
        raise UntrustedReleaseError(
            "no release key is known, so that no release can be verified; set Settings.UpdateKey"
        )
    return found
