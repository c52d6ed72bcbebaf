"""How often something may be asked, counted in this process."""

import time
from collections import deque
from threading import Lock


class Pace:
    """At most `times` in `seconds` for each key; the oldest keys are forgotten beyond `most`."""

    def __init__(self, times: int, seconds: float, most: int = 10_000) -> None:
        self.times, self.seconds, self.most = times, seconds, most
        self._asked: dict[str, deque[float]] = {}
        self._lock = Lock()

    def allows(self, key: str, now: float | None = None) -> bool:
        now = time.monotonic() if now is None else now
        with self._lock:
            asked = self._asked.pop(key, None) or deque(maxlen=self.times)
            self._asked[key] = asked  # at the end: the latest asked
            if len(self._asked) > self.most:
                del self._asked[next(iter(self._asked))]
            if len(asked) == self.times and now - asked[0] < self.seconds:
                return False
            asked.append(now)
            return True
