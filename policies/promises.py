"""What clients say about a premium: promises to pay, and claims to have paid.

Words are kept as they were said; what became of them follows from the premium's own dates at every
reading, so that it is right whoever books the payment, in whatever order.
"""

from datetime import date, timedelta
from decimal import Decimal
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import Case, Count, F, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.scope import ScopedQuerySet
from policies.bank import BankRow

if TYPE_CHECKING:
    from clients.models import Contact
    from policies.models import Instalment


class PromiseQuerySet(ScopedQuerySet["Promise"]):
    agent_field = "policy__holder__agent"

    def promises(self) -> Self:
        return self.filter(kind=Promise.Kind.PROMISE)

    def claims(self) -> Self:
        return self.filter(kind=Promise.Kind.CLAIM)

    def with_state(self, on: date) -> Self:
        """Annotate `state_now`: what has become of the word by the end of `on`."""
        state = Promise.State
        in_time = Q(instalment__paid_on__lte=F("promised_on")) | Q(
            came_in__gt=0, came_in__gte=F("amount")
        )
        return self.annotate(
            came_in=F("received") + Coalesce(Subquery(_parts_collected()), Decimal(0))
        ).annotate(
            state_now=Case(
                When(replaced_on__lte=F("promised_on"), then=Value(state.REPLACED.value)),
                When(in_time, then=Value(state.KEPT.value)),
                When(instalment__closed_on__lte=F("promised_on"), then=Value(state.VOID.value)),
                When(promised_on__gte=on, then=Value(state.OPEN.value)),
                When(came_in__gt=0, then=Value(state.PARTLY.value)),
                default=Value(state.BROKEN.value),
                output_field=models.CharField(),
            )
        )

    def tally(self, on: date) -> dict[str, int]:
        """How many promises were kept, broken and so on."""
        words: Any = self.promises().with_state(on).order_by()
        counts = words.values_list("state_now")
        return dict.fromkeys(Promise.State.values, 0) | dict(counts.annotate(n=Count("pk")))


def _parts_collected() -> models.QuerySet[BankRow, Any]:
    """What the bank collected in time for the policy, less than the premium, so that it stays owed."""
    return (
        BankRow.objects.filter(
            policy=OuterRef("policy_id"),
            ok=True,
            state=BankRow.State.AMBIGUOUS,
            why=BankRow.Why.AMOUNT,
            returned_on__range=(OuterRef("made_on"), OuterRef("promised_on")),
        )
        .order_by()
        .values("policy")
        .annotate(money=Sum("amount"))
        .values("money")
    )


class Promise(models.Model):
    """A client's word about a premium: that it will be paid by a day, or that it has been."""

    class Kind(models.TextChoices):
        PROMISE = "promise", _("Will pay")
        CLAIM = "claim", _("Says it is paid")

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        KEPT = "kept", _("Kept")
        PARTLY = "partly", _("Kept in part")
        BROKEN = "broken", _("Broken")
        REPLACED = "replaced", _("Replaced by another")
        VOID = "void", _("No longer needed")

    policy = models.ForeignKey("policies.Policy", models.CASCADE, related_name="promises")
    instalment = models.ForeignKey("policies.Instalment", models.CASCADE, related_name="promises")
    kind = models.CharField(_("kind"), max_length=7, choices=Kind, default=Kind.PROMISE)
    made_on = models.DateField(_("made on"))
    # Of a claim: the last day on which the file may still confirm it in peace.
    promised_on = models.DateField(_("promised for"))
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    received = models.DecimalField(
        _("received in time"), max_digits=14, decimal_places=2, default=Decimal(0)
    )
    replaced_on = models.DateField(_("replaced on"), null=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    contact = models.ForeignKey(
        "clients.Contact", models.CASCADE, null=True, related_name="promises", db_index=False
    )

    objects = PromiseQuerySet.as_manager()

    class Meta:
        verbose_name = _("promise to pay")
        verbose_name_plural = _("promises to pay")
        ordering = ("-promised_on", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=["instalment"],
                condition=Q(kind="promise", replaced_on=None),
                name="one_standing_promise_of_a_premium",
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=0, received__gte=0), name="a_promise_is_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(promised_on__gte=F("made_on")), name="a_promise_is_for_a_day_to_come"
            ),
        )

    def __str__(self) -> str:
        return f"{self.instalment_id} {self.promised_on}"


def promise(
    instalment: "Instalment",
    *,
    on: date,
    until: date,
    by: User,
    amount: Decimal | None = None,
    contact: "Contact | None" = None,
) -> Promise:
    """Note that the client will pay by `until`; an earlier promise about the premium is replaced."""
    return _say(
        instalment,
        kind=Promise.Kind.PROMISE,
        made_on=on,
        promised_on=until,
        amount=amount or instalment.amount,
        by=by,
        contact=contact,
    )


def claim(
    instalment: "Instalment", *, on: date, by: User, contact: "Contact | None" = None
) -> Promise:
    """Note that the client says it is paid. That does not pay it: the file will tell.

    It is looked at again on the last day of grace at the latest, while there is cover to save.
    """
    usual = on + timedelta(days=settings.CLAIM_RESTS_DAYS)
    return _say(
        instalment,
        kind=Promise.Kind.CLAIM,
        made_on=on,
        promised_on=max(on, min(usual, instalment.grace_ends_on - timedelta(days=1))),
        amount=instalment.amount,
        by=by,
        contact=contact,
    )


@transaction.atomic
def take_back(contact: "Contact") -> None:
    """Forget what was said in a contact that was recorded by mistake."""
    said = Promise.objects.filter(contact=contact)
    instalments = {
        word.instalment_id: word.instalment for word in said.select_related("instalment")
    }
    said.delete()
    for instalment in instalments.values():
        _follow_words(instalment)


def promise_on(instalment: "Instalment", day: date) -> Promise | None:
    """The promise about the premium that stood on that day."""
    standing = instalment.promises.filter(kind=Promise.Kind.PROMISE, replaced_on=None)
    return standing.filter(made_on__lte=day, promised_on__gte=day).first()


@transaction.atomic
def receive_part(instalment: "Instalment", *, amount: Decimal, on: date) -> Promise | None:
    """Note money that is less than the premium: the premium stays owed, its promise is kept in part.

    Return that promise; None, and nothing is noted, where none stood on that day.
    """
    _lock(instalment)
    standing = promise_on(instalment, on)
    if standing is not None:
        Promise.objects.filter(pk=standing.pk).update(received=F("received") + amount)
    return standing


@transaction.atomic
def _say(instalment: "Instalment", **said: Any) -> Promise:
    _lock(instalment)
    if said["kind"] == Promise.Kind.PROMISE:
        standing = instalment.promises.filter(kind=Promise.Kind.PROMISE, replaced_on=None)
        standing.update(replaced_on=said["made_on"])
    word = Promise.objects.create(policy_id=instalment.policy_id, instalment=instalment, **said)
    _follow_words(instalment)
    return word


def _follow_words(instalment: "Instalment") -> None:
    """Set what the premium says of promise, claim and rest from the words that stand."""
    _lock(instalment)
    words = list(instalment.promises.order_by("pk"))
    promises = [word for word in words if word.kind == Promise.Kind.PROMISE]
    for word, following in zip_longest(promises, promises[1:]):
        replaced_on = following.made_on if following else None
        if word.replaced_on != replaced_on:
            word.replaced_on = replaced_on
            word.save(update_fields=["replaced_on"])
    last = words[-1] if words else None
    claimed = last is not None and last.kind == Promise.Kind.CLAIM
    instalment.promised_on = promises[-1].promised_on if promises else None
    instalment.said_paid_on = last.made_on if last and claimed else None
    instalment.rests_until = last.promised_on if last else None
    instalment.save(update_fields=["promised_on", "said_paid_on", "rests_until"])


def _lock(instalment: "Instalment") -> None:
    rows = type(instalment).objects.select_for_update(of=("self",)).filter(pk=instalment.pk)
    rows.values_list("pk").get()
