"""What stands in the database, kept and brought back as it was: quicker than to make a branch anew."""

from io import BytesIO

from django.db import connection, transaction

AWAKE = """
SELECT tgrelid::regclass::text, tgname FROM pg_trigger
WHERE NOT tgisinternal AND tgenabled = 'O' ORDER BY 1, 2
"""


class Kept:
    """The rows of all tables, and how far their numbers have come."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            self.tables = {
                name: self._read(cursor, name)
                for name in connection.introspection.table_names(cursor)
            }
            cursor.execute("SELECT sequencename, last_value FROM pg_sequences WHERE last_value > 0")
            self.numbers = cursor.fetchall()

    @staticmethod
    def _read(cursor: object, table: str) -> bytes:
        rows = BytesIO()
        cursor.copy_expert(f'COPY "{table}" TO STDOUT', rows)  # type: ignore[attr-defined]
        return rows.getvalue()

    @transaction.atomic
    def bring_back(self) -> None:
        """Without triggers of ours: every row has been through them."""
        names = ", ".join(f'"{name}"' for name in self.tables)
        with connection.cursor() as cursor:
            cursor.execute(AWAKE)
            triggers = cursor.fetchall()
            for table, trigger in triggers:
                cursor.execute(f'ALTER TABLE {table} DISABLE TRIGGER "{trigger}"')
            cursor.execute(f"TRUNCATE {names} RESTART IDENTITY")
            for name, rows in self.tables.items():
                if rows:
                    cursor.copy_expert(f'COPY "{name}" FROM STDIN', BytesIO(rows))
            for sequence, last in self.numbers:
                cursor.execute("SELECT setval(%s::regclass, %s)", [f'"{sequence}"', last])
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for table, trigger in triggers:
                cursor.execute(f'ALTER TABLE {table} ENABLE TRIGGER "{trigger}"')
