"""Typed requests from query and body."""

from typing import Annotated

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from control import binding
from qbitrr.errors import BadRequestError


class Query(Struct):
    """One parameter of each sort."""

    name: str
    q: str = ""
    number: int | None = None
    clamped: Annotated[int, Meta(extra={"lowest": 1, "highest": 5})] = 3
    refused: Annotated[int, Meta(ge=1, extra={"highest": 5})] = 3
    flag: bool | None = None
    switch: bool = False


class Body(Struct):
    """A request with a body."""

    name: str
    changes: dict[str, int] = {}


PARSERS = binding.query_parsers(Query, "/logs/{name}")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, {}),
        ({"q": "", "unknown": "1"}, {"q": ""}),
        ({"q": " a b "}, {"q": " a b "}),
        ({"number": "-7"}, {"number": -7}),
        ({"number": "+7"}, {"number": 7}),
        ({"number": "007"}, {"number": 7}),
        ({"number": "9" * 4000}, {"number": 2**53 - 1}),
        ({"number": "-" + "9" * 4000}, {"number": 1 - 2**53}),
        ({"clamped": "0"}, {"clamped": 1}),
        ({"clamped": "1"}, {"clamped": 1}),
        ({"clamped": "5"}, {"clamped": 5}),
        ({"clamped": "6"}, {"clamped": 5}),
        ({"refused": "1"}, {"refused": 1}),
        ({"refused": "6"}, {"refused": 5}),
        ({"flag": "TRUE", "switch": "on"}, {"flag": True, "switch": True}),
        ({"flag": "Yes", "switch": "1"}, {"flag": True, "switch": True}),
        ({"flag": "False", "switch": "off"}, {"flag": False, "switch": False}),
        ({"flag": "NO", "switch": "0"}, {"flag": False, "switch": False}),
        ({"flag": "", "switch": ""}, {}),
    ],
)
def test_queries_that_are_understood(query, expected):
    assert binding.parse(PARSERS, query) == expected


@pytest.mark.parametrize(
    ("query", "value", "constraint"),
    [
        ({"number": ""}, "", "Must be an integer"),
        ({"number": "1.0"}, "1.0", "Must be an integer"),
        ({"number": "1_000"}, "1_000", "Must be an integer"),
        ({"number": " 1"}, " 1", "Must be an integer"),
        ({"number": "٣"}, "٣", "Must be an integer"),
        ({"number": "0x10"}, "0x10", "Must be an integer"),
        ({"refused": "0"}, 0, "Must be at least 1"),
        ({"flag": "2"}, "2", "Must be true or false"),
        ({"switch": "null"}, "null", "Must be true or false"),
    ],
)
def test_queries_that_are_refused(query, value, constraint):
    with pytest.raises(BadRequestError) as caught:
        binding.parse(PARSERS, query)
    (parameter,) = query
    assert caught.value.details == {"parameter": parameter, "value": value, "constraint": constraint}


@given(st.text())
def test_any_text_as_a_number_is_a_number_in_range_or_refused(text):
    try:
        found = binding.parse(PARSERS, {"clamped": text})
    except BadRequestError:
        return
    assert 1 <= found["clamped"] <= 5


def test_a_type_that_cannot_stand_in_a_query_is_found_when_the_table_is_read():
    with pytest.raises(TypeError):
        binding.query_parsers(Body, "/logs/{name}")


@pytest.mark.parametrize("body", [b"", b"{}", b" \n{ } ", b"\r\n"])
def test_an_empty_body_is_an_empty_object(body):
    assert binding.decode(body) == {}


@pytest.mark.parametrize(
    "body",
    [b"[]", b"null", b"1", b'"a"', b"{", b"{'a': 1}", b'{"a":NaN}', b"\xff", b'{"a":"\xff"}', b'{"a":' + b"[" * 99_999],
)
def test_bodies_that_are_no_object_are_refused(body):
    with pytest.raises(BadRequestError):
        binding.decode(body)


def test_a_body_becomes_the_request():
    assert binding.convert({"changes": {"a": 1}, "name": "x", "unknown": 1}, Body) == Body("x", {"a": 1})


@pytest.mark.parametrize(
    ("values", "details"),
    [
        ({"name": 1}, {"parameter": "name", "constraint": "Expected `str`, got `int`"}),
        (
            {"name": "x", "changes": {"a": "b"}},
            {"parameter": "changes[...]", "constraint": "Expected `int`, got `str`"},
        ),
        ({}, {"constraint": "Object missing required field `name`"}),
    ],
)
def test_a_body_that_does_not_fit_is_refused_with_the_place(values, details):
    with pytest.raises(BadRequestError) as caught:
        binding.convert(values, Body)
    assert caught.value.details == details


@pytest.mark.parametrize("error", [web.RequestPayloadError("x"), ConnectionResetError("gone"), TimeoutError()])
async def test_a_body_that_does_not_arrive_is_the_clients_fault(error):
    class Request:
        async def read(self):
            raise error

    with pytest.raises(BadRequestError):
        await binding._receive(Request())
