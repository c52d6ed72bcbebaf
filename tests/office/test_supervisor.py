import subprocess
import time

from crm.office.supervisor import Child, stop, tend
from tests.office.processes import is_alive, soon


def child(command: str, patience: float = 5) -> Child:
    return Child("child", lambda: subprocess.Popen(["sh", "-c", command]), patience=patience)


def tended(children: list[Child], said: list[str]) -> bool:
    tend(children, said.append)
    return all(child.is_running for child in children)


def test_a_dead_child_is_started_again_at_once() -> None:
    children, said = [child("exec sleep 60")], []
    assert tended(children, said)
    first = children[0].process
    assert first
    first.kill()
    first.wait()
    assert tended(children, said)
    assert children[0].process is not first
    assert said == ["child ended (-9), starting it again"]
    stop(children)


def test_a_child_that_keeps_dying_is_tried_ever_more_rarely() -> None:
    children, said = [child("exit 1")], []
    end = time.monotonic() + 2
    while time.monotonic() < end:
        tended(children, said)
        time.sleep(0.01)
    assert 3 <= len(said) <= 6


def test_a_child_that_lived_long_has_a_clean_record() -> None:
    kept = child("exit 1")
    kept.failures = 9
    kept.process = kept.start()
    kept.process.wait()
    kept.started_at = time.monotonic() - 60
    tended([kept], [])
    assert kept.failures == 1


def test_children_are_stopped_last_first_and_reaped() -> None:
    order: list[str] = []

    class Noted(Child):
        def ask_to_stop(self) -> None:
            order.append(self.name)
            super().ask_to_stop()

    children = [Noted(name, lambda: subprocess.Popen(["sleep", "60"])) for name in ("a", "b")]
    tended(list(children), [])
    stop(children)
    assert order == ["b", "a"]
    assert not any(child.is_running for child in children)


def test_a_child_that_does_not_listen_is_made_to_stop() -> None:
    deaf = child("trap '' TERM; echo; while :; do sleep 0.1; done", patience=0.3)
    tended([deaf], [])
    time.sleep(0.3)
    pid = deaf.process.pid if deaf.process else 0
    stop([deaf])
    assert soon(lambda: not is_alive(pid))
