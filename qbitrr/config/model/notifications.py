"""`[Notifications]`: messages through Apprise: where to, and about what."""

from typing import Annotated, Literal, get_args

from msgspec import field

from qbitrr.config.model.key import Table, key

NotificationEvent = Literal["worker", "breaker", "action", "update", "settings", "ask", "inbox"]


class NotificationTarget(Table, frozen=True):
    """`[[Notifications.Targets]]`: what is different for addresses of one kind."""

    to: Annotated[str, key("text", 'Kind of address, which stands before its "://": discord, mailto.')] = ""
    events: Annotated[
        tuple[NotificationEvent, ...],
        key("choice", "What to report there, as Events of all others."),
    ] = get_args(NotificationEvent)
    digest_seconds: Annotated[
        int,
        key("seconds", "Messages to there within this time are sent as one.", ge=0, le=86_400),
    ] = field(name="Digest", default=60)

    @property
    def kind(self) -> str:
        """The kind of address, in lower case, also when it is written with its "://"."""
        return self.to.partition("://")[0].strip().lower()


class Notifications(Table, frozen=True):
    """`[Notifications]`."""

    urls: Annotated[
        tuple[str, ...],
        key("text", "Where to send messages, as addresses of Apprise; needs qbitrrd[notify].", secret=True),
    ] = ()
    events: Annotated[
        tuple[NotificationEvent, ...],
        key(
            "choice",
            "What to report: a worker that is degraded or held, a breaker that tripped, an action that was done, "
            "an update that is available, settings of an Arr that contradict these, "
            "a rule that asks you, anything else that is new in the inbox.",
        ),
    ] = get_args(NotificationEvent)
    digest_seconds: Annotated[
        int,
        key("seconds", "Messages within this time are sent as one.", ge=0, le=86_400),
    ] = field(name="Digest", default=60)
    targets: Annotated[
        tuple[NotificationTarget, ...],
        key("rows", "Events and Digest for addresses of one kind. The first row that matches decides."),
    ] = ()
