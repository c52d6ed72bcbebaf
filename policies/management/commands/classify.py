import json
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lib import dates
from policies.classification import NotBegunError, classify
from policies.models import ClassificationRun


class Command(BaseCommand):
    help = (
        "Classify the whole book into develop, nurture and maintain, as of the month's first day."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--month", metavar="YYYY-MM", help="default: this month")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        month = month_of(options["month"]) if options["month"] else dates.today()
        try:
            run = classify(month, dates.today())
        except NotBegunError:
            text = f"{month:%Y-%m}"
            raise CommandError(
                f"{text} has not begun; choose a month up to {dates.today():%Y-%m}."
            ) from None
        self.stdout.write(json.dumps(_summary(run)) if options["json"] else _words(run))


def month_of(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise CommandError(f"{text!r} is no month; write it like 2026-06.") from None


def _summary(run: ClassificationRun) -> dict[str, Any]:
    return {
        "month": f"{run.month:%Y-%m}",
        "counts": run.counts,
        "clients": sum(run.counts.values()),
        "changed": run.moved,
        "written": run.written,
        "overridden": run.overridden,
        "seconds": run.seconds,
    }


def _words(run: ClassificationRun) -> str:
    counts = ", ".join(f"{count} {name}" for name, count in run.counts.items())
    return (
        f"{run.month:%Y-%m}: {counts}; {run.moved} changed since last month, "
        f"{run.overridden} set by hand, {run.written} clients written, {run.seconds:.2f} s"
    )
