"""A folder into which files are dropped: what has stopped growing is imported, then put away with its report."""

import hashlib
import logging
import os
import re
import stat
import tempfile
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import IO, NamedTuple

from django.conf import settings
from django.db import DataError, IntegrityError, connection
from django.utils import translation
from django.utils.translation import gettext as _

from policies.importing.apply import Order
from policies.importing.direct import import_path, note_refusal, told
from policies.importing.problems import Refusal

log = logging.getLogger(__name__)

WATCHING = 0x464F4C44  # first key of the lock of whoever works at a folder
DONE, REFUSED = "done", "refused"
LONGEST_NAME = 200  # bytes; a file system takes 255, and the report's name is longer
_CHUNK = 1 << 20
# Neither along a link, nor waiting for whoever writes into a pipe of that name.
_OPENING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
# Hidden ones, those that Office locks, and those that browsers and mail programs have not finished.
_UNFINISHED = re.compile(r"^[.~]|\.(part|partial|tmp|temp|crdownload|filepart|download)$", re.I)
_UNSAYABLE = re.compile(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffd]")


class FolderError(Exception):
    """The folder cannot be watched; one sentence says why."""


class Changed(Exception):  # noqa: N818 - it will be taken the next time
    """Somebody is still writing the file."""


class Look(NamedTuple):
    """What a file looks like from outside; it changes with every write, and with a replacement."""

    inode: int
    size: int
    modified: int
    changed: int

    @classmethod
    def of(cls, found: os.stat_result) -> "Look":
        return cls(found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@dataclass(frozen=True)
class Put:
    """Where a file has gone."""

    name: str
    where: str


class Folder:
    def __init__(self, path: Path) -> None:
        self.path = path.resolve()

    def take(self, order: Order, quiet: float) -> list[Put]:
        """Import what has not changed for `quiet` seconds; nothing while somebody else is at it."""
        self._prepare()
        with self._alone() as alone:
            if not alone:
                return []
            settled = self._settled(quiet)
            return [put for path, look in settled if (put := self._take(path, look, order))]

    def _prepare(self) -> None:
        if not self.path.is_dir():
            raise FolderError(_("There is no folder %(path)s.") % {"path": self.path})
        for name in (DONE, REFUSED):
            place = self.path / name
            try:
                place.mkdir(exist_ok=True)
            except OSError as error:
                raise FolderError(f"{place}: {error.strerror}") from None
            if place.is_symlink():
                sentence = _("%(path)s leads out of the folder; make it a folder of its own.")
                raise FolderError(sentence % {"path": place})

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Of all machines that watch this folder, one is at it; the lock goes with its connection."""
        keys = [WATCHING, zlib.crc32(os.fsencode(self.path)) - (1 << 31)]
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", keys)
            alone = bool(cursor.fetchone()[0])
        try:
            yield alone
        finally:
            if alone and not connection.needs_rollback:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_unlock(%s, %s)", keys)

    def _settled(self, quiet: float) -> list[tuple[Path, Look]]:
        before = self._look()
        if before:
            time.sleep(quiet)
        after = self._look()
        oldest_first = sorted(before, key=lambda path: (before[path].modified, path))
        return [(path, before[path]) for path in oldest_first if after.get(path) == before[path]]

    def _look(self) -> dict[Path, Look]:
        with os.scandir(self.path) as entries:
            return {
                self.path / entry.name: Look.of(entry.stat(follow_symlinks=False))
                for entry in entries
                if not _UNFINISHED.search(entry.name) and not entry.is_dir(follow_symlinks=False)
            }

    def _take(self, path: Path, look: Look, order: Order) -> Put | None:
        """Import one file; nothing where it is still being written, or gone."""
        with (
            tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as copy,
            translation.override(settings.LANGUAGE_CODE),
        ):
            try:
                where, tell = self._import(path, look, order, copy)
                _same(path, look)  # who drops the next one under the same name must not lose it
                return self._put_away(path, where, tell)
            except (FileNotFoundError, Changed):
                return None
            except OSError as error:
                log.warning("%s stays in its folder: %s", shown(path), error.strerror)
                return None

    def _import(
        self, path: Path, look: Look, order: Order, copy: IO[bytes]
    ) -> tuple[str, "Telling"]:
        """Where the file goes, and what its report says, in the language that is asked for."""
        name = shown(path)
        try:
            digest = _copy(path, look, copy)
            reports = import_path(Path(copy.name), name, order, sha256=digest)
        except Refusal as refusal:
            note_refusal(name, order, refusal, look.size)
            return REFUSED, partial(_refused, refusal)
        except (DataError, IntegrityError):
            log.exception("The database refused %s", name)
            return REFUSED, lambda: [_("The database refused the file; the log says why.")]
        if not reports:
            return DONE, lambda: [_("This very file has been imported before")]
        return DONE, lambda: chain.from_iterable(map(told, reports))

    def _put_away(self, path: Path, where: str, tell: "Telling") -> Put:
        target = _free(self.path / where, path.name)
        beside = target.with_name(f"{target.name}.txt")
        # With a mark of its encoding, since it is opened on all sorts of desks.
        beside.write_text(f"{shown(path)}\n{_in_each_language(tell)}", encoding="utf-8-sig")
        path.rename(target)
        return Put(shown(path), where)


Telling = Callable[[], Iterable[str]]


def _in_each_language(tell: Telling) -> str:
    """The office's own first: nobody knows who opens the folder."""
    said = []
    for language in sorted(
        dict(settings.LANGUAGES), key=lambda code: code != settings.LANGUAGE_CODE
    ):
        with translation.override(language):
            said.append("".join(f"{line}\n" for line in tell()))
    return "\n".join(said)


def _refused(refusal: Refusal) -> list[str]:
    return [
        str(refusal),
        _("Nothing has been written."),
        _(
            "Mend the file and drop it again, or upload it on the page Import, where you can say what its"
            " columns are."
        ),
    ]


def shown(path: Path) -> str:
    """The name as it can be told and kept, whatever its bytes are."""
    return _UNSAYABLE.sub("·", os.fsencode(path.name).decode("utf-8", "replace"))


def _copy(path: Path, look: Look, copy: IO[bytes]) -> str:
    """Copy what the name stands for and no link leads to; return the checksum."""
    if stat.S_ISLNK(path.lstat().st_mode):
        raise Refusal("link")
    with os.fdopen(os.open(path, _OPENING), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise Refusal("link")
        if look.size > settings.IMPORT_MAX_BYTES:
            raise Refusal("too_large", limit=settings.IMPORT_MAX_BYTES >> 20)
        digest = hashlib.sha256()
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            copy.write(chunk)
        copy.flush()
    _same(path, look)
    return digest.hexdigest()


def _same(path: Path, look: Look) -> None:
    if Look.of(path.lstat()) != look:
        raise Changed


def _free(place: Path, name: str) -> Path:
    """A path there that nothing has, as much like the name as may be."""
    suffix = Path(name).suffix[:20]
    stem = os.fsencode(name.removesuffix(Path(name).suffix))
    short = os.fsdecode(stem[: LONGEST_NAME - len(os.fsencode(suffix))])
    number, target = 1, place / f"{short}{suffix}"
    while os.path.lexists(target) or os.path.lexists(f"{target}.txt"):
        number += 1
        target = place / f"{short} ({number}){suffix}"
    return target
