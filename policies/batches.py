"""One list of an uploaded file and how far it has come: the ledger of the imports."""

import hashlib
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.db import connection, models, transaction
from django.db.models import Q
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from policies.importing.columns import plain_heading
from policies.importing.layouts import LAYOUTS

WORKING = 0x494D50  # first key of the lock that a worker holds on the import it works at
_CANCEL = """
SELECT pg_cancel_backend(pid) FROM pg_locks
WHERE locktype = 'advisory' AND classid = %(place)s AND objid = %(batch)s AND granted
  AND pid <> pg_backend_pid()
"""
# Of the time of the reading: what comparing, and what comparing and writing take (see 0048).
AFTER_READING = {"checking": 0.5, "applying": 2}
PATIENCE = timedelta(minutes=3)  # without a heartbeat, after which work counts as abandoned
_CHANGES = (
    "created_policies", "updated_policies", "created_clients", "updated_clients",
    "collected", "failed", "waiting", "recorded", "renewed",
)  # fmt: skip


def _own_name(batch: "ImportBatch", filename: str) -> str:
    """A random name: what the user called the file never reaches the disk."""
    return f"imports/{uuid.uuid4().hex}{PurePath(filename).suffix.lower()[:6]}"


class Stopped(Exception):  # noqa: N818 - somebody wanted it so
    """Nobody waits for the work any more."""


class BatchQuerySet(models.QuerySet["ImportBatch"]):
    def waiting(self) -> Self:
        """Asked for and not begun, or begun by somebody who has fallen silent."""
        silent = Q(heartbeat_at=None) | Q(heartbeat_at__lt=timezone.now() - PATIENCE)
        return self.filter(silent, state__in=ImportBatch.BUSY)

    def not_listed(self) -> Self:
        """Applied or undone, but the lists have not been written since."""
        return self.filter(state__in=[*ImportBatch.WRITTEN], listed_at=None)


class ImportBatch(models.Model):
    class State(models.TextChoices):
        UPLOADED = "uploaded", _("Uploaded")
        MAPPING = "mapping", _("Waits for its columns")
        CHECKING = "checking", _("Being checked")
        CHECKED = "checked", _("Checked")
        APPLYING = "applying", _("Being imported")
        APPLIED = "applied", _("Imported")
        FAILED = "failed", _("Could not be read")
        STOPPED = "stopped", _("Stopped")
        UNDOING = "undoing", _("Being undone")
        UNDONE = "undone", _("Undone")

    class Mode(models.TextChoices):
        """What becomes of what is known already; people's own notes, dates and choices never change."""

        TAKE = "take", _("Take what the file says")
        FILL = "fill", _("Fill in what is empty")
        NEW = "new", _("Only what is new")

    CHECKS: ClassVar[tuple[str, ...]] = ("uploaded", "checking")
    BUSY: ClassVar[tuple[str, ...]] = (*CHECKS, "applying", "undoing")
    WRITTEN: ClassVar[tuple[str, ...]] = ("applied", "undone")

    insurer = models.ForeignKey("policies.Insurer", models.PROTECT, verbose_name=_("insurer"))
    file = models.FileField(upload_to=_own_name)
    refused_file = models.FileField(upload_to=_own_name, blank=True, default="")
    name = models.CharField(_("file"), max_length=200)
    kind = models.CharField(_("kind of list"), max_length=12, blank=True, default="")  # a layout's
    size = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, default="")
    create_agents = models.BooleanField(_("make accounts for unknown agents"), default=False)
    owners = models.JSONField(default=dict, db_default={})  # of numbers that nobody has: who serves
    mode = models.CharField(
        _("what is known already"), max_length=4, choices=Mode, default=Mode.TAKE, db_default="take"
    )
    mapping = models.JSONField(
        default=dict, db_default={}
    )  # what was said: {kind: {heading: field}}
    columns = models.JSONField(default=dict, db_default={})  # how its columns were understood
    differences_file = models.FileField(upload_to=_own_name, blank=True, default="", db_default="")
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.UPLOADED)
    total_rows = models.PositiveIntegerField(default=0)
    done_rows = models.PositiveIntegerField(default=0)
    report = models.JSONField(default=dict)
    error = models.CharField(max_length=400, blank=True, default="")
    uploaded_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", db_index=False
    )  # None: from the command line
    uploaded_at = models.DateTimeField(auto_now_add=True)
    begun_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    listed_at = models.DateTimeField(null=True)
    noted = models.JSONField(default=dict, db_default={})  # columns of the fingerprints, by table
    undone_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    undone_at = models.DateTimeField(null=True)
    undo_report = models.JSONField(default=dict, db_default={})

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ("-uploaded_at", "-pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        "uploaded",
                        "mapping",
                        "checking",
                        "checked",
                        "applying",
                        "applied",
                        "failed",
                        "stopped",
                        "undoing",
                        "undone",
                    ]
                ),
                name="an_import_is_in_a_known_state",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @classmethod
    def receive(cls, file: "UploadedFile[Any]", **fields: Any) -> "ImportBatch":
        """Keep an uploaded file with its checksum."""
        name = PurePath(file.name or "").name[:200]
        fields |= {"size": file.size or 0, "sha256": _sha256(file.chunks())}
        fields["owners"] = cls.last_owners(fields["insurer"])
        return cls.objects.create(file=file, name=name, **fields)

    @classmethod
    def last_owners(cls, insurer: Any) -> dict[str, str]:
        """Who served for unknown numbers the last time: an insurer's lists name them month after month."""
        before = cls.objects.filter(insurer=insurer, state=cls.State.APPLIED)
        before = before.exclude(finished_at=None)
        return before.order_by("-finished_at").values_list("owners", flat=True).first() or {}

    def take(self, state: str, from_states: Iterable[str]) -> bool:
        """Begin the work unless somebody else is at it or it is done."""
        free = ImportBatch.objects.waiting().filter(pk=self.pk, state__in=list(from_states))
        now = timezone.now()
        taken = free.update(state=state, heartbeat_at=now, begun_at=now, done_rows=0, error="")
        self.refresh_from_db()
        return bool(taken)

    def expect(self, rows: int) -> None:
        self.total_rows = self.total_rows or rows
        ImportBatch.objects.filter(pk=self.pk).update(total_rows=self.total_rows)

    def beat(self, done_rows: int) -> None:
        """Say how far the work is, and that somebody is still at it. Raise Stopped if it is not wanted."""
        still = ImportBatch.objects.filter(pk=self.pk, state=self.state)
        if not still.update(done_rows=done_rows, heartbeat_at=timezone.now()):
            raise Stopped

    def read_all(self) -> None:
        """Every row is read, however many they were thought to be; the rest is comparing and writing."""
        rows = Greatest("done_rows", "total_rows")
        reading = ImportBatch.objects.filter(pk=self.pk)
        reading.update(done_rows=rows, total_rows=rows, heartbeat_at=timezone.now())

    @transaction.atomic
    def tell_apart(self, kind: str, kinds: Iterable[str]) -> list["ImportBatch"]:
        """This is the list of that kind; make an import of each other one that the file holds."""
        if self.kind:
            return []
        self.kind = kind
        self.save(update_fields=["kind"])
        return [self._for_other_list(other) for other in kinds if other != kind]

    def _for_other_list(self, kind: str) -> "ImportBatch":
        with self.file.open("rb") as file:
            return ImportBatch.objects.create(
                file=File(file, self.file.name), kind=kind, name=self.name, size=self.size,
                sha256=self.sha256, insurer_id=self.insurer_id, create_agents=self.create_agents,
                owners=self.owners, uploaded_by_id=self.uploaded_by_id,
            )  # fmt: skip

    def other_lists(self) -> BatchQuerySet:
        """The other lists of the same file that still wait for somebody; of each kind the latest."""
        same = ImportBatch.objects.filter(sha256=self.sha256, uploaded_by=self.uploaded_by_id)
        unfinished = [*self.CHECKS, self.State.MAPPING, self.State.CHECKED]
        others = same.exclude(kind__in=["", self.kind]).filter(state__in=unfinished)
        return others.order_by("kind", "-pk").distinct("kind")

    def map(self, kind: str, said: dict[str, str], mode: str) -> bool:
        """Let it be checked with these columns; answer whether it waited for that."""
        said = {plain_heading(heading): field for heading, field in said.items()}
        return self._check_again(mapping={kind: said}, mode=mode)

    def give(self, numbers: Iterable[str], staff_no: str) -> bool:
        """Let policies of numbers that nobody has go to somebody, and be checked again; "" takes it back."""
        given = self.owners | dict.fromkeys(numbers, staff_no)
        return self._check_again(owners={number: to for number, to in given.items() if to})

    def make_agents(self) -> bool:
        """Let numbers that nobody has become accounts without a login, and check again."""
        return self._check_again(create_agents=True)

    def _check_again(self, **told: Any) -> bool:
        """Answer whether it waited to be told that."""
        waits = [self.State.MAPPING, self.State.CHECKED]
        asked = ImportBatch.objects.filter(pk=self.pk, state__in=waits)
        afresh: dict[str, Any] = {"report": {}, "done_rows": 0}
        afresh |= dict.fromkeys(("heartbeat_at", "begun_at", "finished_at"))
        return bool(asked.update(state=self.State.UPLOADED, **(afresh | told)))

    @property
    def told(self) -> dict[str, dict[str, str]]:
        """What is known of its headings beside the vocabulary: what was remembered, then its own."""
        told = HeadingMemory.of(self.insurer_id)
        for kind, said in self.mapping.items():
            told[kind] = told.get(kind, {}) | said
        return told

    def confirm(self) -> bool:
        """Let the checked list be written; answer whether this was the first time."""
        checked = ImportBatch.objects.filter(pk=self.pk, state=self.State.CHECKED)
        return bool(
            checked.update(state=self.State.APPLYING, heartbeat_at=None, begun_at=None, done_rows=0)
        )

    def is_still(self, state: str) -> bool:
        return ImportBatch.objects.filter(pk=self.pk, state=state).exists()

    def ask_undo(self, by: User) -> bool:
        """Let it be undone; answer whether this was the first time."""
        if not self.may_be_undone:
            return False
        applied = ImportBatch.objects.filter(pk=self.pk, state=self.State.APPLIED)
        return bool(applied.update(state=self.State.UNDOING, heartbeat_at=None, undone_by=by))

    @property
    def twin(self) -> "ImportBatch | None":
        """The same file, imported before and not undone."""
        same = ImportBatch.objects.filter(
            sha256=self.sha256, insurer=self.insurer_id, kind=self.kind, state=self.State.APPLIED
        )
        return same.exclude(pk=self.pk).exclude(sha256="").select_related("uploaded_by").first()

    @property
    def undo_until(self) -> datetime | None:
        """As long as what stood there before is kept."""
        kept = timedelta(days=settings.IMPORT_UNDO_DAYS)
        return self.finished_at + kept if self.finished_at and self.noted else None

    @property
    def may_be_undone(self) -> bool:
        until = self.undo_until
        return self.state == self.State.APPLIED and until is not None and timezone.now() < until

    def stop(self) -> bool:
        """Stop the check or the import, if it is still under way; nothing of it stays."""
        stoppable = [*self.CHECKS, self.State.MAPPING, self.State.APPLYING]
        under_way = ImportBatch.objects.filter(pk=self.pk, state__in=stoppable)
        stopped = bool(under_way.update(state=self.State.STOPPED, finished_at=timezone.now()))
        if stopped:
            with connection.cursor() as cursor:
                cursor.execute(_CANCEL, {"place": WORKING, "batch": self.pk})
        return stopped

    @contextmanager
    def worked_at(self) -> Iterator[None]:
        """Say in the database whose work this is, so that it can be stopped in the middle."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [WORKING, self.pk])
        try:
            yield
        finally:
            if not connection.needs_rollback:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [WORKING, self.pk])

    def discard(self) -> None:
        """Forget the file and everything about it."""
        self.drop_files()
        self.delete()

    def drop_files(self) -> None:
        for file in (self.file, self.refused_file, self.differences_file):
            if file:
                file.delete(save=False)

    def finish(self, state: str, **fields: Any) -> None:
        self.finish_from("", state, **fields)

    def finish_from(self, was: str, state: str, **fields: Any) -> bool:
        """Answer whether it was still in the state `was`, if one is named."""
        now = timezone.now()
        ended = {"state": state, "heartbeat_at": now, "finished_at": now}
        still = ImportBatch.objects.filter(pk=self.pk, **({"state": was} if was else {}))
        found = bool(still.update(**(ended | fields)))
        self.refresh_from_db()
        return found

    @property
    def percent(self) -> int:
        return min(100, self.done_rows * 100 // self.total_rows) if self.total_rows else 0

    @property
    def rows_a_second(self) -> int:
        if not (self.begun_at and self.done_rows):
            return 0
        return round(self.done_rows / max((timezone.now() - self.begun_at).total_seconds(), 0.5))

    @property
    def seconds_left(self) -> int:
        """About; what follows on the reading is guessed from how long that took."""
        if not (self.begun_at and self.heartbeat_at and self.done_rows):
            return 0
        now = timezone.now()
        until = self.heartbeat_at if self.done_rows >= self.total_rows else now
        reading = (until - self.begun_at) * max(self.total_rows / self.done_rows, 1)
        after = AFTER_READING.get(self.state, 0)
        return max(round((reading * (1 + after) - (now - self.begun_at)).total_seconds()), 0)

    @property
    def ahead(self) -> "ImportBatch | None":
        """Another list that is being written or undone, for which this one waits."""
        writing = ImportBatch.objects.filter(state__in=[self.State.APPLYING, self.State.UNDOING])
        earlier = Q(begun_at__lt=self.begun_at) if self.begun_at else ~Q(begun_at=None)
        return writing.filter(earlier).exclude(pk=self.pk).order_by("begun_at").first()

    @property
    def good_rows(self) -> int:
        return int(self.report.get("rows", 0)) - int(self.report.get("rejected_rows", 0))

    @property
    def seconds(self) -> float:
        if not (self.begun_at and self.finished_at):
            return 0.0
        return max((self.finished_at - self.begun_at).total_seconds(), 0.1)

    @property
    def whole_seconds(self) -> int:
        return max(round(self.seconds), 1)

    @property
    def is_busy(self) -> bool:
        return self.state in self.BUSY

    @property
    def is_changeless(self) -> bool:
        """The list says nothing that is not known."""
        return self.good_rows > 0 and not any(self.report.get(name) for name in _CHANGES)

    @property
    def is_fruitless(self) -> bool:
        """There is no row that could be taken."""
        return self.state == self.State.CHECKED and self.good_rows <= 0

    @property
    def keeps(self) -> bool:
        """Its lines stay on their policies."""
        return self.kind in LAYOUTS and LAYOUTS[self.kind].kept is not None

    @property
    def kind_label(self) -> "Promise | str":
        return LAYOUTS[self.kind].label if self.kind in LAYOUTS else ""


class HeadingMemory(models.Model):
    """What somebody has said of a heading of an insurer's lists; "" for what is not imported."""

    insurer = models.ForeignKey("policies.Insurer", models.CASCADE, related_name="headings")
    kind = models.CharField(_("kind of list"), max_length=12)
    plain = models.CharField(max_length=120)  # as headings are compared
    heading = models.CharField(_("column of the file"), max_length=120)
    field = models.CharField(_("is"), max_length=40, blank=True, default="")
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", db_index=False)
    at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("remembered column")
        verbose_name_plural = _("remembered columns")
        ordering = ("insurer", "kind", "heading")
        constraints = (
            models.UniqueConstraint(
                fields=["insurer", "kind", "plain"], name="a_heading_means_one_thing"
            ),
        )

    def __str__(self) -> str:
        return f"{self.heading}: {self.field}"

    @property
    def kind_label(self) -> "Promise | str":
        return LAYOUTS[self.kind].label if self.kind in LAYOUTS else self.kind

    @property
    def field_label(self) -> str:
        layout = LAYOUTS.get(self.kind)
        if layout is None or self.field not in layout.at:
            return self.field
        return layout.column(self.field).heading(get_language() or "en")

    @classmethod
    def of(cls, insurer_id: int) -> dict[str, dict[str, str]]:
        """By kind of list: what each heading is."""
        told: dict[str, dict[str, str]] = {}
        for memory in cls.objects.filter(insurer=insurer_id):
            told.setdefault(memory.kind, {})[memory.plain] = memory.field
        return told

    @classmethod
    def learn(cls, insurer_id: int, kind: str, said: dict[str, str], by: User | None) -> None:
        """Remember headings as they stand in a file, each with its field."""
        meant = {plain_heading(heading)[:120]: (heading, field) for heading, field in said.items()}
        HeadingMemory.objects.bulk_create(
            [
                HeadingMemory(
                    insurer_id=insurer_id, kind=kind, plain=plain, heading=heading[:120],
                    field=field, by=by,
                )
                for plain, (heading, field) in meant.items()
                if plain
            ],
            update_conflicts=True,
            unique_fields=["insurer", "kind", "plain"],
            update_fields=["heading", "field", "by", "at"],
        )  # fmt: skip


def _sha256(chunks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()
