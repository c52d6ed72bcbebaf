"""People: the client, and each contact somebody had with them."""

from datetime import date, datetime
from functools import reduce
from operator import or_
from typing import Any, ClassVar, Self

from django.db import connection, models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Coalesce, Right
from django.db.models.lookups import Exact
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from accounts.scope import ScopedQuerySet
from lib import dates, lunar, names
from lib.crypto import blind_index
from lib.fields import EncryptedTextField


class Sixty(Func):
    """The 60th birthday."""

    template = "((%(expressions)s + interval '60 years')::date)"
    output_field = models.DateField()


SECOND_READING = "^ .* "  # initials of a surname which people read differently


class ClientQuerySet(ScopedQuerySet["Client"]):
    def contactable(self) -> Self:
        """Neither dead nor asking to be left alone."""
        return self.filter(deceased=False, do_not_contact=False)

    def free_on(self, day: date) -> Self:
        """Who has not heard from us so often, lately or that very day, that it is enough."""
        return self.filter(Q(enough_until=None) | Q(enough_until__lte=day))

    def at_home_with(self, pk: int) -> Self:
        """The client and whoever shares their household."""
        household = Client.objects.filter(pk=pk).values("household")[:1]
        return self.filter(Q(pk=pk) | Q(household=household))

    def search(self, text: str) -> "list[Self]":
        """Find by name, pinyin or its initials, the ending of a phone, or a policy number.

        Each way has an index of its own: joined with OR none of them would be used. Without a
        text, all are found in one way.
        """
        if not text.strip():
            return [self]
        ways = ways_to_find(text)
        if has_digit(text):
            policies = Client._meta.get_field("policies").related_model._default_manager
            numbered = policies.filter(policy_no__startswith=text.strip().upper())
            ways.append(Q(pk__in=numbered.values("holder_id")))
        return [self.filter(way) for way in ways]

    def for_list(self) -> Self:
        return self.select_related("agent").prefetch_related("policies")


def ways_to_find(text: str, client: str = "") -> list[Q]:
    """Return a condition for each way to find people; `client` leads to them: `holder__`."""
    if not text.isascii():
        return [_by_name(names.normalise(text), client)]
    bare = "".join(char for char in text.lower() if char.isalnum())
    if not has_digit(bare):
        return _by_letters(bare, client) if bare else []
    if not (bare.isdigit() and 4 <= len(bare) <= 11):
        return []
    ending = Exact(Right(F(f"{client}mobile"), 4), Value(bare[-4:]))
    return [Q(ending, (f"{client}mobile__endswith", bare))]


def has_digit(text: str) -> bool:
    return text.isascii() and any(char.isdigit() for char in text)


def _by_name(name: str, client: str) -> Q:
    # Whose name begins like this has a pinyin that begins accordingly, and in that order a page
    # of a surname which every tenth client bears is read at once.
    beginnings = [Q((f"{client}pinyin__startswith", each)) for each in names.beginnings(name)]
    return Q((f"{client}name__startswith", name)) & reduce(or_, beginnings)


def _by_letters(letters: str, client: str) -> list[Q]:
    ways = [
        Q((f"{client}pinyin__startswith", letters)),
        Q(
            (f"{client}initials__regex", SECOND_READING),
            (f"{client}initials__contains", f" {letters}"),
        ),
    ]
    if len(letters) > 1:  # a single letter begins both the initials and the pinyin
        initials = Q((f"{client}initials__startswith", f" {letters}"))
        ways.append(initials & Q((f"{client}pinyin__startswith", letters[0])))
    return ways


class Client(models.Model):
    """A person who holds policies. Who serves them decides who may see them."""

    class Gender(models.TextChoices):
        FEMALE = "f", _("Female")
        MALE = "m", _("Male")

    class Calendar(models.TextChoices):
        SOLAR = "solar", _("Solar birthday")
        LUNAR = "lunar", _("Lunar birthday")

    class Class(models.TextChoices):
        DEVELOP = "develop", _("Develop")
        NURTURE = "nurture", _("Nurture")
        MAINTAIN = "maintain", _("Maintain")

    class Source(models.TextChoices):
        OWN = "own", pgettext_lazy("source", "Own prospecting")
        ACQUAINTANCE = "acquaintance", pgettext_lazy("source", "Acquaintance")
        REFERRAL = "referral", pgettext_lazy("source", "Recommended")
        COLD = "cold", pgettext_lazy("source", "Cold call")
        MAIL = "mail", pgettext_lazy("source", "Letter")
        PHONE = "phone", pgettext_lazy("source", "Telephone")
        WALK_IN = "walk_in", pgettext_lazy("source", "Walked in")
        IMPORT = "import", pgettext_lazy("source", "Insurer's list")
        ORPHAN = "orphan", pgettext_lazy("source", "Orphan policy")

    name = models.CharField(_("name"), max_length=100)
    # Letters in byte order, so that an index serves both their beginning and their order.
    pinyin = models.CharField(max_length=200, editable=False, default="", db_collation="C")
    initials = models.CharField(
        max_length=80, editable=False, default="", db_collation="C"
    )  # " zs zq": each reading
    gender = models.CharField(_("gender"), max_length=1, choices=Gender, blank=True, default="")
    birth_on = models.DateField(_("born on"), null=True, blank=True)
    birthday_calendar = models.CharField(
        _("birthday kept"), max_length=5, choices=Calendar, default=Calendar.SOLAR
    )
    next_birthday_on = models.DateField(null=True, editable=False)
    id_number = EncryptedTextField(
        _("ID number"), context="client.id_number", blank=True, default=""
    )
    id_index = models.BinaryField(max_length=32, null=True, editable=False)
    mobile = models.CharField(_("mobile"), max_length=30, blank=True, default="")
    phone = models.CharField(_("phone"), max_length=40, blank=True, default="")
    email = models.EmailField(_("email"), blank=True, default="")
    address = models.CharField(_("address"), max_length=200, blank=True, default="")
    postcode = models.CharField(_("postcode"), max_length=12, blank=True, default="")
    agent = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="clients",
        verbose_name=_("agent"),
        db_index=False,
    )
    household = models.ForeignKey(
        "clients.Household",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="members",
        verbose_name=_("household"),
        db_index=False,
    )
    household_by_hand = models.BooleanField(default=False, db_default=False, editable=False)
    source = models.CharField(
        _("source"), max_length=12, choices=Source, blank=True, default="", db_default=""
    )
    client_class = models.CharField(_("class"), max_length=8, choices=Class, blank=True, default="")
    class_since = models.DateField(null=True, editable=False)  # empty: it has always been so
    attention = models.CharField(_("attention"), max_length=1, blank=True, default="")
    do_not_sell = models.BooleanField(_("no sales talk"), default=False, db_default=False)
    # Key or important, by the monthly classification; the lower tiers make no difference here.
    tier = models.CharField(max_length=11, blank=True, default="", db_default="", editable=False)
    id_valid_to = models.DateField(_("ID valid until"), null=True, blank=True)
    verified_on = models.DateField(null=True, editable=False)  # phone and address were right
    contact_invalid_on = models.DateField(null=True, editable=False)  # found to be wrong
    no_sales_until = models.DateField(null=True, editable=False)  # the last day of mourning
    sixty_on = models.GeneratedField(
        expression=Sixty("birth_on"), output_field=models.DateField(null=True), db_persist=True
    )
    deceased = models.BooleanField(_("deceased"), default=False)
    deceased_on = models.DateField(_("death known since"), null=True, editable=False)
    complaint_open_since = models.DateField(
        _("complaint open since"), null=True, blank=True, editable=False
    )
    do_not_contact = models.BooleanField(_("asked not to be contacted"), default=False)
    # Counted by the database whenever a contact is written down or taken back.
    last_contact_on = models.DateField(null=True, editable=False)
    last_review_on = models.DateField(null=True, editable=False)
    enough_until = models.DateField(null=True, editable=False)  # till then nothing that can wait
    handed_over_on = models.DateField(null=True, editable=False)  # to whoever serves them now
    # Kept by the writing of the lists: since when, the next word of the rhythm, the next anniversary.
    client_since = models.DateField(null=True, editable=False)
    contact_by = models.DateField(null=True, editable=False)
    anniversary_on = models.DateField(null=True, editable=False)
    silent_since = models.GeneratedField(
        expression=Coalesce("last_contact_on", "client_since"),
        output_field=models.DateField(null=True),
        db_persist=True,
    )
    note = models.TextField(_("note"), blank=True, default="")
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ClientQuerySet.as_manager()

    class Meta:
        verbose_name = _("client")
        verbose_name_plural = _("clients")
        constraints = (
            models.UniqueConstraint(
                fields=["id_index"],
                name="one_client_per_id_number",
                condition=Q(id_index__isnull=False),
            ),
        )
        indexes = (
            # What filters and searches look at stands beside the order: a page of a hundred
            # thousand clients is found without reading one of them.
            models.Index(
                fields=["agent", "pinyin", "id"],
                name="client_list_of_an_agent",
                include=["client_class", "next_birthday_on", "name", "initials"],
            ),
            models.Index(
                fields=["pinyin", "id"],
                name="client_list_of_all",
                include=["agent", "client_class", "next_birthday_on", "name", "initials"],
            ),
            models.Index(
                fields=["next_birthday_on", "pinyin", "id"],
                name="client_next_birthday",
                include=["agent", "client_class"],
            ),
            models.Index(
                fields=["initials", "pinyin", "id"],
                name="client_initials",
                include=["agent", "client_class", "next_birthday_on"],
            ),
            models.Index(
                fields=["pinyin", "id"],
                name="client_read_in_two_ways",
                include=["agent", "initials"],
                condition=Q(initials__regex=SECOND_READING),
            ),
            models.Index(
                fields=["name", "birth_on"],
                name="client_name_and_birth",
                opclasses=["varchar_pattern_ops", "date_ops"],
            ),
            models.Index(Right("mobile", 4), name="client_mobile_ending"),
            models.Index(
                fields=["household"],
                name="client_household",
                condition=Q(household__isnull=False),
            ),
            models.Index(
                fields=["deceased_on"],
                name="clients_who_died",
                condition=Q(deceased_on__isnull=False),
            ),
            models.Index(
                fields=["class_since"],
                name="client_class_since",
                condition=Q(class_since__isnull=False),
            ),
            *(
                models.Index(
                    fields=[name],
                    name=f"client_{name}",
                    condition=Q((f"{name}__isnull", False)),
                )
                for name in (
                    "id_valid_to",
                    "verified_on",
                    "contact_invalid_on",
                    "no_sales_until",
                    "sixty_on",
                    "last_review_on",
                    "enough_until",
                    "handed_over_on",
                )
            ),
            models.Index(
                fields=["silent_since", "id"],
                name="client_silent",
                include=["agent", "client_class", "deceased", "do_not_contact"],
            ),
            models.Index(fields=["contact_by"], name="client_contact_by"),
            models.Index(fields=["anniversary_on"], name="client_anniversary"),
        )

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.derive(dates.today())
        super().save(*args, **kwargs)

    def derive(self, today: date) -> None:
        """Fill what follows from other fields: search keys, blind index, next birthday."""
        self.name = names.normalise(self.name)
        self.pinyin, self.initials = (
            names.pinyin(self.name).replace(" ", ""),
            f" {names.initials(self.name)}",
        )
        self.id_index = blind_index(self.id_number, "client.id_number") if self.id_number else None
        self.next_birthday_on = next_birthday(self.birth_on, self.birthday_calendar, today)
        self.deceased_on = (self.deceased_on or today) if self.deceased else None

    def age_on(self, day: date) -> int | None:
        return dates.age_on(self.birth_on, day) if self.birth_on else None

    def verify_contact(self, on: date) -> None:
        """Phone and address are right as of that day."""
        self.verified_on, self.contact_invalid_on = on, None
        self.save(update_fields=["verified_on", "contact_invalid_on"])

    def find_contact_wrong(self, on: date) -> None:
        """Phone or address turned out to be wrong on that day."""
        self.contact_invalid_on = on
        self.save(update_fields=["contact_invalid_on"])

    @cached_property
    def ways(self) -> "Ways":
        """How they may be spoken to."""
        return ways_of(self)

    def in_mourning(self, on: date) -> bool:
        return self.no_sales_until is not None and self.no_sales_until >= on

    @property
    def shown_class(self) -> "Client.Class":
        """A client without a class counts as *maintain*."""
        return Client.Class(self.client_class or Client.Class.MAINTAIN)


def next_birthday(birth_on: date | None, calendar: str, on_or_after: date) -> date | None:
    """Return when the birthday that is kept next comes around, in the solar calendar."""
    if birth_on is None:
        return None
    if calendar == Client.Calendar.LUNAR:
        born = lunar.to_lunar(birth_on)
        return lunar.next_lunar_birthday(born.month, born.day, born.leap, on_or_after)
    return dates.next_birthday(birth_on, on_or_after)


class Moved(models.Model):
    """An address or number that became another one: the database notes it, whoever changed it."""

    class What(models.TextChoices):
        ADDRESS = "address", _("Address")
        MOBILE = "mobile", _("Mobile")
        PHONE = "phone", _("Phone")

    client = models.ForeignKey(Client, models.CASCADE, related_name="moves", db_index=False)
    what = models.CharField(max_length=7, choices=What)
    on = models.DateField()
    batch = models.BigIntegerField(
        null=True
    )  # the import that brought it; no key: clients know none

    BY_MACHINE: ClassVar[Q] = Q(pk__isnull=False)  # an import that is undone asks

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["client", "what", "on"], name="moved_once_a_day"),
        )

    def __str__(self) -> str:
        return f"{self.client_id} {self.what} {self.on}"

    @staticmethod
    def notes_are_of(day: date) -> None:
        """Date what the database notes in the transaction under way; its own clock knows no office."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('evergreen.on', %s, true)", [f"{day}"])


class ContactQuerySet(ScopedQuerySet["Contact"]):
    agent_field = "client__agent"

    def counted(self) -> Self:
        """Those in which the client heard from us. The database counts by the same words."""
        moved = Q(channel=Contact.Channel.OTHER, outcome=Contact.Outcome.ASKED_LATER)
        return self.filter(undone_at=None).exclude(moved).exclude(outcome__in=Contact.UNREACHED)


class Contact(models.Model):
    """One contact with a client, whoever it was by and however many matters it settled."""

    class Channel(models.TextChoices):
        VISIT = "visit", _("Visit")
        CALL = "call", _("Call")
        WECHAT = "wechat", _("WeChat")
        CARD = "card", _("Card")
        LETTER = "letter", pgettext_lazy("post", "Letter")
        GIFT = "gift", _("Gift")
        OTHER = "other", _("Other")

    class Outcome(models.TextChoices):
        DONE = "done", _("Done")
        PARTLY = "partly", _("Done in part")
        NO_ANSWER = "no_answer", _("No answer")
        NOT_HOME = "not_home", _("Nobody at home")
        WRONG_NUMBER = "wrong_number", _("Wrong number")
        MOVED = "moved", _("Moved away")
        ASKED_LATER = "asked_later", _("Asked for later")
        WILL_PAY = "will_pay", _("Will pay")
        PAID_ALREADY = "paid_already", _("Says it is paid")
        REFUSED = "refused", _("Refused")
        COMPLAINT = "complaint", _("Complaint")
        DECEASED = "deceased", _("Client has died")
        MANAGER = "manager", _("Needs the supervisor")
        NOT_NEEDED = "not_needed", _("Not needed")

    class Refusal(models.TextChoices):
        MONEY = "money", _("Money is tight")
        SURRENDER = "surrender", _("Wants to surrender")
        SERVICE = "service", _("Unhappy with the service")
        NO_NEED = "no_need", _("Sees no need")
        OTHER = "other", _("Another reason")

    # Nobody was spoken to: it is no contact that anything may be counted on.
    UNREACHED: ClassVar[tuple[str, ...]] = ("no_answer", "not_home", "wrong_number")

    client = models.ForeignKey(Client, models.CASCADE, related_name="contacts", db_index=False)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    on = models.DateField(_("on"))
    at = models.DateTimeField(auto_now_add=True)
    # The time of day it took place, where it was written down later.
    met_at = models.TimeField(_("at what time"), null=True, blank=True)
    channel = models.CharField(_("channel"), max_length=6, choices=Channel, default=Channel.CALL)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome, default=Outcome.DONE)
    promised_on = models.DateField(_("date"), null=True, blank=True)
    subject = models.CharField(
        max_length=120, blank=True, default=""
    )  # what it was about, in codes
    note = models.TextField(_("note"), blank=True, default="")
    refusal = models.CharField(
        _("why refused"), max_length=9, choices=Refusal, blank=True, default="", db_default=""
    )
    # One visit to a household is one entry, and a contact with each of its clients.
    entry = models.ForeignKey("self", models.SET_NULL, null=True, related_name="others")
    # What the entry changed about the client, as it was before: it comes back with an undo.
    before = models.JSONField(null=True, blank=True)
    reviewed = models.BooleanField(_("went through the policies"), default=False, db_default=False)
    undone_at = models.DateTimeField(null=True)

    objects = ContactQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        indexes = (
            models.Index(fields=["client", "-at"], name="contact_timeline"),
            models.Index(fields=["by", "on"], name="contacts_of_an_agents_day"),
        )

    def __str__(self) -> str:
        return f"{self.on} {self.get_outcome_display()}"

    @property
    def moment(self) -> datetime:
        """When it took place: as told, else when it was written down; office time."""
        if self.met_at is None:
            return timezone.localtime(self.at)
        return timezone.make_aware(datetime.combine(self.on, self.met_at))


# Models of this app that live beside their verbs; Django reads them here.
from clients.card import InfoCard  # noqa: E402
from clients.consent import Consent, Ways, ways_of  # noqa: E402
from clients.duplicates import Duplicate  # noqa: E402
from clients.family import FamilyMember, Household  # noqa: E402
from clients.handover import HandedOver, Handover  # noqa: E402
from clients.key_dates import KeyDate  # noqa: E402
from clients.life import LifeEvent  # noqa: E402
from clients.merging import Merge  # noqa: E402
from clients.rhythm import Rhythm  # noqa: E402

__all__ = [
    "Client",
    "Consent",
    "Contact",
    "Duplicate",
    "FamilyMember",
    "HandedOver",
    "Handover",
    "Household",
    "InfoCard",
    "KeyDate",
    "LifeEvent",
    "Merge",
    "Rhythm",
]
