import json

from benchmarks.many_series import template_of

EPISODES = [
    {"seriesId": 1, "id": 1, "episodeFileId": 7, "title": "100 % of it", "series": {"id": 1}},
    {"seriesId": 1, "id": 2, "episodeFileId": 0, "title": "Nothing"},
]


def test_the_first_copy_is_the_list_itself():
    assert json.loads(template_of(EPISODES).copy(0)) == EPISODES


def test_a_copy_has_other_ids_and_no_file_where_there_is_none():
    first, second = json.loads(template_of(EPISODES).copy(3))
    assert first == {"seriesId": 3001, "id": 3001, "episodeFileId": 3007, "title": "100 % of it", "series": {"id": 1}}
    assert second == {"seriesId": 3001, "id": 3002, "episodeFileId": 0, "title": "Nothing"}
