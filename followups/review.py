"""The policy review on paper: what a household holds, what it lacks and what comes, as said to the client."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from clients.card import InfoCard
from clients.family import OF_AGE
from clients.models import Client
from followups.chips import sentence_gap
from followups.people_page import Household, household_of
from followups.policy_dates import Coming, coming_dates, policies_in_force
from followups.talking import name_of
from lib.templatetags.ui import day as in_words
from lib.templatetags.ui import money, wan
from policies.coverage import Gap, Needs, Risk, cover_of_household
from policies.known import known_of
from policies.models import Policy
from policies.premium_line import Held, Premiums, premiums_of
from policies.premium_year import Month, months_of

COLUMNS = (
    (Risk.CRITICAL,),
    (Risk.LIFE,),
    (Risk.ACCIDENT,),
    (Risk.MEDICAL,),
    (Risk.EDUCATION, Risk.PENSION, Risk.SAVING),
)
SHOWN_GAPS, ON_ONE_PAGE = 8, 5
BAR, PEAK = 600, 60  # how wide the longest gap and how tall the largest month is drawn
STEP, WIDTH, GAP, BASE = 50, 46, 2, 76  # of the months' bars


@dataclass(frozen=True)
class Row:
    """Somebody of the household, with what covers them against each risk."""

    name: str
    words: str
    gaps: Sequence[Gap]

    @property
    def cells(self) -> list[list[Gap]]:
        return [[gap for gap in self.gaps if gap.risk in risks] for risks in COLUMNS]


@dataclass(frozen=True)
class Bar:
    name: str
    gap: Gap
    width: int
    filled: int


@dataclass(frozen=True)
class Column:
    """A month as a bar."""

    month: Month
    height: int

    @property
    def left(self) -> int:
        return (self.month.number - 1) * STEP + GAP

    @property
    def middle(self) -> int:
        return self.left + WIDTH // 2

    @property
    def top(self) -> int:
        return BASE - self.height


@dataclass(frozen=True)
class Line:
    """A policy as the table has it."""

    held: Held
    premiums: Premiums | None


class Review:
    """All of the two pages. `clients` are those of the household, whom the review is for first."""

    def __init__(self, clients: Sequence[Client], policies: Sequence[Policy], today: date) -> None:
        self.client, *self.at_home = clients
        self.clients = [client for client in clients if not client.deceased]
        self.policies = [policy for policy in policies if policy.status in Policy.ALIVE]
        self.today, self.needs = today, Needs.current()

    # --- who and what

    @cached_property
    def household(self) -> Household:
        return household_of(self.client, self.policies, self.at_home)

    @cached_property
    def cover(self) -> dict[str, Sequence[Gap]]:
        children = [one.name for one in self.household.children if (one.age or 0) < OF_AGE]
        return cover_of_household(self.clients, self.policies, children, self.needs, self.today)

    @property
    def rows(self) -> list[Row]:
        words = {person.name: (person.age, person.role) for person in self.household.people}
        for client in self.clients:
            _age, role = words.get(client.name, (None, ""))
            words[client.name] = client.age_on(self.today), role or _work_of(client)
        return [
            Row(name, _about(*words.get(name, (None, ""))), gaps)
            for name, gaps in self.cover.items()
        ]

    @property
    def may_advise(self) -> bool:
        """Nothing is sold to who mourns, complains or asked for no sales talk."""
        return not any(
            one.do_not_sell or one.complaint_open_since or one.in_mourning(self.today)
            for one in self.clients
        )

    @cached_property
    def gaps(self) -> list[tuple[str, Gap]]:
        """What is missing: of the clients themselves before the others, the most first."""
        if not self.may_advise:
            return []
        found = [(name, gap) for name, gaps in self.cover.items() for gap in gaps if gap.missing]
        earning = {client.name for client in self.clients}
        return sorted(found, key=lambda one: (one[0] not in earning, -one[1].missing))

    @property
    def bars(self) -> list[Bar]:
        longest = max((gap.width for _name, gap in self.gaps), default=Decimal(1))
        return [
            Bar(name, gap, _part(gap.width, longest, BAR), _part(gap.have, longest, BAR))
            for name, gap in self.gaps[:SHOWN_GAPS]
        ]

    @property
    def fits(self) -> bool:
        """Whether people and gaps fill the first page, so that the policies begin the second."""
        return len(self.cover) <= ON_ONE_PAGE

    # --- money

    @cached_property
    def income(self) -> Decimal:
        """What is known of the household's income a year; nothing where nobody told."""
        known = (known_of(client) for client in self.clients)
        return sum((one.income for one in known if one and one.income), Decimal(0))

    @cached_property
    def premium(self) -> Decimal:
        paying = policies_in_force(self.policies, self.today)
        return sum((policy.annualised_premium for policy in paying), Decimal(0))

    @property
    def share(self) -> Decimal | None:
        return self.premium / self.income if self.income else None

    @cached_property
    def columns(self) -> list[Column]:
        months = months_of(self.policies, self.today)
        most = max((month.amount for month in months), default=Decimal(0))
        return [Column(month, _part(month.amount, most, PEAK)) for month in months]

    @property
    def owed(self) -> Decimal:
        return sum((column.month.owed for column in self.columns), Decimal(0))

    @property
    def lines(self) -> list[Line]:
        return [
            Line(Held(policy, self.today), premiums_of(policy, policy.instalments.all()))
            for policy in self.policies
        ]

    @property
    def coming(self) -> list[Coming]:
        return coming_dates(self.policies, self.today)

    # --- in words

    @property
    def sentences(self) -> list[str]:
        return [self._held(), self._lacking(), self.first_step]

    def _held(self) -> str:
        n = len(self.policies)
        words = ngettext(
            "Your family holds %(n)s policy and pays %(amount)s a year.",
            "Your family holds %(n)s policies and pays %(amount)s a year.",
            n,
        ) % {"n": n, "amount": money(self.premium)}
        own = self.cover.get(self.client.name, ())
        enough = [str(gap.risk.label) for gap in own if gap.need and not gap.missing]
        if not enough:
            return words
        in_place = _("Enough is in place for: %(risks)s.") % {
            "risks": pgettext("list", ", ").join(enough)
        }
        return sentence_gap().join([words, in_place])

    def _lacking(self) -> str:
        if not self.may_advise:
            return _("Whatever you need from us comes first.")
        if not self.income:
            return _(
                "How much cover you need follows from your income; let us work it out together."
            )
        if not self.gaps:
            return _("As far as we know, your cover is sufficient.")
        words = _(", ").join(_short_of(*one) for one in self.gaps[:2])
        return _("The largest gaps: %(gaps)s.") % {"gaps": words}

    @property
    def first_step(self) -> str:
        """How what is there is kept."""
        held = [line.held for line in self.lines]
        for one in held:
            if one.in_grace and one.policy.lapses_on:
                words = _(
                    "Please pay %(amount)s for %(product)s by %(day)s, so that the cover continues."
                )
                return words % _said_of(one.policy, _last_day(one))
        for one in held:
            if one.policy.status_on(self.today) == Policy.Status.LAPSED and one.policy.reinstate_by:
                words = _("%(product)s has lapsed. It can be brought back until %(day)s.")
                return words % _said_of(one.policy, one.policy.reinstate_by)
        paying = policies_in_force(self.policies, self.today)
        dues = [policy for policy in paying if policy.next_due_on]
        if not dues:
            return _("No premium is due.")
        following = min(dues, key=lambda policy: (policy.next_due_on, policy.pk))
        words = _("Next, %(amount)s for %(product)s is due on %(day)s.")
        return words % _said_of(following, following.next_due_on)

    @property
    def steps(self) -> list[tuple[str, str]]:
        """What we propose, in this order."""
        steps = [(_("Keep what is there"), self.first_step)]
        if self.may_advise and not self.income:
            steps.append(
                (_("Tell us your income"), _("Then the cover that you need can be worked out."))
            )
        titles = (_("Close the largest gap"), _("Then the next"))
        steps += [(title, _short_of(*one)) for title, one in zip(titles, self.gaps, strict=False)]
        steps.append(
            (_("Look at it again"), _("In a year, or when something changes in the family."))
        )
        return steps[:3]


def _last_day(held: Held) -> date:
    """The last day on which paying keeps the cover."""
    return held.today + timedelta(days=held.days_left)


def _said_of(policy: Policy, on: date | None) -> dict[str, str]:
    return {
        "amount": money(policy.premium),
        "product": name_of(policy),
        "day": in_words(on),
    }


def _short_of(name: str, gap: Gap) -> str:
    words = _("%(who)s, %(risk)s: %(missing)s short")
    return words % {"who": name, "risk": gap.risk.label, "missing": wan(gap.missing)}


def _about(age: int | None, role: str | Promise) -> str:
    years = ""
    if age is not None:
        years = ngettext("%(n)s year old", "%(n)s years old", age) % {"n": age}
    return " · ".join(filter(None, (years, str(role))))


def _work_of(client: Client) -> str:
    card = getattr(client, "card", None) or InfoCard(client=client)
    return card.position or (str(card.get_profession_display()) if card.profession else "")


def _part(amount: Decimal, of: Decimal, size: int) -> int:
    return int(size * amount / of) if of else 0


def first_of(clients: Iterable[Client], pk: int) -> list[Client]:
    """The client whom the review is for, then who lives with them, the eldest first."""
    return sorted(clients, key=lambda one: (one.pk != pk, one.birth_on or date.max, one.pk))
