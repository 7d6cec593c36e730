"""The whole page, `docs/state-machines.md`."""

from __future__ import annotations

from tests.support.state_machines import actions, imports, update, worker

_PREAMBLE = """\
# State machines

Drawn from the code by `make docs` and held by a test: every state is put through every event, and what comes out is
shown. A change that is not in a table cannot happen."""


def render() -> str:
    """The text of the page."""
    sections = (machine.section() for machine in (worker, actions, imports, update))
    return "\n\n".join((_PREAMBLE, *sections)) + "\n"
