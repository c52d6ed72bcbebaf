"""Working the list: what happened with a client is recorded, the next step follows, and both can be undone."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from clients.models import Client, Contact
from followups.models import FollowUp
from policies import promises

ONE_DAY = timedelta(days=1)
AGREED_KEEP = 7  # days for which an agreed call is worth making
Outcome = Contact.Outcome
WORDS = {Outcome.WILL_PAY, Outcome.PAID_ALREADY}  # a claim of the client; the file says the truth
CHECKS = ("promise-check", "claim-check")  # the rules that look after it


class Refused(Exception):  # noqa: N818 - what it says to the user
    """It cannot be recorded like this; the message says why and what to do."""


@transaction.atomic
def record(
    followups: Sequence[FollowUp],
    *,
    by: User,
    outcome: str,
    on: date,
    note: str = "",
    channel: str = Contact.Channel.CALL,
    until: date | None = None,
    amount: Decimal | None = None,
    follow: bool | None = None,
    next_on: date | None = None,
) -> Contact:
    """Close the given open follow-ups of one client with one contact, and make the next step.

    `until` is the day asked for or promised, `amount` the money promised where it is not all. The
    outcome decides on the next step unless `follow` says otherwise; `next_on` moves it. Raises
    Refused when nothing is open any more, when the clients differ, or when a day does not fit.
    """
    rows = _lock(followups)
    usual = _next_day(rows, outcome, on, until)
    next_on = _chosen_day(usual, outcome, follow, next_on, on)
    contact = Contact.objects.create(
        client=rows[0].client,
        by=by,
        on=on,
        channel=channel,
        outcome=outcome,
        promised_on=until,
        note=note,
        subject=_subject(rows),
    )
    _close(rows, contact)
    if next_on and not _looked_after(rows, outcome, next_on == usual):
        _agree(rows, next_on)
    if outcome in WORDS:
        _take_at_word(rows, contact, until, amount)
    Client.objects.filter(pk=contact.client_id).update(last_contact_on=on)
    return contact


def _lock(followups: Sequence[FollowUp]) -> list[FollowUp]:
    ids = sorted(row.pk for row in followups)
    rows = list(
        FollowUp.objects.select_for_update(of=("self",))
        .filter(pk__in=ids)
        .select_related("client", "instalment")
        .order_by("pk")
    )
    if not rows or any(not row.is_open for row in rows):
        raise Refused(_("This has been settled meanwhile. Reload the list."))
    if len({row.client_id for row in rows}) > 1:
        raise Refused(_("One entry is about one client."))
    return rows


def _next_day(rows: list[FollowUp], outcome: str, on: date, until: date | None) -> date | None:
    """When to speak to the client again, None where nothing needs to follow."""
    if outcome == Outcome.NO_ANSWER:
        return on + ONE_DAY
    if outcome == Outcome.PAID_ALREADY:
        return on + timedelta(days=settings.CLAIM_RESTS_DAYS) + ONE_DAY
    if outcome not in {Outcome.ASKED_LATER, Outcome.WILL_PAY}:
        return None
    if until is None:
        raise Refused(_("Choose the day."))
    check_day(rows, until, on)
    # A promise is looked at the day after: by then the money has arrived or has not.
    return until + ONE_DAY if outcome == Outcome.WILL_PAY else until


def _chosen_day(
    usual: date | None, outcome: str, follow: bool | None, wished: date | None, on: date
) -> date | None:
    """The usual day, unless the agent moved it or switched it off; a day asked for stays."""
    if follow is None or outcome == Outcome.ASKED_LATER:
        return usual
    day = (wished or usual) if follow else None
    if day and day < on:
        raise Refused(_("Choose a day from today on."))
    return day


def check_day(rows: Sequence[FollowUp], until: date, today: date) -> None:
    """Refuse a day that has passed, or on which a premium can no longer save the cover."""
    if until < today:
        raise Refused(_("Choose a day from today on."))
    ends = [row.instalment.grace_ends_on for row in rows if row.instalment]
    if ends and until > min(ends):
        raise Refused(
            _("Grace ends on %(day)s and the cover with it. Choose that day or an earlier one.")
            % {"day": min(ends).isoformat()}
        )


def _subject(rows: Sequence[FollowUp]) -> str:
    return ",".join(sorted({row.rule for row in rows}))[:120]


def _close(rows: Sequence[FollowUp], contact: Contact) -> None:
    now = timezone.now()
    for row in rows:
        row.status, row.outcome, row.contact = FollowUp.Status.DONE, contact.outcome, contact
        row.done_on, row.done_at, row.done_by = contact.on, now, contact.by
        row.save(update_fields=["status", "outcome", "contact", "done_on", "done_at", "done_by"])


def _looked_after(rows: Sequence[FollowUp], outcome: str, as_usual: bool) -> bool:
    """The rulebook itself comes back to what was said of a premium, on the usual day."""
    return outcome in WORDS and as_usual and any(row.instalment_id for row in rows)


def _agree(rows: Sequence[FollowUp], day: date) -> None:
    """Put what was agreed on the list of `day`, unless the same is agreed already."""
    FollowUp.objects.bulk_create(
        [
            FollowUp(
                client_id=row.client_id,
                policy_id=row.policy_id,
                instalment_id=row.instalment_id,
                rule=FollowUp.AGREED,
                series=row.series,
                item=row.item,
                priority=min(row.priority, 2),
                occasion_on=day,
                list_on=day,
                keep_until=day + timedelta(days=AGREED_KEEP),
                after=row,
            )
            for row in rows
        ],
        ignore_conflicts=True,
    )


def _take_at_word(
    rows: Sequence[FollowUp], contact: Contact, until: date | None, amount: Decimal | None
) -> None:
    """Note what the client said of each premium, and let its other reminders rest."""
    owed = {row.instalment_id: row.instalment for row in rows if row.instalment}
    for instalment in owed.values():
        if not instalment.is_owed:
            continue
        said: dict[str, Any] = {"on": contact.on, "by": contact.by, "contact": contact}
        if until and contact.outcome == Outcome.WILL_PAY:
            part = amount if len(owed) == 1 else None
            word = promises.promise(instalment, until=until, amount=part, **said)
        else:
            word = promises.claim(instalment, **said)
        reminders = FollowUp.objects.open().filter(
            instalment=instalment, series="premium", list_on__lte=word.promised_on
        )
        reminders.update(
            status=FollowUp.Status.WITHDRAWN, reason=FollowUp.Reason.RESTING, contact=contact
        )


def put_off(followup: FollowUp, *, by: User, until: date, on: date, reason: str = "") -> Contact:
    """Move one follow-up to a later day; the timeline keeps who did so. Raises Refused."""
    return record(
        [followup],
        by=by,
        outcome=Outcome.ASKED_LATER,
        on=on,
        channel=Contact.Channel.OTHER,
        until=until,
        note=reason,
    )


@transaction.atomic
def undo(contact: Contact, *, by: User) -> None:
    """Take an entry back: its follow-ups are open again, its next steps gone; the contact stays, struck.

    Raises Refused when a next step has been worked on since.
    """
    contact = Contact.objects.select_for_update().get(pk=contact.pk)
    if contact.undone_at:
        return
    rows = FollowUp.objects.filter(contact=contact)
    steps = FollowUp.objects.filter(Q(after__in=rows.values("pk")) | _checks_of(contact))
    if steps.filter(status=FollowUp.Status.DONE).exists():
        raise Refused(_("The next step has been worked on already, so this entry stays."))
    steps.filter(status__in=[FollowUp.Status.OPEN, FollowUp.Status.WITHDRAWN]).delete()
    promises.take_back(contact)
    rows.update(
        status=FollowUp.Status.OPEN,
        reason="",
        outcome="",
        contact=None,
        done_on=None,
        done_at=None,
        done_by=None,
    )
    contact.undone_at = timezone.now()
    contact.save(update_fields=["undone_at"])


def _checks_of(contact: Contact) -> Q:
    """The follow-ups that look after what was said in the contact."""
    said = contact.promises.values_list("instalment_id", "promised_on")
    checks = Q(pk__in=[])
    for instalment_id, promised_on in said:
        checks |= Q(rule__in=CHECKS, instalment_id=instalment_id, occasion_on=promised_on)
    return checks
