"""Festivals greeted as campaigns: each client once, written set-based, checked one by one by a person."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, ClassVar, Self

from django.contrib.postgres.indexes import BrinIndex
from django.db import connection, models, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.scope import ScopedQuerySet
from clients.models import Client, Consent, Contact
from followups import enough
from followups.festivals import SUBJECT, Festival
from followups.models import ServiceItem, ServicePlan
from followups.refusal import Refused
from followups.rules import ClientRule
from followups.stock import StockItem, put_back
from followups.touched import EVERYBODY, Scope
from lib import statistics

JOINS = ("enable_hashjoin", "enable_mergejoin", "enable_seqscan")


# Asked as a rule is: the plan, consent, mourning, and what was silenced by hand.
GREETED = ClientRule(
    code=SUBJECT,
    label=gettext_lazy("Festival greeting"),
    among=lambda _day: Client.objects.none(),
    on="pk",
    day=0,
    keep=0,
    series=SUBJECT,
    item=ServiceItem.GREETING,
    priority=4,
    festive=True,
    proactive=True,
)


class Campaign(models.Model):
    """One festival on one day: on the lists from `opens_on` until the day itself, never after."""

    festival = models.ForeignKey(Festival, models.PROTECT, related_name="campaigns")
    on = models.DateField(gettext_lazy("on"))
    opens_on = models.DateField(gettext_lazy("on the list from"))
    asked = models.CharField(
        max_length=64, default="", editable=False
    )  # for whom, as a fingerprint

    class Meta:
        verbose_name = gettext_lazy("campaign")
        verbose_name_plural = gettext_lazy("campaigns")
        ordering = ("-on", "festival")
        constraints = (
            models.UniqueConstraint(
                fields=["festival", "on"], name="one_campaign_per_festival_and_day"
            ),
        )

    def __str__(self) -> str:
        return f"{self.festival} {self.on}"

    def runs_on(self, day: date) -> bool:
        return self.opens_on <= day <= self.on

    @property
    def code(self) -> str:
        return f"{SUBJECT}-{self.pk}"


class GreetingQuerySet(ScopedQuerySet["Greeting"]):
    agent_field = "client__agent"

    def open(self) -> Self:
        return self.filter(state=Greeting.State.OPEN)

    def running(self, day: date) -> Self:
        return self.filter(campaign__opens_on__lte=day, campaign__on__gte=day)

    def missed(self, today: date) -> Self:
        """What its day has left behind: nobody writes it down, it follows from the day."""
        return self.open().filter(campaign__on__lt=today)

    def for_list(self) -> Self:
        return self.select_related("client__agent", "campaign__festival", "contact").order_by(
            "client__pinyin", "client_id"
        )

    def insert_from(self, clients: QuerySet[Client], campaign: Campaign) -> int:
        """Give each of the clients their greeting, once; return how many were new."""
        rows = clients.order_by().values_list(Value(campaign.pk), "pk")
        sql, params = rows.query.get_compiler(self.db).as_sql()
        table = connection.ops.quote_name(self.model._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} (campaign_id, client_id) {sql} ON CONFLICT DO NOTHING", params
            )
            return int(cursor.rowcount)


class Greeting(models.Model):
    """One client of a campaign. Like a follow-up it belongs to whoever serves the client today."""

    class State(models.TextChoices):
        OPEN = "open", gettext_lazy("Open")
        SENT = "sent", gettext_lazy("Sent")
        SKIPPED = "skipped", gettext_lazy("Skipped")

    class Why(models.TextChoices):
        """Why a client is not greeted."""

        MET = "met", gettext_lazy("Greeted in person already")
        UNFIT = "unfit", gettext_lazy("Not the moment for it")
        UNWANTED = "unwanted", gettext_lazy("Does not want greetings")
        OTHER = "other", gettext_lazy("Another reason")

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="greetings", db_index=False)
    client = models.ForeignKey(Client, models.CASCADE, related_name="greetings", db_index=False)
    state = models.CharField(
        gettext_lazy("state"), max_length=7, choices=State, db_default="open", default="open"
    )
    # The agent's own words; empty: the office's text, filled. Once sent, what was sent.
    words = models.TextField(
        gettext_lazy("text"), max_length=600, blank=True, db_default="", default=""
    )
    why = models.CharField(
        gettext_lazy("reason"), max_length=8, choices=Why, blank=True, db_default="", default=""
    )
    done_on = models.DateField(null=True)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    contact = models.ForeignKey(
        Contact, models.SET_NULL, null=True, related_name="greetings", db_index=False
    )

    BY_MACHINE: ClassVar[Q] = Q(state="open", words="")  # an import that is undone asks

    objects = GreetingQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("greeting")
        verbose_name_plural = gettext_lazy("greetings")
        constraints = (
            models.UniqueConstraint(
                fields=["client", "campaign"], name="each_client_once_per_campaign"
            ),
            models.CheckConstraint(
                condition=Q(state="open", done_on=None)
                | (~Q(state="open") & Q(done_on__isnull=False, done_by__isnull=False)),
                name="greeted_has_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(state="skipped") & ~Q(why="") | ~Q(state="skipped") & Q(why=""),
                name="skipped_has_a_reason",
            ),
        )
        indexes = (
            # A campaign is written in one go: its rows lie together, and this index costs nothing.
            BrinIndex(fields=["campaign"], name="greetings_of_a_campaign", pages_per_range=16),
            models.Index(
                fields=["contact"], name="greeting_of_a_contact", condition=Q(contact__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.client_id}"

    def outweighs(self, other: "Greeting") -> bool:
        """Of two of one campaign, as when two records of a client become one: what was sent stands."""
        return self.state == self.State.SENT and other.state != self.State.SENT

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    @property
    def is_sent(self) -> bool:
        return self.state == self.State.SENT


# --- writing


def write(day: date, scope: Scope = EVERYBODY) -> int:
    """Write the campaigns that stand on the list of `day`; return how many greetings are new.

    Whoever is no longer to be greeted is taken off. All is asked as of the festival's own day, so
    that between two writings only what was touched can make a difference.
    """
    wanted = set()
    for festival in Festival.objects.filter(active=True):
        for on in festival.occasions(day, day + timedelta(days=festival.lead)):
            wanted.add(_campaign(festival, on).pk)
    new = 0
    for campaign in Campaign.objects.filter(on__gte=day).select_related("festival"):
        if campaign.pk in wanted:
            new += _write(campaign, scope)
        else:
            campaign.greetings.open().delete()
    return new


def _campaign(festival: Festival, on: date) -> Campaign:
    opens_on = on - timedelta(days=festival.lead)
    found, _new = Campaign.objects.update_or_create(
        festival=festival, on=on, defaults={"opens_on": opens_on}
    )
    return found


def _write(campaign: Campaign, scope: Scope) -> int:
    people = greeted(campaign.festival, campaign.on)
    asked = _fingerprint(people)
    if campaign.asked != asked:
        scope = EVERYBODY
    with _whole_book(scope):
        if campaign.asked:
            _take_off(scope.of(campaign.greetings.open(), "client"), people)
        new = Greeting.objects.insert_from(_not_yet(campaign, scope.of(people, "pk")), campaign)
    statistics.renew(Greeting._meta.db_table, new)
    if campaign.asked != asked:
        campaign.asked = asked
        campaign.save(update_fields=["asked"])
    return new


def _take_off(greetings: QuerySet[Greeting], people: QuerySet[Client]) -> None:
    """Whoever is no longer to be greeted."""
    gone = ~Exists(people.filter(pk=OuterRef("client_id")))
    greetings.filter(gone).order_by().delete()


def greeted(festival: Festival, on: date) -> QuerySet[Client]:
    """Whom the festival is about, as far as the gates of every greeting are open to them that day."""
    people = replace(GREETED, among=festival.people).wanted(on)
    return people.filter(Q(enough_until=None) | Q(enough_until__lte=on))


def _not_yet(campaign: Campaign, people: QuerySet[Client]) -> QuerySet[Client]:
    """The constraint alone would keep the others out, but refusing costs more than looking up."""
    there = Greeting.objects.filter(campaign=campaign, client=OuterRef("pk"))
    return people.filter(~Exists(there))


def _fingerprint(people: QuerySet[Client]) -> str:
    """For whom it was asked, so that another festival, class or plan asks everybody anew."""
    plan = ServicePlan.objects.filter(item=ServiceItem.GREETING).order_by("client_class")
    asked = (people.query.sql_with_params(), list(plan.values_list("client_class", "level")))
    return hashlib.sha256(repr(asked).encode()).hexdigest()


@contextmanager
def _whole_book(scope: Scope) -> Iterator[None]:
    """A campaign is about the whole book: let it be read in one go, not row by row as for the rules."""
    if scope.since is not None:
        yield
        return
    with connection.cursor() as cursor:
        was = {name: _switched(cursor, name, "on") for name in JOINS}
        yield
        for name, value in was.items():
            _switched(cursor, name, value)


def _switched(cursor: Any, name: str, value: str) -> str:
    """Switch a way of joining for this transaction; return what it was."""
    cursor.execute("SELECT current_setting(%s), set_config(%s, %s, true)", [name, name, value])
    return str(cursor.fetchone()[0])


# --- what a person does


@transaction.atomic
def send(
    greeting: Greeting,
    *,
    by: User,
    on: date,
    channel: str,
    words: str,
    item: StockItem | None = None,
) -> Contact:
    """The agent has sent it: one contact on the client's timeline, and the card off the shelf.

    Raises Refused when it was settled meanwhile, when the day is over, or when no card is left.
    """
    row = _lock(greeting, on)
    _check_consent(row.client, channel)
    contact = Contact.objects.create(
        client=row.client, by=by, on=on, channel=channel, subject=SUBJECT, note=words
    )
    if item is not None:
        item.give(row.client, by=by, on=on, contact=contact)
    row.contact, row.words = contact, words
    _settle(row, Greeting.State.SENT, by=by, on=on)
    enough.after(contact)
    return contact


@transaction.atomic
def skip(greeting: Greeting, *, by: User, on: date, why: str) -> None:
    row = _lock(greeting, on)
    row.why = why
    _settle(row, Greeting.State.SKIPPED, by=by, on=on)


def _check_consent(client: Client, channel: str) -> None:
    if Consent.objects.no().filter(client=client, channel=channel).exists():
        raise Refused(
            _("%(name)s does not want to hear from us by %(channel)s. Choose another way.")
            % {"name": client.name, "channel": Contact.Channel(channel).label}
        )


def _settle(row: Greeting, state: str, *, by: User, on: date) -> None:
    row.state, row.done_by, row.done_on, row.done_at = state, by, on, timezone.now()
    row.save()


def _lock(greeting: Greeting, on: date) -> Greeting:
    rows = Greeting.objects.select_for_update(of=("self",)).select_related("client", "campaign")
    row = rows.filter(pk=greeting.pk).first()
    if row is None or not row.is_open:
        raise Refused(_("This has been settled meanwhile. Reload the list."))
    if row.campaign.on < on:
        raise Refused(_("The day is over. A late greeting is not sent."))
    return row


@transaction.atomic
def rewrite(greeting: Greeting, words: str, *, on: date) -> None:
    """Keep the agent's own words for this client; empty takes the office's again."""
    row = _lock(greeting, on)
    row.words = words
    row.save(update_fields=["words"])


@transaction.atomic
def reopen(greeting: Greeting, *, by: User) -> None:
    """Take back what was sent or skipped: the contact stays, struck; the card is on the shelf again."""
    rows = Greeting.objects.select_for_update(of=("self",)).select_related("contact")
    row = rows.get(pk=greeting.pk)
    if row.is_open:
        return
    if row.contact and not row.contact.undone_at:
        put_back(row.contact, by=by)
        row.contact.undone_at = timezone.now()
        row.contact.save(update_fields=["undone_at"])
    _open_again(row)


def _open_again(row: Greeting) -> None:
    row.state, row.why, row.contact = Greeting.State.OPEN, "", None
    row.done_on = row.done_at = row.done_by = None
    row.save()


def take_back(contact: Contact, *, by: User) -> None:
    """The same, where the contact is what is taken back."""
    put_back(contact, by=by)
    for greeting in contact.greetings.select_for_update():
        _open_again(greeting)
