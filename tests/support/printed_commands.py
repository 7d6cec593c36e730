"""Every command that README and docs print, sorted into what runs it. A new one has to be sorted too.

`python -m tests.support.printed_commands` lists those that are not.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = [
    path
    for path in sorted((*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")))
    if path.name not in ("CHANGELOG.md", "commands.md")  # what changed; made from the parser of the commands
]

_PROGRAM = (
    r"(?:\$ )?(?:\w+=\S+ )*(?:sudo )?"
    r"(?:\.venv-dev/bin/pytest|make|qbitrr|curl|docker|apt|apt-get|uv|pipx|pip|systemctl|"
    r"journalctl|python3?|node|npm|npx|openssl|adduser|useradd|usermod|chown|chmod|editor|git|cp|mv|cat|mkdir) "
)
_COMMAND = re.compile(_PROGRAM + r"\S.*")
_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")


class Running(NamedTuple):
    """A command that is run with a daemon on stand-ins, in a folder and a network of its own, with its exit code."""

    printed: str
    code: int = 0


RUNNING = (
    Running("qbitrr --version"),
    Running("qbitrr check"),
    Running("qbitrr check --values"),
    Running("qbitrr doctor", 1),  # the stand-ins delete what they imported, as real ones do by default
    Running("qbitrr migrate FOLDER"),
    Running("qbitrr ctl status"),
    Running("qbitrr explain INFOHASH"),
    Running("qbitrr explain <hash>"),
    Running("qbitrr explain 8d6d2ee8…"),
    Running("qbitrr undo ACTION"),
    Running("qbitrr orphans"),
    Running("qbitrr orphans --restore 17", 1),  # Orphans.Mode is off
    Running("qbitrr shadow-report", 1),  # Shadow is off: nothing was recorded
    Running("qbitrr evidence"),
    Running("qbitrr evidence CATEGORY"),
    Running("qbitrr evidence radarr-4k"),
    Running("qbitrr backup"),
    Running("qbitrr backup --list"),
    Running("qbitrr update --check", 69),  # no index is in reach
    Running("qbitrr update", 1),
    Running("qbitrr ctl sessions"),
    Running("qbitrr ctl revoke ID"),
    Running("qbitrr ctl approve CATEGORY", 1),  # nothing awaits it
    Running("qbitrr ctl discard CATEGORY", 1),
    Running("qbitrr mcp"),  # its input is empty, so that it ends
    Running("qbitrr ctl dump"),
    Running("qbitrr ctl reload"),
    Running("qbitrr ctl restart CATEGORY"),
    Running("qbitrr ctl restart-workers"),
    Running("qbitrr ctl restart"),
    Running("curl localhost:6969/web/status"),
    Running("curl localhost:6969/web/processes"),
    Running("curl localhost:6969/web/inbox"),
    Running("curl localhost:6969/web/decisions"),
    Running("curl localhost:6969/web/torrents/INFOHASH/explain"),
    Running("curl localhost:6969/web/torrents/INFOHASH/timeline"),
    Running("curl 'localhost:6969/web/radarr/radarr-hd/movies?has_file=false&monitored=true'"),
    Running("curl localhost:6969/web/processes/radarr-hd/evidence"),
    Running("curl localhost:6969/web/processes/radarr-4k/evidence"),
    Running("curl localhost:6969/web/arr/Radarr-HD/search-plan"),
    Running("curl localhost:6969/web/arr/Radarr-HD/room"),
    Running("qbitrr ctl stop"),
    Running("qbitrr restore --dry-run"),
    Running("qbitrr restore"),
    Running("qbitrr restore FILE"),
    Running("qbitrr restore [FILE]"),
    Running("cat old.pem new.pem"),
    Running("openssl rand -hex 16"),
    Running("openssl genpkey -algorithm ed25519 -out release.pem"),
)
"""In this order; `tests/system/test_printed_commands.py` runs them."""

IN_THE_CHECKOUT = (
    "make docs",
    ".venv-dev/bin/pytest tests/unit/qbitrr/rules/torrents/test_stalled.py",
    ".venv-dev/bin/pytest tests/unit/qbitrr/rules/torrents/test_stalled.py -k nearly_complete",
)
"""In a copy of it; `tests/system/test_printed_commands.py` runs them."""

IN_THE_BOX = (
    "systemctl enable --now qbitrr",
    "systemctl status qbitrr",
    "systemctl reload qbitrr",
    "systemctl restart qbitrr",
    "journalctl -u qbitrr QBITRR_CATEGORY=radarr-4k -p warning",
    "journalctl -u qbitrr QBITRR_EVENT='worker died' -o json",
    "editor /var/lib/qbitrr/config.toml",
    "systemctl edit qbitrr",
    "systemctl stop qbitrr",
    "useradd --system qbitrr",
    "chown -R qbitrr /opt/qbitrr /var/lib/qbitrr/",
)
"""In a Debian with the service of `make install`, in this order; `tests/system/test_printed_commands.py` runs them."""

FOREGROUND = ("make run", "qbitrr demo")
"""Programs that serve the page until they are stopped; `tests/system/test_printed_commands.py` runs them."""

INTO_THE_SYSTEM = (
    "python3 -m venv /opt/qbitrr/venv && /opt/qbitrr/venv/bin/pip install '.[update]'",
    "make dist && uv tool install ./dist/qbitrrd-*.whl",
)
"""In a copy of the checkout, with another /opt; `tests/system/test_printed_commands.py` runs them."""

_INSTALL = "tests/system/test_install.py::"
_IN_PLACE = f"{_INSTALL}test_it_is_on_the_path_with_the_data_folder_of_the_service_and_can_be_removed"
_DEBIAN = "tests/system/test_debian_package.py::test_a_stranger_installs_it_imports_upgrades_downgrades_and_purges"
_RELEASE = (
    "tests/integration/release/test_checks.py::"
    "test_nothing_is_made_before_the_checks_and_nothing_is_signed_before_the_tests"
)
ELSEWHERE = {
    "qbitrr side-by-side": (
        "tests/live/test_side_by_side.py::"
        "test_what_another_program_removes_and_leaves_is_compared_with_what_shadow_would_have_done"
    ),
    "make install": _IN_PLACE,
    "make uninstall": _IN_PLACE,
    "make install DESTDIR=…": f"{_INSTALL}test_what_was_staged_runs_where_it_is_put",
    "make install && systemctl enable --now qbitrr": (
        f"{_INSTALL}test_a_service_that_runs_is_stopped_before_it_is_removed_and_keeps_its_state"
    ),
    "make deb": _DEBIAN,
    "make deb && apt install ./dist/qbitrr_*+deb12_*.deb": _DEBIAN,
    "usermod -aG media qbitrr": _DEBIAN,
    "apt remove qbitrr": _DEBIAN,
    "apt purge qbitrr": _DEBIAN,
    "make dist": (
        "tests/integration/packaging/test_dist.py::test_both_are_made_of_this_version_and_nothing_else_is_left"
    ),
    "make release": _RELEASE,
    "QBITRR_RELEASE_KEY_FILE=release.pem PYTHON=python3.11 make release": _RELEASE,
    "make image": "tests/system/test_image.py::test_a_stranger_runs_it_imports_upgrades_and_downgrades",
    "node --test": "tests/browser/test_tools.py::test_pure_modules",
}
"""Commands that another test runs, as a part of more."""

_NO_ENGINE = "there is no container engine here; tests/system/test_image.py builds and runs the image"
NOT_RUN = {
    "make check": "it is `make lint`, which CI runs before these tests, and a part of these tests",
    "make lint": "CI runs it before these tests",
    "make test": "it is these tests",
    "make soak": "ten minutes; a round of it is tests/process/test_soak.py",
    "make household": "a quarter of an hour; two days of it are tests/process/test_household.py",
    "make bench": "half an hour; it prints its limits beside what it measures",
    ".venv-dev/bin/pytest tests/unit -k stalled": "these tests are a part of the suite",
    ".venv-dev/bin/pytest tests/integration/control": "these tests are a part of the suite",
    "python -m tests.support.old_states": "it runs versions of the past for a minute each",
    "python -m tests.support.screenshots": "it renews images, which are then looked at",
    "npm ci --prefix packaging/page": "what fetches the material of the tests runs it",
    "make dist && pipx install ./dist/qbitrrd-*.whl": "pipx is not among the material; uv does the same",
    "pip install 'qbitrrd[oidc]'": "no index that these tests may ask has a release",
    "docker build -t qbitrr -f packaging/docker/Dockerfile .": _NO_ENGINE,
    "docker build -t qbitrr -f packaging/docker/Dockerfile . && "
    "docker run -d -v qbitrr:/config -v /data:/data -p 127.0.0.1:6969:6969 qbitrr": _NO_ENGINE,
    "docker compose -f packaging/docker/compose.yaml up -d": _NO_ENGINE,
    "docker logs CONTAINER": _NO_ENGINE,
    "docker exec CONTAINER qbitrr check": _NO_ENGINE,
    "docker exec CONTAINER qbitrr ctl status": _NO_ENGINE,
}
"""Why a command is not run at all."""

NAMES = (
    *("qbitrr ctl", "qbitrr explain", "qbitrr migrate", "qbitrr undo"),
    *("systemctl edit", "systemctl reload", "docker run --user", "docker stop"),
)
"""Commands that are named in a sentence, without what they are about."""


def as_printed(line: str) -> str:
    """A line without its prompt and the comment behind it."""
    return re.sub(r"\s+#.*", "", line).strip().removeprefix("$ ")


def printed() -> dict[str, str]:
    """Every command, with the page on which it is printed first."""
    found: dict[str, str] = {}
    for page in PAGES:
        text = page.read_text()
        lines = [line for language, block in _FENCE.findall(text) if not language for line in block.splitlines()]
        for span in (*lines, *_SPAN.findall(_FENCE.sub("", text))):
            command = as_printed(span)
            if _COMMAND.fullmatch(command):
                found.setdefault(command, str(page.relative_to(ROOT)))
    return found


def sorted_commands() -> set[str]:
    """Every command that is sorted."""
    return {one.printed for one in RUNNING} | {
        *(*IN_THE_CHECKOUT, *IN_THE_BOX, *FOREGROUND, *INTO_THE_SYSTEM, *ELSEWHERE, *NOT_RUN, *NAMES)
    }


if __name__ == "__main__":
    for command, page in printed().items():
        if command not in sorted_commands():
            print(f"{page}: {command}")
    print("not printed:", sorted_commands() - printed().keys())
