"""Statements built once, with their days left open.

Building the query of a rule takes ten times as long as running it. A rule depends on the day by a number
of days and in no other way, so its query is built with marks in the place of the days; a date near a mark
then means the day itself, as many days later or earlier. Any other parameter may be marked as well.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import BooleanField, F, Func, QuerySet, Value

FIRST, LAST, TODAY, OWN_DAY = (date(year, 1, 1) for year in (1910, 1920, 1930, 1940))
THESE = "these"
NEAR = timedelta(days=1500)


class OneOfThese(Func):
    """Whether a key is one of those put in the place of `THESE`, a list.

    An array of them, since the planner takes three times as long over an inner query.
    """

    template = "(%(expressions)s::bigint[]))"
    arg_joiner = " = ANY("
    output_field = BooleanField()

    def __init__(self, key: str) -> None:
        super().__init__(F(key), Value(THESE))


class Statement(NamedTuple):
    sql: str
    params: tuple[Any, ...]

    @classmethod
    def of(cls, rows: QuerySet[Any, Any]) -> "Statement":
        return cls(*rows.query.sql_with_params())

    @classmethod
    def union(cls, asked: Iterable["Statement"]) -> "Statement":
        """The rows of all of them."""
        asked = list(asked)
        sql = " UNION ALL ".join(f"({one.sql})" for one in asked)
        return cls(sql, tuple(param for one in asked for param in one.params))

    def on(self, marks: Mapping[Any, Any]) -> list[Any]:
        """The parameters, with what is meant in the place of the marks."""
        days = {mark: day for mark, day in marks.items() if isinstance(mark, date)}
        return [
            _day(param, days) if isinstance(param, date) else marks.get(param, param)
            for param in self.params
        ]

    def rows(self, marks: Mapping[Any, Any]) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(self.sql, self.on(marks))
            return list(cursor.fetchall())


def _day(param: date, days: Mapping[date, date]) -> date:
    return next((day + (param - mark) for mark, day in days.items() if near(param, mark)), param)


def near(day: date, mark: date) -> bool:
    return abs(day - mark) < NEAR
