"""An agent's day: what stands on the list, merged into one stop per client and put in order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import count, groupby
from typing import Any
from zlib import crc32

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from clients.models import Client, Contact
from followups import ahead, campaign_lines, chips
from followups.campaign_lines import CampaignLine
from followups.chips import Chip
from followups.models import FollowUp, ServiceItem
from followups.people_words import with_their_people
from followups.rulebook import may_wait

ONE_DAY = timedelta(days=1)
MINUTES_EACH = 4
VISITS_A_DAY = 3
FAR = 10_000
SHOWN, DONE_SHOWN = 40, 20  # stops drawn at once, so that no day outgrows a page


@dataclass(frozen=True)
class Kind:
    """A group of the list: which series it gathers, and how it looks."""

    code: str
    label: str | Promise
    icon: str
    tone: str
    series: frozenset[str]


RENEWAL = Kind(
    "renewal",
    _("Renewals"),
    "arrow-repeat",
    "accent",
    frozenset({"premium", "lapse", "cover", "authorise", "form", "last", "loan", "reinstate"}),
)
CARE = Kind(
    "care",
    _("Care"),
    "balloon-heart",
    "plum",
    frozenset({"birthday", "wedding", "family", "career", "life", "silence", "settled"}),
)
SERVICE = Kind("service", _("Payouts and service"), "clipboard2-pulse", "teal", frozenset())
OWN = Kind("own", _("Own tasks"), "pencil-square", "slate", frozenset({"task"}))
KINDS = (RENEWAL, CARE, SERVICE, OWN)
WAITS = Kind("wait", _("Can wait"), "calendar-week", "slate", frozenset())
GROUPS = (*KINDS, WAITS)
CLASS_ORDER = (Client.Class.DEVELOP, Client.Class.NURTURE, Client.Class.MAINTAIN)


def kind_of(followup: FollowUp) -> Kind:
    return next((kind for kind in KINDS if followup.series in kind.series), SERVICE)


def group_of(followup: FollowUp, day: date) -> Kind:
    """Where it stands on the list of the day: behind all else what may be done on another as well."""
    waits = may_wait(followup.rule) and followup.keep_until > day
    return WAITS if waits else kind_of(followup)


def needs_outcome(followup: FollowUp) -> bool:
    """Money owed or cover at stake is never closed silently; greetings and notices are."""
    return kind_of(followup) is RENEWAL


def home_of(client: Client) -> str:
    """Who is met together, as a key: the household at one address, else nobody but the client."""
    if client.household_id and client.address:
        return f"h{client.household_id}-{crc32(client.address.encode()):x}"
    return str(client.pk)


@dataclass(frozen=True)
class Stop:
    """One client or household on one day, with all there is to do for them, most urgent first.

    `coming` may be done on the same visit: it begins within the next days.
    """

    day: date
    followups: Sequence[FollowUp]
    coming: Sequence[FollowUp] = ()

    @property
    def lead(self) -> FollowUp:
        return self.followups[0]

    @property
    def client(self) -> Client:
        return self.lead.client

    @cached_property
    def home(self) -> str:
        return home_of(self.client)

    @property
    def clients(self) -> list[Client]:
        """Whom one meets, whoever has the most urgent matter first."""
        return list({row.client_id: row.client for row in self.followups}.values())

    @property
    def others(self) -> list[Client]:
        return self.clients[1:]

    @property
    def names(self) -> str:
        """One name, or those of all who are met: 周文斌、何静."""
        between = "、" if (get_language() or "").startswith("zh") else ", "
        return between.join(client.name for client in self.clients)

    @property
    def contact(self) -> Contact | None:
        return self.lead.contact

    @property
    def kind(self) -> Kind:
        return group_of(self.lead, self.day)

    @property
    def is_done(self) -> bool:
        return self.lead.is_done

    @property
    def needs_outcome(self) -> bool:
        return any(needs_outcome(followup) for followup in self.followups)

    @property
    def writes(self) -> bool:
        """A greeting is written, everything else is a call; after an event a voice is better."""
        return kind_of(self.lead) is CARE and self.lead.series != "life"

    @property
    def amount(self) -> Decimal:
        return money_at_stake(self.followups)

    @cached_property
    def chips(self) -> list[Chip]:
        """At most two reasons; the why sheet has them all."""
        return [chip for followup in self.followups for chip in chips.of(followup, self.day)][:2]

    @property
    def services(self) -> list[tuple[str, str]]:
        """What is to be done, in words: each service with the products it is about."""
        products: dict[str, list[str]] = {}
        for followup in self.followups:
            about = products.setdefault(task_of(followup), [])
            if (name := product_of(followup)) and name not in about:
                about.append(name)
        return [(task, ", ".join(about)) for task, about in products.items()]

    @property
    def service_words(self) -> str:
        return " + ".join(" · ".join(filter(None, service)) for service in self.services)


TASKS = {
    "premium": _("Premium reminder"),
    "lapse": _("Reinstatement"),
    "cover": _("Cover renewal"),
    "maturity": _("Payout notice"),
    "birthday": _("Birthday greeting"),
    "delivery": _("Policy delivery"),
    "authorise": _("Auto-debit form"),
    "form": _("Form on the unpaid premium"),
    "notice": _("Payment notice"),
    "last": _("Last premium"),
    "loan": _("Premium loan"),
    "reinstate": _("Reinstatement"),
    "number": _("Find the number"),
    "address": _("Find the address"),
    "condolence": _("Condolence"),
    "bequest": _("Payout to the family"),
    "develop": _("Policy review"),
    "wedding": _("Wedding anniversary"),
    "family": _("Birthday in the family"),
    "career": _("Day of their profession"),
    "life": _("Care for an event"),
    "identity": _("ID to renew"),
    "age": _("Coming of age"),
    "contact": _("Check the contact data"),
    "review": _("Policy review"),
    "greet": _("First call as the new agent"),
    "meet": _("First visit as the new agent"),
    "silence": _("Keep in touch"),
    "settled": _("How the new policy is settling in"),
}


def task_of(followup: FollowUp) -> str:
    """What is to be done, shorter than the name of the service item; of an own task its words."""
    if followup.planned and followup.planned.words:
        return followup.planned.words
    return str(TASKS.get(followup.series) or ServiceItem(followup.item).label)


def product_of(followup: FollowUp) -> str:
    return followup.policy.product.name if followup.policy and followup.policy.product else ""


def service_of(followup: FollowUp) -> str:
    return " · ".join(filter(None, (task_of(followup), product_of(followup))))


def money_at_stake(followups: Iterable[FollowUp]) -> Decimal:
    about = [f.instalment for f in followups if f.instalment and f.series != "notice"]
    owed = {instalment.pk: instalment.amount for instalment in about}
    return sum(owed.values(), Decimal(0))


@dataclass(frozen=True)
class Group:
    kind: Kind
    stops: Sequence[Stop]
    shown: Sequence[Stop] = ()  # those of them that the page draws
    campaigns: Sequence[CampaignLine] = ()  # each one line, however many clients it has

    @property
    def count(self) -> int:
        return sum(len(stop.followups) for stop in self.stops) + len(self.campaigns)

    @property
    def amount(self) -> Decimal:
        return money_at_stake(f for stop in self.stops for f in stop.followups)


@dataclass(frozen=True)
class Agenda:
    day: date
    agent: User
    open_stops: Sequence[Stop]
    done_stops: Sequence[Stop]
    chosen: str = ""
    where: str = ""  # "on=2026-06-15&agent=7&": what the links of the page keep
    after: FollowUp | None = None  # the page begins behind it, whether it is still open or not
    done_after: int | None = None
    campaigns: Sequence[CampaignLine] = ()

    @property
    def open_campaigns(self) -> list[CampaignLine]:
        return [line for line in self.campaigns if line.left]

    @property
    def done_campaigns(self) -> list[CampaignLine]:
        return [line for line in self.campaigns if not line.left]

    @property
    def url(self) -> str:
        where = self.where.rstrip("&")
        return f"{reverse('today')}?{where}" if where else reverse("today")

    @property
    def stops(self) -> list[Stop]:
        """Open stops of the kind that was chosen, in order."""
        return [stop for stop in self.open_stops if self.chosen in {"", stop.kind.code}]

    @cached_property
    def _from_here(self) -> list[Stop]:
        if self.after is None:
            return self.stops
        here = urgency(self.after, self.day)
        return [stop for stop in self.stops if urgency(stop.lead, self.day) > here]

    @property
    def shown(self) -> list[Stop]:
        return self._from_here[:SHOWN]

    @property
    def further(self) -> int:
        return len(self._from_here[SHOWN:])

    @cached_property
    def _done_from_here(self) -> Sequence[Stop]:
        leads = [stop.lead.pk for stop in self.done_stops]
        begin = leads.index(self.done_after) + 1 if self.done_after in leads else 0
        return self.done_stops[begin:]

    @property
    def done_shown(self) -> Sequence[Stop]:
        return self._done_from_here[:DONE_SHOWN]

    @property
    def done_further(self) -> int:
        return len(self._done_from_here[DONE_SHOWN:])

    @property
    def groups(self) -> list[Group]:
        grouped = ((kind, [s for s in self.stops if s.kind is kind]) for kind in GROUPS)
        shown = self.shown
        lines = self.open_campaigns if self.chosen in {"", CARE.code} else []
        return [
            Group(kind, stops, [s for s in shown if s.kind is kind], lines if kind is CARE else [])
            for kind, stops in grouped
            if stops or (kind is CARE and lines)
        ]

    @property
    def numbered(self) -> list[tuple[Group, list[tuple[int, Stop]]]]:
        """The groups for paper, their stops counted through."""
        counted = count(1)
        return [(group, [(next(counted), stop) for stop in group.stops]) for group in self.groups]

    @property
    def filters(self) -> list[tuple[Kind, int]]:
        counts = [
            (
                kind,
                sum(len(s.followups) for s in self.open_stops if s.kind is kind)
                + len(self.open_campaigns if kind is CARE else ()),
            )
            for kind in GROUPS
        ]
        return [(kind, n) for kind, n in counts if n or kind not in {OWN, WAITS}]

    @cached_property
    def left(self) -> int:
        """What is left to do; a campaign is one thing, however many clients it greets."""
        return sum(len(stop.followups) for stop in self.open_stops) + len(self.open_campaigns)

    @cached_property
    def done(self) -> int:
        return sum(len(stop.followups) for stop in self.done_stops) + len(self.done_campaigns)

    @property
    def done_rows(self) -> list[FollowUp]:
        return [followup for stop in self.done_stops for followup in stop.followups]

    @property
    def total(self) -> int:
        return self.left + self.done

    @property
    def minutes(self) -> int:
        lines = self.open_campaigns
        return (self.left - len(lines)) * MINUTES_EACH + sum(line.minutes for line in lines)

    @property
    def hours(self) -> str:
        """To the half hour: `1.5`."""
        return f"{round(self.minutes / 30) / 2:g}"

    @property
    def visits(self) -> int:
        return len(self._contacts(Contact.Channel.VISIT))

    @property
    def calls(self) -> int:
        return len(self._contacts(Contact.Channel.CALL))

    def _contacts(self, channel: str) -> set[int]:
        """Whom somebody reached this way; the clients, since a second visit is none of its own."""
        contacts = [s.contact for s in self.done_stops if s.contact]
        return {
            one.client_id
            for one in contacts
            if one.channel == channel and one.outcome not in Contact.UNREACHED
        }

    @property
    def visits_wanted(self) -> int:
        return VISITS_A_DAY

    @property
    def next_stop(self) -> Stop | None:
        return self.stops[0] if self.stops else None

    def stop_of(self, client: Client) -> Stop | None:
        """Where the client, or the household they live in, is met."""
        home = home_of(client)
        return next((stop for stop in self.open_stops if stop.home == home), None)

    def row(self, pk: int) -> FollowUp | None:
        stops = [*self.open_stops, *self.done_stops]
        return next((row for stop in stops for row in stop.followups if row.pk == pk), None)

    def stop_with(self, task: int | None) -> Stop | None:
        """The stop a follow-up stands in, else the next one, else what was done last."""
        stops = [*self.open_stops, *self.done_stops]
        holds = (s for s in stops if any(f.pk == task for f in s.followups))
        return next(holds, self.next_stop) or (self.done_stops[0] if self.done_stops else None)

    def done_stop_of(self, contact: Contact | None) -> Stop | None:
        if contact is None:
            return None
        entry = entry_of(contact)
        return next(
            (s for s in self.done_stops if s.contact and entry_of(s.contact) == entry), None
        )


def of(reader: User, agent: User, day: date, today: date, chosen: str = "", **begin: Any) -> Agenda:
    """Build the day of `agent` as far as `reader` may see it: two queries whatever its length."""
    rows = (
        FollowUp.objects.visible_to(reader)
        .filter(client__agent=agent)
        .on(day)
        .for_list()
        .select_related("contact", "client__card", "client__known")
    )
    followups = sorted(rows, key=lambda followup: urgency(followup, day))
    with_their_people(followups)
    still_open = [followup for followup in followups if followup.is_open]
    done = [followup for followup in followups if followup.is_done]
    stops, done_stops = _stops(still_open, day), _done_stops(done, day)
    where = _where(reader, agent, day, today)
    lines = campaign_lines.lines_of(reader, agent, day)
    return Agenda(day, agent, stops, done_stops, chosen, where, campaigns=lines, **begin)


def with_coming(stops: Sequence[Stop], day: date, done: Iterable[FollowUp] = ()) -> list[Stop]:
    """The same stops with what begins for their clients within the next days: one query.

    The next stage of what was `done` today is no news today.
    """
    of_clients = {client.pk: stop.home for stop in stops for client in stop.clients}
    rows: dict[str, list[FollowUp]] = {}
    for row in ahead.coming(of_clients, day):
        rows.setdefault(of_clients[row.client_id], []).append(row)
    done = list(done)
    return [
        replace(stop, coming=ahead.beside([*stop.followups, *done], rows.get(stop.home, ())))
        for stop in stops
    ]


def look_ahead(the_day: Agenda) -> Agenda:
    """The same day, its drawn stops with what begins for their clients soon."""
    drawn = {stop.home: stop for stop in with_coming(the_day.shown, the_day.day, the_day.done_rows)}
    stops = [drawn.get(stop.home, stop) for stop in the_day.open_stops]
    return replace(the_day, open_stops=stops)


def url_of(reader: User, agent: User, day: date, today: date) -> str:
    return Agenda(day, agent, (), (), where=_where(reader, agent, day, today)).url


def _where(reader: User, agent: User, day: date, today: date) -> str:
    on = f"on={day.isoformat()}&" if day != today else ""
    whose = f"agent={agent.pk}&" if agent.pk != reader.pk else ""
    return on + whose


def urgency(followup: FollowUp, day: date) -> tuple[int, bool, bool, int, date, int, str, int]:
    """Group, broken promise, deadline today, grace days left, due date, class, then the name."""
    instalment = followup.instalment if followup.series != "notice" else None
    return (
        GROUPS.index(group_of(followup, day)),
        followup.rule != "promise-check",
        followup.keep_until != day,
        (instalment.grace_ends_on - day).days if instalment and instalment.due_on < day else FAR,
        instalment.due_on if instalment else followup.occasion_on,
        CLASS_ORDER.index(followup.client.shown_class),
        followup.client.pinyin,
        followup.pk,
    )


def _stops(followups: Sequence[FollowUp], day: date) -> list[Stop]:
    homes: dict[str, list[FollowUp]] = {}
    for followup in followups:
        homes.setdefault(home_of(followup.client), []).append(followup)
    return [Stop(day, rows) for rows in homes.values()]


def entry_of(contact: Contact) -> int:
    """The contacts of one entry share this."""
    return contact.entry_id or contact.pk


def _done_stops(followups: Sequence[FollowUp], day: date) -> list[Stop]:
    """What one entry settled is one line, the latest first."""

    def entry(followup: FollowUp) -> tuple[int, str]:
        if followup.contact:
            return entry_of(followup.contact), ""
        return 0, home_of(followup.client)

    newest_first = sorted(followups, key=entry, reverse=True)
    return [Stop(day, list(rows)) for _entry, rows in groupby(newest_first, key=entry)]


@dataclass(frozen=True)
class DayLoad:
    day: date
    count: int
    most: int


def load(reader: User, agent: User, days: Sequence[date]) -> list[DayLoad]:
    """How much stands, or was done, on each of the days: one query."""
    counts = (
        FollowUp.objects.visible_to(reader)
        .filter(client__agent=agent)
        .aggregate(**{f"on_{n}": Count("pk", filter=_standing(day)) for n, day in enumerate(days)})
    )
    loads = [counts[f"on_{n}"] or 0 for n in range(len(days))]
    return [DayLoad(day, count, max(*loads, 1)) for day, count in zip(days, loads, strict=True)]


def _standing(day: date) -> Q:
    still_open = Q(status=FollowUp.Status.OPEN, list_on__lte=day, keep_until__gte=day)
    return still_open | Q(status=FollowUp.Status.DONE, done_on=day)


def week_of(day: date) -> list[date]:
    monday = day - timedelta(days=day.weekday())
    return [monday + timedelta(days=n) for n in range(7)]


@dataclass(frozen=True)
class Suggestion:
    load: DayLoad
    label: str | Promise
    icon: str
    best: bool


def suggested_days(reader: User, followup: FollowUp, today: date) -> list[Suggestion]:
    """Four days to put it off to, none after the cover is lost; the emptiest is marked."""
    named = _possible_days(followup, today)
    agent = followup.client.agent or reader
    loads = load(reader, agent, list(named))
    ends_on = followup.instalment.grace_ends_on if followup.instalment else None
    # The last day of grace is possible but never the one to advise.
    advisable = [one for one in loads if one.day != ends_on] or loads
    best = min(advisable, key=lambda one: (one.count, one.day)).day if advisable else None
    return [Suggestion(one, *named[one.day], best=one.day == best) for one in loads]


def _possible_days(followup: FollowUp, today: date) -> dict[date, tuple[str | Promise, str]]:
    monday = today + timedelta(days=7 - today.weekday())
    wished: list[tuple[date, str | Promise, str]] = [
        (today + ONE_DAY, _("Tomorrow"), "sunrise"),
        (monday, _("Next Monday"), "calendar-week"),
        (today + 3 * ONE_DAY, _("In three days"), "calendar3-event"),
        (today + 5 * ONE_DAY, _("In five days"), "calendar3-event"),
        (today + 10 * ONE_DAY, _("In ten days"), "calendar3-event"),
    ]
    ends_on = None
    if followup.instalment:
        ends_on = followup.instalment.grace_ends_on
        wished.insert(0, (followup.instalment.due_on, _("Due date"), "flag"))
        wished.insert(0, (ends_on, _("Last day of grace"), "flag"))
    named: dict[date, tuple[str | Promise, str]] = {}
    for day, label, icon in wished:
        near = today < day <= today + timedelta(days=21)
        if near and (ends_on is None or day <= ends_on) and len(named) < 4:
            named.setdefault(day, (label, icon))
    return dict(sorted(named.items()))
