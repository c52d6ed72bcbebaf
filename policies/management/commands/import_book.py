import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from policies.batches import ImportBatch
from policies.importing.apply import Order, Report
from policies.importing.intake import import_file, summary
from policies.importing.problems import REASONS, Refusal
from policies.models import Insurer


class Command(BaseCommand):
    help = "Import an insurer's policy book (.xlsx, .xls, .csv, .tsv)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--create-agents", action="store_true", help="make accounts for unknown agents"
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what would change")
        parser.add_argument("--json", action="store_true", help="print the report as one object")

    def handle(self, *args: Any, **options: Any) -> None:
        insurer = Insurer.usual()
        order = Order(insurer, create_agents=options["create_agents"], dry_run=options["dry_run"])
        path: Path = options["file"]

        def finish(report: Report) -> None:
            # The lists are written anew for whatever the ledger shows as applied.
            ImportBatch.objects.create(
                insurer=insurer, name=path.name[:200], create_agents=order.create_agents,
                state=ImportBatch.State.APPLIED, report=summary(report), total_rows=report.rows,
            )  # fmt: skip

        try:
            report = import_file(path, path.name, order, finish=finish)
        except Refusal as refusal:
            raise CommandError(str(refusal), returncode=2) from None
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}", returncode=2) from None
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), ensure_ascii=False))
        else:
            self._tell(report)

    def _tell(self, report: Report) -> None:
        for name, value in vars(report).items():
            if isinstance(value, int):
                self.stdout.write(f"{name.replace('_', ' ')}: {value}")
        for kind, findings in (("rejected", report.rejected), ("warning", report.warnings)):
            for finding in findings[:20]:
                words = REASONS[finding.reason].words
                self.stdout.write(f"{kind}: row {finding.row}, {finding.column}: {words}")
            if len(findings) > 20:
                self.stdout.write(f"{kind}: {len(findings) - 20} more (see --json)")
