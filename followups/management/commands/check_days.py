from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from followups.agent_days import AgentDay
from followups.agent_work import AgentWork
from lib import dates


class Command(BaseCommand):
    help = "Prove what is added up of the agents' days against the contacts (311) and the follow-ups (work)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", type=date.fromisoformat, metavar="YYYY-MM-DD")
        parser.add_argument(
            "--mend", action="store_true", help="add what lacks in the sums of work"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        today = dates.today()
        since = options["since"] or dates.add_months(today, -13)
        if options["mend"]:
            self.stdout.write(f"{AgentWork.mend(since, date.max)} days mended.")
        contacts = AgentDay.wrong(since, today)
        followups = AgentWork.wrong(since, date.max)
        for agent, on, *counts in (*contacts, *followups):
            self.stdout.write(f"agent {agent} {on}: {counts}")
        if contacts or followups:
            raise CommandError(f"{len(contacts) + len(followups)} days do not agree.")
        self.stdout.write(f"Every day since {since} agrees with contacts and follow-ups.")
