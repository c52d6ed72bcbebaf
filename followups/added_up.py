"""Sums that are kept in advance by the statements that change them: proven, mended, packed together.

Triggers append what a statement added and took away, whoever changes a follow-up or gives its client to
somebody else, and by whichever way. Nobody waits for anybody; the night packs the rows together. What is
counted hangs on dates and on no "today", so that midnight changes nothing.
"""

from datetime import date
from typing import Any, ClassVar

from django.db import connection

# Whose work it is: what is open belongs to whoever serves the client, what was settled to whoever did then.
AGENT = "CASE status WHEN 'open' THEN c.agent_id ELSE f.served_by_id END"


class AddedUp:
    """A table of such sums; mixed into its model."""

    KEYS: ClassVar[tuple[str, ...]]  # columns, among them "on"
    SUMS: ClassVar[tuple[str, ...]]
    COUNTED: ClassVar[
        str
    ]  # keys and sums, counted from the follow-ups, of the days %(first)s to %(last)s
    _meta: Any

    @classmethod
    def wrong(cls, first: date, last: date) -> list[tuple[Any, ...]]:
        """The keys, and by how much each sum differs from the follow-ups: nowhere, or there is a fault."""
        with connection.cursor() as cursor:
            cursor.execute(cls._differences(), {"first": first, "last": last})
            return list(cursor.fetchall())

    @classmethod
    def mend(cls, first: date, last: date) -> int:
        """Append what lacks, in one statement, while others go on working; return how many rows."""
        with connection.cursor() as cursor:
            cursor.execute(f"{cls._into()} {cls._differences()}", {"first": first, "last": last})
            return int(cursor.rowcount)

    @classmethod
    def pack(cls) -> int:
        """Put the rows of the same keys together; what is appended meanwhile stays for the next time."""
        keys, table = cls._keys(), cls._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute(f"""
                WITH several AS (SELECT {keys} FROM {table} GROUP BY {keys} HAVING count(*) > 1),
                taken AS (
                    DELETE FROM {table} w USING several s
                    WHERE ({cls._keys("w.")}) = ({cls._keys("s.")}) RETURNING w.*
                )
                {cls._into()} SELECT {keys}, {cls._summed()} FROM taken
                GROUP BY {keys} HAVING {cls._anything()}
            """)  # noqa: S608 - nothing in it comes from outside
            return int(cursor.rowcount)

    @classmethod
    def _differences(cls) -> str:
        """What ought to stand, less what does."""
        keys = cls._keys()
        less = ", ".join(f"-{name}" for name in cls.SUMS)
        return f"""
            SELECT {keys}, {cls._summed()}
            FROM ({cls.COUNTED} UNION ALL
                  SELECT {keys}, {less} FROM {cls._meta.db_table}
                  WHERE "on" BETWEEN %(first)s AND %(last)s) AS both_sides
            GROUP BY {keys} HAVING {cls._anything()} ORDER BY {keys}
        """  # noqa: S608 - nothing in it comes from outside

    @classmethod
    def _keys(cls, of: str = "") -> str:
        return ", ".join(f'{of}"{name}"' for name in cls.KEYS)

    @classmethod
    def _into(cls) -> str:
        return f"INSERT INTO {cls._meta.db_table} ({cls._keys()}, {', '.join(cls.SUMS)})"

    @classmethod
    def _summed(cls) -> str:
        return ", ".join(f"sum({name}) AS {name}" for name in cls.SUMS)

    @classmethod
    def _anything(cls) -> str:
        return " OR ".join(f"sum({name}) <> 0" for name in cls.SUMS)
