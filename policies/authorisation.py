"""The bank's authorisation to collect premiums: what loses it, and the signing that brings it back."""

from policies.bank import BankRow

# A debit that fails like this needs a new form; topping up the account would not help.
ACCOUNT_FAULTS = (
    BankRow.Failure.ACCOUNT_NOT_FOUND,
    BankRow.Failure.CARD_INVALID,
    BankRow.Failure.NAME_MISMATCH,
    BankRow.Failure.FROZEN_OR_CLOSED,
    BankRow.Failure.NO_AUTHORISATION,
)
