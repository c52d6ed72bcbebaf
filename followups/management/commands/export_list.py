import io
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts.models import AuditEntry, User
from followups.export import COLUMNS, rows_of
from followups.models import FollowUp, FollowUpQuerySet
from lib.tables import write_csv, write_xlsx


class Command(BaseCommand):
    help = "Write the follow-up list of a day as a table: CSV (UTF-8 with BOM) or xlsx."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--for", dest="day", required=True, metavar="YYYY-MM-DD")
        parser.add_argument("--agent", metavar="STAFF_NO", help="only this agent's clients")
        parser.add_argument("--format", choices=["csv", "xlsx"], default="csv")
        parser.add_argument("--output", metavar="FILE", help="default: standard output")
        parser.add_argument("--reveal", action="store_true", help="full phone numbers; recorded")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        day = _day(options["day"])
        rows = rows_of(_of_agent(options["agent"]), day, reveal=options["reveal"])
        count = self._write(rows, options["format"], options["output"])
        AuditEntry.record(
            None,
            AuditEntry.Action.EXPORT,
            f"list of {day}",
            rows=count,
            agent=options["agent"],
            revealed=options["reveal"],
        )

    def _write(self, rows: Iterator[tuple[Any, ...]], form: str, path: str | None) -> int:
        if form == "xlsx":
            return write_xlsx(path or sys.stdout.buffer, COLUMNS, rows)
        if path:
            with Path(path).open("w", encoding="utf-8", newline="") as file:
                return write_csv(file, COLUMNS, rows)
        text = io.StringIO(newline="")
        count = write_csv(text, COLUMNS, rows)
        self.stdout.write(text.getvalue(), ending="")
        return count


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text!r} is no date; write it like 2026-06-12.") from None


def _of_agent(staff_no: str | None) -> FollowUpQuerySet:
    followups = FollowUp.objects.all()
    if not staff_no:
        return followups
    if not User.objects.filter(staff_no=staff_no).exists():
        raise CommandError(f"Nobody here has the staff number {staff_no!r}.")
    return followups.filter(client__agent__staff_no=staff_no)
