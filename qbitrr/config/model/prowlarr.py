"""`[Prowlarr]`: where the query limits of the indexers are read."""

from typing import Annotated, Literal

from msgspec import field

from qbitrr.config.model.key import Table, key

NearLimit = Literal["slow", "pause"]


class Prowlarr(Table, frozen=True):
    """`[Prowlarr]`. Optional: without it nothing is known of the limits, and searches are sent as ever."""

    uri: Annotated[str, key("url", "Address of Prowlarr. Optional.", fill_in=True)] = field(name="URI", default="")
    api_key: Annotated[
        str,
        key("text", "API key, from Settings > General of Prowlarr.", fill_in=True, secret=True),
    ] = field(name="APIKey", default="")
    skip_tls_verify: Annotated[bool, key("flag", "Do not check its certificate.")] = field(
        name="SkipTLSVerify", default=False
    )
    near_limit: Annotated[
        NearLimit,
        key(
            "choice",
            "When indexers get near the query limits that are set in Prowlarr: slow sends searches further apart, and "
            "none once all indexers of an Arr are at theirs. pause sends none once one of them is.",
        ),
    ] = "slow"

    @property
    def active(self) -> bool:
        """Whether it is complete."""
        return bool(self.uri and self.api_key)
