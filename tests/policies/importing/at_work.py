"""A worker to be killed: `python -m tests.policies.importing.at_work DATABASE` does what waits, and ends."""

import os
import sys

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
    django.setup()
    from django.db import connection

    from policies.batches import ImportBatch
    from policies.importing import intake

    connection.settings_dict["NAME"] = sys.argv[1]
    print("ready", flush=True)
    for batch in ImportBatch.objects.waiting():
        do = intake.undo if batch.state == ImportBatch.State.UNDOING else intake.apply
        do(batch)


if __name__ == "__main__":
    main()
