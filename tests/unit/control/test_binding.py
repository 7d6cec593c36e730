"""Typed requests from query and body."""

from typing import Annotated, Literal

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from control import binding
from control.web.constraint import MUST
from qbitrr.errors import BadRequestError


class Query(Struct):
    """One parameter of each sort."""

    name: str
    q: str = ""
    number: int | None = None
    clamped: Annotated[int, Meta(extra={"lowest": 1, "highest": 5})] = 3
    refused: Annotated[int, Meta(ge=1, extra={"highest": 5})] = 3
    bounded: Annotated[int, Meta(ge=-900, le=900)] = 0
    flag: bool | None = None
    switch: bool = False


class Body(Struct):
    """A request with a body."""

    name: str
    changes: dict[str, int] = {}
    ids: Annotated[list[Annotated[int, Meta(ge=1, le=9)]], Meta(max_length=2)] = []
    secret: Annotated[str, Meta(min_length=8)] = "12345678"
    answer: Literal["do", "leave"] | None = None
    hash: Annotated[str, Meta(pattern="^[0-9a-f]+$", extra={MUST: "Must be an infohash"})] = "0"
    number: float | None = None


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
        ({"number": str(2**53 - 1)}, {"number": 2**53 - 1}),
        ({"number": str(1 - 2**53)}, {"number": 1 - 2**53}),
        ({"clamped": "9" * 4000}, {"clamped": 5}),
        ({"clamped": "-" + "9" * 4000}, {"clamped": 1}),
        ({"bounded": "-900"}, {"bounded": -900}),
        ({"bounded": "900"}, {"bounded": 900}),
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
        ({"number": "9" * 30}, "9" * 30, "Must be at most 9007199254740991"),
        ({"number": "-" + "9" * 30}, "-" + "9" * 30, "Must be at least -9007199254740991"),
        ({"number": "1e400"}, "1e400", "Must be an integer"),
        ({"number": "NaN"}, "NaN", "Must be an integer"),
        ({"number": "true"}, "true", "Must be an integer"),
        ({"refused": "0"}, "0", "Must be at least 1"),
        ({"refused": "-" + "9" * 30}, "-" + "9" * 30, "Must be at least 1"),
        ({"bounded": "901"}, "901", "Must be at most 900"),
        ({"bounded": "-901"}, "-901", "Must be at least -900"),
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
        ({"name": 1}, ("name", "Must be a text")),
        ({}, ("name", "Must be given")),
        ({"name": "x", "changes": {"a": "b"}}, ("changes[...]", "Must be an integer")),
        ({"name": "x", "changes": []}, ("changes", "Must be an object")),
        ({"name": "x", "ids": [True]}, ("ids[0]", "Must be an integer")),
        ({"name": "x", "ids": [1.5]}, ("ids[0]", "Must be an integer")),
        ({"name": "x", "ids": [1, 0]}, ("ids[1]", "Must be at least 1")),
        ({"name": "x", "ids": [10**30]}, ("ids[0]", "Must be at most 9")),
        ({"name": "x", "ids": [1, 2, 3]}, ("ids", "Must have at most 2 entries")),
        ({"name": "x", "ids": {}}, ("ids", "Must be a list")),
        ({"name": "x", "secret": "hunter2"}, ("secret", "Must have at least 8 characters")),
        ({"name": "x", "answer": "undo"}, ("answer", "Must be one of do, leave")),
        ({"name": "x", "answer": 1}, ("answer", "Must be a text or null")),
        ({"name": "x", "hash": "-1"}, ("hash", "Must be an infohash")),
        ({"name": "x", "number": "1"}, ("number", "Must be a number or null")),
    ],
)
def test_a_body_that_does_not_fit_is_refused_with_the_place_and_what_would(values, details):
    with pytest.raises(BadRequestError) as caught:
        binding.convert(values, Body)
    parameter, constraint = details
    assert caught.value.details == {"parameter": parameter, "constraint": constraint}
    assert str(caught.value) == f"Invalid parameter: {parameter} m{constraint[1:]}"
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("error", [web.RequestPayloadError("x"), ConnectionResetError("gone"), TimeoutError()])
async def test_a_body_that_does_not_arrive_is_the_clients_fault(error):
    class Request:
        async def read(self):
            raise error

    with pytest.raises(BadRequestError):
        await binding._receive(Request())
