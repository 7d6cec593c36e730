"""Tools of assistants: every route that only reads is one, and nothing else can be."""

import re
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from control.assistants import Assistants
from control.auth import rights
from control.routes import INSIDE_ROUTES, OPEN_ROUTES, ROUTES

ALL_ROUTES = (*ROUTES, *INSIDE_ROUTES, *OPEN_ROUTES)
TOOLS = Assistants(ROUTES).tools
NO_TOOLS = {"/openapi.json"}  # the description of the interface, of which the tools are made


def readable(route):
    right = rights.ROUTES[f"{route.method} {route.path}"]
    return route.method == "GET" and right is rights.READ and route.media == "application/json"


def test_every_route_that_only_reads_is_a_tool_and_no_other_is():
    expected = {route.path for route in ALL_ROUTES if readable(route)} - NO_TOOLS
    assert {tool.route.path for tool in TOOLS.values()} == expected
    assert all(tool.route.method == "GET" for tool in TOOLS.values())
    assert len(TOOLS) == len(expected)


@pytest.mark.parametrize(
    "route", [route for route in ALL_ROUTES if not readable(route)], ids=lambda route: f"{route.method} {route.path}"
)
def test_a_route_that_is_not_made_to_be_read_cannot_become_a_tool(route):
    with pytest.raises(ValueError, match="not made to be read"):
        Assistants([replace(route, tool="a_tool")])


def test_what_a_tool_needs_is_what_answering_an_assistant_needs():
    assert rights.ROUTES["POST /mcp"] is rights.READ


def test_every_tool_is_named_and_described_for_an_assistant():
    for name, tool in TOOLS.items():
        assert re.fullmatch(r"[a-z_]{1,64}", name)
        assert tool.definition["name"] == name
        assert tool.definition["description"].partition("\n")[0].endswith("."), name
        assert "Answer: " in tool.definition["description"] or name == "read_config"
        assert tool.definition["annotations"]["readOnlyHint"] is True


def test_every_input_is_described_by_a_valid_schema():
    for name, tool in TOOLS.items():
        schema = tool.definition["inputSchema"]
        Draft202012Validator.check_schema(schema)
        assert all(one["description"] for one in schema["properties"].values()), name
        assert "$ref" not in str(schema)


@pytest.mark.parametrize(
    ("name", "required", "optional"),
    [
        ("list_torrents", set(), {"limit", "sort", "category", "instance", "rule", "action", "q", "after"}),
        ("explain_torrent", {"hash"}, set()),
        ("torrent_timeline", {"hash"}, set()),
        ("read_status", set(), set()),
    ],
)
def test_the_input_of_a_tool_is_the_request_of_its_route(name, required, optional):
    schema = TOOLS[name].definition["inputSchema"]
    assert set(schema["required"]) == required
    assert schema["properties"].keys() == required | optional
    assert schema["additionalProperties"] is False
