"""The bank's answer to the debit: each line of a return file, and what became of it.

The meaning of the lines is worked out in `policies.importing.posting`, for all of them at once.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.db import connection, models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry, User
from accounts.scope import ScopedQuerySet, agents_seen_by
from policies import premiums
from policies.importing import posting
from policies.importing.problems import Refusal
from policies.lifecycle import PolicyEvent, because

if TYPE_CHECKING:
    from policies.importing.apply import Order, Report
    from policies.models import Instalment, Policy

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
    def learn(cls, insurer_id: int, names: set[str], heading: str = "") -> None:
        """Remember whose lists are ours. An outlet that sells is no branch, whatever column it has."""
        if "网点" in heading:
            return
        known = (Branch(insurer_id=insurer_id, name=name) for name in sorted(names) if name)
        Branch.objects.bulk_create(known, ignore_conflicts=True)

    @classmethod
    def of(cls, insurer_id: int) -> set[str]:
        return set(cls.objects.filter(insurer_id=insurer_id).values_list("name", flat=True))


class BankRowQuerySet(ScopedQuerySet["BankRow"]):
    agent_field = "policy__holder__agent"

    def visible_to(self, user: User) -> Self:
        """As everywhere, but with the agents by number.

        Of a subquery the planner expects one agent, and looks for the lines of every policy: 5
        seconds instead of 0.2 among a million lines.
        """
        if not (user.leads and user.team_id):
            return super().visible_to(user)
        agents = agents_seen_by(user).values_list("pk", flat=True)
        return self.filter(policy__holder__agent__in=list(agents))

    def waiting(self) -> Self:
        """For a person to say what is meant."""
        return self.filter(state__in=BankRow.WAITING)

    def collected(self) -> Self:
        return self.filter(ok=True, state=BankRow.State.MATCHED)

    def failed(self) -> Self:
        return self.filter(ok=False, state=BankRow.State.MATCHED)

    def set_aside(self) -> Self:
        return self.filter(state=BankRow.State.SET_ASIDE)

    def for_list(self) -> Self:
        return self.select_related(
            "batch", "instalment", "policy__holder__agent", "policy__product", "settled_by"
        )


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
            models.Index(fields=["returned_on"], name="bank_rows_returned"),
            models.Index(
                fields=["ok", "-returned_on", "row", "id"],
                name="bank_rows_posted",
                condition=Q(state="matched"),
                include=["policy"],
            ),
        )

    def __str__(self) -> str:
        return f"{self.reference} {self.returned_on}"

    @property
    def is_waiting(self) -> bool:
        return self.state in self.WAITING

    def may_be_of(self, instalment: "Instalment") -> bool:
        """Whether a person may say that the line is of this premium."""
        if instalment.policy_id != self.policy_id or instalment.closed_on is not None:
            return False
        return not self.ok or not (self.is_late_for(instalment) or _is_collected(instalment))

    def is_late_for(self, instalment: "Instalment") -> bool:
        """The cover had stopped: that money brings back a policy and pays no premium by itself."""
        return instalment.paid_on is None and self.returned_on > instalment.grace_ends_on

    @transaction.atomic
    def settle(self, instalment: "Instalment", *, by: User) -> bool:
        """Say of which premium the line is, and let follow what follows; False if that cannot be."""
        if not self._still_waits():
            return False
        instalment.refresh_from_db()
        if not self.may_be_of(instalment):
            return False
        confirms = self.ok and instalment.paid_on is not None
        with because(PolicyEvent.Source.BANK, on=self.returned_on, by=by, batch=self.batch_id):
            if self.ok and not confirms:
                premiums.collect(instalment, on=self.returned_on)
            self._become(
                self.State.MATCHED, by, instalment=instalment, why="", confirms=confirms, note=""
            )
            posting.follow(instalment.policy_id)
        self._record(by, "settled", due_on=str(instalment.due_on), amount=str(self.amount))
        return True

    @property
    def may_reinstate(self) -> bool:
        """Whether the money can bring its policy back: it came after the cover had stopped."""
        if not (self.ok and self.is_waiting and self.policy):
            return False
        back_by = self.policy.reinstate_by
        in_time = back_by is None or self.returned_on <= back_by
        return in_time and self.policy.status_on(self.returned_on) == self.policy.Status.LAPSED

    @transaction.atomic
    def reinstate(self, *, by: User) -> bool:
        """Let the money bring the policy back; the line is of the first premium that was owed.

        Raise premiums.Refused where it is less than what is owed by then.
        """
        if not (self.policy and self._still_waits() and self.may_reinstate):
            return False
        owed = self.policy.instalments.owed().filter(due_on__lte=self.returned_on)
        first = owed.order_by("due_on").first()
        if first is None:
            return False
        arrears = premiums.arrears(self.policy, self.returned_on)
        if self.amount < arrears:
            raise premiums.Refused(
                gettext("By that day %(amount)s is owed, and this line brings less.")
                % {"amount": arrears}
            )
        premiums.reinstate(self.policy, on=self.returned_on, by=by)
        self._become(self.State.MATCHED, by, instalment=first, why="", note="")
        self._record(by, "reinstated", policy=self.policy_id, amount=str(self.amount))
        return True

    @transaction.atomic
    def name_policy(self, policy: "Policy", *, by: User) -> bool:
        """Say of which policy the line is; where only one premium fits, that one is meant."""
        if not self._still_waits():
            return False
        policy = premiums.locked(policy.pk)
        owed = list(policy.instalments.owed().order_by("due_on"))
        fitting = [each for each in owed if each.amount == self.amount]
        self.policy, self.why = policy, self._why(policy, owed, fitting)
        self.state = self.State.AMBIGUOUS
        self.save(update_fields=["policy", "why", "state"])
        self._record(by, "named", policy=policy.pk)
        if not self.why:
            self.settle(fitting[0], by=by)
        return True

    def _why(self, policy: "Policy", owed: "list[Instalment]", fitting: "list[Instalment]") -> str:
        if policy.status not in policy.ALIVE:
            return self.Why.ENDED
        if self.ok and any(self.is_late_for(each) for each in owed):
            return self.Why.LAPSED
        if fitting:
            return self.Why.SEVERAL if len(fitting) > 1 else ""
        return self.Why.AMOUNT if owed else self.Why.NOTHING

    @transaction.atomic
    def put_aside(self, note: str, *, by: User) -> bool:
        """Take the line out of the queue, with the reason."""
        if not self._still_waits():
            return False
        self._become(self.State.SET_ASIDE, by, note=note)
        self._record(by, "set aside")
        return True

    @transaction.atomic
    def bring_back(self, *, by: User) -> bool:
        """Let a line that was set aside wait again."""
        if self._locked_state() != self.State.SET_ASIDE:
            return False
        self.state = self.State.AMBIGUOUS if self.policy_id else self.State.UNKNOWN
        self.settled_by = self.settled_at = None
        self.note = ""
        self.save(update_fields=["state", "settled_by", "settled_at", "note"])
        self._record(by, "brought back")
        return True

    def _still_waits(self) -> bool:
        """Lock the policy, then the line, as a posting does."""
        if self.policy_id:
            premiums.locked(self.policy_id)
        return self._locked_state() in self.WAITING

    def _locked_state(self) -> str:
        """The state it is in now; nothing, if somebody has given it another policy meanwhile."""
        locked = BankRow.objects.select_for_update().values_list("state", "policy_id")
        state, policy_id = locked.get(pk=self.pk)
        return state if policy_id == self.policy_id else ""

    def _become(self, state: str, by: User, **fields: Any) -> None:
        fields |= {"state": state, "settled_by": by, "settled_at": timezone.now()}
        for name, value in fields.items():
            setattr(self, name, value)
        self.save(update_fields=list(fields))

    def _record(self, by: User, deed: str, **detail: object) -> None:
        AuditEntry.record(by, AuditEntry.Action.UPDATE, self, deed=deed, **detail)


def _is_collected(instalment: "Instalment") -> bool:
    return BankRow.objects.collected().filter(instalment=instalment).exists()


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
    unknown_rows: list[tuple[int, str, str]]  # of the file, with the number and name it gives

    @classmethod
    def read(cls) -> Self:
        ((lines, rows, paid, amount, failed, ambiguous, unknown),) = posting.fetch(posting.COUNT)
        return cls(
            lines=lines, repeated=rows - lines, paid=paid, paid_amount=amount, failed=failed,
            ambiguous=ambiguous, unknown=unknown,
            failures=dict(posting.fetch(posting.BY_REASON)),
            unknown_rows=[(row, no, name) for row, no, name in posting.fetch(posting.UNKNOWN)],
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


def look_again(order: "Order") -> None:
    """Post the lines that waited, now that the insurer's list has told more; without one, nothing."""
    waiting = BankRow.objects.waiting().filter(settled_by=None, batch__insurer=order.insurer)
    if order.batch is None or not waiting.exists():
        return
    with because(PolicyEvent.Source.BANK, on=order.today, by=order.by, batch=order.batch):
        posting.no_file()
        posting.judge(order.insurer.pk)
        posting.write(order.batch, order.by.pk if order.by else None)


def _branches_of_ours(insurer_id: int) -> set[str]:
    """The branches of the file; raise Refusal if one is none of ours."""
    found = posting.fetch(
        "SELECT DISTINCT left(trim(branch), 80) FROM import_bank WHERE branch > ''"
    )
    named = {name for (name,) in found if name}
    ours = Branch.of(insurer_id)
    foreign = {name for name in named - ours if any(_alike(name, one) for one in ours)}
    if foreign:
        raise Refusal(
            "other_branch", branch=", ".join(sorted(foreign)[:3]), ours=", ".join(sorted(ours)[:3])
        )
    return named


def _alike(one: str, other: str) -> bool:
    """Whether both are names, or both are codes; a name cannot be told from a code."""
    return one.isdigit() == other.isdigit()
