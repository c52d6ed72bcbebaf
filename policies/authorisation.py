"""The bank's authorisation to collect premiums: what loses it, and the signing that brings it back."""

from datetime import date

from django.db import transaction

from accounts.models import AuditEntry, User
from policies.bank import BankRow
from policies.models import Policy

# A debit that fails like this needs a new form; topping up the account would not help.
ACCOUNT_FAULTS = (
    BankRow.Failure.ACCOUNT_NOT_FOUND,
    BankRow.Failure.CARD_INVALID,
    BankRow.Failure.NAME_MISMATCH,
    BankRow.Failure.FROZEN_OR_CLOSED,
    BankRow.Failure.NO_AUTHORISATION,
)


@transaction.atomic
def sign(policy: Policy, *, on: date, by: User, until: date | None = None) -> None:
    """Note that the holder signed the form; `until` is the day on which it runs out, if any."""
    policy = Policy.objects.select_for_update(of=("self",)).get(pk=policy.pk)
    policy.authorisation = Policy.Authorisation.SIGNED
    policy.authorised_until = until
    policy.version += 1
    policy.save(update_fields=["authorisation", "authorised_until", "version"])
    AuditEntry.record(
        by,
        AuditEntry.Action.UPDATE,
        policy,
        authorisation="signed",
        signed_on=str(on),
        until=str(until or ""),
    )
