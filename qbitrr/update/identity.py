"""Whether a package is this project, and not another one of its name. Pure.

Anybody may have the name in an index that others run, so that the name alone is no proof. What is ours has a keyword
of its own in its metadata (core metadata, `Keywords`), which is read before anything of a package is run.
"""

from __future__ import annotations

from email.parser import HeaderParser

KEYWORD = "qbitrr-supervised"
NOT_OURS = "the package index has another program called qbitrr; set Settings.UpdateIndex to one that has this one"


def is_ours(metadata: str) -> bool:
    """Whether the text of a METADATA file is that of a version of this project."""
    keywords = HeaderParser().parsestr(metadata, headersonly=True).get("Keywords", "")
    return KEYWORD in (keyword.strip() for keyword in keywords.replace(" ", ",").split(","))
