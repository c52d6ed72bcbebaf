"""Households, and the people around a client, who may or may not be clients themselves."""

from datetime import date
from typing import Any, ClassVar, Self

from django.db import models, transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.scope import ScopedQuerySet
from clients.kinship import Kin
from clients.models import Client
from clients.yearly import Yearly
from lib import dates, names

OF_AGE = 18
SMALL = 14  # until this birthday the law protects a child's data in particular


class Household(models.Model):
    """Clients who live together and are visited together."""

    BY_MACHINE: ClassVar[Q] = Q(pk__isnull=False)  # an import that is undone asks

    name = models.CharField(_("name"), max_length=60, blank=True, default="")
    address = models.CharField(_("address"), max_length=200, blank=True, default="")
    main_client = models.ForeignKey(
        Client,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("main client"),
        db_index=False,
    )

    class Meta:
        verbose_name = _("household")
        verbose_name_plural = _("households")

    def __str__(self) -> str:
        return self.name or f"{self.pk}"

    @classmethod
    @transaction.atomic
    def begin(cls, client: Client) -> "Household":
        """The client's household, or a new one of their own."""
        locked = Client.objects.select_for_update().get(pk=client.pk)
        if locked.household is not None:
            return locked.household
        made = cls.objects.create(name=client.name, address=client.address, main_client=client)
        made._take(client)
        return made

    @transaction.atomic
    def join(self, client: Client) -> None:
        """Take the client in, by hand; whom they lived with before loses them."""
        self._take(client)

    def _take(self, client: Client) -> None:
        before = client.household_id
        Client.objects.filter(pk=client.pk).update(household=self, household_by_hand=True)
        client.household, client.household_by_hand = self, True
        if before and before != self.pk:
            Household.settle(before)

    @classmethod
    @transaction.atomic
    def leave(cls, client: Client) -> None:
        """Live alone from now on, by hand: nothing derives them into a household again."""
        before = client.household_id
        Client.objects.filter(pk=client.pk).update(household=None, household_by_hand=True)
        client.household, client.household_by_hand = None, True
        if before:
            cls.settle(before)

    @classmethod
    def settle(cls, pk: int) -> None:
        """Dissolve a household of one, and give one whose main client left another."""
        members = list(Client.objects.filter(household=pk).order_by("pk")[:2])
        if len(members) < 2:
            Client.objects.filter(household=pk).update(household=None)
            cls.objects.filter(pk=pk).delete()
            return
        gone = ~Q(main_client__household=pk)
        cls.objects.filter(gone, pk=pk).update(main_client=members[0], name=members[0].name)


class FamilyMemberQuerySet(ScopedQuerySet["FamilyMember"]):
    agent_field = "client__agent"

    def children_under(self, age: int, on: date) -> Self:
        """Children who have not turned `age` by that day, as far as their birth is known."""
        return self.filter(kin=Kin.CHILD, birth_on__gt=dates.add_years(on, -age), birth_on__lte=on)


class FamilyMember(Yearly):
    """Somebody around a client. Their birthday comes round in the calendar it is kept in."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="family", db_index=False)
    kin = models.CharField(_("who they are"), max_length=7, choices=Kin)
    called = models.CharField(
        _("in other words"), max_length=20, blank=True, default=""
    )  # where the closed set says too little
    name = models.CharField(_("name"), max_length=100, blank=True, default="")
    gender = models.CharField(
        _("gender"), max_length=1, choices=Client.Gender, blank=True, default=""
    )
    person = models.ForeignKey(
        Client,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("is a client as well"),
        db_index=False,
    )
    # What follows from the birthday where its year is known.
    birth_on = models.DateField(null=True, editable=False)
    of_age_on = models.DateField(null=True, editable=False)

    objects = FamilyMemberQuerySet.as_manager()

    AS_CALLED: ClassVar[dict[tuple[str, str], str | Promise]] = {
        (Kin.SPOUSE, "m"): _("Husband"),
        (Kin.SPOUSE, "f"): _("Wife"),
        (Kin.CHILD, "m"): _("Son"),
        (Kin.CHILD, "f"): _("Daughter"),
        (Kin.PARENT, "m"): _("Father"),
        (Kin.PARENT, "f"): _("Mother"),
        (Kin.SIBLING, "m"): pgettext_lazy("kin", "Brother"),
        (Kin.SIBLING, "f"): pgettext_lazy("kin", "Sister"),
    }

    class Meta:
        verbose_name = _("member of the family")
        verbose_name_plural = _("members of the family")
        constraints = (
            models.UniqueConstraint(
                fields=["client", "name"],
                name="one_of_a_name_around_a_client",
                condition=~Q(name=""),
            ),
            *Yearly.constraints("family"),
        )
        indexes = (
            models.Index(fields=["client", "kin"], name="family_of_a_client"),
            models.Index(fields=["next_on"], name="family_birthday"),
            models.Index(fields=["of_age_on"], name="family_of_age"),
            models.Index(fields=["kin", "birth_on"], name="family_born"),
        )

    def __str__(self) -> str:
        return self.name or str(self.role)

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.derive(dates.today())
        super().save(*args, **kwargs)

    def derive(self, today: date) -> None:
        self.name = names.normalise(self.name)
        self.next_on = self.comes_on(today)
        self.birth_on = self.begun_on
        self.of_age_on = dates.add_years(self.birth_on, OF_AGE) if self.birth_on else None

    @property
    def role(self) -> "str | Promise":
        """Wife, son; or in the words of whoever wrote it down."""
        return self.called or self.AS_CALLED.get(
            (self.kin, self.gender), Kin(self.kin).label if self.kin else ""
        )
