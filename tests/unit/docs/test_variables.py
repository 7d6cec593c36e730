"""Every environment variable of the configuration that a page or the image names is one that is read."""

import re

import pytest

from qbitrr.config.environment import override
from tests.unit.docs.pages import PAGES, ROOT, name

FILES = [*PAGES, *(path for path in sorted((ROOT / "packaging" / "docker").iterdir()) if path.is_file())]
VARIABLE = re.compile(r"QBITRR_[A-Z0-9_]*[A-Z0-9](?![A-Z0-9_])")
EXAMPLES = ("qBit", "Radarr", "Sonarr", "Lidarr", "Radarr-4K", "Radarr-Movies", "Sonarr-Series", "qBit-nas")


@pytest.mark.parametrize("file", FILES, ids=name)
def test_it_is_read(file):
    named = dict.fromkeys(VARIABLE.findall(file.read_text()), "1")
    warnings = override({section: {} for section in EXAMPLES}, named).warnings
    assert [warning.key for warning in warnings] == []
