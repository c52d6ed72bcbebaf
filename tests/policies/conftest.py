"""Files are read here, without a process of their own for each, but where that is what is tried."""

import io
from types import SimpleNamespace
from typing import Any

import pytest

from policies.importing import child, reader


class ReadHere:
    """Stands for the process."""

    def __init__(self, command: list[str], **_more: Any) -> None:
        self.stdout = io.BytesIO()
        child.answer(command[3:-2], self.stdout)
        self.stdout.seek(0)

    def kill(self) -> None:
        pass

    def wait(self) -> int:
        return 0


@pytest.fixture(autouse=True)
def _read_here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if not request.node.get_closest_marker("own_process"):
        here = SimpleNamespace(Popen=ReadHere, PIPE=None, DEVNULL=None)
        monkeypatch.setattr(reader, "subprocess", here)
