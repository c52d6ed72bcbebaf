"""What a whole office shares and seldom changes is read again only after some seconds.

A change is seen by every process at the latest after `settings.REMEMBERED_SECONDS`; 0 remembers nothing.
"""

from collections.abc import Callable
from time import monotonic
from typing import Generic, TypeVar

from django.conf import settings

Answer = TypeVar("Answer")


class Remembered(Generic[Answer]):
    """Wraps a question without arguments whose answer nobody changes."""

    def __init__(self, ask: Callable[[], Answer]) -> None:
        self._ask = ask
        self._told: tuple[float, Answer] | None = None

    def __call__(self) -> Answer:
        if not settings.REMEMBERED_SECONDS:
            return self._ask()
        told, now = self._told, monotonic()
        if told is None or now - told[0] >= settings.REMEMBERED_SECONDS:
            self._told = told = now, self._ask()
        return told[1]


def remembered(ask: Callable[[], Answer]) -> Remembered[Answer]:
    return Remembered(ask)
