"""Pages while a large list comes in, and while bad files are read: as quick as before.

In turn in one run: a page alone, beside the work, and alone again; beside a bad file one page after the
other, while the reading is stopped and goes on. The work ranks behind the pages, as the worker does.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

from django.db import connection
from django.test import Client as Browser

from accounts.models import User
from bench import hostile, importing
from clients.models import Client
from lib.aside import step_aside

Say = Callable[..., None]
Times = dict[str, list[float]]
SLOWER = 1.2  # at most, beside an import or a bad file
ALONE = 10  # times a page is asked for, before and after
FOR_EACH_FILE = 4.0  # seconds


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

    def beside(self, command: list[str]) -> Times:
        """How long they took while the command ran."""
        took: Times = {}
        process = _started(command)
        while process.poll() is None:
            self.time(took)
        assert not process.returncode, command
        return took

    def in_turn(self, command: list[str]) -> tuple[Times, Times]:
        """How long they took while the command ran, and while it and its children were stopped."""
        running: Times = {}
        stopped: Times = {}
        process = _started(command)
        while process.poll() is None:
            self.time(running)
            os.killpg(process.pid, signal.SIGSTOP)
            self.time(stopped)
            os.killpg(process.pid, signal.SIGCONT)
        assert not process.returncode, command
        return running, stopped


def _started(command: list[str]) -> "subprocess.Popen[bytes]":
    """Behind the pages from its first moment."""
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=step_aside,  # noqa: PLW1509 - there are no threads here
    )


def bench(agent: User, say: Say, count: int) -> None:
    pages = Pages(agent)
    pages.time({})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "book.csv"
        importing.write_csv(path, count)
        database = str(connection.settings_dict["NAME"])
        book = ["bench.importing", f"{path}", database, "ours"]
        before, beside, after = pages.alone(), pages.beside(book), pages.alone()
        alone = {name: before[name] + after[name] for name in pages.urls}
        _say_pages(say, "an import and its undo", beside, alone, count)
        for label, (name, make) in hostile.FILES.items():
            make(path)
            read = ["bench.hostile", f"{path}", json.dumps(name)]
            _say_file(say, label, read)
            beside, alone = pages.in_turn([*read, f"{FOR_EACH_FILE}"])
            _say_pages(say, label, beside, alone, path.stat().st_size, in_turn=True)


def _say_pages(
    say: Say, label: str, beside: Times, alone: Times, n: int, *, in_turn: bool = False
) -> None:
    for name, times in beside.items():
        usual, ours = median(alone[name]), median(times)
        if in_turn:  # each with its neighbour: what else happens meanwhile slows both
            ours = usual * median(a / b for a, b in zip(times, alone[name], strict=True))
        more = {"alone_s": round(usual, 4), "slowest_s": round(max(times), 4)}
        say(f"{name} beside {label}", ours, usual * SLOWER, n, **more)


def _say_file(say: Say, label: str, read: list[str]) -> None:
    command = [sys.executable, "-m", *read, "0"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["told"] == "read") == (label in hostile.ALRIGHT), (label, told)
    say(f"reading {label}", told["seconds"], hostile.SECONDS, 1, told=told["told"])
    say(f"memory for {label}", told["mb"], hostile.MEGABYTES, 1, unit="MiB")
