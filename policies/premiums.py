"""Premiums: what is owed, what was paid, and when cover ends if nobody pays."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.db import transaction
from django.db.models import Min
from django.utils.translation import gettext as _

from accounts.models import AuditEntry, User
from lib import dates
from policies.lifecycle import PolicyEvent, because
from policies.models import Instalment, Policy, Product

USUAL_GRACE_DAYS = 60
REINSTATEMENT_YEARS = 2  # Insurance Law, article 37: two years to come back after cover stopped
PAYABLE = {Policy.Status.IN_FORCE, Policy.Status.LAPSED}


class Refused(Exception):  # noqa: N818 - what it says to the user
    """It cannot be booked like this; the message says why and what to do."""


def record_payment(instalment: Instalment, *, on: date, by: User) -> Instalment | None:
    """Book the payment and open the next instalment; return that one, None when paying is over.

    An instalment no longer owed stays as it is. Raise Refused for money that came after the cover
    ended: it brings the policy back only together with a reinstatement.
    """
    _refuse_late(instalment, on)
    return _settle(instalment, "", on=on, by=by)


def close(instalment: Instalment, how: str, *, on: date, by: User) -> Instalment | None:
    """Waive the premium, or enter that a loan has advanced it; return the next one.

    Raise Refused for a day on which the cover had ended: there was nothing left to keep.
    """
    _refuse_late(instalment, on)
    return _settle(instalment, Instalment.Closed(how), on=on, by=by)


def _refuse_late(instalment: Instalment, on: date) -> None:
    if instalment.is_owed and on > instalment.grace_ends_on:
        raise Refused(
            _("Grace ended on %(day)s and the cover with it. Reinstate the policy instead.")
            % {"day": instalment.grace_ends_on.isoformat()}
        )


@transaction.atomic
def _settle(instalment: Instalment, closed_as: str, *, on: date, by: User) -> Instalment | None:
    policy = locked(instalment.policy_id)
    instalment.refresh_from_db()
    if instalment.is_owed:
        with because(PolicyEvent.Source.HAND, on=on, by=by):
            if closed_as:
                _close(instalment, closed_as, on=on)
            else:
                collect(instalment, on=on)
            follow_dates(policy)
        _record(policy, instalment, closed_as or "paid", on, by)
    return policy.instalments.owed().first()


def locked(policy_id: int) -> Policy:
    """The policy, which nobody else changes until the transaction ends."""
    return Policy.objects.select_for_update(of=("self",)).get(pk=policy_id)


def collect(instalment: Instalment, *, on: date) -> None:
    """Mark the premium paid, forget its failed debits, and open the next."""
    instalment.paid_on, instalment.failed_on, instalment.failure = on, None, ""
    instalment.save(update_fields=["paid_on", "failed_on", "failure"])
    _open(instalment.policy, instalment.policy.due_after(instalment.due_on))


def _close(instalment: Instalment, closed_as: str, *, on: date) -> None:
    instalment.closed_as, instalment.closed_on = closed_as, on
    instalment.save(update_fields=["closed_as", "closed_on"])
    _open(instalment.policy, instalment.policy.due_after(instalment.due_on))


def _record(policy: Policy, instalment: Instalment, how: str, on: date, by: User) -> None:
    said = {"due_on": str(instalment.due_on), f"{how}_on": str(on)}
    AuditEntry.record(by, AuditEntry.Action.PAYMENT, policy, **said)


class Due(NamedTuple):
    """One premium that is owed, opened or not."""

    due_on: date
    amount: Decimal


def dues(policy: Policy, on: date, owed: Iterable[Instalment] | None = None) -> list[Due]:
    """All premiums that a reinstatement on that day has to pay; those not yet opened, too.

    `owed` spares the reading: what is owed of the policy, the oldest first.
    """
    opened = policy.instalments.owed().order_by("due_on") if owed is None else owed
    found = [Due(each.due_on, each.amount) for each in opened if each.due_on <= on]
    due_on = policy.due_after(found[-1].due_on) if found else None
    while due_on and due_on <= on:
        found.append(Due(due_on, policy.premium))
        due_on = policy.due_after(due_on)
    return found


def arrears(policy: Policy, on: date) -> Decimal:
    return sum((due.amount for due in dues(policy, on)), Decimal(0))


@transaction.atomic
def reinstate(policy: Policy, *, on: date, by: User) -> None:
    """Bring a lapsed policy back: what it owes up to `on` is paid that day, and it is in force again.

    Raise Refused for a policy that has not lapsed by then, or can no longer come back.
    """
    policy = locked(policy.pk)
    if policy.status_on(on) != Policy.Status.LAPSED:
        raise Refused(_("This policy has not lapsed. Nothing was changed."))
    if policy.reinstate_by and on > policy.reinstate_by:
        raise Refused(
            _("This policy could be reinstated until %(day)s; now only the insurer can say more.")
            % {"day": policy.reinstate_by.isoformat()}
        )
    if policy.status == Policy.Status.IN_FORCE:
        _write_down_the_lapse(policy, by)
    with because(PolicyEvent.Source.HAND, on=on, by=by):
        while (owed := policy.instalments.owed().filter(due_on__lte=on).first()) is not None:
            collect(owed, on=on)
        policy.status, policy.reinstated_on = Policy.Status.IN_FORCE, on
        policy.save(update_fields=["status", "reinstated_on"])
        follow_dates(policy)
    AuditEntry.record(by, AuditEntry.Action.UPDATE, policy, reinstated_on=str(on))


def _write_down_the_lapse(policy: Policy, by: User) -> None:
    """A lapse follows from the dates; before they are gone, the policy's line shall tell of it."""
    with because(PolicyEvent.Source.HAND, on=policy.lapses_on, by=by):
        policy.status = Policy.Status.LAPSED
        policy.save(update_fields=["status"])


@transaction.atomic
def change_mode(policy: Policy, mode: str, premium: Decimal, *, on: date, by: User) -> None:
    """Pay in another rhythm from the open instalment on; `premium` is that of one payment.

    Raise Refused where nothing is due that could be paid otherwise.
    """
    policy = locked(policy.pk)
    if policy.status not in PAYABLE or policy.next_due_on is None:
        raise Refused(_("Nothing is due on this policy, so there is no mode to change."))
    with because(PolicyEvent.Source.HAND, on=on, by=by):
        policy.premium_mode, policy.premium = mode, premium
        policy.save(update_fields=["premium_mode", "premium"])
        _keep_rhythm(policy, on)
        follow_dates(policy)
    AuditEntry.record(by, AuditEntry.Action.UPDATE, policy, premium_mode=mode, premium=str(premium))


def _keep_rhythm(policy: Policy, on: date) -> None:
    """Of what is owed, keep the premiums of the new rhythm at its price; the others fall away."""
    owed = list(policy.instalments.owed().order_by("due_on"))
    expected: date | None = owed[0].due_on
    for each in owed:
        if each.due_on == expected:
            each.amount = policy.premium
            expected = policy.due_after(each.due_on)
        else:
            each.closed_as, each.closed_on = Instalment.Closed.CANCELLED, on
        each.save(update_fields=["amount", "closed_as", "closed_on"])


@transaction.atomic
def schedule(policy: Policy) -> Instalment | None:
    """Make or move the open instalment so that it follows what was entered by hand."""
    opened = policy.instalments.owed().first()
    if policy.next_due_on is None or policy.status not in PAYABLE:
        policy.instalments.owed().delete()
    elif opened is None:
        _open(policy, policy.next_due_on)
    elif not policy.instalments.filter(due_on=policy.next_due_on).exclude(pk=opened.pk).exists():
        opened.due_on = policy.next_due_on
        opened.grace_ends_on = grace_end(policy, policy.next_due_on)
        opened.amount = policy.premium
        opened.save(update_fields=["due_on", "grace_ends_on", "amount"])
    follow_dates(policy)
    return policy.instalments.owed().first()


def grace_end(policy: Policy, due_on: date) -> date:
    """The last day on which paying still keeps the cover."""
    product = policy.product
    if product is None:
        return due_on + timedelta(days=USUAL_GRACE_DAYS)
    by_month = product.due_basis == Product.DueBasis.MONTH_END
    begins_after = dates.month_end(due_on) if by_month else due_on
    return begins_after + timedelta(days=product.grace_days)


def reinstatement_end(grace_ends_on: date, years: int = REINSTATEMENT_YEARS) -> date:
    """The last day on which a policy that lapsed after that grace period can come back."""
    return dates.add_years(grace_ends_on, years)


def first_due(policy: Policy, on_or_after: date) -> date | None:
    """The next premium counted from the effective date, None when nothing more is due."""
    if policy.effective_on is None or policy.months_between is None:
        return None
    due_on = dates.next_due_date(policy.effective_on, policy.months_between, on_or_after)
    end = policy.pay_years and dates.add_years(policy.effective_on, policy.pay_years)
    return None if end and due_on >= end else due_on


def follow_dates(policy: Policy) -> None:
    """Set the next due date and the first day without cover from what is unpaid."""
    unpaid = policy.instalments.owed().aggregate(
        due_on=Min("due_on"), grace_ends_on=Min("grace_ends_on")
    )
    policy.next_due_on = unpaid["due_on"]
    grace_ends_on = unpaid["grace_ends_on"]
    policy.lapses_on = grace_ends_on + timedelta(days=1) if grace_ends_on else None
    years = policy.product.reinstate_years if policy.product else REINSTATEMENT_YEARS
    policy.reinstate_by = reinstatement_end(grace_ends_on, years) if grace_ends_on else None
    policy.save(update_fields=["next_due_on", "lapses_on", "reinstate_by"])
    policy.__dict__.pop("open_instalment", None)


def _open(policy: Policy, due_on: date | None) -> None:
    if due_on is None:
        return
    Instalment.objects.get_or_create(
        policy=policy,
        due_on=due_on,
        defaults={"grace_ends_on": grace_end(policy, due_on), "amount": policy.premium},
    )
