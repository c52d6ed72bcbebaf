"""What the lists of the days to come will hold if nothing changes: one statement over the rulebook."""

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from functools import cache
from itertools import starmap
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q, QuerySet

from followups.arriving import arriving
from followups.models import FollowUp
from followups.rulebook import BY_CODE, RULEBOOK
from followups.rules import Rule
from followups.statements import FIRST, LAST, OWN_DAY, THESE, TODAY, Statement, near
from policies.models import Instalment, Policy

ONE_DAY = timedelta(days=1)
SOMEBODY = -1
WHOSE = {"client": "pk", "agent": "agent_id"}
COLUMN = {"pk": "id", "agent_id": "agent_id"}

NAMES = ", ".join(FollowUp.WRITTEN)
# Where a rule has no policy, PostgreSQL would take the empty column for a text.
KEYS = ("policy_id", "instalment_id", "planned_id")
COLUMNS = ", ".join(f"{name}::bigint" if name in KEYS else name for name in FollowUp.WRITTEN)

# Counted from the first day, so that the 31st comes back after a short month.
AGAIN = """
SELECT false, p.client_id, NULL::bigint, NULL::bigint, %s, %s, %s, %s, t.day, t.day, t.day + %s, p.id
FROM followups_planned p JOIN clients_client c ON c.id = p.client_id
JOIN (VALUES ('days', 1, interval '1 day'), ('week', 7, interval '7 days'), ('month', 28, interval '1 month'),
    ('year', 365, interval '1 year')) s(every, shortest, step) ON s.every = p.every
CROSS JOIN LATERAL (SELECT (p.first_on + n * s.step)::date AS day
    FROM generate_series(0, (%s - p.first_on) / s.shortest, CASE p.every WHEN 'days' THEN p.days ELSE 1 END) n) t
WHERE p.item = %s AND p.dropped_on IS NULL AND c.{whose} = %s AND NOT c.deceased AND NOT c.do_not_contact
AND t.day > p.on AND t.day BETWEEN %s AND %s AND (p.until IS NULL OR t.day <= p.until)
"""


class Foreseen(NamedTuple):
    """A follow-up that will be written; `unpaid` if only because a premium not yet due stays unpaid."""

    unpaid: bool
    client_id: int
    policy_id: int | None
    instalment_id: int | None
    rule: str
    series: str
    item: int
    priority: int
    occasion_on: date
    list_on: date
    keep_until: date
    planned_id: int | None

    @property
    def followup(self) -> FollowUp:
        """As it would stand on the list; not saved."""
        return FollowUp(**{name: getattr(self, name) for name in FollowUp.WRITTEN})


def of_client(
    client: int, first: date, last: date, *, today: date, unpaid: bool = False
) -> list[Foreseen]:
    """What the rules will ask for on the days `first..last`, as the book and the plan stand.

    Of each row it is asked as of the day on which it would be listed: a premium whose cover ends in
    August has reminders in July and a lapse in August. Premiums that are not due yet are taken to
    be paid when they are, unless `unpaid` wants to know of the other case too.
    """
    marks = {FIRST: first, LAST: last, TODAY: today, SOMEBODY: client}
    return _ask("client", arriving({**marks, THESE: [client]}), marks, unpaid=unpaid)


def of_agent(agent: int, first: date, last: date, *, today: date) -> list[Foreseen]:
    """The same for everybody whom the agent serves."""
    marks = {FIRST: first, LAST: last, TODAY: today, SOMEBODY: agent}
    return _ask("agent", BY_CODE, marks, unpaid=False)


def _ask(
    whose: str, codes: Collection[str], marks: dict[Any, Any], *, unpaid: bool
) -> list[Foreseen]:
    asked = [_question(rule.code, whose, unpaid) for rule in RULEBOOK if rule.code in codes]
    found = Statement.union([*asked, _coming_again(whose)]).rows(marks)
    # Two children of a client may have their birthday on one day: the list holds it once.
    rows = {
        (row.client_id, row.rule, row.policy_id, row.occasion_on, row.planned_id): row
        for row in starmap(Foreseen, found)
    }
    return sorted(rows.values(), key=lambda row: (row.list_on, row.priority, row.client_id))


@cache
def _question(code: str, whose: str, unpaid: bool) -> Statement:
    """Of each row it is asked as of its own day."""
    return Statement.union(_branches(BY_CODE[code], WHOSE[whose], unpaid))


def _branches(rule: Rule, field: str, unpaid: bool) -> Iterator[Statement]:
    to = f"{rule.to_client}__" if rule.to_client else ""
    rows = rule.yet_to_write(FIRST, LAST, as_of=OWN_DAY).filter(**{f"{to}{field}": SOMEBODY})
    due_on = only_if_unpaid(rule)
    if not due_on:
        yield _branch(rule, rows, unpaid=False)
        return
    yield _branch(rule, rows.filter(Q((f"{due_on}__lt", TODAY))), unpaid=False)
    if unpaid:
        yield _branch(rule, rows.exclude(Q((f"{due_on}__lt", TODAY))), unpaid=True)


def _coming_again(whose: str) -> Statement:
    """Own tasks after the next time, with which the rule itself waits: `Planned.days_in` as SQL."""
    rule = BY_CODE["own-task"]
    named = [rule.code, rule.series, rule.item, rule.priority, rule.keep]
    sql = AGAIN.format(whose=COLUMN[WHOSE[whose]])
    return Statement(sql, (*named, LAST, rule.item, SOMEBODY, FIRST, LAST))


def only_if_unpaid(rule: Rule) -> str:
    """The way to the due date, where the rule only speaks of premiums that were not paid on it."""
    model = rule.among(OWN_DAY).model
    if model is Instalment and rule.on in {"due_on", "grace_ends_on"}:
        return "due_on" if rule.on == "grace_ends_on" or rule.day > 0 else ""
    return "next_due_on" if model is Policy and rule.on in {"lapses_on", "reinstate_by"} else ""


def _branch(rule: Rule, rows: QuerySet[Any, Any], *, unpaid: bool) -> Statement:
    """The rows as SQL, with each row's own day wherever the day was compared with something."""
    sql, params = rows.query.sql_with_params()
    column = rows.model._meta.get_field(rule.on).column
    quote = connection.ops.quote_name
    own_day = f"{quote(rows.query.get_initial_alias())}.{quote(column)} + {rule.day}"
    first, *parts = sql.split("%s")
    text, given = first, []
    for param, part in zip(params, parts, strict=True):
        if isinstance(param, date) and near(param, OWN_DAY):
            text += f"({own_day} + {(param - OWN_DAY).days}){part}"
        else:
            text += f"%s{part}"
            given.append(param)
    sql = f"SELECT {str(unpaid).lower()}, {COLUMNS} FROM ({text}) AS r ({NAMES})"  # noqa: S608 - the rules' own SQL
    return Statement(sql, tuple(given))
