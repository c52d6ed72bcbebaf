"""The strategic information card: what an agent comes to know of a person, bit by bit."""

from datetime import date, timedelta
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models import Client
from lib.fields import EncryptedTextField

NOT_NOW = timedelta(days=30)


class InfoCard(models.Model):
    """One a client. What nobody knows stays empty; the income stands in `policies.Known`."""

    class Profession(models.TextChoices):
        TEACHER = "teacher", _("Teacher")
        NURSE = "nurse", _("Nurse")
        DOCTOR = "doctor", _("Doctor")
        JOURNALIST = "press", _("Journalist")
        POLICE = "police", _("Police officer")
        FIREFIGHTER = "fire", _("Firefighter")
        SOLDIER = "soldier", _("Soldier")
        LAWYER = "lawyer", _("Lawyer")
        ACCOUNTANT = "account", _("Accountant")
        ENGINEER = "engineer", _("Engineer")
        OFFICIAL = "official", _("Public servant")
        EMPLOYEE = "employee", _("Employee")
        OWNER = "owner", _("Runs a business")
        WORKER = "worker", _("Worker")
        FARMER = "farmer", _("Farmer")
        HOME = "home", _("At home")
        RETIRED = "retired", _("Retired")
        OTHER = "other", pgettext_lazy("profession", "Something else")

    class Marital(models.TextChoices):
        SINGLE = "single", _("Single")
        MARRIED = "married", _("Married")
        DIVORCED = "divorced", _("Divorced")
        WIDOWED = "widowed", _("Widowed")

    class Personality(models.TextChoices):
        WARM = "warm", _("Warm, likes to talk")
        EXACT = "exact", _("Exact, wants the details")
        DECISIVE = "decisive", _("Decisive, wants the result")
        EASY = "easy", _("Easy-going, dislikes pressure")

    class VisitTime(models.TextChoices):
        MORNING = "morning", _("Weekday mornings")
        NOON = "noon", _("At noon")
        AFTERNOON = "after", _("Weekday afternoons")
        EVENING = "evening", _("Weekday evenings")
        WEEKEND = "weekend", _("At the weekend")
        ANY = "any", _("Any time")

    class Attitude(models.TextChoices):
        WELCOMES = "welcomes", _("Glad of a visit")
        FACTUAL = "factual", _("Friendly, keeps to the point")
        WARY = "wary", _("Wary of agents")

    # The day of a profession, as China keeps it: month and day.
    DAY_OF: ClassVar[dict[str, tuple[int, int]]] = {
        Profession.POLICE: (1, 10),
        Profession.NURSE: (5, 12),
        Profession.SOLDIER: (8, 1),
        Profession.DOCTOR: (8, 19),
        Profession.TEACHER: (9, 10),
        Profession.JOURNALIST: (11, 8),
        Profession.FIREFIGHTER: (11, 9),
        Profession.ENGINEER: (11, 30),
        Profession.LAWYER: (12, 4),
    }

    client = models.OneToOneField(
        Client, models.CASCADE, related_name="card", verbose_name=_("client")
    )
    profession = models.CharField(
        _("profession"), max_length=8, choices=Profession, blank=True, default=""
    )
    employer = models.CharField(_("employer"), max_length=80, blank=True, default="")
    position = models.CharField(_("position"), max_length=60, blank=True, default="")
    marital = models.CharField(
        _("marital status"), max_length=8, choices=Marital, blank=True, default=""
    )
    visit_time = models.CharField(
        _("best time to visit"), max_length=8, choices=VisitTime, blank=True, default=""
    )
    ask_first = models.BooleanField(_("wants to be asked first"), null=True, blank=True)
    personality = models.CharField(
        _("personality"), max_length=8, choices=Personality, blank=True, default=""
    )
    attitude = models.CharField(
        _("attitude to agents"), max_length=8, choices=Attitude, blank=True, default=""
    )
    competitors = models.CharField(
        _("policies with other companies"), max_length=200, blank=True, default=""
    )
    hobbies = models.CharField(_("hobbies"), max_length=200, blank=True, default="")
    sports = models.CharField(_("sports"), max_length=200, blank=True, default="")
    reading = models.CharField(_("reading"), max_length=200, blank=True, default="")
    # May tell of faith or health, which the law calls sensitive: kept encrypted.
    taboos = EncryptedTextField(
        _("what to avoid"), context="card.taboos", blank=True, default="", max_length=200
    )
    gifts = models.CharField(_("gifts given"), max_length=300, blank=True, default="")
    not_before = models.JSONField(default=dict, editable=False)  # field: until when it is not asked
    version = models.PositiveIntegerField(default=1, editable=False)

    FACTS: ClassVar[tuple[str, ...]] = (
        "profession", "employer", "position", "marital", "visit_time", "ask_first", "personality",
        "attitude", "competitors", "hobbies", "sports", "reading", "taboos", "gifts",
    )  # fmt: skip

    class Meta:
        verbose_name = _("information card")
        verbose_name_plural = _("information cards")

    def __str__(self) -> str:
        return f"{self.client_id}"

    @classmethod
    def of(cls, client: Client) -> "InfoCard":
        """The client's card; one that nobody has written on yet is not saved."""
        card: InfoCard | None = getattr(client, "card", None)
        return card or cls(client=client)

    def says(self, fact: str) -> bool:
        return getattr(self, fact) not in {"", None}

    def ask_later(self, question: str, today: date) -> None:
        """Not now: ask again in a month."""
        self.not_before = self.not_before | {question: (today + NOT_NOW).isoformat()}
        self.save()

    def rests(self, question: str, today: date) -> bool:
        return str(self.not_before.get(question, "")) > today.isoformat()
