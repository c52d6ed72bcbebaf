"""Keeping children alive: start them in order, restart what dies, stop them in reverse."""

import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from signal import SIGTERM

LONGEST_DELAY = 15.0  # seconds between two tries of a child that keeps dying
LONG_ENOUGH = 30.0  # a child that lived this many seconds has a clean record


@dataclass
class Child:
    """A process that should always be running; `start` starts it."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    stop_with: int = SIGTERM
    patience: float = 10.0  # seconds between asking it to stop and making it

    process: subprocess.Popen[bytes] | None = None
    failures: int = 0
    started_at: float = 0.0

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def may_start_at(self) -> float:
        """The first death is mended at once; what dies again and again waits longer each time."""
        if self.failures <= 1:
            return 0.0
        return self.started_at + min(LONGEST_DELAY, 0.1 * 2.0**self.failures)

    def tend(self, say: Callable[[str], None]) -> None:
        if self.is_running:
            return
        if self.process is not None:
            self._note_death(self.process, say)
        if time.monotonic() >= self.may_start_at:
            self.started_at = time.monotonic()
            self.process = self.start()

    def _note_death(self, process: subprocess.Popen[bytes], say: Callable[[str], None]) -> None:
        lived = time.monotonic() - self.started_at
        self.failures = 1 if lived > LONG_ENOUGH else self.failures + 1
        self.process = None
        say(f"{self.name} ended ({process.returncode}), starting it again")

    def ask_to_stop(self) -> None:
        if self.process is not None and self.is_running:
            self.process.send_signal(self.stop_with)

    def wait_until_stopped(self) -> None:
        if self.process is None:
            return
        try:
            self.process.wait(self.patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def tend(children: Iterable[Child], say: Callable[[str], None]) -> None:
    """Start each child that should run and does not."""
    for child in children:
        child.tend(say)


def stop(children: Iterable[Child]) -> None:
    """Stop all children, the last one started first, each reaped before the next is asked."""
    for child in reversed(list(children)):
        child.ask_to_stop()
        child.wait_until_stopped()
