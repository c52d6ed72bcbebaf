"""How far a handover is: whom the new agents have spoken to, and whom they have met."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Exists, F, OuterRef, Q

from clients.handover import TALK, TO_MEET, VISIT, spoken
from clients.models import HandedOver, Handover
from followups.rulebook.whom import TOP
from lib import dates
from policies.models import Policy


@dataclass(frozen=True)
class Progress:
    """Of those who are still with the new agent, hold a policy in force and may be spoken to."""

    clients: int = 0  # handed over
    standing: int = 0  # of them still with the new agent
    to_call: int = 0
    called: int = 0
    to_meet: int = 0
    met: int = 0

    @property
    def wanted(self) -> int:
        return self.to_call + self.to_meet

    @property
    def reached(self) -> int:
        return self.called + self.met

    @property
    def percent(self) -> int:
        """Rounded down, so that 100 means everybody."""
        return 100 * self.reached // self.wanted if self.wanted else 100

    def __add__(self, other: "Progress") -> "Progress":
        return Progress(*(getattr(self, one) + getattr(other, one) for one in FIGURES))


FIGURES = ("clients", "standing", "to_call", "called", "to_meet", "met")


def progress_of(handovers: Iterable[Handover]) -> dict[int, dict[int, Progress]]:
    """By handover and receiver, in one query."""
    reachable = Q(back_at=None, client__agent=F("to"), client__deceased=False)
    reachable &= Q(client__do_not_contact=False, holds=True)
    better = Q(client__client_class__in=TO_MEET) | Q(client__tier__in=TOP)
    meet = reachable & better
    who = {"client": "client", "by": "to", "since": "handover__on"}
    lines = HandedOver.objects.filter(handover__in=handovers).alias(
        is_called=spoken(TALK, **who),
        is_met=spoken(VISIT, **who),
        holds=Exists(Policy.objects.in_force(dates.today()).filter(holder=OuterRef("client"))),
    )
    rows = (
        lines.order_by()
        .values_list("handover", "to")
        .annotate(
            clients=Count("pk"),
            standing=Count("pk", filter=Q(back_at=None, client__agent=F("to"))),
            to_call=Count("pk", filter=reachable),
            called=Count("pk", filter=reachable & Q(is_called=True)),
            to_meet=Count("pk", filter=meet),
            met=Count("pk", filter=meet & Q(is_met=True)),
        )
    )
    found: dict[int, dict[int, Progress]] = {}
    for handover, to, *figures in rows:
        found.setdefault(handover, {})[to] = Progress(*figures)
    return found
