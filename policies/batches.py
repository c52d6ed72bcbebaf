"""One list of an uploaded file and how far it has come: the ledger of the imports."""

import hashlib
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from policies.importing.layouts import LAYOUTS

PATIENCE = timedelta(minutes=3)  # without a heartbeat, after which work counts as abandoned
_CHANGES = (
    "created_policies", "updated_policies", "created_clients", "updated_clients",
    "collected", "failed", "waiting", "recorded", "renewed",
)  # fmt: skip


def _own_name(batch: "ImportBatch", filename: str) -> str:
    """A random name: what the user called the file never reaches the disk."""
    return f"imports/{uuid.uuid4().hex}{PurePath(filename).suffix.lower()[:6]}"


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
        CHECKING = "checking", _("Being checked")
        CHECKED = "checked", _("Checked")
        APPLYING = "applying", _("Being imported")
        APPLIED = "applied", _("Imported")
        FAILED = "failed", _("Could not be read")
        STOPPED = "stopped", _("Stopped")
        UNDOING = "undoing", _("Being undone")
        UNDONE = "undone", _("Undone")

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
        size = file.size or 0
        return cls.objects.create(
            file=file, name=name, size=size, sha256=_sha256(file.chunks()), **fields
        )

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
        """Say how far the work is, and that somebody is still at it."""
        ImportBatch.objects.filter(pk=self.pk).update(
            done_rows=done_rows, heartbeat_at=timezone.now()
        )

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
                uploaded_by_id=self.uploaded_by_id,
            )  # fmt: skip

    def other_lists(self) -> BatchQuerySet:
        """The other lists of the same file that still wait for somebody."""
        same = ImportBatch.objects.filter(sha256=self.sha256, uploaded_by=self.uploaded_by_id)
        unfinished = [*self.CHECKS, self.State.CHECKED]
        return same.exclude(kind__in=["", self.kind]).filter(state__in=unfinished).order_by("pk")

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
    def undo_until(self) -> datetime | None:
        """As long as what stood there before is kept."""
        kept = timedelta(days=settings.IMPORT_UNDO_DAYS)
        return self.finished_at + kept if self.finished_at and self.noted else None

    @property
    def may_be_undone(self) -> bool:
        until = self.undo_until
        return self.state == self.State.APPLIED and until is not None and timezone.now() < until

    def discard(self) -> None:
        """Forget the file and everything about it."""
        self.file.delete(save=False)
        if self.refused_file:
            self.refused_file.delete(save=False)
        self.delete()

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
        return max(self.total_rows - self.done_rows, 0) // (self.rows_a_second or 1)

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


def _sha256(chunks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()
