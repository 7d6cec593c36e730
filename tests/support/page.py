"""The files of the web page as they are in the package."""

from pathlib import Path

import control.ui

FOLDER = Path(control.ui.__file__).parent
FILES = {
    path.relative_to(FOLDER).as_posix(): path.read_text()
    for path in sorted(FOLDER.rglob("*"))
    if path.suffix in (".html", ".css", ".js", ".svg")
}
