"""Pages while a large list comes in, and while bad files are read: as quick as before.

In turn in one run: a page alone, beside the work, and alone again. The work is done by a process that
ranks behind the pages as the worker does, files are read by a child like its own.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from django.db import connection
from django.test import Client as Browser

from accounts.models import User
from bench import hostile, importing
from clients.models import Client

Say = Callable[..., None]
Times = dict[str, list[float]]
SLOWER = 1.2  # at most, beside an import or a bad file
ALONE = 10  # times a page is asked for, before and after
FOR_EACH_FILE = 2.0  # seconds


class Pages:
    """The pages an agent asks for all day, and how long each took."""

    def __init__(self, agent: User) -> None:
        self.browser = Browser(HTTP_ACCEPT_ENCODING="gzip")
        self.browser.force_login(agent, backend="accounts.backends.StaffNumberOrMobile")
        client = Client.objects.visible_to(agent).earliest("pk")
        self.urls = {"agent's day": "/today/", "client page": f"/clients/{client.pk}/"}

    def time(self, into: Times) -> None:
        for name, url in self.urls.items():
            began = perf_counter()
            answer = self.browser.get(url)
            into.setdefault(name, []).append(perf_counter() - began)
            assert answer.status_code == 200, answer.status_code

    def alone(self) -> Times:
        took: Times = {}
        for _ in range(ALONE):
            self.time(took)
        return took

    def beside(self, command: list[str]) -> tuple[Times, dict[str, Any]]:
        """How long they took while the command ran, and what it printed in the end."""
        took: Times = {}
        process = subprocess.Popen([sys.executable, "-m", *command], stdout=subprocess.PIPE)
        while process.poll() is None:
            self.time(took)
        assert not process.returncode, command
        out, _nothing = process.communicate()
        return took, json.loads(out.splitlines()[-1])


def bench(agent: User, say: Say, count: int) -> None:
    pages = Pages(agent)
    pages.time({})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "book.csv"
        importing.write_csv(path, count)
        database = str(connection.settings_dict["NAME"])
        book = ["bench.importing", f"{path}", database, "aside"]
        _compare(pages, "beside an import and its undo", book, say, count)
        for label, (name, make) in hostile.FILES.items():
            make(path)
            read = ["bench.hostile", f"{path}", json.dumps(name), f"{FOR_EACH_FILE}"]
            told = _compare(pages, f"beside {label}", read, say, path.stat().st_size)
            _say_file(say, label, told)


def _compare(pages: Pages, label: str, command: list[str], say: Say, n: int) -> dict[str, Any]:
    before, (beside, told), after = pages.alone(), pages.beside(command), pages.alone()
    for name in pages.urls:
        usual = median(before[name] + after[name])
        more = {"alone_s": round(usual, 4), "slowest_s": round(max(beside[name]), 4)}
        say(f"{name} {label}", median(beside[name]), usual * SLOWER, n, **more)
    return told


def _say_file(say: Say, label: str, told: dict[str, Any]) -> None:
    assert (told["told"] == "read") == (label in hostile.ALRIGHT), (label, told)
    say(f"reading {label}", told["seconds"], hostile.SECONDS, told["times"], told=told["told"])
    say(f"memory for {label}", told["mb"], hostile.MEGABYTES, told["times"], unit="MiB")
