"""What is remembered is asked again after its seconds, and not before."""

from itertools import count
from typing import Any

import pytest

from lib import remembered as module
from lib.remembered import remembered


def test_it_is_asked_again_after_its_seconds(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.REMEMBERED_SECONDS = 5
    asked = remembered(count().__next__)
    told = []
    for now in (100.0, 104.9, 105.0, 109.0):
        monkeypatch.setattr(module, "monotonic", lambda now=now: now)
        told.append(asked())
    assert told == [0, 0, 1, 1]


def test_with_no_seconds_nothing_is_remembered(settings: Any) -> None:
    settings.REMEMBERED_SECONDS = 0
    asked = remembered(count().__next__)
    assert [asked(), asked()] == [0, 1]
