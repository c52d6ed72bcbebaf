import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from policies.batches import ImportBatch
from policies.importing.apply import Order, Report
from policies.importing.intake import import_lists, summary
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
            reports = _import(path, order)
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
        for kind, findings in (("rejected", report.rejected), ("warning", report.warnings)):
            for finding in findings[:20]:
                words = REASONS[finding.reason].words
                self.stdout.write(f"{kind}: row {finding.row}, {finding.column}: {words}")
            if len(findings) > 20:
                self.stdout.write(f"{kind}: {len(findings) - 20} more (see --json)")


def _import(path: Path, order: Order) -> list[Report]:
    """Each list of the file with an entry in the ledger, from which the follow-ups are written."""
    made: list[ImportBatch] = []

    def begin() -> int:
        made.append(
            ImportBatch.objects.create(
                insurer=order.insurer, name=path.name[:200], create_agents=order.create_agents,
                state=ImportBatch.State.APPLIED,
            )
        )  # fmt: skip
        return made[-1].pk

    def finish(report: Report) -> None:
        ImportBatch.objects.filter(pk=made[-1].pk).update(
            kind=report.kind, report=summary(report), total_rows=report.rows,
            finished_at=timezone.now(),
        )  # fmt: skip

    return import_lists(path, path.name, order, begin=begin, finish=finish)


def _as_json(reports: list[Report]) -> dict[str, Any]:
    """The report of the list; of several lists the first, with all of them under `lists`."""
    said = [report.as_json() for report in reports]
    return said[0] if len(said) == 1 else said[0] | {"lists": said}
