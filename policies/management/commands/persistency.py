import json
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lib import dates
from policies.cohorts import COUNTED, Counting
from policies.models import Policy
from policies.persistency import BY, MONTHS, Rate, latest_month, rates


class Command(BaseCommand):
    help = "Print the persistency (继续率) of an assessment month, whole or by group."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--month", required=True, metavar="YYYY-MM")
        parser.add_argument("--k", type=int, choices=MONTHS, required=True)
        parser.add_argument("--by", choices=sorted(BY))
        parser.add_argument(
            "--rolling", action="store_true", help="the twelve months up to this one"
        )
        parser.add_argument(
            "--kept", action="store_true", help="of what was kept the year before (25 months)"
        )
        parser.add_argument(
            "--each", action="store_true", help="every premium of the policy year, by itself"
        )
        parser.add_argument(
            "--reinstated", action="store_true", help="money that came too late counts, too"
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        month = _month(options["month"])
        months = 12 if options["rolling"] else 1
        by = options["by"]
        counting = Counting(**{name: options[name] for name in COUNTED})
        everybody = Policy.objects.all()
        found = rates(everybody, month, options["k"], by=by, months=months, counting=counting)
        if not (found or by):
            found = [Rate(None, "")]
        if options["json"]:
            self.stdout.write(
                json.dumps([_as_json(rate, by) for rate in found], ensure_ascii=False)
            )
            return
        for rate in found:
            self.stdout.write(
                f"{rate.name or 'all'}: {_percent(rate.by_premium)} by premium, "
                f"{_percent(rate.by_count)} by count; "
                f"{rate.numerator} of {rate.denominator}, {rate.excluded} excluded"
            )


def _as_json(rate: Rate, by: str | None) -> dict[str, Any]:
    group = {"group": rate.name, "id": rate.key} if by else {}
    return group | {
        "rate_premium": _number(rate.by_premium),
        "rate_count": _number(rate.by_count),
        "numerator": float(rate.numerator),
        "denominator": float(rate.denominator),
        "received": rate.received,
        "policies": rate.policies,
        "excluded": rate.excluded,
    }


def _number(share: Decimal | None) -> float | None:
    return None if share is None else float(share)


def _percent(share: Decimal | None) -> str:
    return "–" if share is None else f"{share * 100:.2f} %"


def _month(text: str) -> date:
    try:
        month = date.fromisoformat(f"{text}-01")
    except ValueError:
        raise CommandError(f"{text!r} is no month; write it like 2026-06.") from None
    last = latest_month(dates.today())
    if month > last:
        raise CommandError(
            f"The premiums of {text} are not due yet; choose a month up to {last:%Y-%m}."
        )
    return month
