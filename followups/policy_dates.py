"""The days that a client's policies bring."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _

from policies.models import Policy

SHOWN = 8


def policies_in_force(policies: Iterable[Policy], today: date) -> list[Policy]:
    return [policy for policy in policies if policy.status_on(today) == Policy.Status.IN_FORCE]


@dataclass(frozen=True)
class Coming:
    on: date
    icon: str
    tone: str
    words: str
    beside: str = ""
    policy: Policy | None = None


def coming_dates(policies: Iterable[Policy], today: date) -> list[Coming]:
    """The next of them, in order."""
    found = [
        Coming(*coming, policy=policy)
        for policy in policies_in_force(policies, today)
        for coming in dates_of(policy, today)
    ]
    return sorted(found, key=lambda coming: coming.on)[:SHOWN]


def dates_of(policy: Policy, today: date) -> Iterator[tuple[date, str, str, str]]:
    if policy.lapses_on and policy.in_grace_on(today):
        last_day = policy.lapses_on - timedelta(days=1)
        yield last_day, "exclamation-circle-fill", "danger", _("Grace ends")
    elif policy.next_due_on and policy.next_due_on >= today:
        yield policy.next_due_on, "arrow-repeat", "accent", _("Premium due")
    if policy.matures_on and policy.matures_on >= today:
        yield policy.matures_on, "bank", "teal", _("Policy matures")
    elif policy.covers_until and policy.covers_until >= today:
        yield policy.covers_until, "shield-check", "slate", _("Cover ends")
