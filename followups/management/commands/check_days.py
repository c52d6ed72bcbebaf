from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from followups.agent_days import AgentDay
from lib import dates


class Command(BaseCommand):
    help = "Prove what is added up of the agents' days (311) against the contacts themselves."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", type=date.fromisoformat, metavar="YYYY-MM-DD")

    def handle(self, *args: Any, **options: Any) -> None:
        today = dates.today()
        since = options["since"] or dates.add_months(today, -13)
        wrong = AgentDay.wrong(since, today)
        for agent, on, *counts in wrong:
            self.stdout.write(f"agent {agent} {on}: {counts}")
        if wrong:
            raise CommandError(f"{len(wrong)} days do not agree with the contacts.")
        self.stdout.write(f"Every day since {since} agrees with the contacts.")
