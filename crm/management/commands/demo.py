from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from crm import demo, demo_records
from lib import dates


class Command(BaseCommand):
    help = "Load a believable demo branch into an empty database."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--clients", type=int, default=600, metavar="N")
        parser.add_argument("--seed", type=int, default=1, metavar="S")
        parser.add_argument("--today", type=date.fromisoformat, default=None, metavar="YYYY-MM-DD")

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.exists():
            raise CommandError(
                "There are people in this database already; the demo is for an empty one."
            )
        today = options["today"] or dates.today()
        count = demo.load(clients=options["clients"], seed=options["seed"], today=today)
        demo_records.import_lists(today)
        self.stdout.write(f"Loaded a demo branch of {count} clients.")
