"""The settings that shape the tables, with the project's defaults."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Settings:
    """Names and units are those of the project's variables; numbers may be whole or have a fraction."""

    session_gap_minutes: float = 20
    identity_policy: str = "timeline"
    signup_events: tuple = ("signed_up",)
    ignored_events: tuple = ()
    own_domains: tuple = ()
    max_clock_skew_minutes: float = 60
    max_event_age_days: float | None = None
    entry_window_seconds: float = 30
    blog_url_pattern: str = "%/blog/%"
    attribution_lookback_days: float | None = None
    attributed_channels: tuple = ()
    max_users_per_person: int = 10

    def __post_init__(self):
        if self.identity_policy not in ("timeline", "first", "last"):
            raise ValueError(f"unknown identity_policy {self.identity_policy!r}")


def microseconds(amount, unit_seconds):
    """An amount of some unit (given in seconds) as exact microseconds: 20 minutes -> 1200000000."""
    return Fraction(str(amount)) * unit_seconds * 1_000_000
