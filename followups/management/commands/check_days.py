from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from followups.agent_days import AgentDay
from followups.agent_work import AgentWork
from followups.due_work import DueWork
from lib import dates
from policies.owed import OwedPremium


class Command(BaseCommand):
    help = "Prove what is kept in advance against contacts (311), follow-ups (work) and premiums (owed)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", type=date.fromisoformat, metavar="YYYY-MM-DD")
        parser.add_argument("--mend", action="store_true", help="put work and owed premiums right")

    def handle(self, *args: Any, **options: Any) -> None:
        today = dates.today()
        since = options["since"] or dates.add_months(today, -13)
        if options["mend"]:
            days = AgentWork.mend(since, date.max) + DueWork.mend(since, date.max)
            premiums = OwedPremium.mend()
            self.stdout.write(f"{days} days and {premiums} premiums mended.")
        contacts = AgentDay.wrong(since, today)
        followups = AgentWork.wrong(since, date.max) + DueWork.wrong(since, date.max)
        for agent, on, *counts in (*contacts, *followups):
            self.stdout.write(f"agent {agent} {on}: {counts}")
        owed = OwedPremium.wrong()
        for (premium,) in owed:
            self.stdout.write(f"premium {premium}")
        if contacts or followups or owed:
            days = len(contacts) + len(followups)
            raise CommandError(f"{days} days do not agree, nor do {len(owed)} premiums.")
        self.stdout.write(f"Every day since {since} agrees, and every premium that is owed.")
