"""Which workers a configuration asks for, and which names its sections have also without one."""

from qbitrr.config import load_text
from qbitrr.worker.config import configured_names, worker_configs

TEXT = """
[qBit]
Host = "localhost"
Port = 8080
ManagedCategories = ["mine"]
[qBit-off]
Disabled = true
[Radarr-HD]
URI = "http://localhost:7878"
APIKey = "0123456789abcdef0123456789abcdef"
Category = "movies"
[Radarr-Off]
Managed = false
URI = "http://localhost:7879"
APIKey = "0123456789abcdef0123456789abcdef"
Category = "off"
[Sonarr-TV]
URI = "http://localhost:8989"
Category = "incomplete"
"""


def test_a_section_that_is_switched_off_or_incomplete_has_a_name_and_no_worker():
    config = load_text(TEXT, {}).config
    assert {made.name for made in worker_configs(config, "/state.db", None)} == {"movies", "qBit"}
    assert configured_names(config) == {"movies", "off", "incomplete", "qBit", "qBit-off"}
