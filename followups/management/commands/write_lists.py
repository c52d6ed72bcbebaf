import json
from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from followups.daily import write_lists
from followups.models import ListRun
from lib import dates


class Command(BaseCommand):
    help = "Write the follow-up list of a day, and of every earlier day that lacks one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--for", dest="day", metavar="YYYY-MM-DD", help="list date (default: tomorrow)"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        day = _day(options["day"]) or dates.today() + timedelta(days=1)
        runs = write_lists(day)
        self.stdout.write(json.dumps(_summary(day, runs)) if options["json"] else _words(runs))


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise CommandError(f"{text!r} is no date; write it like 2026-06-12.") from None


def _summary(day: date, runs: list[ListRun]) -> dict[str, Any]:
    new: dict[str, int] = {}
    for run in runs:
        for code, count in run.created.items():
            new[code] = new.get(code, 0) + count
    return {
        "day": day.isoformat(),
        "days": [run.day.isoformat() for run in runs],
        "new": new,
        "created": sum(new.values()),
        "withdrawn": sum(run.withdrawn for run in runs),
        "missed": sum(run.missed for run in runs),
        "superseded": sum(run.superseded for run in runs),
        "seconds": round(sum(run.seconds for run in runs), 3),
    }


def _words(runs: list[ListRun]) -> str:
    lines = []
    for run in runs:
        lines.append(
            f"{run.day}: {sum(run.created.values())} new, {run.withdrawn} withdrawn, "
            f"{run.missed} missed, {run.superseded} replaced, {run.seconds:.2f} s"
        )
        lines += [f"  {code}: {count}" for code, count in run.created.items()]
    return "\n".join(lines)
