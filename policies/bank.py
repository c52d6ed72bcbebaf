"""The bank's answer to the debit: each line of a return file, and what became of it.

The meaning of the lines is worked out in `policies.importing.posting`, for all of them at once.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar, Self

from django.db import connection, models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.scope import ScopedQuerySet
from policies.importing import posting
from policies.importing.problems import Refusal
from policies.lifecycle import PolicyEvent, because

if TYPE_CHECKING:
    from policies.importing.apply import Order, Report

POSTING = 0x424F4F4B  # the key under which imports wait for each other


class Branch(models.Model):
    """A branch of the insurer whose lists are ours; learnt from the lists that came in."""

    insurer = models.ForeignKey("policies.Insurer", models.CASCADE, related_name="branches")
    name = models.CharField(_("branch"), max_length=80)

    class Meta:
        verbose_name = _("branch of the insurer")
        verbose_name_plural = _("branches of the insurers")
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(fields=["insurer", "name"], name="a_branch_is_known_once"),
        )

    def __str__(self) -> str:
        return self.name

    @classmethod
    def learn(cls, insurer_id: int, names: set[str]) -> None:
        known = (Branch(insurer_id=insurer_id, name=name) for name in sorted(names))
        Branch.objects.bulk_create(known, ignore_conflicts=True)

    @classmethod
    def of(cls, insurer_id: int) -> set[str]:
        return set(cls.objects.filter(insurer_id=insurer_id).values_list("name", flat=True))


class BankRowQuerySet(ScopedQuerySet["BankRow"]):
    agent_field = "policy__holder__agent"

    def waiting(self) -> Self:
        """For a person to say what is meant."""
        return self.filter(state__in=BankRow.WAITING)


class BankRow(models.Model):
    """One line of a return file. A line comes once: the same in another file is the same line."""

    class Failure(models.TextChoices):
        INSUFFICIENT = "insufficient", _("Balance too low")
        ACCOUNT_NOT_FOUND = "account_not_found", _("No such account")
        CARD_INVALID = "card_invalid", _("Card not valid")
        NAME_MISMATCH = "name_mismatch", _("Name and account differ")
        FROZEN_OR_CLOSED = "frozen_or_closed", _("Account frozen or closed")
        LIMIT_EXCEEDED = "limit_exceeded", _("Over the account's limit")
        NO_AUTHORISATION = "no_authorisation", _("No authorisation")
        SYSTEM_ERROR = "system_error", _("Fault in the bank's system")
        OTHER = "other", _("Another reason")

    class State(models.TextChoices):
        MATCHED = "matched", _("Posted")
        AMBIGUOUS = "ambiguous", _("Several could be meant")
        UNKNOWN = "unknown", _("No such policy or premium")
        SET_ASIDE = "set_aside", _("Set aside by a person")

    class Why(models.TextChoices):
        """Why a line waits for a person."""

        SEVERAL = "several", _("Several premiums could be meant")
        AMOUNT = "amount", _("The premium owed is of another amount")
        PAID = "paid", _("The premium was paid before")
        LAPSED = "lapsed", _("The policy had lapsed before")
        ENDED = "ended", _("The policy has ended")
        NOTHING = "nothing", _("No premium was due")

    WAITING: ClassVar[tuple[str, ...]] = ("ambiguous", "unknown")

    batch = models.ForeignKey("policies.ImportBatch", models.PROTECT, related_name="bank_rows")
    row = models.PositiveIntegerField(_("row"))
    reference = models.CharField(_("policy or service number"), max_length=40)
    account_name = models.CharField(_("account name"), max_length=100, blank=True, default="")
    account_end = models.CharField(_("end of the account"), max_length=4, blank=True, default="")
    branch = models.CharField(_("branch"), max_length=80, blank=True, default="")
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    returned_on = models.DateField(_("returned on"))
    ok = models.BooleanField(_("collected"))
    failure = models.CharField(
        _("why it failed"), max_length=17, choices=Failure, blank=True, default=""
    )
    words = models.CharField(_("in the bank's words"), max_length=120, blank=True, default="")
    state = models.CharField(_("state"), max_length=9, choices=State)
    why = models.CharField(
        _("why it waits"), max_length=8, choices=Why, blank=True, default="", db_default=""
    )
    confirms = models.BooleanField(  # the premium was booked as paid before the line came
        _("confirms a payment"), default=False, db_default=False
    )
    note = models.CharField(_("note"), max_length=200, blank=True, default="", db_default="")
    policy = models.ForeignKey(
        "policies.Policy", models.PROTECT, null=True, related_name="bank_rows"
    )
    instalment = models.ForeignKey(
        "policies.Instalment", models.PROTECT, null=True, related_name="bank_rows"
    )
    digest = models.CharField(max_length=64)  # of what makes the line this line and no other
    settled_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", db_index=False
    )
    settled_at = models.DateTimeField(null=True)

    objects = BankRowQuerySet.as_manager()

    class Meta:
        verbose_name = _("line of a bank return")
        verbose_name_plural = _("lines of bank returns")
        ordering = ("-returned_on", "row")
        constraints = (
            models.UniqueConstraint(fields=["digest"], name="a_bank_line_counts_once"),
            models.UniqueConstraint(
                fields=["instalment"],
                name="a_premium_is_collected_once",
                condition=Q(ok=True, state="matched"),
            ),
            models.CheckConstraint(
                condition=Q(ok=True, failure="") | (Q(ok=False) & ~Q(failure="")),
                name="a_failed_debit_says_why",
            ),
        )
        indexes = (
            models.Index(
                fields=["state"],
                name="bank_rows_waiting",
                condition=Q(state__in=["ambiguous", "unknown"]),
            ),
        )

    def __str__(self) -> str:
        return f"{self.reference} {self.returned_on}"


@dataclass(frozen=True)
class Posted:
    """What a return file has brought: counts of its new lines."""

    lines: int
    repeated: int  # there before, in this file or in another
    paid: int
    paid_amount: Decimal
    failed: int
    ambiguous: int
    unknown: int
    failures: dict[str, int]  # by reason
    unknown_rows: list[tuple[int, str]]  # of the file, with the number it gives

    @classmethod
    def read(cls) -> Self:
        ((lines, rows, paid, amount, failed, ambiguous, unknown),) = posting.fetch(posting.COUNT)
        return cls(
            lines=lines, repeated=rows - lines, paid=paid, paid_amount=amount, failed=failed,
            ambiguous=ambiguous, unknown=unknown,
            failures=dict(posting.fetch(posting.BY_REASON)),
            unknown_rows=[(row, reference) for row, reference in posting.fetch(posting.UNKNOWN)],
        )  # fmt: skip

    def counts(self) -> dict[str, int]:
        return {name: value for name, value in vars(self).items() if isinstance(value, int)}


def post(order: "Order", report: "Report | None" = None) -> Posted:
    """Take in the return file that lies in the table `import_bank`, all of it or nothing.

    Each line counts once, whatever files it stands in. Raise Refusal for a file of another branch.
    `report` gets the counts. A dry run only says what would be.
    """
    source = PolicyEvent.Source.BANK
    with because(source, on=order.today, by=order.by, batch=order.batch):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [POSTING])
        branches = _branches_of_ours(order.insurer.pk)
        posting.judge(order.insurer.pk)
        posted = Posted.read()
        if not order.dry_run:
            if order.batch is None:
                raise ValueError("bank lines are kept with the import that brought them")
            posting.write(order.batch, order.by.pk if order.by else None)
            Branch.learn(order.insurer.pk, branches)
    if report is not None:
        vars(report).update(posted.counts())
    return posted


def _branches_of_ours(insurer_id: int) -> set[str]:
    """The branches of the file; raise Refusal if one is none of ours."""
    found = posting.fetch(
        "SELECT DISTINCT left(trim(branch), 80) FROM import_bank WHERE branch > ''"
    )
    named = {name for (name,) in found if name}
    ours = Branch.of(insurer_id)
    foreign = named - ours
    if ours and foreign:
        raise Refusal(
            "other_branch", branch=", ".join(sorted(foreign)[:3]), ours=", ".join(sorted(ours)[:3])
        )
    return named
