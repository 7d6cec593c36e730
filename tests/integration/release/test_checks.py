"""What has to hold before `make release` makes anything, in a small repository; and the order of what it makes."""

import os
import subprocess

import pytest

from qbitrr import __version__
from release.checks import problems, version
from tests.support.daemon import CHECKOUT

CHANGELOG = (
    "# Changelog\n\n## Unreleased\n\n## 1.2.0 - 2026-12-01\n\n- Something new.\n\n## 1.1.0 - 2026-11-01\n\n- Old.\n"
)
PROGRAM = """\
#!/bin/sh
echo "{step} $*" >>{folder}/log
mkdir -p dist
touch dist/made
[ "$1 $2" != "$FAILS" ]
"""
AUTHOR = {f"GIT_{who}_{what}": "x@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def git(folder, *arguments):
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, env=os.environ | AUTHOR, capture_output=True)


@pytest.fixture
def checkout(tmp_path):
    """One that may be released."""
    (tmp_path / "qbitrr").mkdir()
    (tmp_path / "qbitrr" / "__init__.py").write_text('__version__ = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def commit(folder, tag="v1.2.0"):
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "a change")
    if tag:
        git(folder, "tag", "--force", tag)


def test_a_tagged_commit_with_its_changes_may_be_released(checkout):
    assert list(problems(checkout)) == []


def test_a_commit_without_the_tag_of_its_version_is_none(checkout):
    commit(checkout, tag=None)
    assert list(problems(checkout)) == ["this commit has no tag v1.2.0, but none"]
    git(checkout, "tag", "v1.3.0")
    assert list(problems(checkout)) == ["this commit has no tag v1.2.0, but v1.3.0"]


def test_nor_is_a_checkout_with_changes(checkout):
    (checkout / "qbitrr" / "new.py").touch()
    (checkout / "CHANGELOG.md").write_text(f"{CHANGELOG}\n")
    (found,) = problems(checkout)
    assert "CHANGELOG.md" in found
    assert "qbitrr/new.py" in found


@pytest.mark.parametrize(
    ("changelog", "found"),
    [
        ("## Unreleased\n\n- A change.\n\n## 1.2.0 - 2026-12-01\n\n- New.\n", 'changes below "## Unreleased"'),
        ("## Unreleased\n\n## 1.1.0 - 2026-12-01\n\n- New.\n", 'no "## 1.2.0 - YYYY-MM-DD"'),
        ("## Unreleased\n\n## 1.2.0\n\n- New.\n", 'no "## 1.2.0 - YYYY-MM-DD"'),
        ("## Unreleased\n\n## 1.2.0 - 2026-12-01\n\n## 1.1.0 - 2026-11-01\n\n- Old.\n", "nothing below"),
        ("## Unreleased\n\n## 1.3.0 - 2026-12-02\n\n- X.\n\n## 1.2.0 - 2026-12-01\n\n- New.\n", "has to begin with"),
        ("## 1.2.0 - 2026-12-01\n\n- New.\n", "has to begin with"),
    ],
)
def test_nor_is_one_whose_changes_are_not_written_down(checkout, changelog, found):
    (checkout / "CHANGELOG.md").write_text(f"# Changelog\n\n{changelog}")
    commit(checkout)
    (problem,) = problems(checkout)
    assert found in problem


@pytest.mark.parametrize("text", ["", '__version__ = "1.2"\n', '__version__ = "dev"\n'])
def test_nor_is_one_without_a_version(checkout, text):
    (checkout / "qbitrr" / "__init__.py").write_text(text)
    assert version(checkout) is None
    (problem,) = problems(checkout)
    assert "no __version__" in problem


def test_the_version_of_this_checkout_is_in_one_place():
    assert version(CHECKOUT) == __version__
    names = subprocess.run(["git", "-C", str(CHECKOUT), "ls-files"], check=True, capture_output=True, text=True).stdout
    named = f'version = "{__version__}"'
    places = [name for name in names.splitlines() if name.endswith((".toml", ".cfg", ".json", "Dockerfile", "control"))]
    assert not [name for name in places if named in (CHECKOUT / name).read_text(errors="replace")]


def test_nothing_is_made_before_the_checks_and_nothing_is_signed_before_the_tests(tmp_path):
    """`make release`, with programs in the places of all steps."""
    folder = tmp_path / "checkout"
    (folder / ".venv-dev" / "bin").mkdir(parents=True)
    (folder / ".ci").mkdir()
    (folder / "packaging" / "debian").mkdir(parents=True)
    (folder / "packaging" / "docker").mkdir(parents=True)
    (folder / "Makefile").write_text((CHECKOUT / "Makefile").read_text())
    (folder / "pyproject.toml").touch()
    (folder / ".venv-dev" / ".built").touch()
    steps = (
        ".venv-dev/bin/python",
        ".ci/run",
        ".ci/debian-packages",
        "packaging/debian/build",
        "packaging/docker/build",
    )
    for step in steps:
        program = folder / step
        program.write_text(
            f'#!/bin/sh\necho "{step} $*" >>{folder}/log\nmkdir -p dist\ntouch dist/made\n[ "$1 $2" != "$FAILS" ]\n'
        )
        program.chmod(0o755)

    def make(fails=""):
        (folder / "log").write_text("")
        made = subprocess.run(
            ["make", "release"], cwd=folder, env=os.environ | {"FAILS": fails}, capture_output=True, check=False
        )
        ran = [line.strip().rpartition("/")[2] for line in (folder / "log").read_text().splitlines()]
        return made.returncode, [line for line in ran if not line.startswith("debian-packages")]

    dist = "python -P -m build --no-isolation ."
    everything = ["python -m release.checks", "run", dist, "build", "build", "python -m release"]
    assert make()[1] == everything
    code, ran = make(fails="-m release.checks")
    assert code != 0
    assert ran == everything[:1]
    code, ran = make(fails=" ")  # what has no arguments: the tests
    assert code != 0
    assert ran == everything[:2]
