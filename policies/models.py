"""Contracts: insurer, product, policy and its premium instalments. Dates are recorded here; rules act on them."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Case, Exists, F, Func, OuterRef, Q, Sum, Value, When
from django.db.models.lookups import GreaterThan, GreaterThanOrEqual
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.scope import ScopedQuerySet
from clients.models import Client
from lib import dates
from lib.fields import EncryptedTextField


def money(label: Any, **options: Any) -> "models.DecimalField[Any, Any]":
    return models.DecimalField(label, max_digits=14, decimal_places=2, **options)


class Insurer(models.Model):
    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=60)

    class Meta:
        verbose_name = _("insurer")
        verbose_name_plural = _("insurers")

    def __str__(self) -> str:
        return self.name

    @classmethod
    def usual(cls) -> "Insurer":
        """The insurer whose books come in unless somebody says otherwise."""
        return cls.objects.order_by("pk").first() or cls.objects.create(
            code="main", name="主承保公司"
        )


class Product(models.Model):
    class Kind(models.TextChoices):
        WHOLE_LIFE = "whole_life", _("Whole life")
        TERM = "term", _("Term life")
        ENDOWMENT = "endowment", _("Endowment")
        ANNUITY = "annuity", _("Annuity")
        CRITICAL_ILLNESS = "critical_illness", _("Critical illness")
        MEDICAL = "medical", _("Medical")
        ACCIDENT = "accident", _("Accident")
        OTHER = "other", _("Other")

    class DueBasis(models.TextChoices):
        DATE = "date", _("The due date")
        MONTH_END = "month_end", _("The end of the due month")

    class CoolingOffFrom(models.TextChoices):
        NEXT_DAY = "next_day", _("The day after signing")
        SAME_DAY = "same_day", _("The day of signing")

    insurer = models.ForeignKey(Insurer, models.PROTECT, verbose_name=_("insurer"))
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind, default=Kind.OTHER)
    kind_corrected = models.BooleanField(_("kind set by hand"), default=False)
    grace_days = models.PositiveSmallIntegerField(_("grace days"), default=60)
    due_basis = models.CharField(
        _("grace counts from"), max_length=9, choices=DueBasis, default=DueBasis.DATE
    )
    cooling_off_days = models.PositiveSmallIntegerField(_("cooling-off days"), default=15)
    cooling_off_from = models.CharField(
        _("cooling-off counts from"),
        max_length=8,
        choices=CoolingOffFrom,
        default=CoolingOffFrom.NEXT_DAY,
        db_default="next_day",
    )
    reinstate_years = models.PositiveSmallIntegerField(_("years to reinstate"), default=2)
    # Since when what is owed has followed a correction, and the lists have not.
    unlisted_since = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints = (
            models.UniqueConstraint(fields=["insurer", "name"], name="one_product_of_a_name"),
        )

    def __str__(self) -> str:
        return self.name

    def cooling_off_ends_on(self, signed_on: date) -> date:
        counts_at_once = self.cooling_off_from == self.CoolingOffFrom.SAME_DAY
        return signed_on + timedelta(days=self.cooling_off_days - counts_at_once)


class PolicyQuerySet(ScopedQuerySet["Policy"]):
    agent_field = "holder__agent"

    def in_force(self, on: date) -> Self:
        """In force as the insurer says, and not lapsed meanwhile for want of a premium."""
        return self.filter(status__in=Policy.COVERED).exclude(lapses_on__lte=on)

    def lapsed(self, on: date) -> Self:
        return self.filter(
            status__in=[Policy.Status.IN_FORCE, Policy.Status.LAPSED], lapses_on__lte=on
        )

    def recoverable(self, on: date) -> Self:
        """Lapsed, and may still come back."""
        return self.lapsed(on).filter(Q(reinstate_by=None) | Q(reinstate_by__gte=on))

    def paying_out(self, on: date) -> Self:
        """In force, of a kind that pays at its end."""
        kinds = [Product.Kind.ENDOWMENT, Product.Kind.ANNUITY]
        return self.in_force(on).filter(product__kind__in=kinds)

    def yearly(self, on: date) -> Self:
        """Contracts renewed each year: medical and accident cover of one year, in force."""
        kinds = [Product.Kind.MEDICAL, Product.Kind.ACCIDENT]
        return self.in_force(on).filter(product__kind__in=kinds, cover_years=1)

    def undelivered(self, on: date) -> Self:
        return self.in_force(on).filter(receipt_signed_on=None)

    def for_list(self) -> Self:
        return self.select_related("holder", "holder__agent", "product", "insurer")


class Policy(models.Model):
    class Status(models.TextChoices):
        IN_FORCE = "in_force", _("In force")
        LAPSED = "lapsed", _("Lapsed")
        PAID_UP = "paid_up", _("Reduced paid-up")
        CLAIMED = "claimed", _("Ended by a claim")
        TERMINATED = "terminated", _("Terminated")
        SURRENDERED = "surrendered", _("Surrendered")
        COOLED_OFF = "cooled_off", _("Withdrawn in cooling-off")
        MATURED = "matured", _("Matured")
        TRANSFERRED = "transferred", _("Transferred out")

    class Mode(models.TextChoices):
        SINGLE = "single", _("Single premium")
        YEARLY = "yearly", _("Yearly")
        HALF_YEARLY = "half_yearly", _("Half-yearly")
        QUARTERLY = "quarterly", _("Quarterly")
        MONTHLY = "monthly", _("Monthly")
        IRREGULAR = "irregular", _("Irregular")

    COVERED: ClassVar[tuple[str, ...]] = ("in_force", "paid_up")
    ALIVE: ClassVar[tuple[str, ...]] = ("in_force", "lapsed", "paid_up")  # not ended for good

    class Authorisation(models.TextChoices):
        UNKNOWN = "", _("Not known")
        SIGNED = "signed", _("Signed")
        MISSING = "missing", _("Missing")
        EXPIRED = "expired", _("Expired")

    insurer = models.ForeignKey(Insurer, models.PROTECT, db_index=False, verbose_name=_("insurer"))
    policy_no = models.CharField(_("policy number"), max_length=40)
    proposal_no = models.CharField(_("proposal number"), max_length=40, blank=True, default="")
    holder = models.ForeignKey(
        Client,
        models.PROTECT,
        related_name="policies",
        verbose_name=_("policyholder"),
        db_index=False,
    )
    insured_name = models.CharField(_("insured"), max_length=100, blank=True, default="")
    insured_id_number = EncryptedTextField(
        _("ID number of the insured"), context="policy.insured_id_number", blank=True, default=""
    )
    relation = models.CharField(_("relation to the holder"), max_length=20, blank=True, default="")
    agent = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("agent of the insurer's file"),
    )  # None: the policy is in the orphan pool
    product = models.ForeignKey(
        Product, models.PROTECT, null=True, blank=True, db_index=False, verbose_name=_("product")
    )
    sum_assured = money(_("sum assured"), null=True, blank=True)
    premium = money(_("premium"), default=Decimal(0))
    premium_mode = models.CharField(
        _("premium mode"), max_length=11, choices=Mode, default=Mode.YEARLY
    )
    pay_years = models.PositiveSmallIntegerField(_("paying years"), null=True, blank=True)
    cover_years = models.PositiveSmallIntegerField(
        _("years of cover"), null=True, blank=True, help_text=_("Empty for whole life")
    )
    issued_on = models.DateField(_("issued on"), null=True, blank=True)
    effective_on = models.DateField(_("effective on"), null=True, blank=True)
    next_due_on = models.DateField(_("next due on"), null=True, blank=True)
    matures_on = models.DateField(_("matures on"), null=True, blank=True)
    covers_until = models.DateField(_("covered until"), null=True, blank=True)
    receipt_signed_on = models.DateField(_("receipt signed on"), null=True, blank=True)
    lapses_on = models.DateField(
        null=True, editable=False
    )  # first day without cover if nobody pays
    reinstate_by = models.DateField(_("to be reinstated by"), null=True, editable=False)
    reinstated_on = models.DateField(_("reinstated on"), null=True, blank=True, editable=False)
    ended_on = models.DateField(_("ended on"), null=True, blank=True, editable=False)
    paid_to = models.DateField(_("paid to"), null=True, blank=True, editable=False)
    # Noted by the database when the mode changes: from which premium on it holds, and what was before.
    rhythm_from = models.DateField(null=True, editable=False)
    rhythm_number = models.PositiveSmallIntegerField(null=True, editable=False)
    mode_before = models.CharField(max_length=11, editable=False, default="", db_default="")
    premium_before = money(None, null=True, editable=False)
    authorisation = models.CharField(
        _("auto-debit authorisation"),
        max_length=7,
        choices=Authorisation,
        blank=True,
        default=Authorisation.UNKNOWN,
        db_default="",
    )
    authorised_until = models.DateField(_("authorised until"), null=True, blank=True)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.IN_FORCE)
    bank_name = models.CharField(_("bank"), max_length=60, blank=True, default="")
    account = EncryptedTextField(
        _("bank account"), context="policy.account", blank=True, default=""
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        constraints = (
            models.UniqueConstraint(fields=["insurer", "policy_no"], name="one_policy_of_a_number"),
            models.CheckConstraint(condition=Q(premium__gte=0), name="a_premium_is_not_negative"),
        )
        indexes = (
            models.Index(
                fields=["policy_no"],
                name="policy_number",
                opclasses=["varchar_pattern_ops"],
                include=["holder", "id"],
            ),
            # The lists look at these and read only the policies of the page.
            models.Index(
                fields=["holder", "id"],
                name="policies_of_a_holder",
                include=[
                    "status",
                    "next_due_on",
                    "lapses_on",
                    "reinstate_by",
                    "effective_on",
                    "premium_mode",
                    "product",
                    "rhythm_from",
                    "rhythm_number",
                    "mode_before",
                ],
            ),
            models.Index(
                fields=["next_due_on", "id"],
                name="policy_next_due",
                include=["holder", "status", "lapses_on"],
            ),
            models.Index(
                fields=["lapses_on", "id"],
                name="policy_lapses",
                include=["holder", "status", "next_due_on"],
            ),
            models.Index(
                fields=["status", "lapses_on", "id"],
                name="policy_status",
                include=["holder"],
            ),
            models.Index(fields=["matures_on"], name="policy_matures"),
            models.Index(fields=["covers_until"], name="policy_covers_until"),
            models.Index(fields=["issued_on"], name="policy_issued"),
            models.Index(
                fields=["reinstate_by"],
                name="policy_reinstate",
                condition=Q(reinstate_by__isnull=False),
            ),
            models.Index(fields=["effective_on"], name="policy_effective"),
        )

    def __str__(self) -> str:
        return self.policy_no

    @property
    def months_between(self) -> int | None:
        """Months from one premium to the next, None where nothing regular is due."""
        return MODE_MONTHS.get(Policy.Mode(self.premium_mode))

    @property
    def annualised_premium(self) -> Decimal:
        return self.premium * (12 // self.months_between) if self.months_between else Decimal(0)

    @property
    def cooling_off_ends_on(self) -> date | None:
        """The last day on which the holder may withdraw."""
        if self.receipt_signed_on is None:
            return None
        product = self.product or Product()
        return product.cooling_off_ends_on(self.receipt_signed_on)

    def status_on(self, day: date) -> "Policy.Status | str":
        """The insurer's word, and grace or lapse as they follow from the dates."""
        if self.status == self.Status.IN_FORCE and self.lapses_on and self.lapses_on <= day:
            return self.Status.LAPSED
        return self.Status(self.status)

    def in_grace_on(self, day: date) -> bool:
        return bool(
            self.status == self.Status.IN_FORCE
            and self.next_due_on
            and self.lapses_on
            and self.next_due_on < day < self.lapses_on
        )

    def due_after(self, due_on: date) -> date | None:
        """The next due date from the premium mode, None when the paying years are over."""
        months = self.months_between
        if months is None:
            return None
        began = anchor = self.effective_on or due_on
        if dates.next_due_date(anchor, months, due_on) != due_on:
            anchor = due_on  # the insurer counts from another day than the effective date
        following = dates.next_due_date(anchor, months, due_on + timedelta(days=1))
        if self.pay_years and following >= dates.add_years(began, self.pay_years):
            return None
        return following

    @cached_property
    def open_instalment(self) -> "Instalment | None":
        return self.instalments.owed().order_by("due_on").first()


MODE_MONTHS = {
    Policy.Mode.YEARLY: 12,
    Policy.Mode.HALF_YEARLY: 6,
    Policy.Mode.QUARTERLY: 3,
    Policy.Mode.MONTHLY: 1,
}

# Premium of a year, in SQL: nothing regular is due on single and irregular premiums.
ANNUALISED = F("premium") * Case(
    *(When(premium_mode=mode, then=Value(12 // months)) for mode, months in MODE_MONTHS.items()),
    default=Value(0),
)

# The same as the contract began.
FIRST_YEAR = Case(
    When(rhythm_from=None, then=ANNUALISED),
    default=F("premium_before")
    * Case(
        *(When(mode_before=mode, then=Value(12 // months)) for mode, months in MODE_MONTHS.items()),
        default=Value(0),
    ),
)


def annual_premium_of_holder(on: date) -> models.QuerySet[Policy, Any]:
    """Subquery: what the client OuterRef("pk") pays a year for policies in force."""
    return (
        Policy.objects.in_force(on)
        .filter(holder=OuterRef("pk"))
        .order_by()
        .values("holder")
        .annotate(total=Sum(ANNUALISED))
        .values("total")
    )


OWED = Q(paid_on=None, closed_on=None)
ASKED_BEFORE = timedelta(days=60)  # a missing authorisation is asked for so long before the premium

# The column is encrypted; that something stands in it may be seen.
HAS_ACCOUNT = GreaterThan(
    Func(F("policy__account"), function="octet_length", output_field=models.IntegerField()), 0
)


class AfterMonths(Func):
    template, arg_joiner = "(%(expressions)s)", " + interval '1 month' * "
    output_field = models.DateTimeField()


# The next premium would fall due when the paying years are over. A due date clamped to the end of a
# short month lies up to three days early.
IS_FINAL = GreaterThanOrEqual(
    AfterMonths(
        F("due_on"),
        Case(
            *(When(policy__premium_mode=mode, then=n) for mode, n in MODE_MONTHS.items()),
            default=None,
            output_field=models.IntegerField(),
        ),
    ),
    AfterMonths(F("policy__effective_on") - timedelta(days=3), F("policy__pay_years") * 12),
)


class InstalmentQuerySet(ScopedQuerySet["Instalment"]):
    agent_field = "policy__holder__agent"

    def owed(self) -> Self:
        """Neither paid nor closed in another way."""
        return self.filter(OWED)

    def unpaid(self, on: date) -> Self:
        """Owed on policies in force; what lapsed is for another conversation."""
        return self.owed().filter(
            Q(policy__lapses_on=None) | Q(policy__lapses_on__gt=on),
            policy__status=Policy.Status.IN_FORCE,
        )

    def unpaid_quarterly_or_longer(self, on: date) -> Self:
        return self.unpaid(on).exclude(policy__premium_mode=Policy.Mode.MONTHLY)

    def unpaid_large(self, on: date) -> Self:
        """Yearly or half-yearly, at least 50,000 a year."""
        yearly = Q(policy__premium_mode=Policy.Mode.YEARLY, policy__premium__gte=50_000)
        half = Q(policy__premium_mode=Policy.Mode.HALF_YEARLY, policy__premium__gte=25_000)
        return self.unpaid(on).filter(yearly | half)

    def in_grace(self, on: date) -> Self:
        return self.unpaid(on).filter(due_on__lt=on)

    def unpaid_by_debit_or_monthly(self, on: date) -> Self:
        """Where money must lie in the account in time."""
        monthly = Q(policy__premium_mode=Policy.Mode.MONTHLY)
        return self.unpaid(on).filter(Q(HAS_ACCOUNT) | monthly)

    def without_authorisation(self, on: date) -> Self:
        """Regular premiums that the bank may not collect when they fall due, though more will.

        That one was paid in another way after it was asked for does not bring the form.
        """
        gone = [Policy.Authorisation.MISSING, Policy.Authorisation.EXPIRED]
        asked_from = F("due_on") - ASKED_BEFORE
        return self.of_covered(on).filter(
            Q(policy__authorisation__in=gone) | Q(policy__authorised_until__lt=F("due_on")),
            Q(paid_on=None) | Q(paid_on__gte=asked_from),
            closed_on=None,
            policy__status=Policy.Status.IN_FORCE,
            policy__premium_mode__in=MODE_MONTHS,
            policy__next_due_on__isnull=False,
        )

    def unpaid_without_form(self, on: date) -> Self:
        return self.unpaid(on).filter(uncollected_case=None)

    def debit_failed(self, on: date) -> Self:
        """The bank's word outranks a claim made before it; a promise made since is waited for."""
        waiting = Q(rests_until__gte=on) & ~Q(said_paid_on__lte=F("failed_on"))
        return self.unpaid(on).filter(failed_on__isnull=False).exclude(waiting)

    def claimed(self, on: date) -> Self:
        """Said to be paid, and no file has confirmed it."""
        return self.unpaid(on).filter(said_paid_on__isnull=False)

    def promised(self, on: date) -> Self:
        return self.unpaid(on).filter(promised_on__isnull=False)

    def unpaid_final(self, on: date) -> Self:
        return self.unpaid(on).filter(IS_FINAL)

    def of_covered(self, on: date) -> Self:
        return self.filter(
            Q(policy__lapses_on=None) | Q(policy__lapses_on__gt=on),
            policy__status__in=Policy.COVERED,
        )

    def paid_final(self, on: date) -> Self:
        return self.of_covered(on).filter(IS_FINAL, paid_on__isnull=False)

    def paid_for_sure(self, on: date) -> Self:
        """Paid on the day that a person or the bank named.

        A book that merely waits for a later premium says that the earlier one is paid, but not when:
        such a premium is nobody's news.
        """
        named = PolicyEvent.objects.filter(
            policy=OuterRef("policy_id"),
            kind=PolicyEvent.Kind.INSTALMENT,
            now=Instalment.State.PAID,
            due_on=OuterRef("due_on"),
            source__in=[PolicyEvent.Source.HAND, PolicyEvent.Source.BANK],
        )
        return self.of_covered(on).filter(Exists(named), paid_on__isnull=False)

    def advanced(self, on: date) -> Self:
        """Advanced by the insurer as a loan on the policy."""
        return self.of_covered(on).filter(closed_as=Instalment.Closed.LOAN)


class Instalment(models.Model):
    """One premium that falls due. It is owed until it is paid, or closed in another way."""

    class Closed(models.TextChoices):
        WAIVED = "waived", _("Waived")
        LOAN = "loan", _("Advanced as a premium loan")
        CANCELLED = "cancelled", _("Cancelled")

    class State(models.TextChoices):
        SCHEDULED = "scheduled", _("Not due yet")
        DUE = "due", _("Due today")
        GRACE = "grace", _("In grace")
        LAPSED = "lapsed", _("Unpaid, lapsed")
        PAID = "paid", _("Paid")
        REINSTATED = "reinstated", _("Paid on reinstatement")
        WAIVED = "waived", _("Waived")
        LOAN = "loan", _("Advanced as a premium loan")
        CANCELLED = "cancelled", _("Cancelled")

    policy = models.ForeignKey(Policy, models.CASCADE, related_name="instalments", db_index=False)
    due_on = models.DateField(_("due on"))
    grace_ends_on = models.DateField(_("grace ends on"))
    amount = money(_("amount"))
    paid_on = models.DateField(_("paid on"), null=True, blank=True)
    closed_on = models.DateField(_("closed on"), null=True, blank=True)
    closed_as = models.CharField(
        _("closed as"), max_length=9, choices=Closed, blank=True, default="", db_default=""
    )
    promised_on = models.DateField(_("promised for"), null=True, blank=True)
    said_paid_on = models.DateField(_("said to be paid on"), null=True, blank=True)
    rests_until = models.DateField(_("no reminders until"), null=True, blank=True)
    failed_on = models.DateField(_("debit failed on"), null=True, blank=True)
    failure = models.CharField(
        _("why the debit failed"), max_length=17, blank=True, default="", db_default=""
    )

    objects = InstalmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("instalment")
        verbose_name_plural = _("instalments")
        ordering = ("due_on",)
        constraints = (
            models.UniqueConstraint(
                fields=["policy", "due_on"], name="one_instalment_of_a_due_date"
            ),
            models.CheckConstraint(
                condition=Q(closed_on=None, closed_as="")
                | (Q(paid_on=None, closed_on__isnull=False) & ~Q(closed_as="")),
                name="a_premium_is_closed_once_and_says_how",
            ),
        )
        indexes = (
            # The board adds them up without reading the rows.
            models.Index(
                fields=["due_on"],
                name="instalment_owed_due",
                condition=OWED,
                include=["policy", "grace_ends_on", "amount", "id"],
            ),
            models.Index(fields=["grace_ends_on"], name="instalment_owed_grace", condition=OWED),
            models.Index(
                fields=["policy"],
                name="owed_of_a_policy",
                condition=OWED,
                include=["due_on", "grace_ends_on", "amount", "id"],
            ),
            models.Index(
                fields=["promised_on"],
                name="instalment_promised",
                condition=OWED & Q(promised_on__isnull=False),
            ),
            models.Index(
                fields=["failed_on"],
                name="instalment_debit_failed",
                condition=OWED & Q(failed_on__isnull=False),
            ),
            models.Index(
                fields=["paid_on"], name="instalment_paid", condition=Q(paid_on__isnull=False)
            ),
            models.Index(
                fields=["due_on"],
                name="instalment_paid_due",
                condition=Q(paid_on__isnull=False),
                include=["policy", "grace_ends_on", "amount", "id"],
            ),
            models.Index(
                fields=["closed_on"], name="instalment_advanced", condition=Q(closed_as="loan")
            ),
            models.Index(
                fields=["rests_until"],
                name="instalment_resting",
                condition=OWED & Q(rests_until__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.policy_id} {self.due_on}"

    @property
    def is_owed(self) -> bool:
        return self.paid_on is None and self.closed_on is None

    def state_on(self, day: date) -> "Instalment.State":
        """Where it stands at the end of `day`; grace and lapse follow from the dates."""
        state = Instalment.State
        if self.closed_on is not None:
            return state(self.closed_as)
        if self.paid_on is not None:
            return state.REINSTATED if self.paid_on > self.grace_ends_on else state.PAID
        if day < self.due_on:
            return state.SCHEDULED
        if day == self.due_on:
            return state.DUE
        return state.GRACE if day <= self.grace_ends_on else state.LAPSED


class BoardPremiumQuerySet(ScopedQuerySet["BoardPremium"]):
    agent_field = "policy__holder__agent"


class BoardPremiums(models.Manager.from_queryset(BoardPremiumQuerySet)):  # type: ignore[misc]
    def get_queryset(self) -> BoardPremiumQuerySet:
        """Every premium stands in both halves of the view; it is meant where it belongs."""
        every: BoardPremiumQuerySet = super().get_queryset()
        return every.filter(Q(is_paid=False) & OWED | Q(is_paid=True, paid_on__isnull=False))


class BoardPremium(models.Model):
    """A premium that is owed or paid, as the renewal board adds them up: a view in the database.

    Either half comes from an index of its own, which an OR over the table would not use.
    """

    policy = models.ForeignKey(Policy, models.DO_NOTHING, related_name="+")
    due_on = models.DateField()
    grace_ends_on = models.DateField()
    amount = money(None)
    paid_on = models.DateField(null=True)
    closed_on = models.DateField(null=True)
    is_paid = models.BooleanField()

    objects = BoardPremiums()

    class Meta:
        managed = False
        db_table = "policies_board_premium"

    def __str__(self) -> str:
        return f"{self.policy_id} {self.due_on}"


class PremiumMonth(models.Model):
    """A month of a policy's second or third year in which a premium falls due: a view in the database.

    It tells of premiums whose own row is not known here, too.
    """

    pk = models.CompositePrimaryKey("policy_id", "month")
    policy = models.ForeignKey(Policy, models.DO_NOTHING, related_name="premium_months")
    month = models.PositiveSmallIntegerField()  # of the policy: 12 opens its second year
    due_from = models.DateField()  # the first of that month
    falls_due_on = models.DateField()
    paid_for = models.PositiveSmallIntegerField()  # months

    class Meta:
        managed = False
        db_table = "policies_premium_month"

    def __str__(self) -> str:
        return f"{self.policy_id} {self.due_from}"


# Models of this app that live beside their verbs; Django reads them here.
from policies.bank import BankRow  # noqa: E402
from policies.batches import HeadingMemory, ImportBatch  # noqa: E402
from policies.changes import ImportChange  # noqa: E402
from policies.classification import (  # noqa: E402
    ClassificationRun,
    ClassOverride,
    ClientClass,
    Thresholds,
)
from policies.coverage import Needs  # noqa: E402
from policies.known import Known, Mark  # noqa: E402
from policies.lifecycle import PolicyEvent  # noqa: E402
from policies.owed import OwedPremium  # noqa: E402
from policies.promises import Promise  # noqa: E402
from policies.records import Record  # noqa: E402
from policies.reinstatement import Reinstatement  # noqa: E402
from policies.uncollected import UncollectedCase  # noqa: E402

__all__ = [
    "BankRow",
    "BoardPremium",
    "ClassOverride",
    "ClassificationRun",
    "ClientClass",
    "HeadingMemory",
    "ImportBatch",
    "ImportChange",
    "Instalment",
    "Insurer",
    "Known",
    "Mark",
    "Needs",
    "OwedPremium",
    "Policy",
    "PolicyEvent",
    "PremiumMonth",
    "Product",
    "Promise",
    "Record",
    "Reinstatement",
    "Thresholds",
    "UncollectedCase",
]
