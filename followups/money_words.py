"""Renewal money in words: why it stands on the list, what to do about a failed debit."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.utils.functional import Promise as Words
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clients.models import Client
from followups.models import FollowUp
from lib.templatetags.ui import day as in_words
from policies.authorisation import ACCOUNT_FAULTS
from policies.bank import BankRow
from policies.models import Instalment, Policy, Promise, UncollectedCase
from policies.notices import Notice, notice_of

Failure = BankRow.Failure
REMEDIES: dict[str, Words] = {
    "account": gettext_lazy("Visit with a new auto-debit form: topping up would not help."),
    "money": gettext_lazy("Call: enough money by the next debit, with a little over."),
    "limit": gettext_lazy("Call: raise the limit of the account, or pay at the counter."),
    "system": gettext_lazy("Wait for the next debit; nothing is wrong with the account."),
    "other": gettext_lazy("Ask the bank's counter for the reason, then call."),
}
WHY: dict[str, Words] = {
    "renewal-quarter": gettext_lazy(
        "A large premium falls due on {due}. Talk about it while it can still be planned for."
    ),
    "renewal-month": gettext_lazy(
        "This premium falls due on {due}. Bring the notice, and say how it will be collected."
    ),
    "renewal-due": gettext_lazy("The premium falls due on {due}; from then on grace runs."),
    "renewal-week": gettext_lazy(
        "The bank collects this premium on {due}. Money should lie in the account by then."
    ),
    "promise-check": gettext_lazy("Promised for {promised}, and nothing has arrived."),
    "claim-check": gettext_lazy("Said to be paid on {said}, and no file has confirmed it."),
    "bank-failed": gettext_lazy("The bank could not collect on {failed}: {failure}. {remedy}"),
    "authorisation-missing": gettext_lazy(
        "The premium falls due on {due}, and there is no valid form to collect it."
    ),
    "uncollected-form": gettext_lazy(
        "Unpaid since {due}. Bring back the form on which the client signs the reason."
    ),
    "last-premium": gettext_lazy("The premium due on {due} is the last of this policy."),
    "success-notice": gettext_lazy("The premium was collected on {paid}. Bring the notice."),
    "paying-completed": gettext_lazy(
        "The last premium was paid on {paid}. Say what the policy does from now on."
    ),
    "premium-loan": gettext_lazy(
        "The insurer advanced this premium on {closed} as a loan; interest runs."
    ),
    "lapsed": gettext_lazy(
        "No cover since {occasion}. Bring the notice, and say how it can be reinstated until {reinstate}."
    ),
    "lapsed-30": gettext_lazy("Lapsed on {occasion}. It can be reinstated until {reinstate}."),
    "lapsed-180": gettext_lazy("Lapsed on {occasion}. It can be reinstated until {reinstate}."),
    "lapsed-365": gettext_lazy("Lapsed on {occasion}. It can be reinstated until {reinstate}."),
    "reinstate-90": gettext_lazy("After {reinstate} the policy can no longer be reinstated."),
    "reinstate-30": gettext_lazy("After {reinstate} the policy can no longer be reinstated."),
}


def remedy_of(failure: str) -> str:
    """What kind of answer a failed debit asks for."""
    if failure in ACCOUNT_FAULTS:
        return "account"
    kinds = {
        Failure.INSUFFICIENT: "money",
        Failure.LIMIT_EXCEEDED: "limit",
        Failure.SYSTEM_ERROR: "system",
    }
    return kinds.get(Failure(failure), "other") if failure in Failure.values else "other"


def why(followup: FollowUp) -> str:
    """The sentence of its rule, nothing where the rule has none."""
    text = WHY.get(followup.rule)
    instalment, policy = followup.instalment, followup.policy
    if text is None:
        return ""
    failure = instalment.failure if instalment else ""
    values: dict[str, object] = {
        "occasion": in_words(followup.occasion_on),
        "reinstate": in_words(policy.reinstate_by, "year") if policy else "",
        "failure": failure_words(failure),
        "remedy": REMEDIES[remedy_of(failure)],
        "said": in_words(instalment.said_paid_on) if instalment else "",
        "due": in_words(instalment.due_on) if instalment else "",
        "promised": in_words(instalment.promised_on) if instalment else "",
        "failed": in_words(instalment.failed_on) if instalment else "",
        "paid": in_words(instalment.paid_on) if instalment else "",
        "closed": in_words(instalment.closed_on) if instalment else "",
    }
    return str(text).format(**values)


NOTICES = {  # which notice on paper the work of a series brings
    "premium": "due",
    "notice": "paid",
    "lapse": "lapsed",
    "reinstate": "lapsed",
}


def notice_for(followup: FollowUp, today: date) -> Notice | None:
    """The notice that goes with the work, if there is one to bring."""
    kind = NOTICES.get(followup.series)
    return notice_of(followup.policy, kind, today) if kind and followup.policy else None


def failure_words(failure: str) -> str:
    return str(Failure(failure).label) if failure in Failure.values else _("no reason given")


def failed(followup: FollowUp) -> str:
    """The latest debit of its premium, if the bank could not collect it and its own words do not say so."""
    due = followup.instalment
    if due is None or due.failed_on is None or followup.rule == "bank-failed":
        return ""
    words = {"day": in_words(due.failed_on), "reason": failure_words(due.failure)}
    return _("Debit of %(day)s failed: %(reason)s.") % words


def waiting_for(instalment: Instalment | None, today: date) -> str:
    """What is waited for while the reminders of an owed premium rest."""
    if instalment is None or not instalment.is_owed:
        return ""
    if instalment.rests_until is None or instalment.rests_until < today:
        return ""
    if instalment.said_paid_on:
        return _("Said to be paid; waiting for the return file")
    return _("Promised for %(day)s") % {"day": in_words(instalment.promised_on)}


TONES = {"kept": "ok", "partly": "warn", "broken": "danger", "open": "accent"}


def about_policy(policy: Policy, today: date) -> dict[str, Any]:
    """What the policy's page says about collecting the open premium."""
    due = policy.open_instalment
    if due is None:
        return {}
    words: Any = due.promises.with_state(today).order_by("pk")
    for word in words:
        word.state_label, word.tone = (
            Promise.State(word.state_now).label,
            TONES.get(word.state_now, "slate"),
        )
    return {
        "due": due,
        "words": words,
        "waiting": waiting_for(due, today),
        "failure": failure_words(due.failure),
        "remedy": REMEDIES[remedy_of(due.failure)],
        "authorised": authorised(policy, today),
        "case": UncollectedCase.objects.filter(instalment=due).first(),
        "overdue": due.due_on < today,
    }


def authorised(policy: Policy, today: date) -> tuple[str, str]:
    """The authorisation as of today, with its tone."""
    kinds = Policy.Authorisation
    now = kinds(policy.authorisation)
    if now == kinds.SIGNED and policy.authorised_until and policy.authorised_until < today:
        now = kinds.EXPIRED
    tones = {kinds.SIGNED: "ok", kinds.UNKNOWN: "slate"}
    return str(now.label), tones.get(now, "danger")


def about_client(client: Client, instalments: Iterable[Instalment], today: date) -> dict[str, Any]:
    """The client's promises counted, and the premiums whose reminders rest."""
    resting = [
        one for one in instalments if one.is_owed and one.rests_until and one.rests_until >= today
    ]
    tally = Promise.objects.filter(policy__holder=client).tally(today)
    return {
        "tally": tally,
        "promises": sum(tally.values()),
        "resting": [(due, waiting_for(due, today)) for due in resting],
    }
