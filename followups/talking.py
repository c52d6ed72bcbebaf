"""One sentence worth talking about: the service first, the product second."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from clients.models import Client
from lib.templatetags.ui import day as in_words
from policies.coverage import Coverage
from policies.models import Policy
from policies.premium_line import Held

SOON, AHEAD, LONG_SILENT = 14, 30, 180  # days


def talking_point(
    client: Client, held: Sequence[Held], coverage: Coverage, praise: str, today: date
) -> str:
    """What to begin with, and what it may lead to; nothing where there is nobody to talk to.

    `praise` is what may be thanked for. The same facts always make the same sentence.
    """
    if client.deceased or client.do_not_contact:
        return ""
    parts = [_service(client, held, today) or praise or _("Ask how they are and what has changed.")]
    if product := _product(client, coverage, today):
        parts.append(product)
    return ("" if (get_language() or "").startswith("zh") else " ").join(parts)


def _service(client: Client, held: Sequence[Held], today: date) -> str:
    """What they need from us, the most urgent first."""
    if client.in_mourning(today):
        return _("Be there for them, and sell nothing in these weeks.")
    if client.complaint_open_since:
        return _("First settle the complaint.")
    return (
        _money(held, today)
        or _coming(client, [one.policy for one in held], today)
        or _silence(client, today)
    )


def _money(held: Iterable[Held], today: date) -> str:
    rows = list(held)
    for one in rows:
        if one.in_grace:
            return _("First, the unpaid premium of %(product)s.") % {"product": name_of(one.policy)}
    for one in rows:
        if one.policy.status_on(today) == Policy.Status.LAPSED:
            return _("First, how %(product)s can be reinstated.") % {"product": name_of(one.policy)}
    dues = [(one.policy.next_due_on, one.policy) for one in rows if one.policy.next_due_on]
    for due_on, policy in sorted(dues, key=lambda due: (due[0], due[1].pk)):
        if today <= due_on <= today + timedelta(days=AHEAD):
            words = _("First, the premium of %(product)s due on %(day)s.")
            return words % {"product": name_of(policy), "day": in_words(due_on)}
    return ""


def _coming(client: Client, policies: Iterable[Policy], today: date) -> str:
    birthday = client.next_birthday_on
    if birthday and today <= birthday <= today + timedelta(days=SOON):
        if birthday == today:
            return _("First, wish them a happy birthday.")
        return _("First, the birthday on %(day)s.") % {"day": in_words(birthday)}
    for policy in policies:
        ends = policy.matures_on
        if ends and today <= ends <= today + timedelta(days=2 * AHEAD):
            words = _("First, the payout of %(product)s on %(day)s.")
            return words % {"product": name_of(policy), "day": in_words(ends)}
    return ""


def _silence(client: Client, today: date) -> str:
    since = client.silent_since
    if since is None or (today - since).days < LONG_SILENT:
        return ""
    n = (today - since).days
    words = ngettext(
        "First, make up for %(n)s day of silence.", "First, make up for %(n)s days of silence.", n
    )
    return words % {"n": n}


def _product(client: Client, coverage: Coverage, today: date) -> str:
    """What a review would come to; never where nothing may be sold."""
    if client.do_not_sell or client.complaint_open_since or client.in_mourning(today):
        return ""
    largest = coverage.largest_gaps[:2]
    if not coverage.income_known:
        return _("Then ask about the income, so that the gaps can be worked out.")
    if len(largest) > 1:
        words = _("Then offer a policy review: %(first)s and %(second)s above all.")
        first, second = (str(gap.risk.label).lower() for gap in largest)
        return words % {"first": first, "second": second}
    if largest:
        words = _("Then offer a policy review: %(risk)s above all.")
        return words % {"risk": str(largest[0].risk.label).lower()}
    return _("The cover is sufficient: talk about what comes after work.")


def name_of(policy: Policy) -> str:
    return policy.product.name if policy.product else policy.policy_no
