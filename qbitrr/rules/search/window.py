"""The part of the day in which searches are sent, such as 22:00-07:00 in local time."""

from __future__ import annotations


def is_inside(window: str, minute_of_day: int) -> bool:
    """Whether searches are sent at this minute. No window, or one from a time to the same, is the whole day."""
    if not window:
        return True
    start, end = map(_minute, window.split("-"))
    if start < end:
        return start <= minute_of_day < end
    return minute_of_day >= start or minute_of_day < end


def _minute(time_of_day: str) -> int:
    hours, minutes = time_of_day.split(":")
    return int(hours) * 60 + int(minutes)
