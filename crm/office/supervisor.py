"""Keeping a child process alive: start it, restart it when it dies, stop it in order."""

import subprocess
import time
from collections.abc import Callable
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

    def tend(self, say: Callable[[str], None]) -> None:
        """Reap and start it again if it died: at once the first time, then ever more rarely."""
        if self.process is not None and self.process.poll() is not None:
            lived = time.monotonic() - self.started_at
            self.failures = 1 if lived > LONG_ENOUGH else self.failures + 1
            say(f"{self.name} ended ({self.process.returncode}), starting it again")
            self.process = None
        if self.process is None and time.monotonic() >= self.started_at + self.delay():
            self.started_at = time.monotonic()
            self.process = self.start()

    def delay(self) -> float:
        return min(LONGEST_DELAY, 0.1 * 2.0**self.failures) if self.failures > 1 else 0.0

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.send_signal(self.stop_with)
        try:
            self.process.wait(self.patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
