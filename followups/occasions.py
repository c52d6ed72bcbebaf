"""What falls on the days of an agent's calendar: premiums, payouts, own tasks, greetings, birthdays."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from clients.family import FamilyMember
from clients.key_dates import KeyDate
from clients.models import Client, next_birthday
from clients.yearly import Yearly
from followups import people_words
from followups.campaign_lines import CampaignLine, counted
from followups.greetings import Greeting
from followups.models import Planned
from lib.templatetags.ui import money
from policies.models import Instalment, Policy

SHOWN = 2  # in a cell; the agenda of the day has them all


@dataclass(frozen=True)
class Occasion:
    """Something that falls on a day, about one client."""

    day: date
    kind: str
    who: str
    words: str
    url: str
    beside: str = ""
    campaign: CampaignLine | None = None

    @property
    def look(self) -> "Look":
        return LOOKS[self.kind]


@dataclass(frozen=True)
class Look:
    icon: str
    tone: str


# In the order in which they matter.
LOOKS = {
    "grace": Look("exclamation-triangle-fill", "danger"),
    "due": Look("arrow-repeat", "accent"),
    "payout": Look("bank", "teal"),
    "task": Look("pencil-square", "slate"),
    "festival": Look("balloon-heart", "plum"),
    "birthday": Look("cake2", "plum"),
    "family": Look("people", "plum"),
    "kept": Look("heart", "plum"),
}


@dataclass(frozen=True)
class Tag:
    """One line in the cell of a day: the occasion, or how many of a kind there are."""

    tone: str
    words: str


def tags_of(occasions: Iterable[Occasion]) -> list[Tag]:
    by_kind: dict[str, list[Occasion]] = {}
    for occasion in occasions:
        by_kind.setdefault(occasion.kind, []).append(occasion)
    tags = [_tag(kind, by_kind[kind]) for kind in LOOKS if kind in by_kind]
    return tags[:SHOWN]


def _tag(kind: str, found: list[Occasion]) -> Tag:
    tone, n = LOOKS[kind].tone, len(found)
    if n == 1:
        return Tag(tone, f"{found[0].who} {found[0].words}")
    if kind == "festival":
        return Tag(tone, ", ".join(one.who for one in found))
    words = {
        "grace": ngettext("%(n)s grace ends", "%(n)s graces end", n),
        "due": ngettext("%(n)s premium due", "%(n)s premiums due", n),
        "payout": ngettext("%(n)s maturity", "%(n)s maturities", n),
        "task": ngettext("%(n)s own task", "%(n)s own tasks", n),
        "birthday": ngettext("%(n)s birthday", "%(n)s birthdays", n),
        "family": ngettext("%(n)s birthday in families", "%(n)s birthdays in families", n),
        "kept": ngettext("%(n)s date to remember", "%(n)s dates to remember", n),
    }
    return Tag(tone, words[kind] % {"n": n})


def occasions(reader: User, agent: User, first: date, last: date) -> dict[date, list[Occasion]]:
    """What falls on each of the days `first..last`: eight queries, whatever there is."""
    mine = Client.objects.visible_to(reader).filter(agent=agent, deceased=False)
    found: dict[date, list[Occasion]] = {}
    for occasion in (
        *_premiums(mine, first, last),
        *_payouts(mine, first, last),
        *_tasks(mine, first, last),
        *_greetings(mine, first, last),
        *_birthdays(mine, first, last),
        *_family(mine, first, last),
        *_kept(mine, first, last),
    ):
        found.setdefault(occasion.day, []).append(occasion)
    order = list(LOOKS)
    for here in found.values():
        here.sort(key=lambda one: (order.index(one.kind), one.who))
    return found


def _premiums(mine: QuerySet[Client], first: date, last: date) -> Iterator[Occasion]:
    owed = Instalment.objects.owed().filter(
        policy__holder__in=mine, policy__status=Policy.Status.IN_FORCE
    )
    fields = ("policy_id", "policy__holder__name", "amount")
    for day, pk, name, amount in owed.filter(due_on__range=(first, last)).values_list(
        "due_on", *fields
    ):
        yield Occasion(day, "due", name, money(amount), _policy(pk), _("Premium due"))
    ending = owed.filter(grace_ends_on__range=(first, last))
    for day, pk, name, amount in ending.values_list("grace_ends_on", *fields):
        yield Occasion(day, "grace", name, _("grace ends"), _policy(pk), money(amount))


def _payouts(mine: QuerySet[Client], first: date, last: date) -> Iterator[Occasion]:
    maturing = Policy.objects.filter(holder__in=mine, matures_on__range=(first, last))
    alive = maturing.filter(status__in=Policy.ALIVE)
    rows = alive.values_list("matures_on", "pk", "holder__name", "product__name")
    for day, pk, name, product in rows:
        if day:
            yield Occasion(day, "payout", name, _("matures"), _policy(pk), product or "")


def _tasks(mine: QuerySet[Client], first: date, last: date) -> Iterator[Occasion]:
    standing = Planned.objects.standing().filter(client__in=mine, first_on__lte=last)
    for planned in standing.select_related("client"):
        for day in planned.days_in(first, last):
            url = reverse("planned_edit", args=[planned.pk])
            beside = planned.rhythm if planned.repeats else ""
            yield Occasion(day, "task", planned.client.name, str(planned), url, beside)


def _birthdays(mine: QuerySet[Client], first: date, last: date) -> Iterator[Occasion]:
    """In the calendar in which each is kept, whichever month is looked at."""
    born = mine.filter(birth_on__isnull=False, birth_on__lte=first)
    for pk, name, birth_on, calendar in born.values_list(
        "pk", "name", "birth_on", "birthday_calendar"
    ):
        try:
            day = next_birthday(birth_on, calendar, first)
        except ValueError:
            continue  # the lunar table ends
        if day and birth_on and day <= last:
            kept_lunar = calendar == Client.Calendar.LUNAR
            age = _("lunar") if kept_lunar else str(day.year - birth_on.year)
            url = reverse("client", args=[pk])
            yield Occasion(day, "birthday", name, _("birthday"), url, age)


def _greetings(mine: QuerySet[Client], first: date, last: date) -> Iterator[Occasion]:
    """A festival on its day: how many are greeted, and how many of them have been."""
    here = Greeting.objects.filter(client__in=mine, campaign__on__range=(first, last))
    for line in counted(here):
        done = _("%(done)s of %(n)s done") % {"done": line.done, "n": line.total}
        words = ngettext("%(n)s greeting", "%(n)s greetings", line.total) % {"n": line.total}
        url = reverse("campaign", args=[line.campaign.pk])
        name = str(line.campaign.festival)
        yield Occasion(line.campaign.on, "festival", name, words, url, done, line)


def _family(mine: QuerySet[Client], first: date, last: date) -> Iterator[Occasion]:
    members = FamilyMember.objects.filter(client__in=mine, month__isnull=False)
    for member in members.select_related("client"):
        if day := _within(member, first, last):
            words = people_words.who([member], day)
            yield _about(member, day, "family", _("birthday of %(who)s") % {"who": words})


def _kept(mine: QuerySet[Client], first: date, last: date) -> Iterator[Occasion]:
    for row in KeyDate.objects.filter(client__in=mine).select_related("client"):
        if day := _within(row, first, last):
            yield _about(row, day, "kept", people_words.anniversary(row, day))


def _within(row: Yearly, first: date, last: date) -> date | None:
    try:
        day = row.comes_on(first)
    except ValueError:
        return None  # the lunar table ends
    return day if day and day <= last else None


def _about(row: FamilyMember | KeyDate, day: date, kind: str, words: str) -> Occasion:
    url = reverse("client", args=[row.client_id])
    return Occasion(day, kind, row.client.name, words, url, _("lunar") if row.is_lunar else "")


def _policy(pk: int) -> str:
    return reverse("policy", args=[pk])
