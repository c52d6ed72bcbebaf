import subprocess
import time
from collections.abc import Iterator

import pytest

from crm.office.supervisor import Child
from tests.office.processes import is_alive, soon


def child(command: str, patience: float = 5) -> Child:
    return Child("child", lambda: subprocess.Popen(["sh", "-c", command]), patience=patience)


@pytest.fixture
def sleeper() -> Iterator[Child]:
    sleeper = child("exec sleep 60")
    yield sleeper
    sleeper.stop()


def test_a_dead_child_is_started_again_at_once(sleeper: Child) -> None:
    said: list[str] = []
    sleeper.tend(said.append)
    first = sleeper.process
    assert first
    first.kill()
    first.wait()
    sleeper.tend(said.append)
    assert sleeper.process
    assert sleeper.process is not first
    assert sleeper.process.poll() is None
    assert said == ["child ended (-9), starting it again"]


def test_a_child_that_keeps_dying_is_tried_ever_more_rarely() -> None:
    dying, said = child("exit 1"), []
    end = time.monotonic() + 2
    while time.monotonic() < end:
        dying.tend(said.append)
        time.sleep(0.01)
    assert 3 <= len(said) <= 6


def test_a_child_that_lived_long_has_a_clean_record() -> None:
    kept = child("exit 1")
    kept.failures = 9
    kept.process = kept.start()
    kept.process.wait()
    kept.started_at = time.monotonic() - 60
    kept.tend(lambda said: None)
    assert kept.failures == 1


def test_a_child_is_asked_to_stop_and_reaped(sleeper: Child) -> None:
    sleeper.tend(print)
    sleeper.stop()
    assert sleeper.process
    assert sleeper.process.returncode == -15


def test_a_child_that_does_not_listen_is_made_to_stop() -> None:
    deaf = child("trap '' TERM; echo; while :; do sleep 0.1; done", patience=0.3)
    deaf.tend(print)
    time.sleep(0.3)
    pid = deaf.process.pid if deaf.process else 0
    deaf.stop()
    assert soon(lambda: not is_alive(pid))
