"""Cards, letters and gifts: how many are there, what they cost, who gave which to whom."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.db.models import F, Q, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import AuditEntry, User
from accounts.scope import ScopedQuerySet
from clients.models import Client, Contact
from followups.refusal import Refused


class StockItem(models.Model):
    """Something the office keeps to be given away."""

    class Kind(models.TextChoices):
        CARD = "card", gettext_lazy("Card")
        LETTER = "letter", pgettext_lazy("post", "Letter")
        GIFT = "gift", gettext_lazy("Gift")

    name = models.CharField(gettext_lazy("name"), max_length=60, unique=True)
    kind = models.CharField(gettext_lazy("kind"), max_length=6, choices=Kind, default=Kind.CARD)
    unit_cost = models.DecimalField(
        gettext_lazy("cost of one"),
        max_digits=8,
        decimal_places=2,
        validators=[MinValueValidator(Decimal(0))],
    )
    in_hand = models.IntegerField(gettext_lazy("in hand"), default=0, editable=False)
    reorder_at = models.PositiveIntegerField(
        gettext_lazy("order again at"),
        default=20,
        help_text=gettext_lazy("From this number in hand on it is marked."),
    )
    active = models.BooleanField(gettext_lazy("in use"), default=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = gettext_lazy("stock item")
        verbose_name_plural = gettext_lazy("stock")
        ordering = ("kind", "name")
        constraints = (
            models.CheckConstraint(condition=Q(in_hand__gte=0), name="never_less_than_nothing"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_low(self) -> bool:
        return self.active and self.in_hand <= self.reorder_at

    @property
    def worth(self) -> Decimal:
        return self.in_hand * self.unit_cost

    @transaction.atomic
    def receive(self, n: int, *, by: User, on: date, note: str = "") -> "StockMove":
        """Put a delivery on the shelf."""
        move = self._move(n, StockMove.Kind.RECEIVED, by=by, on=on, note=note)
        AuditEntry.record(by, AuditEntry.Action.CREATE, self, received=n)
        return move

    @transaction.atomic
    def count_as(self, n: int, *, by: User, on: date, note: str = "") -> "StockMove | None":
        """Correct the number to what was counted; None where it was right."""
        in_hand = StockItem.objects.select_for_update().get(pk=self.pk).in_hand
        if n == in_hand:
            return None
        move = self._move(n - in_hand, StockMove.Kind.COUNTED, by=by, on=on, note=note)
        AuditEntry.record(by, AuditEntry.Action.UPDATE, self, counted=n, before=in_hand)
        return move

    def give(
        self, client: Client, *, by: User, on: date, contact: Contact | None = None, n: int = 1
    ) -> "StockMove":
        """Take it off the shelf for a client. Raises Refused when there are not so many left."""
        return self._move(-n, StockMove.Kind.GIVEN, by=by, on=on, client=client, contact=contact)

    @transaction.atomic
    def _move(self, n: int, kind: str, **more: Any) -> "StockMove":
        enough = StockItem.objects.filter(pk=self.pk, in_hand__gte=-n)
        if not enough.update(in_hand=F("in_hand") + n):
            raise Refused(
                _("None left of %(name)s. Choose something else, or ask the office.")
                % {"name": self.name}
            )
        self.refresh_from_db(fields=["in_hand"])
        return StockMove.objects.create(item=self, n=n, kind=kind, unit_cost=self.unit_cost, **more)


class StockMoveQuerySet(ScopedQuerySet["StockMove"]):
    agent_field = "client__agent"

    def given(self) -> "StockMoveQuerySet":
        """What clients got and was not taken back."""
        return self.filter(kind=StockMove.Kind.GIVEN, back=None)

    def in_month(self, month: date) -> "StockMoveQuerySet":
        return self.filter(on__year=month.year, on__month=month.month)

    def cost(self) -> Decimal:
        total: Decimal | None = self.aggregate(cost=Sum(-F("n") * F("unit_cost")))["cost"]
        return total or Decimal(0)


class StockMove(models.Model):
    """What came onto the shelf or left it: never changed, only moved back."""

    class Kind(models.TextChoices):
        RECEIVED = "received", pgettext_lazy("stock", "Received")
        GIVEN = "given", pgettext_lazy("stock", "Given")
        BACK = "back", pgettext_lazy("stock", "Put back")
        COUNTED = "counted", pgettext_lazy("stock", "Counted")

    item = models.ForeignKey(StockItem, models.PROTECT, related_name="moves")
    n = models.IntegerField(gettext_lazy("number"))
    kind = models.CharField(gettext_lazy("kind"), max_length=8, choices=Kind)
    unit_cost = models.DecimalField(gettext_lazy("cost of one"), max_digits=8, decimal_places=2)
    client = models.ForeignKey(
        Client, models.CASCADE, null=True, related_name="gifts", verbose_name=gettext_lazy("client")
    )
    contact = models.ForeignKey(
        Contact, models.SET_NULL, null=True, related_name="gifts", db_index=False
    )
    undoes = models.OneToOneField("self", models.CASCADE, null=True, related_name="back")
    by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    on = models.DateField(gettext_lazy("on"), db_index=True)
    at = models.DateTimeField(auto_now_add=True)
    note = models.CharField(gettext_lazy("note"), max_length=120, blank=True, default="")

    objects = StockMoveQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("stock movement")
        verbose_name_plural = gettext_lazy("stock movements")
        ordering = ("-at", "-pk")
        constraints = (models.CheckConstraint(condition=~Q(n=0), name="a_move_moves_something"),)

    def __str__(self) -> str:
        return f"{self.on} {self.kind} {self.n}"

    @property
    def cost(self) -> Decimal:
        return -self.n * self.unit_cost


@transaction.atomic
def put_back(contact: Contact, *, by: User) -> None:
    """What was given with an entry that is taken back goes onto the shelf again, of the same day."""
    for move in StockMove.objects.given().filter(contact=contact).select_related("item"):
        StockItem.objects.filter(pk=move.item_id).update(in_hand=F("in_hand") - move.n)
        StockMove.objects.create(
            item=move.item,
            n=-move.n,
            kind=StockMove.Kind.BACK,
            unit_cost=move.unit_cost,
            client_id=move.client_id,
            contact=contact,
            undoes=move,
            by=by,
            on=move.on,
        )
