import io
import sys
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts.models import AuditEntry, User
from followups.class_table import COLUMNS, ordered, with_all_it_says
from followups.exported import CLASSES
from lib.tables import write_csv, write_xlsx
from policies.models import ClassificationRun, ClientClass


class Command(BaseCommand):
    help = "Write the classification table of a month: CSV (UTF-8 with BOM) or xlsx."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--month", required=True, metavar="YYYY-MM")
        parser.add_argument("--format", choices=["csv", "xlsx"], default="csv")
        parser.add_argument("--agent", metavar="STAFF_NO", help="only this agent's clients")
        parser.add_argument("--output", metavar="FILE", help="default: standard output")
        parser.add_argument(
            "--reveal", action="store_true", help="full phone and ID numbers; recorded"
        )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        month, agent = _classified(options["month"]), options["agent"]
        rows = ClientClass.objects.filter(month=month)
        if agent:
            if not User.objects.filter(staff_no=agent).exists():
                raise CommandError(f"Nobody here has the staff number {agent!r}.")
            rows = rows.filter(client__agent__staff_no=agent)
        cells = CLASSES.cells(with_all_it_says(ordered(rows)), whole=options["reveal"])
        count = self._write(cells, options["format"], options["output"])
        AuditEntry.record(
            None,
            AuditEntry.Action.EXPORT,
            f"classes of {month:%Y-%m}",
            rows=count,
            agent=agent,
            revealed=options["reveal"],
        )

    def _write(self, cells: Any, form: str, path: str | None) -> int:
        if form == "xlsx":
            return write_xlsx(path or sys.stdout.buffer, COLUMNS, cells)
        if path:
            with Path(path).open("w", encoding="utf-8", newline="") as file:
                return write_csv(file, COLUMNS, cells)
        text = io.StringIO(newline="")
        count = write_csv(text, COLUMNS, cells)
        self.stdout.write(text.getvalue(), ending="")
        return count


def _classified(text: str) -> date:
    try:
        month = date.fromisoformat(f"{text}-01")
    except ValueError:
        raise CommandError(f"{text!r} is no month; write it like 2026-06.") from None
    if not ClassificationRun.objects.filter(month=month).exists():
        raise CommandError(
            f"{text} has not been classified; run: manage.py classify --month {text}"
        )
    return month
