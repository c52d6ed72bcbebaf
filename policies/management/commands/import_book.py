import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from policies.importing.apply import Order, Report
from policies.importing.direct import import_path
from policies.importing.problems import REASONS, Refusal
from policies.models import Insurer


class Command(BaseCommand):
    help = "Import an insurer's lists: policy book, renewals, persistency, bank return."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help=".xlsx, .xls, .csv or .tsv")
        parser.add_argument(
            "--create-agents", action="store_true", help="make accounts for unknown agents"
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what would change")
        parser.add_argument("--json", action="store_true", help="print the report as one object")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        order = Order(
            Insurer.usual(), create_agents=options["create_agents"], dry_run=options["dry_run"]
        )
        try:
            reports = import_path(path, path.name, order)
        except Refusal as refusal:
            raise CommandError(str(refusal), returncode=2) from None
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}", returncode=2) from None
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(reports), ensure_ascii=False))
        else:
            for report in reports:
                self._tell(report)

    def _tell(self, report: Report) -> None:
        self.stdout.write(f"kind: {report.kind}")
        for name, value in report.numbers.items():
            self.stdout.write(f"{name.replace('_', ' ')}: {value}")
        for note in report.noticed:
            self.stdout.write(f"note: {note.words}")
        for kind, findings in (("rejected", report.rejected), ("warning", report.warnings)):
            for finding in findings[:20]:
                words = REASONS[finding.reason].words
                self.stdout.write(f"{kind}: row {finding.row}, {finding.column}: {words}")
            if len(findings) > 20:
                self.stdout.write(f"{kind}: {len(findings) - 20} more (see --json)")


def _as_json(reports: list[Report]) -> dict[str, Any]:
    """The report of the list; of several lists the first, with all of them under `lists`."""
    said = [report.as_json() for report in reports]
    return said[0] if len(said) == 1 else said[0] | {"lists": said}
