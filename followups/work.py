"""Working the list: what happened with a client is recorded, the next step follows, and both can be undone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from clients.models import Contact
from followups import changes, enough, escalations, greetings, successors
from followups.agenda import home_of, needs_outcome
from followups.models import FollowUp, FollowUpQuerySet, ServiceItem, Successor
from followups.refusal import Refused as Refused  # noqa: PLC0414 - whoever records meets it
from followups.successors import NextStep
from policies import promises

ONE_DAY = timedelta(days=1)
AGREED_KEEP = 7  # days for which an agreed call is worth making
LOOK_UP_KEEP = 14  # days for which a number or an address is looked for
Outcome = Contact.Outcome
WORDS = {Outcome.WILL_PAY, Outcome.PAID_ALREADY}  # a claim of the client; the file says the truth
NEED_A_DAY = {Outcome.WILL_PAY, Outcome.ASKED_LATER}
CHECKS = ("promise-check", "claim-check")  # the rules that look after it


@dataclass(frozen=True)
class Told:
    """What came of a contact, as it was told.

    `until` is the day asked for or promised, `amount` the money promised where it is not all. The
    office's table decides on the next step unless `follow` says otherwise; `next_on` moves it.
    """

    outcome: str
    note: str = ""
    channel: str = Contact.Channel.CALL
    until: date | None = None
    amount: Decimal | None = None
    follow: bool | None = None
    next_on: date | None = None
    refusal: str = ""
    address: str = ""
    met_at: time | None = None


@transaction.atomic
def record(followups: Sequence[FollowUp], *, by: User, on: date, **told: Any) -> Contact:
    """Close the given open follow-ups with one contact for each client, and make the next step.

    `told` are the fields of `Told`. Raises Refused when nothing is open any more, when they are of
    several households, or when a day does not fit. Returns the contact with the first one's client.
    """
    return record_within(followups, by=by, on=on, **told)


def record_within(followups: Sequence[FollowUp], *, by: User, on: date, **told: Any) -> Contact:
    """As `record`, inside a transaction of the caller's."""
    rows = _lock(followups)
    first: Contact | None = None
    for _client, theirs in _by_client(followups, rows):
        said = Told(**told)
        if first and said.outcome in WORDS and not any(map(needs_outcome, theirs)):
            said = replace(said, outcome=Outcome.DONE, until=None)
        contact = _record(theirs, said, by=by, on=on, entry=first)
        first = first or contact
    assert first
    return first


def _by_client(
    followups: Sequence[FollowUp], rows: list[FollowUp]
) -> list[tuple[int, list[FollowUp]]]:
    """The rows of each client, in the order in which the clients were named."""
    order = dict.fromkeys(followup.client_id for followup in followups)
    return [(pk, [row for row in rows if row.client_id == pk]) for pk in order]


def _record(
    rows: list[FollowUp], told: Told, *, by: User, on: date, entry: Contact | None
) -> Contact:
    outcome, client = told.outcome, rows[0].client
    step = successors.next_step(client, outcome, on)
    if outcome == Outcome.MOVED and told.address:
        step = NextStep(Successor.Step.NOTHING)
    usual = _usual_day(rows, step, told, on)
    next_on = _chosen_day(usual, outcome, told.follow, told.next_on, on)
    changed = _changed(rows, told, step, on)
    contact = Contact.objects.create(
        client=client,
        by=by,
        on=on,
        channel=told.channel,
        met_at=told.met_at,
        outcome=outcome,
        refusal=told.refusal if outcome == Outcome.REFUSED else "",
        promised_on=told.until,
        note=told.note,
        subject=_subject(rows),
        reviewed=_went_through(rows, outcome),
        entry=entry,
        before=changes.before(client, changed),
    )
    changes.write(client.pk, changed)
    said_of = _close(rows, contact)
    if next_on and not _looked_after(rows, outcome, next_on == usual):
        _put_on_list(said_of, step.rule, next_on)
    _follow(contact, step, rows, told)
    enough.after(contact)
    return contact


def _went_through(rows: Sequence[FollowUp], outcome: str) -> bool:
    """Whether the policies were reviewed with the client."""
    return outcome == Outcome.DONE and any(row.item == ServiceItem.POLICY_REVIEW for row in rows)


def _changed(rows: Sequence[FollowUp], told: Told, step: NextStep, on: date) -> dict[str, Any]:
    """What the outcome changes about the client."""
    fields: dict[str, Any] = {}
    if told.outcome == Outcome.MOVED and told.address:
        fields["address"] = told.address
    if told.outcome == Outcome.WRONG_NUMBER:
        fields["contact_invalid_on"] = on
    if told.outcome == Outcome.DONE and any(row.series in FollowUp.OF_THE_NUMBER for row in rows):
        fields |= {"verified_on": on, "contact_invalid_on": None}
    if step.step == Successor.Step.QUIET:
        fields |= {"deceased": True, "deceased_on": on}
    return fields


def _follow(contact: Contact, step: NextStep, rows: list[FollowUp], told: Told) -> None:
    """What an outcome changes besides the client and the rows themselves."""
    if contact.outcome in WORDS:
        _take_at_word(rows, contact, told.until, told.amount)
    if step.step == Successor.Step.MANAGER:
        escalations.hand_up(contact)
    if step.step == Successor.Step.QUIET:
        _leave_in_peace(contact)


def _leave_in_peace(contact: Contact) -> None:
    """After a death nothing goes on as it was; what the family is owed the rulebook brings."""
    contact.client.followups.open().update(
        status=FollowUp.Status.WITHDRAWN,
        reason=FollowUp.Reason.DECEASED,
        withdrawn_on=contact.on,
        contact=contact,
    )


def _lock(followups: Sequence[FollowUp]) -> list[FollowUp]:
    ids = sorted(row.pk for row in followups)
    rows = list(
        FollowUp.objects.select_for_update(of=("self", "client"))
        .filter(pk__in=ids)
        .select_related("client", "instalment")
        .order_by("pk")
    )
    if not rows or any(not row.is_open for row in rows):
        raise Refused(_("This has been settled meanwhile. Reload the list."))
    if len({home_of(row.client) for row in rows}) > 1:
        raise Refused(_("One entry is about one client or one household."))
    return rows


def _usual_day(rows: list[FollowUp], step: NextStep, told: Told, on: date) -> date | None:
    """When the next step is due, None where nothing needs to follow."""
    if told.outcome in NEED_A_DAY:
        if told.until is None:
            raise Refused(_("Choose the day."))
        check_day(rows, told.until, on)
    return step.day(on, told.until)


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
    owed = [row.instalment for row in rows if row.instalment and row.instalment.is_owed]
    ends = [instalment.grace_ends_on for instalment in owed]
    if ends and until > min(ends):
        raise Refused(
            _("Grace ends on %(day)s and the cover with it. Choose that day or an earlier one.")
            % {"day": min(ends).isoformat()}
        )


def _subject(rows: Sequence[FollowUp]) -> str:
    return ",".join(sorted({row.rule for row in rows}))[:120]


def _close(rows: Sequence[FollowUp], contact: Contact) -> list[FollowUp]:
    """Close the rows and return those of which the outcome was told.

    Who promises a premium has been given the notice or the greeting as well: that is simply done.
    """
    told_of = [row for row in rows if contact.outcome not in WORDS or needs_outcome(row)] or rows
    for row in rows:
        row.turn(FollowUp.Status.DONE)
        row.outcome = contact.outcome if row in told_of else Outcome.DONE
    for outcome in {row.outcome for row in rows}:
        FollowUp.objects.filter(pk__in=[row.pk for row in rows if row.outcome == outcome]).update(
            status=FollowUp.Status.DONE,
            outcome=outcome,
            contact=contact,
            done_on=contact.on,
            done_at=timezone.now(),
            done_by=contact.by,
        )
    return list(told_of)


def _looked_after(rows: Sequence[FollowUp], outcome: str, as_usual: bool) -> bool:
    """The rulebook itself comes back to what was said of a premium, on the usual day."""
    return outcome in WORDS and as_usual and any(row.instalment_id for row in rows)


def _put_on_list(rows: Sequence[FollowUp], rule: str, day: date) -> None:
    """Put what follows on the list of `day`, unless the same stands there already."""
    made = [_look_up(rows[0], rule, day)] if rule != FollowUp.AGREED else _agreed(rows, day)
    FollowUp.objects.bulk_create(made, ignore_conflicts=True)


def _agreed(rows: Sequence[FollowUp], day: date) -> list[FollowUp]:
    return [
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
    ]


def _look_up(row: FollowUp, rule: str, day: date) -> FollowUp:
    """A number or an address to be found: a matter of the client, whatever it came from."""
    return FollowUp(
        client_id=row.client_id,
        rule=rule,
        series=rule,
        item=ServiceItem.INFO_CHANGE,
        priority=2,
        occasion_on=day,
        list_on=day,
        keep_until=day + timedelta(days=LOOK_UP_KEEP),
        after=row,
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
            status=FollowUp.Status.WITHDRAWN,
            reason=FollowUp.Reason.RESTING,
            withdrawn_on=contact.on,
            contact=contact,
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
    first = contact.entry_id or contact.pk
    whole = Contact.objects.filter(Q(pk=first) | Q(entry=first)).order_by("pk")
    for one in whole.select_for_update(of=("self",)).select_related("client"):
        if not one.undone_at:
            _take_back(one, by)


def step_after(contact: Contact) -> FollowUp | None:
    """The next step that the contact left behind, while it is open."""
    return _of_its_client(contact).open().filter(after__contact=contact).first()


def _of_its_client(contact: Contact) -> FollowUpQuerySet:
    """All that a contact touches is about its client; without saying so, every follow-up would be read."""
    return FollowUp.objects.filter(client=contact.client_id)


def _take_back(contact: Contact, by: User) -> None:
    rows = _of_its_client(contact).filter(contact=contact)
    steps = _of_its_client(contact).filter(Q(after__in=rows.values("pk")) | _checks_of(contact))
    if steps.filter(status=FollowUp.Status.DONE).exists():
        raise Refused(_("The next step has been worked on already, so this entry stays."))
    if not escalations.take_back(contact):
        raise Refused(_("The supervisor has answered already, so this entry stays."))
    steps.filter(status__in=[FollowUp.Status.OPEN, FollowUp.Status.WITHDRAWN]).delete()
    promises.take_back(contact)
    changes.change_back(contact)
    greetings.take_back(contact, by=by)
    rows.update(
        status=FollowUp.Status.OPEN,
        reason="",
        outcome="",
        contact=None,
        withdrawn_on=None,
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
