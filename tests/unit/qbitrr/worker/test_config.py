"""Which workers a configuration asks for, and which names its sections have also without one."""

from qbitrr.config import load_text
from qbitrr.config.model import Orphans
from qbitrr.worker.config import OrphanScope, configured_names, worker_configs

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


def test_an_arr_may_say_for_itself_whether_its_category_stands_for_its_sub_categories():
    def parents(of_client, of_arr):
        text = TEXT.replace("Port = 8080", f"Port = 8080\nMatchSubcategories = {of_client}")
        text = text.replace('Category = "movies"', f'Category = "movies"\n{of_arr}')
        made = worker_configs(load_text(text, {}).config, "/state.db", None)
        return next(one.parents for one in made if one.name == "movies")

    assert parents("true", "") == parents("false", "MatchSubcategories = true") == {"movies"}
    assert parents("true", "MatchSubcategories = false") == parents("false", "") == set()


ORPHANS = """
[qBit]
Host = "localhost"
[qBit-two]
Host = "localhost"
Port = 8081
[qBit-off]
Disabled = true
Host = "localhost"
Port = 8082
[qBit-box]
Disabled = true
LocalPaths = { "/" = "" }
[Radarr-HD]
URI = "http://localhost:7878"
APIKey = "0123456789abcdef0123456789abcdef"
Category = "movies"
[Settings.Orphans]
Mode = "MODE"
MaxFilesPerDay = 7
"""


def test_the_worker_of_the_first_qbittorrent_finds_orphans():
    made = {
        one.name: one for one in worker_configs(load_text(ORPHANS.replace("MODE", "ask"), {}).config, "/s.db", None)
    }
    assert set(made) == {"movies", "qBit"}
    assert made["qBit"].orphans == OrphanScope(("movies",), ("qBit-off",))
    assert (made["qBit"].settings.orphans.mode, made["qBit"].settings.orphans.files_per_day) == ("ask", 7)
    # an Arr only reports where its library is: what else is set is nothing to its worker
    assert made["movies"].orphans is None
    assert made["movies"].settings.orphans == Orphans(mode="shadow")


def test_without_orphans_no_worker_is_there_for_them():
    made = worker_configs(load_text(ORPHANS.replace("MODE", "off"), {}).config, "/s.db", None)
    assert {one.name for one in made} == {"movies"}
    assert {one.settings.orphans for one in made} == {Orphans()}
