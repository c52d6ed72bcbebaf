"""Premiums: what is owed, what was paid, and when cover ends if nobody pays."""

from datetime import date, timedelta

from django.db import transaction
from django.db.models import Min

from accounts.models import AuditEntry, User
from lib import dates
from policies.lifecycle import PolicyEvent, because
from policies.models import Instalment, Policy, Product

USUAL_GRACE_DAYS = 60
REINSTATEMENT_YEARS = 2  # Insurance Law, article 37: two years to come back after cover stopped
PAYABLE = {Policy.Status.IN_FORCE, Policy.Status.LAPSED}


@transaction.atomic
def record_payment(instalment: Instalment, *, on: date, by: User) -> Instalment | None:
    """Book the payment and open the next instalment; return that one, None when paying is over.

    An instalment already paid stays as it is.
    """
    policy = Policy.objects.select_for_update().get(pk=instalment.policy_id)
    instalment.refresh_from_db()
    if instalment.is_owed:
        with because(PolicyEvent.Source.HAND, on=on, by=by):
            instalment.paid_on = on
            instalment.save(update_fields=["paid_on"])
            _open(policy, policy.due_after(instalment.due_on))
            follow_dates(policy)
        AuditEntry.record(
            by, AuditEntry.Action.PAYMENT, policy, due_on=str(instalment.due_on), paid_on=str(on)
        )
    return policy.instalments.owed().first()


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
