"""Put clients who live together into households; whoever was moved by hand stays where they are."""

import time
from typing import Any

from django.core.management import BaseCommand

from policies.households import derive_households


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        moved = derive_households()
        self.stdout.write(f"{moved} clients moved in, {time.monotonic() - began:.1f} s")
