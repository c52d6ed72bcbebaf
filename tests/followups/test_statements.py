"""A rule's statement is built once: with the days put in it is the one that would be built for them."""

from datetime import date

import pytest

from followups.rulebook import RULEBOOK
from followups.rules import Rule
from followups.statements import FIRST, LAST, OWN_DAY, Statement

every_rule = pytest.mark.parametrize("rule", RULEBOOK, ids=lambda rule: rule.code)
# Around leap days and ends of months, where counting in months or years would show.
DAYS = [date(2024, 2, 29), date(2026, 3, 1), date(2027, 12, 31)]


@every_rule
def test_with_its_days_it_is_the_one_built_for_them(rule: Rule) -> None:
    """Without a database: a rule compares with the day, and looks nothing up for it."""
    built = Statement.of(rule.yet_to_write(FIRST, LAST, as_of=OWN_DAY))
    for first in DAYS:
        for last in DAYS[1:]:
            anew = Statement.of(rule.yet_to_write(first, last, as_of=last))
            days = {FIRST: first, LAST: last, OWN_DAY: last}
            assert (built.sql, built.on(days)) == (anew.sql, list(anew.params))
