#!/usr/bin/env python
"""Django's commands, with our own database and queue running for as long as the command does."""

import os
import sys
from contextlib import AbstractContextManager, nullcontext

from django.core.management import execute_from_command_line

from crm import celery  # noqa: F401 - tasks sent from here find the queue
from crm.office.keeper import servers_in_use
from crm.office.servers import data_dir
from crm.office.system import ServerError

# These ask the database nothing.
ALONE = {
    "",
    "check",
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "findstatic",
    "help",
    "makemessages",
    "startapp",
    "version",
}


def servers_for(command: str) -> AbstractContextManager[object]:
    alone = command in ALONE or command.startswith("-")
    return nullcontext() if alone else servers_in_use(data_dir())


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    try:
        with servers_for(command):
            execute_from_command_line(sys.argv)
    except ServerError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
