"""Which rules can concern some clients at all: those for which a date of theirs arrives.

Planning the query of a rule takes longer than running it for a few clients, and of sixty rules a handful
have a date of theirs to begin on.
"""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from django.db.models import Case, Func, TextField, Value, When

from followups.rulebook import RULEBOOK
from followups.rules import Rule
from followups.statements import FIRST, LAST, OneOfThese, Statement


def arriving(marks: Mapping[Any, Any]) -> Collection[str]:
    """The codes of the rules with an occasion on `FIRST..LAST` for `THESE` clients, wanted or not: one query."""
    return {code for (code,) in _question().rows(marks)}


@cache
def _question() -> Statement:
    alike: dict[tuple[Any, str], list[Rule]] = {}
    for rule in RULEBOOK:
        alike.setdefault((rule.among(FIRST).model, rule.client), []).append(rule)
    return Statement.union(
        Statement.of(
            model.objects.filter(OneOfThese(client))
            .order_by()
            .values_list(_codes(rules))
            .distinct()
        )
        for (model, client), rules in alike.items()
    )


def _codes(rules: list[Rule]) -> Func:
    """The codes of those rules for which the row has an occasion on `FIRST..LAST`."""
    each = [Case(When(**rule.occasions(FIRST, LAST), then=Value(rule.code))) for rule in rules]
    known = "unnest(array_remove(ARRAY[%(expressions)s], NULL))"
    return Func(*each, template=known, output_field=TextField())
