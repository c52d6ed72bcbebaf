"""Read a policy book: `read_rows` starts the process that parses it and takes in what it sends."""

import json
import logging
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast

from django.conf import settings

from policies.importing.layouts import AllTold
from policies.importing.messages import LENGTH, Crash, Header, Message, Notes
from policies.importing.problems import Note, Refusal
from policies.importing.rows import ParsedRow

log = logging.getLogger(__name__)

# Of the process that parses; a million rows of a rich book take 200 MiB (make bench).
MEMORY_BYTES = 512 << 20
CPU_SECONDS = 600
_ROOT = Path(__file__).parents[2]
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TZ", "LANG")


class Reading:
    """Batches of parsed rows, as they come; iterate over it once.

    `headers` and `rows_in_all` are known before the first batch, `rows` counts on while iterating;
    `notes` are complete when all is read.
    """

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.headers: list[Header] = []
        self.notes: list[Note] = []
        self.rows = 0
        self._process = process
        self._first = self._next()

    @property
    def header(self) -> Header:
        return self.headers[0]

    @property
    def rows_in_all(self) -> int | None:
        """About how many rows will come, where the file says so."""
        return self.header.rows_in_all

    def __iter__(self) -> Iterator[list[ParsedRow]]:
        batch, self._first = self._first, None
        with self:
            while batch is not None:
                self.rows += len(batch)
                yield batch
                batch = self._next()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        _pipe(self._process).close()

    def _next(self) -> list[ParsedRow] | None:
        """The next batch, None after the last; a header on the way is kept."""
        message = self._receive()
        while isinstance(message, Header | Notes):
            if isinstance(message, Header):
                self.headers.append(message)
            else:
                self.notes += message.notes
            message = self._receive()
        if isinstance(message, Refusal | Crash):
            self.close()
            raise _as_refusal(message)
        return message

    def _receive(self) -> Message:
        pipe = _pipe(self._process)
        length = pipe.read(LENGTH.size)
        if len(length) == LENGTH.size:
            (size,) = LENGTH.unpack(length)
            body = pipe.read(size)
            if len(body) == size:
                # Our own process wrote it over our own pipe.
                message: Message = pickle.loads(body)  # noqa: S301
                return message
        # A reader that ends without a word was stopped by a limit, or by itself for want of memory.
        log.warning("The import's reader ended with status %s.", self._process.wait())
        return Refusal("too_much")


def read_rows(
    path: Path, name: str, *, today: date, told: AllTold | None = None, asks: bool = False
) -> Reading:
    """Read the file at `path`, called `name` by its owner. Raise Refusal if it cannot be read.

    `told` is what somebody has said of headings. Who `asks` gets the header of a list that lacks
    columns instead of a refusal.
    """
    if not path.stat().st_size:
        raise Refusal("empty")
    if path.stat().st_size > settings.IMPORT_MAX_BYTES:
        raise Refusal("too_large", limit=settings.IMPORT_MAX_BYTES >> 20)
    question = [str(path.resolve()), name, today.isoformat(), str(settings.IMPORT_MAX_BYTES)]
    question += [json.dumps(told or {}), str(int(asks))]
    limits = [str(MEMORY_BYTES), str(CPU_SECONDS)]
    process = subprocess.Popen(
        [sys.executable, "-m", "policies.importing.child", *question, *limits],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        cwd=_ROOT,
        # It needs neither the keys nor the address of the database.
        env={key: os.environ[key] for key in _PASSED_ON if key in os.environ},
    )
    return Reading(process)


def _pipe(process: "subprocess.Popen[bytes]") -> IO[bytes]:
    return cast(IO[bytes], process.stdout)


def _as_refusal(message: Refusal | Crash) -> Refusal:
    if isinstance(message, Crash):
        log.error("The import's reader failed: %s", message.where)
        return Refusal("damaged")
    return message
