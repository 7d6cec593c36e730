"""Answers that the APIs of Radarr, Sonarr and Lidarr have in common: a page of a list, and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.sandbox.services.answers import one
from qbitrr.sandbox.services.arr_query import page_of, page_size

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    from aiohttp import web

    from qbitrr.sandbox.services.resources import Resource

    T = TypeVar("T")


def page(
    request: web.Request,
    records: Sequence[T],
    resource: Callable[[T], Resource],
    sort_key: str,
    *,
    repeats_last: bool = False,
) -> web.Response:
    """One page of records. Beyond the end it is empty, or the last full one again."""
    number, shown = page_of(request, records, repeats_last=repeats_last)
    return one(
        {
            "page": number,
            "pageSize": page_size(request),
            "sortKey": request.query.get("sortKey", sort_key),
            "sortDirection": request.query.get("sortDirection", "descending"),
            "totalRecords": len(records),
            "records": [resource(record) for record in shown],
        }
    )


def problem() -> web.Response:
    """What was addressed by an id does not exist."""
    body = {
        "type": "https://tools.ietf.org/html/rfc9110#section-15.5.5",
        "title": "Not Found",
        "status": 404,
        "traceId": "00-8b4d383b38375174929cebd2edebf4b5-8ecca00a7913f64b-00",
    }
    response = one(body, status=404)
    response.content_type = "application/problem+json"
    return response


def error(message: str, exception: str, status: int = 500) -> web.Response:
    """An exception of the application."""
    return one({"message": message, "description": f"{exception}: {message}"}, status=status)


def profile_error(profile_id: int) -> Resource:
    """The fault of an editor that names a profile which does not exist."""
    return {
        "propertyName": "QualityProfileId",
        "errorMessage": "Quality Profile does not exist",
        "attemptedValue": profile_id,
        "severity": "error",
        "errorCode": "QualityProfileExistsValidator",
        "formattedMessageArguments": [],
        "formattedMessagePlaceholderValues": {"propertyName": "Quality Profile Id", "propertyValue": profile_id},
    }
