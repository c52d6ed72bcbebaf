"""The rules of renewal money, each as the trade's table has it."""

import pytest

from followups.models import ServiceItem
from followups.rulebook import BY_CODE
from policies.models import Instalment, Policy

owed, held = Instalment.objects, Policy.objects
REMIND, SIGN, FORM, NOTICE = (ServiceItem(n) for n in (1, 2, 3, 4))

# code: date, days after it, days worth doing, priority, item, who still wants it
TABLE = {
    "renewal-week": ("due_on", -7, 6, 3, REMIND, owed.unpaid_by_debit_or_monthly),  # R03
    "lapsed": ("lapses_on", 0, 14, 1, REMIND, held.lapsed),  # R10
    "lapsed-30": ("lapses_on", 30, 30, 2, REMIND, held.recoverable),  # R11
    "lapsed-180": ("lapses_on", 180, 30, 3, REMIND, held.recoverable),  # R12
    "lapsed-365": ("lapses_on", 365, 30, 3, REMIND, held.recoverable),  # R13
    "reinstate-90": ("reinstate_by", -90, 30, 2, REMIND, held.recoverable),  # R14
    "reinstate-30": ("reinstate_by", -30, 30, 1, REMIND, held.recoverable),  # R14
    "authorisation-missing": ("due_on", -60, 50, 3, SIGN, owed.without_authorisation),  # R15
    "uncollected-form": ("due_on", 40, 20, 2, FORM, owed.unpaid_without_form),  # R16
    "success-notice": ("paid_on", 1, 14, 3, NOTICE, owed.paid_for_sure),  # R17
    "bank-failed": ("failed_on", 0, 5, 2, REMIND, owed.debit_failed),  # R18
    "last-premium": ("due_on", -60, 60, 3, REMIND, owed.unpaid_final),  # R19
    "paying-completed": ("paid_on", 3, 30, 3, NOTICE, owed.paid_final),  # R20
    "premium-loan": ("closed_on", 1, 20, 2, REMIND, owed.advanced),  # R21
    "promise-check": ("promised_on", 1, 3, 1, REMIND, owed.promised),  # R22
}


@pytest.mark.parametrize("code", TABLE)
def test_a_rule_is_that_of_the_table(code: str) -> None:
    rule = BY_CODE[code]
    found = (rule.on, rule.day, rule.keep, rule.priority, rule.item, rule.still or rule.among)
    assert found == TABLE[code]
