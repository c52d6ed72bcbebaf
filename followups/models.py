"""The work: what is to be done for whom on which day, who gets what, and the ledger of written lists."""

from collections.abc import Sequence
from datetime import date
from typing import Any, ClassVar, Self

from django.contrib.postgres.indexes import BrinIndex
from django.db import connection, models
from django.db.models import F, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from accounts.scope import ScopedQuerySet
from clients.models import Client, Contact
from policies.models import Instalment, Policy


class ServiceItem(models.IntegerChoices):
    RENEWAL_REMINDER = 1, _("Renewal premium reminder")
    AUTHORISATION = 2, _("Sign auto-debit form")
    UNCOLLECTED = 3, _("Uncollected case form")
    PAID_NOTICE = 4, _("Deliver notice or policy")
    HOTLINE = 5, _("Hotline ticket")
    INFO_CHANGE = 6, _("Policy information change")
    CLAIM_HELP = 7, _("Claim application help")
    PAYOUT_NOTICE = 8, _("Deliver payout notice")
    POLICY_REVIEW = 9, _("Policy review")
    GREETING = 10, _("Birthday and festival greetings")
    TAILORED = 11, _("Tailored product recommendation")
    OWN = 12, _("Own task")  # no service of the plan: an agent has put it down

    @classmethod
    def of_the_plan(cls) -> "list[ServiceItem]":
        return [item for item in cls if item != cls.OWN]


class ServicePlan(models.Model):
    """Who gets what: one cell of the matrix of 11 items and 3 classes."""

    class Level(models.TextChoices):
        MUST = "must", _("Must")
        MAY = "may", pgettext_lazy("service plan", "May")
        EVENT = "event", _("Only when something happened")
        NO = "no", _("No")

    item = models.PositiveSmallIntegerField(_("service item"), choices=ServiceItem)
    client_class = models.CharField(_("class"), max_length=8, choices=Client.Class)
    level = models.CharField(_("level"), max_length=5, choices=Level)

    class Meta:
        verbose_name = _("service plan")
        verbose_name_plural = _("service plan")
        ordering = ("item", "client_class")
        constraints = (
            models.UniqueConstraint(
                fields=["item", "client_class"], name="one_level_per_item_and_class"
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_item_display()} · {self.get_client_class_display()}"


class FollowUpQuerySet(ScopedQuerySet["FollowUp"]):
    agent_field = "client__agent"

    def open(self) -> Self:
        return self.filter(status=FollowUp.Status.OPEN)

    def on(self, day: date) -> Self:
        """What stands on the list of `day`: open and still worth doing, or done that very day."""
        still_open = Q(status=FollowUp.Status.OPEN, list_on__lte=day, keep_until__gte=day)
        return self.filter(still_open | Q(status=FollowUp.Status.DONE, done_on=day))

    def overdue(self, day: date) -> Self:
        return self.open().filter(list_on__lt=day, keep_until__gte=day)

    def for_list(self) -> Self:
        rows = self.select_related("client", "policy__product", "instalment", "planned").order_by(
            "priority", "keep_until", "list_on", "client__pinyin", "pk"
        )
        return rows.prefetch_related("client__consents")

    def insert_from(self, sql: str, params: Sequence[Any]) -> int:
        """Insert what a rule asks for as one statement; return how many rows were new.

        The query yields the columns of ``FollowUp.WRITTEN`` in that order. What is there already
        (``once_per_rule_and_occasion``) stays as it is.
        """
        table = connection.ops.quote_name(self.model._meta.db_table)
        columns = ", ".join(connection.ops.quote_name(name) for name in FollowUp.WRITTEN)
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {table} ({columns}) {sql} ON CONFLICT DO NOTHING", params)
            return int(cursor.rowcount)


class FollowUp(models.Model):
    """One service for one client, asked for by one rule on one occasion.

    While it is open it does not store its agent: it belongs to whoever serves the client today.
    """

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        DONE = "done", _("Done")
        MISSED = "missed", _("Missed")
        SUPERSEDED = "superseded", _("Replaced by a later stage")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    class Reason(models.TextChoices):
        PAID = "paid", _("The premium is paid")
        ENDED = "ended", _("The policy ended")
        LAPSED = "lapsed", _("The policy lapsed")
        DECEASED = "deceased", _("The client died")
        NO_CONTACT = "no_contact", _("The client asked not to be contacted")
        CHANGED = "changed", _("The date or the plan changed")
        UNDONE = "undone", _("The entry was undone")
        RESTING = "resting", _("The client's word is waited for")
        SIGNED = "signed", _("The form is signed")
        MUTED = "muted", _("Silenced for this client")
        SPOKEN = "spoken", _("Settled by another contact")
        ENOUGH = "enough", _("Enough contacts for now")
        MOURNING = "mourning", _("The family mourns")
        CONSENT = "consent", _("The client refuses every usual way")

    # The rule codes of what follows an entry and stands in no rulebook.
    AGREED: ClassVar[str] = "agreed"
    NUMBER: ClassVar[str] = "number"
    ADDRESS: ClassVar[str] = "address"
    AFTER_AN_ENTRY: ClassVar[tuple[str, ...]] = (AGREED, NUMBER, ADDRESS)
    # The series that find out whether phone and address are right.
    OF_THE_NUMBER: ClassVar[tuple[str, ...]] = ("contact", NUMBER, ADDRESS)
    # The series that a family is served with after a death.
    OF_THE_FAMILY: ClassVar[tuple[str, ...]] = ("condolence", "bequest")
    # What nobody would miss where its client is gone; an import that is undone asks.
    BY_MACHINE: ClassVar[Q] = ~Q(status="done") & ~Q(rule__in=AFTER_AN_ENTRY)
    WRITTEN: ClassVar[tuple[str, ...]] = (
        "client_id",
        "policy_id",
        "instalment_id",
        "rule",
        "series",
        "item",
        "priority",
        "occasion_on",
        "list_on",
        "keep_until",
        "planned_id",
    )

    client = models.ForeignKey(Client, models.CASCADE, related_name="followups", db_index=False)
    policy = models.ForeignKey(
        Policy, models.CASCADE, null=True, related_name="followups", db_index=False
    )
    instalment = models.ForeignKey(
        Instalment, models.CASCADE, null=True, related_name="+", db_index=False
    )
    planned = models.ForeignKey(
        "Planned", models.CASCADE, null=True, related_name="followups", db_index=False
    )
    rule = models.CharField(max_length=24)
    series = models.CharField(max_length=10)
    item = models.PositiveSmallIntegerField(_("service item"), choices=ServiceItem)
    priority = models.PositiveSmallIntegerField(_("priority"))
    occasion_on = models.DateField(_("occasion"))
    list_on = models.DateField(_("on the list from"))
    keep_until = models.DateField(_("worth doing until"))
    status = models.CharField(
        _("status"), max_length=10, choices=Status, db_default="open", default="open"
    )
    reason = models.CharField(
        _("reason"), max_length=10, choices=Reason, blank=True, db_default="", default=""
    )
    withdrawn_on = models.DateField(null=True)
    outcome = models.CharField(
        _("outcome"), max_length=12, choices=Contact.Outcome, blank=True, db_default="", default=""
    )
    done_on = models.DateField(null=True)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    # Whoever served the client when it was done or missed; the database notes it.
    served_by = models.ForeignKey(
        User, models.PROTECT, null=True, editable=False, related_name="+", db_index=False
    )
    contact = models.ForeignKey(
        Contact, models.SET_NULL, null=True, related_name="followups", db_index=False
    )
    after = models.ForeignKey(
        "self", models.SET_NULL, null=True, related_name="next_steps", db_index=False
    )

    objects = FollowUpQuerySet.as_manager()

    class Meta:
        verbose_name = _("follow-up")
        verbose_name_plural = _("follow-ups")
        constraints = (
            models.UniqueConstraint(
                fields=["client", "rule", "policy", "occasion_on", "planned"],
                name="once_per_rule_and_occasion",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(status="done", done_on__isnull=False, done_by__isnull=False)
                | (~Q(status="done") & Q(done_on=None)),
                name="done_has_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(keep_until__gte=F("list_on")), name="worth_doing_at_least_a_day"
            ),
        )
        indexes = (
            models.Index(
                fields=["rule"], name="open_followups_of_a_rule", condition=Q(status="open")
            ),
            models.Index(
                fields=["list_on"],
                name="urgent_followups",
                condition=Q(status="open", priority=1),
                include=["client", "keep_until", "id"],
            ),
            models.Index(fields=["done_on"], name="followups_done", condition=Q(status="done")),
            # Days come in order: a few pages tell where a month lies among the years, and writing
            # a list pays nothing for it.
            BrinIndex(fields=["keep_until"], name="followups_by_last_day", pages_per_range=32),
            # Where one of them is deleted, the database asks who names it.
            models.Index(fields=["policy"], name="followups_of_a_policy"),
            models.Index(fields=["instalment"], name="followups_of_a_premium"),
            models.Index(
                fields=["planned"],
                name="followups_put_down",
                condition=Q(planned__isnull=False),
            ),
            models.Index(fields=["after"], name="next_steps", condition=Q(after__isnull=False)),
        )

    def __str__(self) -> str:
        return f"{self.rule} {self.occasion_on}"

    def turn(self, status: str) -> None:
        """Move to another status, or raise IllegalMove; saving is the caller's."""
        if status not in MOVES[self.Status(self.status)]:
            raise IllegalMove(f"{self.status} -> {status}")
        self.status = status

    def outweighs(self, other: "FollowUp") -> bool:
        """Of two for one occasion, as when two records of a client become one: what was done stands."""
        return self.is_done and not other.is_done

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN

    @property
    def is_done(self) -> bool:
        return self.status == self.Status.DONE

    @property
    def rule_label(self) -> "str | Promise":
        from followups.rulebook import label_of

        return label_of(self.rule)


class IllegalMove(ValueError):  # noqa: N818 - it names the move
    """A follow-up may not go from this status to that."""


# Done and withdrawn are open again when an entry is taken back or a rule is heard again.
MOVES: dict[FollowUp.Status, frozenset[FollowUp.Status]] = {
    FollowUp.Status.OPEN: frozenset(
        {
            FollowUp.Status.DONE,
            FollowUp.Status.MISSED,
            FollowUp.Status.SUPERSEDED,
            FollowUp.Status.WITHDRAWN,
        }
    ),
    FollowUp.Status.DONE: frozenset({FollowUp.Status.OPEN}),
    FollowUp.Status.WITHDRAWN: frozenset({FollowUp.Status.OPEN}),
    FollowUp.Status.MISSED: frozenset(),
    FollowUp.Status.SUPERSEDED: frozenset(),
}


class Successor(models.Model):
    """What follows an outcome: one step or none. Its days are the office's to set."""

    class Step(models.TextChoices):
        NOTHING = "nothing", _("Nothing follows")
        ON_THE_DAY = "on_day", _("Talk again on the day the client named")
        AFTER_THE_DAY = "after_day", _("See the day after whether the money has arrived")
        AWAIT_FILE = "file", _("Wait for the return file, then look")
        AGAIN = "again", _("Try again")
        NUMBER = "number", _("Find the right number")
        ADDRESS = "address", _("Find the new address")
        MANAGER = "manager", _("On the list of the supervisor")
        QUIET = "quiet", _("Condolence and payout for the family, nothing else")

    outcome = models.CharField(_("outcome"), max_length=12, choices=Contact.Outcome, unique=True)
    step = models.CharField(_("next step"), max_length=9, choices=Step)
    # Days until it; of a repeated step one for each time.
    days = models.JSONField(_("after days"), default=list)
    at_last = models.CharField(
        _("and after the last time"), max_length=9, choices=Step, blank=True, default=""
    )

    class Meta:
        verbose_name = _("next step after an outcome")
        verbose_name_plural = _("next steps after outcomes")
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.get_outcome_display()}: {self.get_step_display()}"

    @property
    def is_timed(self) -> bool:
        return self.step in {self.Step.AGAIN, self.Step.NUMBER, self.Step.ADDRESS}


class EscalationQuerySet(ScopedQuerySet["Escalation"]):
    agent_field = "client__agent"

    def open(self) -> Self:
        return self.filter(closed_on=None)


class Escalation(models.Model):
    """What an agent handed up: a complaint, or a matter that needs the supervisor."""

    class Kind(models.TextChoices):
        COMPLAINT = "complaint", _("Complaint")
        MANAGER = "manager", _("Needs the supervisor")

    client = models.ForeignKey(Client, models.CASCADE, related_name="escalations")
    contact = models.OneToOneField(Contact, models.CASCADE, related_name="escalation")
    kind = models.CharField(_("kind"), max_length=9, choices=Kind)
    since = models.DateField(_("since"))
    closed_on = models.DateField(_("closed on"), null=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    answer = models.TextField(_("what was done"), blank=True, default="")

    objects = EscalationQuerySet.as_manager()

    class Meta:
        verbose_name = _("matter for the supervisor")
        verbose_name_plural = _("matters for the supervisor")
        ordering = ("since", "pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(closed_on=None, closed_by=None)
                | Q(closed_on__isnull=False, closed_by__isnull=False),
                name="closed_has_who_and_when",
            ),
        )
        indexes = (
            models.Index(fields=["since"], name="open_escalations", condition=Q(closed_on=None)),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.since}"


class RuleMuteQuerySet(ScopedQuerySet["RuleMute"]):
    agent_field = "client__agent"

    def standing(self, day: date) -> Self:
        return self.filter(lifted_on=None, until__gte=day)


class RuleMute(models.Model):
    """One rule silenced for one client until a day, with the reason and by whom."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="mutes", db_index=False)
    rule = models.CharField(_("rule"), max_length=24)
    until = models.DateField(_("until"))
    reason = models.CharField(_("reason"), max_length=200)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(auto_now_add=True)
    lifted_on = models.DateField(_("lifted on"), null=True)
    lifted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)

    objects = RuleMuteQuerySet.as_manager()

    class Meta:
        verbose_name = _("silenced rule")
        verbose_name_plural = _("silenced rules")
        constraints = (
            models.UniqueConstraint(
                fields=["client", "rule"],
                condition=Q(lifted_on=None),
                name="one_standing_silence_of_a_rule",
            ),
        )
        indexes = (models.Index(fields=["until"], name="silences_that_end"),)

    def __str__(self) -> str:
        return f"{self.rule} {self.until}"


class ListRun(models.Model):
    """The ledger: one row for each time a day's list was written."""

    day = models.DateField(_("list date"), db_index=True)
    at = models.DateTimeField(_("at"), auto_now_add=True)
    created = models.JSONField(_("new, by rule"), default=dict)
    withdrawn = models.PositiveIntegerField(_("withdrawn"), default=0)
    missed = models.PositiveIntegerField(_("missed"), default=0)
    superseded = models.PositiveIntegerField(_("replaced"), default=0)
    seconds = models.FloatField(_("seconds"), default=0)
    looked_at = models.PositiveIntegerField(
        _("clients looked at"), null=True, help_text=_("Empty: the whole book")
    )
    basis = models.CharField(max_length=64, default="", editable=False)

    class Meta:
        verbose_name = _("written list")
        verbose_name_plural = _("written lists")
        ordering = ("-at",)

    def __str__(self) -> str:
        return f"{self.day}"

    @classmethod
    def last_day(cls) -> date | None:
        last: date | None = cls.objects.aggregate(day=models.Max("day"))["day"]
        return last


class Touched(models.Model):
    """A client about whom something changed. Triggers append here, and nobody waits for anybody.

    No foreign key, no constraint, and the same client as often as it comes.
    """

    client_id = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.client_id}"


class Unsettled(models.Model):
    """A client to be looked at by the writing under way; a temporary table of its transaction."""

    client_id = models.BigIntegerField(primary_key=True)

    class Meta:
        managed = False
        db_table = "followups_unsettled"

    def __str__(self) -> str:
        return f"{self.client_id}"


# Models of this app that live beside their verbs; Django reads them here.
from followups.agent_days import AgentDay  # noqa: E402
from followups.agent_work import AgentWork  # noqa: E402
from followups.day_logs import DayLog  # noqa: E402
from followups.due_work import DueWork  # noqa: E402
from followups.festivals import Festival  # noqa: E402
from followups.greetings import Campaign, Greeting  # noqa: E402
from followups.meetings import MorningMeeting  # noqa: E402
from followups.office_days import Holiday, WorkingDay  # noqa: E402
from followups.planned import Planned  # noqa: E402
from followups.route_stops import RouteStop  # noqa: E402
from followups.spot_checks import SpotCheck  # noqa: E402
from followups.stock import StockItem, StockMove  # noqa: E402
from followups.texts import Text  # noqa: E402
from followups.tools import Kit  # noqa: E402

__all__ = [
    "AgentDay",
    "AgentWork",
    "Campaign",
    "DayLog",
    "DueWork",
    "Festival",
    "FollowUp",
    "FollowUpQuerySet",
    "Greeting",
    "Holiday",
    "Kit",
    "ListRun",
    "MorningMeeting",
    "Planned",
    "RouteStop",
    "ServiceItem",
    "ServicePlan",
    "SpotCheck",
    "StockItem",
    "StockMove",
    "Text",
    "Touched",
    "Unsettled",
    "WorkingDay",
]
