"""What a rule is: a query over days."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, ClassVar

from django.db.models import (
    Case,
    DateField,
    Exists,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Value,
)
from django.db.models.functions import Coalesce, NullIf
from django.utils.functional import Promise

from clients.models import Client, Consent
from followups.models import FollowUp, RuleMute, ServiceItem, ServicePlan
from policies.models import Instalment, Policy

ONE_DAY = timedelta(days=1)
Population = Callable[[date], QuerySet[Any]]
Narrowing = Callable[[QuerySet[Any], date], QuerySet[Any]]


class PlusDays(Func):
    """A date some days later; PostgreSQL adds whole days to a date as an integer."""

    template = "(%(expressions)s + %(days)s)"
    output_field = DateField()

    def __init__(self, expression: str, days: int) -> None:
        super().__init__(F(expression), days=str(int(days)))


@dataclass(frozen=True)
class Turning:
    """Facts that turn by mere passing of time: `days` after the date `on` of these rows."""

    rows: Callable[[], QuerySet[Any]]
    on: str
    client: str  # the way to the client they are about
    days: int = 0

    def clients(self, first: date, last: date) -> QuerySet[Any, Any]:
        """The clients for whom it turned on one of the days `first..last`."""
        lag = timedelta(days=self.days)
        turned = self.rows().filter(**{f"{self.on}__range": (first - lag, last - lag)})
        return turned.order_by().values(self.client).distinct()


USUAL_TURNINGS: tuple[Turning, ...] = (
    Turning(Policy.objects.all, "lapses_on", "holder_id"),
    Turning(Policy.objects.all, "reinstate_by", "holder_id"),
    Turning(Instalment.objects.owed, "rests_until", "policy__holder_id"),
    Turning(RuleMute.objects.all, "until", "client_id"),
    Turning(Client.objects.all, "no_sales_until", "pk", days=1),
)
SELLING: frozenset[ServiceItem] = frozenset({ServiceItem.POLICY_REVIEW, ServiceItem.TAILORED})


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One line of the rulebook.

    `among(day)` is the population that still wants it on that day, `on` the date column that
    arrives, `day` how many days after it the work begins (negative: before), `keep` how many days
    after that it is still worth doing. `still` are those who want it once they were asked, where that
    is a wider circle. `event` marks work that something real has caused: it is
    served even where the plan says "only when something happened". Where it depends on the row what
    is to be done, and how urgently, `item_by` and `priority_by` say so. `proactive` marks care that
    can wait: it steps back where a client has heard enough from us, or refuses every way but letters.
    """

    code: str
    label: str | Promise
    among: Population
    on: str
    day: int
    keep: int
    series: str
    item: ServiceItem
    priority: int
    still: Population | None = None
    event: bool = False
    festive: bool = False  # no cheer and no sales in the weeks after a death
    proactive: bool = False
    flexible: bool = False  # may wait for a day with less to do, as long as it is worth doing
    item_by: Case | F | None = None
    priority_by: Case | None = None
    to_client: str = ""  # the way from the population's rows to the client
    # The dates with which its population compares the day: between two writings only they, and what
    # somebody changed, can make a difference to anybody.
    turning: tuple[Turning, ...] = USUAL_TURNINGS

    subject: ClassVar[str] = "client"
    # The ways to client, policy and instalment.
    keys: ClassVar[tuple[str, str | None, str | None]] = ("pk", None, None)

    @property
    def client(self) -> str:
        """The way from the population's rows to the client's key."""
        return self.keys[0]

    @property
    def mutable(self) -> bool:
        """Whether an agent may silence it for a client: never while cover is about to be lost."""
        return not (self.series == "premium" and self.priority == 1)

    @property
    def gates(self) -> tuple[tuple[str, Narrowing], ...]:
        """What must hold of a row of the population, one after the other, each with its code.

        `wanted` asks them all; "why not?" tells the first that fails.
        """
        gates: tuple[tuple[str, Narrowing], ...] = (
            ("plan", self._planned),
            ("contact", self._contactable),
        )
        if self.festive or self.item in SELLING:
            gates += (("mourning", self._out_of_mourning),)
        if self.proactive:
            gates += (("consent", self._heard),)
        return (*gates, ("muted", self._unmuted)) if self.mutable else gates

    def wanted(self, day: date, *, facts: date | None = None) -> QuerySet[Any]:
        """The rows of the population for which every gate is open on the list of `day`.

        Of the population the facts of `day` are asked, or those of another.
        """
        rows = self.among(facts or day)
        for _code, narrowed in self.gates:
            rows = narrowed(rows, day)
        return rows

    def of_client(self, field: str) -> str:
        """The way from the population's rows to a field of the client."""
        return f"{self.to_client}__{field}" if self.to_client else field

    @property
    def levels(self) -> list[ServicePlan.Level]:
        """The words of the service plan that are enough."""
        return [ServicePlan.Level.MUST] + [ServicePlan.Level.EVENT] * self.event

    def _planned(self, rows: QuerySet[Any], day: date) -> QuerySet[Any]:
        """Those whose class is due this service."""
        client_class = Coalesce(
            NullIf(OuterRef(self.of_client("client_class")), Value("")),
            Value(Client.Class.MAINTAIN.value),
        )
        plan = ServicePlan.objects.filter(
            item=OuterRef("served_as") if self.item_by else self.item,
            client_class=client_class,
            level__in=self.levels,
        )
        if self.item_by:
            rows = rows.alias(served_as=self.item_by)
        return rows.filter(Exists(plan))

    def _contactable(self, rows: QuerySet[Any], day: date) -> QuerySet[Any]:
        wishes = ("deceased", "do_not_contact")
        return rows.filter(**{self.of_client(wish): False for wish in wishes})

    def _unmuted(self, rows: QuerySet[Any], day: date) -> QuerySet[Any]:
        mutes = RuleMute.objects.filter(
            rule=self.code, client_id=OuterRef(self.client), until__gte=day
        )
        return rows.exclude(Exists(mutes.filter(lifted_on=None)))

    def _out_of_mourning(self, rows: QuerySet[Any], day: date) -> QuerySet[Any]:
        until = self.of_client("no_sales_until")
        return rows.filter(Q((until, None)) | Q((f"{until}__lt", day)))

    def _heard(self, rows: QuerySet[Any], day: date) -> QuerySet[Any]:
        """Those who may be spoken to unasked: a letter alone is kept for what has to be told."""
        return rows.exclude(Exists(Consent.objects.every_way_refused(self.client)))

    def occasions(self, first: date, last: date) -> dict[str, tuple[date, date]]:
        """The filter of the occasions whose work begins on the days `first..last`."""
        offset = timedelta(days=self.day)
        return {f"{self.on}__range": (first - offset, last - offset)}

    def candidates(self, first: date, last: date, *, as_of: date | None = None) -> QuerySet[Any]:
        """Return the follow-ups wanted on the days `first..last` as rows ready to be inserted.

        Whether they are wanted is asked as of the last day, or of another for a look ahead.
        """
        nothing = Value(None, output_field=IntegerField())
        return (
            self.wanted(as_of or last)
            .filter(**self.occasions(first, last))
            .order_by()
            .values_list(
                *(F(path) if path else nothing for path in self.keys),
                Value(self.code),
                Value(self.series),
                self.item_by or Value(self.item.value),
                self.priority_by or Value(self.priority),
                F(self.on),
                PlusDays(self.on, self.day),
                PlusDays(self.on, self.day + self.keep),
                F("pk") if self.subject == "planned" else nothing,
            )
        )

    def yet_to_write(self, first: date, last: date, *, as_of: date | None = None) -> QuerySet[Any]:
        """The candidates that no list holds yet.

        The constraint alone would keep them out, but refusing a row costs more than looking it up,
        and of three weeks looked back upon nearly all stand there already.
        """
        client, policy, _instalment = self.keys
        written = FollowUp.objects.filter(
            rule=self.code, client_id=OuterRef(client), occasion_on=OuterRef(self.on)
        )
        same = {"policy_id": OuterRef(policy)} if policy else {"policy": None}
        return self.candidates(first, last, as_of=as_of).exclude(Exists(written.filter(**same)))

    def settled_as_of(self, list_day: date) -> date:
        """The day whose facts decide what is withdrawn from the list of `list_day`."""
        return list_day

    def still_wanted(self, list_day: date) -> QuerySet[Any]:
        """Subquery about an open follow-up: its subject, on its occasion, for its client."""
        to = self.to_client or "pk"
        asked = replace(self, among=self.still or self.among)
        return asked.wanted(list_day, facts=self.settled_as_of(list_day)).filter(
            **{
                "pk": OuterRef(f"{self.subject}_id"),
                self.on: OuterRef("occasion_on"),
                to: OuterRef("client_id"),
            }
        )


@dataclass(frozen=True, kw_only=True)
class ClientRule(Rule):
    pass


@dataclass(frozen=True, kw_only=True)
class FamilyRule(ClientRule):
    """What the family of a client who has died is served with: the one rule for the dead."""

    def _contactable(self, rows: QuerySet[Any], day: date) -> QuerySet[Any]:
        return rows.filter(deceased=True, do_not_contact=False)


@dataclass(frozen=True, kw_only=True)
class CareRule(Rule):
    """About something around a client: a birthday in the family, a wedding, an event."""

    to_client: str = "client"
    item: ServiceItem = ServiceItem.GREETING
    keys = ("client_id", None, None)

    def still_wanted(self, day: date) -> QuerySet[Any]:
        about = {"client_id": OuterRef("client_id"), self.on: OuterRef("occasion_on")}
        return self.wanted(day).filter(**about)


@dataclass(frozen=True, kw_only=True)
class PolicyRule(Rule):
    to_client: str = "holder"
    subject = "policy"
    keys = ("holder_id", "pk", None)


@dataclass(frozen=True, kw_only=True)
class InstalmentRule(Rule):
    to_client: str = "policy__holder"
    series: str = "premium"
    item: ServiceItem = ServiceItem.RENEWAL_REMINDER
    rests: bool = False  # waits while the client's word about the premium is waited for
    subject = "instalment"
    keys = ("policy__holder_id", "policy_id", "pk")

    @property
    def gates(self) -> tuple[tuple[str, Narrowing], ...]:
        return (*super().gates, ("resting", self._awake))

    def _awake(self, rows: QuerySet[Any], day: date) -> QuerySet[Any]:
        """Those of whose client no word is waited for."""
        return rows.filter(Q(rests_until=None) | Q(rests_until__lt=day)) if self.rests else rows

    def settled_as_of(self, list_day: date) -> date:
        """The eve: on the last evening of grace, when tomorrow's list is written, it can still be paid."""
        return list_day - ONE_DAY


@dataclass(frozen=True, kw_only=True)
class PlannedRule(Rule):
    """Of what somebody has put down for a client: there, what the plan allows is enough."""

    day: int = 0
    on: str = "on"
    to_client: str = "client"
    subject = "planned"
    keys = ("client_id", None, None)

    @property
    def levels(self) -> list[ServicePlan.Level]:
        return [ServicePlan.Level.MUST, ServicePlan.Level.MAY]

    def _planned(self, rows: QuerySet[Any], day: date) -> QuerySet[Any]:
        """The plan says nothing of what is nobody's service."""
        return rows if self.item == ServiceItem.OWN else super()._planned(rows, day)

    def yet_to_write(self, first: date, last: date, *, as_of: date | None = None) -> QuerySet[Any]:
        """Two tasks of a client may fall on the same day."""
        written = FollowUp.objects.filter(
            rule=self.code,
            client_id=OuterRef("client_id"),
            occasion_on=OuterRef("on"),
            planned_id=OuterRef("pk"),
        )
        return self.candidates(first, last, as_of=as_of).exclude(Exists(written))

    def still_wanted(self, list_day: date) -> QuerySet[Any]:
        """Its day may have moved on to the next time it comes around."""
        rows = self.wanted(list_day)
        return rows.filter(pk=OuterRef("planned_id"), client=OuterRef("client_id"))
