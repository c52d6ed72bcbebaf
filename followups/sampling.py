"""Three spot checks a day for everyone who leads: two weighed by risk, one by chance.

Chance comes from a seed that is kept: whoever draws again from the same records draws the same three.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Role, User
from clients.models import Contact
from followups import signals
from followups.refusal import Refused
from followups.spot_checks import SpotCheck

A_DAY = 3
BY_RISK = 2
DAYS_BACK = 7
WEIGHTS = {"rush": 6, "copied": 6, "apart": 6, "money": 2, "no_note": 2, "": 1}
MONEY = (Contact.Outcome.WILL_PAY, Contact.Outcome.PAID_ALREADY)


@dataclass(frozen=True)
class Candidate:
    contact: int
    why: str  # a key of WEIGHTS


def sample(candidates: Iterable[Candidate], seed: str) -> list[tuple[Candidate, str]]:
    """Everybody in the order in which they are drawn, with the reason: two by risk, one by chance, on.

    Each contact has its own number of the seed, so that one more or less moves no other; raised to
    the power of 1 / weight, the largest are a sample weighed by risk (Efraimidis and Spirakis).
    """
    every = list(candidates)
    by_risk = sorted(
        every, key=lambda one: _number(seed, one.contact) ** (1 / WEIGHTS[one.why]), reverse=True
    )
    chosen = {one.contact for one in by_risk[:BY_RISK]}
    left = [one for one in every if one.contact not in chosen]
    by_chance = sorted(left, key=lambda one: _number(f"{seed} chance", one.contact))
    drawn = [(one, one.why or SpotCheck.Why.RISK.value) for one in by_risk[:BY_RISK]]
    return [*drawn, *((one, SpotCheck.Why.CHANCE.value) for one in by_chance)]


def _number(seed: str, contact: int) -> float:
    """Between 0 and 1, the same for the same seed and contact whoever asks."""
    digest = sha256(f"{seed} {contact}".encode()).digest()
    return (int.from_bytes(digest[:7]) + 1) / 2**56


def seed_of(leader: User, day: date) -> str:
    return f"{leader.pk} {day.isoformat()}"


def candidates_of(leader: User, day: date) -> list[Candidate]:
    """What the leader's people recorded in the week before and nobody has looked at."""
    first, last = day - timedelta(days=DAYS_BACK), day - timedelta(days=1)
    odd = signals.by_contact(signals.signals_of(leader, first, last))
    rows = signals.recorded(leader, first, last).counted().exclude(by=leader)
    rows = rows.exclude(pk__in=SpotCheck.objects.filter(on__lt=day).values("contact"))
    facts = rows.order_by("pk").values_list("pk", "channel", "outcome", "note")
    return [Candidate(pk, odd.get(pk) or _risk(*more)) for pk, *more in facts]


def _risk(channel: str, outcome: str, note: str) -> str:
    if outcome in MONEY:
        return "money"
    return "no_note" if channel == Contact.Channel.VISIT and not note.strip() else ""


@transaction.atomic
def draw(leader: User, day: date) -> int:
    """Draw the three of the day; once, whoever asks however often. Return how many were drawn."""
    User.objects.select_for_update(of=("self",)).get(pk=leader.pk)
    if SpotCheck.objects.filter(leader=leader, on=day).exists():
        return 0
    return len(_keep(leader, day, A_DAY, set()))


def draw_for_all(day: date) -> int:
    leaders = User.objects.filter(role__in=[Role.SUPERVISOR, Role.MANAGER], is_active=True)
    return sum(draw(leader, day) for leader in leaders.select_related("team"))


def _keep(leader: User, day: date, n: int, drawn: set[int]) -> list[SpotCheck]:
    seed = seed_of(leader, day)
    order = [(one, why) for one, why in sample(candidates_of(leader, day), seed)
             if one.contact not in drawn]  # fmt: skip
    made = [
        SpotCheck(leader=leader, on=day, contact_id=one.contact, why=why, seed=seed)
        for one, why in order[:n]
    ]
    return SpotCheck.objects.bulk_create(made)


@transaction.atomic
def swap(check: SpotCheck, *, at: datetime) -> None:
    """Put it aside, which is kept, and draw the next. Raises Refused when there is no other."""
    drawn = SpotCheck.objects.filter(leader=check.leader, on=check.on)
    if not drawn.open().filter(pk=check.pk).update(swapped_at=at):
        raise Refused(_("This check has been settled meanwhile. Reload the page."))
    if not _keep(check.leader, check.on, 1, set(drawn.values_list("contact", flat=True))):
        raise Refused(_("There is no other contact to check this week."))
