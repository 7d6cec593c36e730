"""Quality of an item's file, measured by its quality profile."""

from __future__ import annotations

from typing import NamedTuple


class Profile(NamedTuple):
    """Requirements of a quality profile; scores are custom format scores."""

    name: str
    upgrade_allowed: bool
    min_format_score: int
    cutoff_format_score: int


UNKNOWN_PROFILE = Profile(name="", upgrade_allowed=False, min_format_score=0, cutoff_format_score=0)


class FileFacts(NamedTuple):
    """The file of an item as its Arr reports it; the score is None when it is not known."""

    file_id: int
    cutoff_not_met: bool
    custom_format_score: int | None


class Quality(NamedTuple):
    """How a file meets its profile: all false and no score without a file."""

    quality_met: bool
    custom_format_score: int | None
    min_custom_format_score: int
    custom_format_met: bool
    upgrade: bool


def measure(file: FileFacts | None, profile: Profile) -> Quality:
    """Measure a file by its profile.

    `upgrade` is true when the profile allows upgrades and the quality cutoff or the cutoff format score is not
    reached: the Arr then still grabs a better release.
    """
    if file is None:
        return Quality(
            quality_met=False,
            custom_format_score=None,
            min_custom_format_score=profile.min_format_score,
            custom_format_met=False,
            upgrade=False,
        )
    score = file.custom_format_score
    below_cutoff_score = score is not None and score < profile.cutoff_format_score
    return Quality(
        quality_met=not file.cutoff_not_met,
        custom_format_score=score,
        min_custom_format_score=profile.min_format_score,
        custom_format_met=score is None or score >= profile.min_format_score,
        upgrade=profile.upgrade_allowed and (file.cutoff_not_met or below_cutoff_score),
    )


def reason(*, monitored: bool, released: bool, has_file: bool, quality: Quality) -> str | None:
    """Name why an item is not finished; None when it is.

    `Unmonitored`, `Unreleased`, `Missing`, `Quality`, `CustomFormat`, `Upgrade`: the first that holds.
    """
    if not monitored:
        return "Unmonitored"
    if not has_file:
        return "Missing" if released else "Unreleased"
    if not quality.quality_met:
        return "Quality"
    if not quality.custom_format_met:
        return "CustomFormat"
    return "Upgrade" if quality.upgrade else None
