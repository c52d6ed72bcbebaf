"""The notices that a client is brought on paper: a premium falls due, was collected, the cover stopped."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lib.templatetags.ui import day as in_words
from policies.models import Instalment, Policy
from policies.premiums import PAYABLE, dues
from policies.reinstatement import NEEDED, PAPERS


@dataclass(frozen=True)
class Text:
    """What a kind of notice says; the words in braces are filled in and nothing else is."""

    title: str | Promise
    paragraphs: tuple[str | Promise, ...]
    papers: bool = False  # whether it lists what has to be brought


TEXTS: dict[str, Text] = {
    "due": Text(
        _("Premium notice"),
        (
            _("The premium of this policy falls due on {due}. It is {amount}."),
            _(
                "Where the bank collects it, please keep that much and a little over in the account three"
                " days before. The cover goes on until {grace}; after that day it stops if nothing was paid."
            ),
            _("Questions about the policy or another way to pay are answered by your agent."),
        ),
    ),
    "paid": Text(
        _("Notice of a collected premium"),
        (
            _("The premium of {amount} that fell due on {due} was received on {paid}. Thank you."),
            _("The next premium falls due on {next}."),
            _("Please keep this notice with the policy and look whether the amount is right."),
        ),
    ),
    "lapsed": Text(
        _("Notice that the cover has stopped"),
        (
            _(
                "The premium that fell due on {due} was not paid by {grace}. Since {lapse} this policy gives"
                " no cover: what happens from that day on is not paid for."
            ),
            _(
                "Until {reinstate} it can be reinstated: apply for it, and when the insurer accepts, pay what"
                " is owed, {arrears} as of today, with interest. After that day the insurer may end the"
                " contract and pay out its cash value."
            ),
            _("What is needed for it:"),
        ),
        papers=True,
    ),
}


@dataclass(frozen=True)
class Notice:
    """One notice about one premium of a policy, as of a day."""

    kind: str
    policy: Policy
    premium: Instalment
    today: date
    owed: Sequence[Instalment] | None = None  # where it is known already: the oldest first

    @property
    def title(self) -> str | Promise:
        return TEXTS[self.kind].title

    @property
    def url(self) -> str:
        return reverse(f"policies:notice_{self.kind}", args=[self.policy.pk])

    @property
    def paragraphs(self) -> Iterator[str]:
        """The sentences for which everything is known."""
        values = self._values()
        for text in TEXTS[self.kind].paragraphs:
            if all(value for name, value in values.items() if f"{{{name}}}" in str(text)):
                yield str(text).format(**values)

    @property
    def papers(self) -> list[str | Promise]:
        return [PAPERS[paper] for paper in NEEDED] if TEXTS[self.kind].papers else []

    def _values(self) -> dict[str, str]:
        policy, premium = self.policy, self.premium
        owed = sum((due.amount for due in dues(policy, self.today, self.owed)), Decimal(0))
        days = {
            "due": premium.due_on,
            "grace": premium.grace_ends_on,
            "paid": premium.paid_on,
            "next": policy.next_due_on,
            "lapse": policy.lapses_on,
            "reinstate": policy.reinstate_by,
        }
        told = {name: in_words(on, "year") if on else "" for name, on in days.items()}
        return told | {"amount": money(premium.amount), "arrears": money(owed)}


def money(amount: Decimal) -> str:
    return gettext("%(amount)s yuan") % {"amount": f"{amount:,.2f}"}


def notice_of(policy: Policy, kind: str, today: date) -> Notice | None:
    """The notice of that kind, None where there is nothing to tell."""
    premium = _premium(policy, kind, today)
    return Notice(kind, policy, premium, today) if premium else None


def notices_of(policy: Policy, today: date) -> list[Notice]:
    """All that can be brought today."""
    found = (notice_of(policy, kind, today) for kind in TEXTS)
    return [notice for notice in found if notice]


def _premium(policy: Policy, kind: str, today: date) -> Instalment | None:
    if kind == "paid":
        return policy.instalments.filter(paid_on__isnull=False).order_by("due_on").last()
    opened = policy.open_instalment if policy.status in PAYABLE else None
    if opened is None:
        return None
    has_lapsed = policy.status_on(today) == Policy.Status.LAPSED
    return opened if has_lapsed == (kind == "lapsed") else None


def notices_together(wanted: Iterable[tuple[int, str]], today: date) -> list[Notice]:
    """The notices of that kind for each policy, by its key: three queries, however many there are."""
    wanted = list(dict.fromkeys(wanted))
    policies = Policy.objects.for_list().in_bulk([pk for pk, _kind in wanted])
    owed: dict[int, list[Instalment]] = {}
    for due in Instalment.objects.owed().filter(policy__in=policies).order_by("due_on"):
        owed.setdefault(due.policy_id, []).append(due)
    paid = Instalment.objects.filter(policy__in=policies, paid_on__isnull=False)
    last_paid = {
        due.policy_id: due for due in paid.order_by("policy", "-due_on").distinct("policy")
    }
    found = []
    for pk, kind in wanted:
        policy, opened = policies[pk], owed.get(pk, [])
        policy.open_instalment = opened[0] if opened else None
        premium = last_paid.get(pk) if kind == "paid" else _premium(policy, kind, today)
        if premium:
            found.append(Notice(kind, policy, premium, today, opened))
    return found
