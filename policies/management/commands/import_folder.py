import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from policies.importing.apply import Order
from policies.importing.folder import Folder, FolderError
from policies.models import Insurer

QUIET = 10.0  # seconds


class Command(BaseCommand):
    help = "Import what is dropped into a folder; files go on to done/ or refused/ with a report."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="where the mail or core system drops files")
        parser.add_argument("--once", action="store_true", help="look once instead of for ever")
        parser.add_argument(
            "--quiet", type=float, default=QUIET, metavar="SECONDS",
            help="a file that has not changed for so long is complete (default: 10)",
        )  # fmt: skip
        parser.add_argument(
            "--create-agents", action="store_true", help="make accounts for unknown agents"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Folder(options["folder"])
        try:
            while True:
                # A new order each time: it knows which day it is.
                order = Order(Insurer.usual(), create_agents=options["create_agents"])
                for put in folder.take(order, options["quiet"]):
                    self.stdout.write(f"{put.where}: {put.name}")
                if options["once"]:
                    return
                time.sleep(options["quiet"])
        except FolderError as error:
            raise CommandError(str(error), returncode=2) from None
        except KeyboardInterrupt:
            return
