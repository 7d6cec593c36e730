"""Text of others, such as names of torrents and files, made safe to print: a terminal obeys control characters."""


def printable(text: str) -> str:
    """Escape line breaks and all other control characters, and what is no UTF-8."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def printable_lines(text: str) -> str:
    """Escape control characters but line breaks, for a text in which those are ours."""
    return "\n".join(map(printable, text.split("\n")))
