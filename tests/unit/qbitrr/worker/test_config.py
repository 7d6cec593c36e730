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


def test_an_arr_may_say_for_itself_whether_its_category_stands_for_its_sub_categories():
    def parents(of_client, of_arr):
        text = TEXT.replace("Port = 8080", f"Port = 8080\nMatchSubcategories = {of_client}")
        text = text.replace('Category = "movies"', f'Category = "movies"\n{of_arr}')
        made = worker_configs(load_text(text, {}).config, "/state.db", None)
        return next(one.parents for one in made if one.name == "movies")

    assert parents("true", "") == parents("false", "MatchSubcategories = true") == {"movies"}
    assert parents("true", "MatchSubcategories = false") == parents("false", "") == set()
