"""Killed at any moment, an import or its undo is all or nothing, and ends afterwards without a person.

`KILLS=20 KILLED_ROWS=20000 CRASHES=yes pytest -n 0 tests/policies/test_import_killed.py` takes longer over it,
KILL_SEED=7 tries other moments.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection

from accounts.models import User
from policies import tasks
from policies.batches import ImportBatch
from policies.importing import intake
from policies.models import Insurer, Policy
from tests.policies.test_import_undo import BOOK, bring, digest, line

KILLS = int(os.environ.get("KILLS", "2"))
ROWS = int(os.environ.get("KILLED_ROWS", "600"))
SEED = int(os.environ.get("KILL_SEED", "1"))
ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.own_process,
]

Worker = subprocess.Popen[bytes]


@pytest.fixture(autouse=True)
def _no_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "wake", lambda batch: None)


def at_work() -> Worker:
    name = str(connection.settings_dict["NAME"])
    command = [sys.executable, "-m", "tests.policies.importing.at_work", name]
    worker = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert worker.stdout
    assert worker.stdout.readline() == b"ready\n"
    return worker


def kill_worker(worker: Worker) -> None:
    worker.send_signal(signal.SIGKILL)


def cut_connection(worker: Worker) -> None:
    """The database ends the worker's session, as a restart of its machine would."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )


def crash_database(worker: Worker) -> None:
    """A session dies so that the database ends all others and recovers from its journal."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        for (pid,) in cursor.fetchall():
            os.kill(pid, signal.SIGKILL)
    for _ in range(200):
        try:
            connection.close()
            connection.ensure_connection()
        except OperationalError:
            time.sleep(0.1)
        else:
            return


WAYS: list[Callable[[Worker], None]] = [kill_worker, cut_connection]
if os.environ.get("CRASHES"):  # which all tests that run beside this one would notice
    WAYS.append(crash_database)


def nobody_left() -> None:
    """The database has noticed that they are gone; what they did not commit is no more."""
    with connection.cursor() as cursor:
        for _ in range(600):
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
            if not cursor.fetchone()[0]:
                return
            time.sleep(0.05)
    raise AssertionError("somebody is still connected")


def silent(batch: ImportBatch) -> None:
    """Nobody has been heard of for long enough."""
    ImportBatch.objects.filter(pk=batch.pk).update(heartbeat_at=None)
    batch.refresh_from_db()


def a_book() -> None:
    bring(BOOK + "".join(line(f"P{n:06}", f"客户{n}") for n in range(ROWS // 3)))


def a_list() -> ImportBatch:
    """A third of its rows are known and change."""
    rows = (line(f"P{n:06}", f"客户{n}", premium="1200") for n in range(ROWS))
    file = SimpleUploadedFile("book.csv", (BOOK + "".join(rows)).encode())
    batch = ImportBatch.receive(file, insurer=Insurer.usual(), create_agents=True)
    intake.check(batch)
    assert batch.confirm(), batch.report
    return batch


def whole(batch: ImportBatch) -> float:
    """Let it end undisturbed; return how long that took."""
    silent(batch)
    worker, began = at_work(), time.monotonic()
    assert worker.wait() == 0
    took = time.monotonic() - began
    batch.refresh_from_db()
    return took


def killed(batch: ImportBatch, after: float, how: Callable[[Worker], None]) -> None:
    silent(batch)
    worker = at_work()
    time.sleep(after)
    how(worker)
    worker.wait()
    nobody_left()
    batch.refresh_from_db()


def test_an_import_and_its_undo_killed_at_any_moment_are_all_or_nothing(admin: User) -> None:
    random = Random(SEED)
    a_book()
    before, batch = digest(), a_list()
    took = whole(batch)
    for state, ended in (("undoing", "undone"), ("applying", "applied")):
        standing = digest()
        for n in range(KILLS):
            batch = waiting(batch, state, admin)
            killed(batch, random.random() * took, WAYS[n % len(WAYS)])
            if batch.state == state:
                assert digest() == standing, (n, SEED)
                continue
            assert batch.state == ended, (n, SEED)  # it was quicker: back, and again
            assert Policy.objects.count() == in_the_end(ended)
            batch = waiting(batch, "applying" if state == "undoing" else "undoing", admin)
            whole(batch)
            standing = digest()
        batch = waiting(batch, state, admin)
        took = whole(batch)
        assert batch.state == ended
        assert Policy.objects.count() == in_the_end(ended)
    batch = waiting(batch, "undoing", admin)
    whole(batch)
    assert digest() == before


def waiting(batch: ImportBatch, state: str, by: User) -> ImportBatch:
    """Let it wait for a worker, if it does not yet; what was undone is brought anew."""
    if batch.state == "undone":
        return a_list()
    if state == "undoing":
        batch.ask_undo(by)
        batch.refresh_from_db()
    return batch


def in_the_end(state: str) -> int:
    return ROWS if state == "applied" else ROWS // 3
