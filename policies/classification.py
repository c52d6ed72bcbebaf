"""The monthly classification: which clients to develop, to nurture, to maintain, and why.

The arithmetic of each score stands in docs/classification.md, and again as a test. The whole book is
classified by one statement; afterwards only those clients are written whose class is another one.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from time import perf_counter
from typing import Any, ClassVar, Self

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import connection, models, transaction
from django.db.models import Count, F, Q, Subquery
from django.forms.models import model_to_dict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import AuditEntry, User
from accounts.scope import ScopedQuerySet
from clients.models import Client
from lib import dates
from policies.class_sql import CLASSIFY, JUDGEMENT, UPDATE_CLIENTS
from policies.known import Indicator

LONGEST_OVERRIDE = 6  # months
LOCK = 0x636C6173  # one classification at a time, whoever started it


class NotBegunError(ValueError):
    """The month has not begun: what is not known yet cannot be counted."""


def _share(label: Any, default: int) -> "models.PositiveSmallIntegerField[int, int]":
    limits = [MinValueValidator(0), MaxValueValidator(100)]
    return models.PositiveSmallIntegerField(label, default=default, validators=limits)


class Thresholds(models.Model):
    """Where the classes begin; one row, edited by the administrator."""

    develop_from = _share(_("propensity from which a client is developed"), 60)
    relation_from = _share(_("relationship it takes to develop a client"), 40)
    nurture_from = _share(_("propensity from which a client is nurtured"), 40)
    value_from = _share(_("value from which a client we hardly know is nurtured"), 50)
    margin = _share(_("points by which a limit must be passed to change the class"), 5)
    old_from = models.PositiveSmallIntegerField(
        _("age from which a client is maintained"),
        default=70,
        validators=[MinValueValidator(50), MaxValueValidator(120)],
    )
    key_share = _share(_("key accounts, percent of an agent's clients"), 4)
    important_share = _share(_("important clients, percent"), 16)
    general_share = _share(_("general clients, percent"), 40)
    moves_from = models.PositiveSmallIntegerField(
        _("changes of address or number in twelve months from which mobility is off target"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(12)],
    )

    class Meta:
        verbose_name = _("limits of the classes")
        verbose_name_plural = _("limits of the classes")

    def __str__(self) -> str:
        return str(_("limits of the classes"))

    @classmethod
    def current(cls) -> "Thresholds":
        return cls.objects.order_by("pk").first() or cls()

    def clean(self) -> None:
        """Refuse what makes no sense, in words."""
        wrong: dict[str, Any] = {}
        numbers = self.as_numbers()
        if any(value is None for value in numbers.values()):
            return  # the field itself has said so
        if self.nurture_from >= self.develop_from:
            wrong["nurture_from"] = _(
                "Nurturing must begin below developing, or nobody would be nurtured."
            )
        elif self.develop_from - self.nurture_from <= 2 * self.margin:
            wrong["margin"] = _(
                "With this margin the limits overlap: make it less than half the way between them."
            )
        if self.value_from <= self.margin or self.nurture_from <= self.margin:
            wrong["margin"] = _("The margin must be smaller than every limit.")
        if self.develop_from + self.margin > 100 or self.relation_from + self.margin > 100:
            wrong["develop_from"] = _("Nobody could ever reach more than 100 points.")
        if self.key_share + self.important_share + self.general_share > 100:
            wrong["general_share"] = _("The three shares are more than all clients.")
        if wrong:
            raise ValidationError(wrong)

    def as_numbers(self) -> dict[str, int]:
        return model_to_dict(self, exclude=["id"])


class ClassOverride(models.Model):
    """A class set by a person, for a reason, until a day. It outlives the monthly runs."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="overrides", db_index=False)
    client_class = models.CharField(_("class"), max_length=8, choices=Client.Class)
    reason = models.CharField(_("reason"), max_length=200)
    until = models.DateField(_("until"))
    by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(auto_now_add=True)
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("class set by hand")
        verbose_name_plural = _("classes set by hand")
        constraints = (
            models.UniqueConstraint(
                fields=["client"],
                condition=Q(lifted_at=None),
                name="one_class_by_hand_at_a_time",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="a_class_by_hand_has_a_reason"),
        )

    def __str__(self) -> str:
        return f"{self.client_id} {self.client_class}"

    @classmethod
    @transaction.atomic
    def put(
        cls, client: Client, wanted: str, *, by: User, reason: str, until: date
    ) -> "ClassOverride":
        """Set the class by hand from now on; what was set before gives way."""
        Client.objects.select_for_update().get(pk=client.pk)
        cls.objects.filter(client=client, lifted_at=None).update(lifted_at=timezone.now())
        made = cls.objects.create(
            client=client, client_class=wanted, reason=reason, until=until, by=by
        )
        ClientClass.latest_of(client).update(override=made, final_class=wanted)
        _set_class(client, wanted)
        AuditEntry.record(by, AuditEntry.Action.UPDATE, client, class_by_hand=wanted)
        return made

    @classmethod
    @transaction.atomic
    def lift(cls, client: Client, *, by: User) -> None:
        """Go back to what the figures say."""
        if not cls.objects.filter(client=client, lifted_at=None).update(lifted_at=timezone.now()):
            return
        ClientClass.latest_of(client).update(override=None, final_class=F("auto_class"))
        row = ClientClass.latest_of(client).first()
        if row is not None:
            _set_class(client, row.final_class)
        AuditEntry.record(by, AuditEntry.Action.UPDATE, client, class_by_hand="")


def _set_class(client: Client, wanted: str) -> None:
    Client.objects.filter(pk=client.pk).exclude(client_class=wanted).update(
        client_class=wanted, class_since=dates.today(), version=F("version") + 1
    )


class ClassificationRun(models.Model):
    """The ledger: one row a month, with the limits that were in force and what came out."""

    month = models.DateField(_("month"), unique=True)  # its first day
    thresholds = models.JSONField(default=dict)
    counts = models.JSONField(_("clients by class"), default=dict)
    moved = models.PositiveIntegerField(_("in another class than last month"), default=0)
    overridden = models.PositiveIntegerField(_("set by hand"), default=0)
    written = models.PositiveIntegerField(_("clients written"), default=0)
    seconds = models.FloatField(_("seconds"), default=0)
    at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        verbose_name = _("classification")
        verbose_name_plural = _("classifications")
        ordering = ("-month",)

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class ClientClassQuerySet(ScopedQuerySet["ClientClass"]):
    agent_field = "client__agent"

    def moved(self) -> Self:
        return self.exclude(last_class="").exclude(last_class=F("final_class"))


class ClientClass(models.Model):
    """What came out for one client in one month, and what it was counted from."""

    class Blocked(models.TextChoices):
        DECEASED = "deceased", _("Deceased")
        NO_CONTACT = "no_contact", _("Asked not to be contacted")
        COMPLAINT = "complaint", _("A complaint is open")
        NO_SALES = "no_sales", _("Wants no sales talk")
        LAPSED = "lapsed", _("No policy in force")
        OLD = "old", _("Of an age to be maintained")

    class Hint(models.TextChoices):
        NONE = "", ""
        COMPLAINT = "complaint", _("A complaint is open: settle it first")
        GRACE = "grace", _("Premium unpaid: keep the cover first")
        REINSTATE = "reinstate", _("Cover lapsed: see whether it can come back")
        MEET = "meet", _("Worth more than we know them: visit first")
        CRITICAL_ILLNESS = "critical_illness", _("No critical illness cover: talk about it")
        MEDICAL = "medical", _("No medical cover: talk about it")
        LIFE = "life", _("No life cover: talk about the family")
        ANNUITY = "annuity", _("No annuity: talk about the pension")
        REVIEW = "review", _("Covered all round: review the sums")
        CARE = "care", _("Keep in touch")

    class Tier(models.TextChoices):
        KEY = "key", pgettext_lazy("tier", "Key")
        IMPORTANT = "important", pgettext_lazy("tier", "Important")
        GENERAL = "general", pgettext_lazy("tier", "General")
        MAINTENANCE = "maintenance", pgettext_lazy("tier", "Maintenance")

    SCORED: ClassVar[tuple[str, ...]] = (
        "value", "coverage", "relation", "propensity", "confidence", "standing", "years",
        "policies", "contacts", "on_time", "premium", "sums", "tier", "blocked", "hint",
        "quality_ok", "awareness_ok", "satisfaction_ok", "means_ok", "mobility_ok", "attention",
        "auto_class", "final_class", "last_class", "override_id",
    )  # fmt: skip

    BY_MACHINE: ClassVar[Q] = Q(pk__isnull=False)  # an import that is undone asks

    client = models.ForeignKey(Client, models.CASCADE, related_name="classes", db_index=False)
    month = models.DateField(_("month"))
    value = models.PositiveSmallIntegerField(_("value"))
    coverage = models.PositiveSmallIntegerField(_("coverage"), null=True)  # empty: need unknown
    relation = models.PositiveSmallIntegerField(_("relationship"))
    propensity = models.PositiveSmallIntegerField(_("propensity"))
    confidence = models.PositiveSmallIntegerField(_("confidence"))
    standing = models.PositiveSmallIntegerField(_("percent of the book that pays less"))
    years = models.PositiveSmallIntegerField(_("years as client"), null=True)
    policies = models.PositiveSmallIntegerField(_("policies in force"))
    contacts = models.PositiveSmallIntegerField(_("contacts in twelve months"))
    on_time = models.PositiveSmallIntegerField(_("premiums paid in time, percent"), null=True)
    premium = models.DecimalField(_("premium a year"), max_digits=14, decimal_places=2)
    sums = models.DecimalField(_("sums assured"), max_digits=16, decimal_places=2)
    tier = models.CharField(_("tier"), max_length=11, choices=Tier)
    blocked = models.CharField(max_length=10, choices=Blocked, blank=True, default="")
    hint = models.CharField(_("hint"), max_length=16, choices=Hint, blank=True, default="")
    # The five indicators: on target, off it, or (empty) unknown; and the letter for how many are off.
    quality_ok = models.BooleanField(null=True)
    awareness_ok = models.BooleanField(null=True)
    satisfaction_ok = models.BooleanField(null=True)
    means_ok = models.BooleanField(null=True)
    mobility_ok = models.BooleanField(null=True)
    attention = models.CharField(_("attention"), max_length=1, default="", db_default="")
    auto_class = models.CharField(max_length=8, choices=Client.Class)
    final_class = models.CharField(_("class"), max_length=8, choices=Client.Class)
    last_class = models.CharField(max_length=8, choices=Client.Class, blank=True, default="")
    override = models.ForeignKey(
        ClassOverride, models.SET_NULL, null=True, related_name="+", db_index=False
    )

    objects = ClientClassQuerySet.as_manager()

    class Meta:
        verbose_name = _("class of a client")
        verbose_name_plural = _("classes of clients")
        constraints = (
            models.UniqueConstraint(
                fields=["month", "client"], name="one_class_of_a_client_in_a_month"
            ),
        )
        indexes = (models.Index(fields=["client"], name="classes_of_a_client"),)

    def __str__(self) -> str:
        return f"{self.client_id} {self.month:%Y-%m} {self.final_class}"

    @classmethod
    def latest_of(cls, client: Client) -> ClientClassQuerySet:
        latest = ClassificationRun.objects.order_by("-month").values("month")[:1]
        return cls.objects.filter(client=client, month=Subquery(latest))

    @property
    def indicators(self) -> dict[str, bool | None]:
        return {name: getattr(self, f"{name}_ok") for name in Indicator.values}

    @property
    def change(self) -> str:
        """`up`, `down`, or nothing where the class is last month's."""
        if self.last_class in {"", self.final_class}:
            return ""
        return "up" if RANK[self.final_class] < RANK[self.last_class] else "down"


LETTERS = "ABCD"


def letter_of(indicators: Iterable[bool | None]) -> str:
    """A to D for none to three and more off target; what is unknown is not counted as off."""
    return LETTERS[min(sum(on_target is False for on_target in indicators), len(LETTERS) - 1)]


RANK: dict[str, int] = {name: place for place, name in enumerate(Client.Class.values)}


@transaction.atomic
def classify(month: date, today: date) -> ClassificationRun:
    """Classify the whole book as of the first day of `month`, and write what is another class.

    Running a month again changes nothing unless its facts have changed; a month that is over stays
    as it was counted, since the facts of that time are gone.
    """
    month = month.replace(day=1)
    if month > today:
        raise NotBegunError(month)
    _wait_for_others()
    run = ClassificationRun.objects.filter(month=month).first()
    if run and month < today.replace(day=1):
        return run
    began = perf_counter()
    limits = Thresholds.current().as_numbers()
    _write_rows(month, limits)
    written = _write_clients(month)
    found = _counted(month) | {"thresholds": limits, "written": written}
    found["seconds"] = round(perf_counter() - began, 3)
    return ClassificationRun.objects.update_or_create(month=month, defaults=found)[0]


@transaction.atomic
def classify_due(today: date) -> ClassificationRun | None:
    """Classify this month unless it is; however many ask at once, one of them does."""
    if month_due(today) is None:
        return None
    _wait_for_others()
    month = month_due(today)
    return classify(month, today) if month else None


def _wait_for_others() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def month_due(today: date) -> date | None:
    """The month that has begun and has no run yet, or none by the limits of now."""
    month = today.replace(day=1)
    limits = Thresholds.current().as_numbers()
    done = ClassificationRun.objects.filter(month=month, thresholds=limits)
    return None if done.exists() else month


def want_again(today: date) -> None:
    """Let the run of this month pass for one by other limits, so that it is due."""
    ClassificationRun.objects.filter(month=today.replace(day=1)).update(thresholds={})


def _write_rows(month: date, limits: dict[str, int]) -> int:
    before = ClassificationRun.objects.filter(month__lt=month).order_by("-month").first()
    columns = ", ".join(ClientClass.SCORED)
    statement = CLASSIFY.format(
        **JUDGEMENT,
        columns=columns,
        excluded=", ".join(f"EXCLUDED.{name}" for name in ClientClass.SCORED),
        standing=", ".join(f"k.{name}" for name in ClientClass.SCORED),
    )
    dates_of_it: dict[str, Any] = {
        "month": month,
        "year_ago": dates.add_years(month, -1),
        "last_month": before.month if before else None,
        "old_birth": dates.add_years(month, -limits["old_from"]),
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, limits | dates_of_it)
        return int(cursor.rowcount)


def _write_clients(month: date) -> int:
    """Write the clients whose class differs; an older month than the latest writes nobody."""
    if ClassificationRun.objects.filter(month__gt=month).exists():
        return 0
    with connection.cursor() as cursor:
        cursor.execute(UPDATE_CLIENTS, {"month": month})
        return int(cursor.rowcount)


def _counted(month: date) -> dict[str, Any]:
    rows = ClientClass.objects.filter(month=month)
    moved = Q(last_class__gt="") & ~Q(last_class=F("final_class"))
    found = list(
        rows.values("final_class").annotate(
            n=Count("pk"), moved=Count("pk", filter=moved), by_hand=Count("override")
        )
    )
    by_class = {row["final_class"]: row["n"] for row in found}
    return {
        "counts": {name: by_class.get(name, 0) for name in Client.Class.values},
        "moved": sum(row["moved"] for row in found),
        "overridden": sum(row["by_hand"] for row in found),
    }


def longest_until(today: date) -> date:
    return dates.add_months(today, LONGEST_OVERRIDE)


def tomorrow(today: date) -> date:
    return today + timedelta(days=1)
