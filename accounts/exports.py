"""Lists as files: what a list's file has in its columns, and who agreed to a long or an unmasked one."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol, Self

from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.http import FileResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry, User
from accounts.scope import agents_seen_by
from lib.downloads import download

ALONE = 500  # rows that one person may take without a second one
FETCH_DAYS = 7  # after the approval
KEPT_DAYS = 90  # the audit tells what happened before
GROWTH = 1.1  # a list may have grown so much since it was approved

Rows = QuerySet[Any, Any] | Sequence[Any]
Words = str | Promise


class Told(Protocol):
    """A word that knows the reader's language when it is written."""

    def __str__(self) -> str: ...


@dataclass(frozen=True)
class Column:
    heading: Words | Told
    value: Callable[[Any], object]
    mask: Callable[[str], str] | None = None  # of a personal number

    def cell(self, row: Any, *, whole: bool) -> object:
        value = self.value(row)
        if self.mask and not whole:
            return self.mask(str(value or ""))
        return str(value) if isinstance(value, Promise) else value


@dataclass(frozen=True)
class Listing:
    """A list that can be had as a file: the rows of its page, with the filters of its address."""

    code: str
    label: Words
    page: str  # name of the page's URL
    columns: tuple[Column, ...]
    rows: Callable[[User, QueryDict], Rows]
    allows: Callable[[User], bool] = lambda user: not user.audits
    lines: Callable[[Iterable[Any]], Iterable[Any]] = iter  # what the columns read, from the rows
    of_one: bool = False  # the page is of one thing, which the file's address names by `of`
    columns_of: Callable[[QueryDict], tuple[Column, ...]] | None = None  # where each has its own

    def asked(self, asked: QueryDict) -> "Listing":
        """With the columns of what is asked for."""
        return replace(self, columns=self.columns_of(asked)) if self.columns_of else self

    def url(self, asked: QueryDict) -> str:
        """The page of the list, as it was narrowed."""
        if not self.of_one:
            return f"{reverse(self.page)}?{asked.urlencode()}"
        rest = asked.copy()
        of = asked_number(asked)
        rest.pop("of", None)
        return f"{reverse(self.page, args=[of])}?{rest.urlencode()}" if of else ""

    @property
    def has_numbers(self) -> bool:
        return any(column.mask for column in self.columns)

    def cells(self, rows: Rows, *, whole: bool) -> Iterator[tuple[object, ...]]:
        read = rows.iterator(chunk_size=1000) if isinstance(rows, QuerySet) else rows
        for line in self.lines(read):
            yield tuple(column.cell(line, whole=whole) for column in self.columns)


def asked_number(asked: QueryDict) -> int:
    """Of what the list is, where its page has that in its path; else 0."""
    of = asked.get("of", "")
    return int(of) if of.isascii() and of.isdigit() and len(of) < 19 else 0


def count(rows: Rows) -> int:
    return rows.count() if isinstance(rows, QuerySet) else len(rows)


def may_have_whole_numbers(user: User) -> bool:
    """Those who lead or administer may ask for them; a second person agrees."""
    return user.oversees


class ExportRequestQuerySet(models.QuerySet["ExportRequest"]):
    def of(self, user: User) -> Self:
        return self.filter(asker=user)

    def below(self, user: User) -> Self:
        """What others have asked, of whom `user` leads or administers."""
        if not user.oversees:
            return self.none()
        return self.filter(asker__in=agents_seen_by(user).values("pk")).exclude(asker=user)

    def to_decide(self, user: User) -> Self:
        return self.below(user).filter(approved=None)

    def forget_old(self) -> int:
        return self.filter(asked_at__lt=timezone.now() - timedelta(days=KEPT_DAYS)).delete()[0]


class ExportRequest(models.Model):
    """Somebody wants a long list, or one with whole numbers; somebody else says yes or no.

    It keeps the question, not the rows: the file is made when it is fetched, of what its asker may
    see that day.
    """

    class State(models.TextChoices):
        ASKED = "asked", _("Waits for a second person")
        APPROVED = "approved", _("Approved")
        REFUSED = "refused", _("Not approved")
        FETCHED = "fetched", _("Fetched")
        EXPIRED = "expired", _("Not fetched in time")

    FORMS: ClassVar[list[tuple[str, str]]] = [("xlsx", "Excel"), ("csv", "CSV")]

    asker = models.ForeignKey(User, models.CASCADE, related_name="+")
    listing = models.CharField(max_length=30)
    query = models.TextField(blank=True, default="")  # the filters of the list's address
    form = models.CharField(max_length=4, choices=FORMS)
    whole = models.BooleanField(default=False)
    rows = models.PositiveIntegerField()
    reason = models.CharField(max_length=200)
    asked_at = models.DateTimeField(auto_now_add=True)
    approved = models.BooleanField(null=True)
    decider = models.ForeignKey(User, models.CASCADE, null=True, related_name="+", db_index=False)
    decided_at = models.DateTimeField(null=True)
    fetched_at = models.DateTimeField(null=True)

    objects = ExportRequestQuerySet.as_manager()

    class Meta:
        ordering = ("-asked_at", "-pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(decider=None) | ~Q(decider=models.F("asker")),
                name="nobody_approves_their_own_export",
            ),
        )

    def __str__(self) -> str:
        return f"{self.listing} ({self.rows})"

    @property
    def state(self) -> "ExportRequest.State":
        state = ExportRequest.State
        if self.approved is None:
            return state.ASKED
        if not self.approved:
            return state.REFUSED
        if self.fetched_at:
            return state.FETCHED
        return state.APPROVED if timezone.now() < self.fetch_until else state.EXPIRED

    @property
    def fetch_until(self) -> datetime:
        return (self.decided_at or self.asked_at) + timedelta(days=FETCH_DAYS)

    @property
    def is_ready(self) -> bool:
        return self.state == ExportRequest.State.APPROVED

    @property
    def filters(self) -> QueryDict:
        return QueryDict(self.query)

    def mark_fetched(self) -> None:
        self.fetched_at = timezone.now()
        self.save(update_fields=["fetched_at"])

    @transaction.atomic
    def decide(self, by: User, *, approved: bool) -> bool:
        """Say yes or no, once."""
        waiting = ExportRequest.objects.filter(pk=self.pk, approved=None)
        if not waiting.update(approved=approved, decider=by, decided_at=timezone.now()):
            return False
        AuditEntry.record(
            by, AuditEntry.Action.UPDATE, self, approved=approved, list=self.listing, rows=self.rows
        )
        return True


@transaction.atomic
def ask(user: User, listing: Listing, query: str, rows: int, **wish: Any) -> ExportRequest:
    made = ExportRequest.objects.create(
        asker=user, listing=listing.code, query=query, rows=rows, **wish
    )
    AuditEntry.record(
        user, AuditEntry.Action.CREATE, made, list=listing.code, rows=rows, whole=made.whole
    )
    return made


@transaction.atomic
def take(
    user: User, listing: Listing, rows: Rows, form: str, *, whole: bool = False, **more: Any
) -> FileResponse:
    """The file; who took what, and how many, is recorded with it."""
    n = count(rows)
    AuditEntry.record(
        user,
        AuditEntry.Action.EXPORT,
        f"list {listing.code}",
        rows=n,
        whole=whole,
        form=form,
        **more,
    )
    headings = [str(column.heading) for column in listing.columns]
    name = f"{listing.label} {timezone.localdate()}"
    return download(form, name, headings, listing.cells(rows, whole=whole))
