"""Two records of one person become one, with all that hangs on them; and two again.

What hangs on a client is asked of the models, so that one that is added later is moved along, too.
Every step is kept in a journal, from which the merge is taken back to the letter.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NamedTuple, Self

from django.db import IntegrityError, models, transaction
from django.db.models import Model, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AuditEntry, User
from clients.family import Household
from clients.models import Client, Moved
from lib.absorbing import EMPTY, Journal, references, row_of, take_back

UNDO_DAYS = 30

# Where the two differ, somebody chooses. `BOTH` joins the notes.
CHOSEN = (
    "name", "gender", "birth_on", "birthday_calendar", "id_number", "id_valid_to", "mobile", "phone",
    "email", "address", "postcode", "agent", "household", "source", "client_class", "do_not_sell",
    "deceased", "do_not_contact", "note",
)  # fmt: skip
KEPT, GONE, BOTH = "kept", "gone", "both"
_RESTRAINTS = frozenset(("do_not_sell", "deceased", "do_not_contact"))  # a no is never lost unasked
_EARLIEST = ("client_since", "complaint_open_since", "deceased_on")
_LATEST = ("verified_on", "no_sales_until")
_FOLLOWS = {
    "household": ("household_by_hand",),
    "client_class": ("class_since", "attention", "tier"),
}
_DERIVED = ("pinyin", "initials", "id_index", "next_birthday_on", "deceased_on")


class NotMerged(Exception):  # noqa: N818 - nothing is wrong with the program
    """It cannot be done; one sentence says why."""


class MergeQuerySet(models.QuerySet["Merge"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(kept_pk__in=Client.objects.visible_to(user).values("pk"))

    def standing(self) -> Self:
        return self.filter(undone_at=None)


class Merge(models.Model):
    """One record went into another. Keys are plain numbers: the record that went has no row."""

    kept_pk = models.BigIntegerField(db_index=True)
    gone_pk = models.BigIntegerField(db_index=True)
    kept_name = models.CharField(max_length=100)
    gone_name = models.CharField(max_length=100)
    # By which an insurer's list still names them: it is told to whom that leads by now.
    gone_birth_on = models.DateField(null=True)
    gone_mobile = models.CharField(max_length=30, default="")
    gone_id_index = models.BinaryField(max_length=32, null=True)
    journal = models.JSONField(default=list)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(auto_now_add=True)
    undone_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    undone_at = models.DateTimeField(null=True)

    objects = MergeQuerySet.as_manager()

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.gone_pk} -> {self.kept_pk}"

    @property
    def may_be_undone(self) -> bool:
        fresh = timezone.now() < self.at + timedelta(days=UNDO_DAYS)
        return self.undone_at is None and bool(self.journal) and fresh

    @classmethod
    def forget_old(cls) -> int:
        """What stood there before is kept as long as it may come back."""
        old = cls.objects.filter(at__lt=timezone.now() - timedelta(days=UNDO_DAYS))
        return old.exclude(journal=[]).update(journal=[])


# --- the choice


class Side(NamedTuple):
    """One field of the two, and which of them is proposed."""

    name: str
    kept: Any
    gone: Any
    proposed: str

    @property
    def differs(self) -> bool:
        return bool(self.kept != self.gone)


def sides(kept: Client, gone: Client) -> list[Side]:
    return [_side(name, getattr(kept, name), getattr(gone, name)) for name in CHOSEN]


def _side(name: str, kept: Any, gone: Any) -> Side:
    proposed = GONE if kept in EMPTY and gone not in EMPTY else KEPT
    if name in _RESTRAINTS and gone:
        proposed = GONE
    if name == "note" and kept and gone and kept != gone:
        proposed = BOTH
    return Side(name, kept, gone, proposed)


def hanging_on(client: Client) -> dict[type[Model], int]:
    """How many rows of what would move along, one query for each model."""
    found: dict[type[Model], int] = {}
    for model, fk in references(Client):
        if n := model._base_manager.filter(**{fk.attname: client.pk}).count():
            found[model] = found.get(model, 0) + n
    return found


# --- merging


@transaction.atomic
def merge(kept_pk: int, gone_pk: int, chosen: Mapping[str, str], by: User) -> Merge:
    """Let the second record go into the first. `chosen` says by field whose value stands."""
    locked = Client.objects.select_for_update(of=("self",)).order_by("pk")
    both = {client.pk: client for client in locked.filter(pk__in=[kept_pk, gone_pk])}
    if len(both) < 2:
        raise NotMerged(_("One of the two is not there any more."))
    kept, gone = both[kept_pk], both[gone_pk]
    known_by = {
        f"gone_{name}": getattr(gone, name) for name in ("name", "birth_on", "mobile", "id_index")
    }
    values = _chosen_values(kept, gone, chosen)
    homes = sorted({home for home in (kept.household_id, gone.household_id) if home})
    journal = Journal()
    before = row_of(Client, kept.pk)
    journal.absorb(Client, kept.pk, gone.pk)
    with _moving_nobody(kept.pk):
        _give(kept, values)
    for home in homes:
        _settle(home, journal)
    journal.note(Client, kept.pk, before)
    made = Merge.objects.create(
        kept_pk=kept.pk,
        kept_name=kept.name,
        gone_pk=gone.pk,
        journal=journal.entries,
        by=by,
        **known_by,
    )
    taken = sorted(name for name in chosen if chosen[name] != KEPT)
    AuditEntry.record(by, AuditEntry.Action.MERGE, kept, gone=gone_pk, merge=made.pk, taken=taken)
    return made


def _chosen_values(kept: Client, gone: Client, chosen: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for side in sides(kept, gone):
        choice = chosen.get(side.name, side.proposed)
        if choice == BOTH:
            values[side.name] = f"{side.kept}\n{side.gone}".strip()
        elif choice == GONE:
            follow = {name: getattr(gone, name) for name in _FOLLOWS.get(side.name, ())}
            values |= {side.name: side.gone} | follow
    for names, pick in ((_EARLIEST, min), (_LATEST, max)):
        for name in names:
            told = [day for day in (getattr(kept, name), getattr(gone, name)) if day]
            values[name] = pick(told, default=None)
    return values


def _give(kept: Client, values: Mapping[str, Any]) -> None:
    kept.refresh_from_db()  # what was moved along has counted its contacts anew
    for name, value in values.items():
        setattr(kept, name, value)
    kept.version = kept.version + 1
    kept.save(update_fields=[*{*values, *_DERIVED}, "version"])


def _settle(home: int, journal: Journal) -> None:
    """A household of one is none; one whose main client left has another."""
    members = list(
        Client.objects.filter(household=home).order_by("pk").values_list("pk", flat=True)
    )
    if len(members) < 2:
        journal.drop(Household, home)
        return
    before = row_of(Household, home)
    strays = Household.objects.filter(pk=home).exclude(main_client__in=members)
    if strays.update(main_client=members[0]):
        journal.note(Household, home, before)


@contextmanager
def _moving_nobody(pk: int) -> Iterator[None]:
    """Whose number was mistaken has not moved house: what the database notes of it is forgotten."""
    known = list(Moved.objects.filter(client=pk).values_list("pk", flat=True))
    yield
    Moved.objects.filter(client=pk).exclude(pk__in=known).delete()


# --- and back


@transaction.atomic
def unmerge(pk: int, by: User) -> Merge:
    """Two again, as they were; what came since stays with the one that stayed."""
    done = Merge.objects.select_for_update().get(pk=pk)
    if not done.may_be_undone:
        raise NotMerged(_("This can no longer be taken back."))
    later = Merge.objects.standing().filter(pk__gt=pk)
    if later.filter(Q(gone_pk=done.kept_pk) | Q(kept_pk=done.kept_pk)).exists():
        raise NotMerged(_("The same record was merged again since; take that back first."))
    if not Client.objects.select_for_update().filter(pk=done.kept_pk).exists():
        raise NotMerged(_("One of the two is not there any more."))
    try:
        with transaction.atomic(), _moving_nobody(done.kept_pk):
            take_back(done.journal)
    except IntegrityError:
        sentence = _("Somebody else has the ID number by now; take it from them first.")
        raise NotMerged(sentence) from None
    done.undone_by, done.undone_at = by, timezone.now()
    done.save(update_fields=["undone_by", "undone_at"])
    AuditEntry.record(by, AuditEntry.Action.MERGE, f"client {done.kept_pk}", taken_back=pk)
    return done
