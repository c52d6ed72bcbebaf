"""The service plan as a matrix of items and classes, and what another one would change.

What it changes is asked of the rulebook itself: what its rules want of next month by the plan as it
stands, and by the plan as it would be. The other plan is tried in a transaction that is taken back.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from django.db import connection, transaction
from django.db.models import Count, F
from django.utils.functional import Promise

from accounts.models import AuditEntry, User
from clients.models import Client
from followups.models import FollowUp, ServiceItem, ServicePlan
from followups.rulebook import RULEBOOK, label_of
from followups.rules import Rule
from lib import dates

Place = tuple[int, str]  # item and class
Levels = dict[Place, str]
CLASSES = (Client.Class.DEVELOP, Client.Class.NURTURE, Client.Class.MAINTAIN)
SHOWN = 5


def levels() -> Levels:
    """The plan as it stands; a cell that nobody filled is no."""
    items, nothing = ServiceItem.of_the_plan(), ServicePlan.Level.NO.value
    places = {(item, name): nothing for item in items for name in CLASSES}
    found = ServicePlan.objects.values_list("item", "client_class", "level")
    return places | {(item, name): level for item, name, level in found}


def rules_of(item: int) -> list[Rule]:
    return [rule for rule in RULEBOOK if item in _items(rule)]


def _items(rule: Rule) -> set[int]:
    """The items a rule may ask for: where the row decides, the cases say which."""
    if rule.item_by is None:
        return {rule.item}
    if isinstance(rule.item_by, F):
        return set(ServiceItem.of_the_plan())
    results = [*(case.result for case in rule.item_by.cases), rule.item_by.default]
    return {result.value for result in results}


@dataclass(frozen=True)
class Example:
    client: Client
    what: str | Promise
    on: date


@dataclass
class Change:
    """One cell that would be another, and what that does to next month's work."""

    item: int
    client_class: str
    was: str
    now: str
    clients: int = 0  # of this class
    gained: int = 0
    lost: int = 0
    concerned: int = 0  # clients who gain or lose
    teams: list[tuple[str, int, int]] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)

    @property
    def place(self) -> Place:
        return self.item, self.client_class

    @property
    def item_label(self) -> str | Promise:
        return ServiceItem(self.item).label

    @property
    def class_label(self) -> str | Promise:
        return Client.Class(self.client_class).label

    @property
    def was_label(self) -> str | Promise:
        return ServicePlan.Level(self.was).label

    @property
    def now_label(self) -> str | Promise:
        return ServicePlan.Level(self.now).label


def changes_of(standing: Levels, wanted: Levels) -> list[Change]:
    return [
        Change(*place, was=level, now=wanted[place])
        for place, level in standing.items()
        if wanted[place] != level
    ]


def month_after(today: date) -> tuple[date, date]:
    first = dates.add_months(today.replace(day=1), 1)
    return first, dates.month_end(first)


@transaction.atomic
def preview(changes: list[Change], first: date, last: date) -> list[Change]:
    """Tell of each change how much work of the days `first..last` comes and goes, and for whom."""
    rules = {rule.code: rule for change in changes for rule in rules_of(change.item)}.values()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(ASIDE.format(columns=COLUMNS))
        _note("matrix_was", rules, first, last)
        write(changes)
        _note("matrix_will", rules, first, last)
        _tell(changes)
        transaction.set_rollback(True)
    _count_clients(changes)
    return changes


def write(changes: Iterable[Change]) -> None:
    for change in changes:
        ServicePlan.objects.update_or_create(
            item=change.item, client_class=change.client_class, defaults={"level": change.now}
        )


@transaction.atomic
def save(changes: list[Change], *, by: User) -> None:
    """Write the new plan, recorded cell by cell; the next lists are written by it."""
    write(changes)
    detail = {f"{c.item} {c.client_class}": [c.was, c.now] for c in changes}
    AuditEntry.record(by, AuditEntry.Action.UPDATE, "service plan", **detail)


COLUMNS = ", ".join(FollowUp.WRITTEN)
ASIDE = """
SET LOCAL statement_timeout = 0;
CREATE TEMP TABLE matrix_was ON COMMIT DROP AS SELECT {columns} FROM followups_followup WITH NO DATA;
CREATE TEMP TABLE matrix_will ON COMMIT DROP AS SELECT {columns} FROM followups_followup WITH NO DATA
"""


def _note(table: str, rules: Iterable[Rule], first: date, last: date) -> None:
    """Put aside what the rules want of the days, by the facts of the first day or of the last.

    A premium that is owed on the first may have lapsed by the last, and the other way round.
    """
    with connection.cursor() as cursor:
        for rule in rules:
            for as_of in (first, last):
                rows = rule.candidates(first, last, as_of=as_of)
                sql, params = rows.query.get_compiler("default").as_sql()
                cursor.execute(f"INSERT INTO {table} ({COLUMNS}) {sql}", params)


DIFFERENCE = """
WITH moved AS (
    SELECT client_id, policy_id, rule, item, occasion_on, list_on,
           bool_or(side = 1) AS after, bool_or(side = 0) AS before
    FROM (SELECT 0 AS side, * FROM matrix_was UNION ALL SELECT 1, * FROM matrix_will) AS both_sides
    GROUP BY client_id, policy_id, rule, item, occasion_on, list_on
    HAVING NOT (bool_or(side = 1) AND bool_or(side = 0))
), told AS (
    SELECT m.*, coalesce(nullif(c.client_class, ''), 'maintain') AS client_class, u.team_id
    FROM moved m JOIN clients_client c ON c.id = m.client_id LEFT JOIN accounts_user u ON u.id = c.agent_id
)
"""
BY_TEAM = """
SELECT item, client_class, coalesce(t.name, ''), count(*) FILTER (WHERE after), count(*) FILTER (WHERE before),
       count(DISTINCT client_id)
FROM told LEFT JOIN accounts_team t ON t.id = told.team_id
GROUP BY item, client_class, t.id, t.name, t.path ORDER BY t.path NULLS LAST
"""
EXAMPLES = """
SELECT item, client_class, client_id, rule, list_on FROM (
    SELECT *, row_number() OVER (PARTITION BY item, client_class ORDER BY list_on, client_id, rule) AS place
    FROM told
) AS placed WHERE place <= %s ORDER BY place
"""


def _tell(changes: list[Change]) -> None:
    by_place = {change.place: change for change in changes}
    with connection.cursor() as cursor:
        cursor.execute(DIFFERENCE + BY_TEAM)
        for item, client_class, team, gained, lost, clients in cursor.fetchall():
            change = by_place[item, client_class]
            change.teams.append((team, gained, lost))
            change.gained += gained
            change.lost += lost
            change.concerned += clients
        cursor.execute(DIFFERENCE + EXAMPLES, [SHOWN])
        found = cursor.fetchall()
    clients = Client.objects.select_related("agent").in_bulk({row[2] for row in found})
    for item, client_class, client_id, rule, on in found:
        example = Example(clients[client_id], label_of(rule), on)
        by_place[item, client_class].examples.append(example)


def _count_clients(changes: list[Change]) -> None:
    found = Client.objects.order_by().values_list("client_class").annotate(n=Count("pk"))
    sizes = dict(found)
    sizes[Client.Class.MAINTAIN.value] = sizes.get("maintain", 0) + sizes.pop("", 0)
    for change in changes:
        change.clients = sizes.get(change.client_class, 0)
