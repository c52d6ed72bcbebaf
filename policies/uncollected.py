"""Uncollected cases (未收件): forms on which clients sign why a premium was not paid."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.scope import ScopedQuerySet


class UncollectedQuerySet(ScopedQuerySet["UncollectedCase"]):
    agent_field = "policy__holder__agent"


class UncollectedCase(models.Model):
    class Why(models.IntegerChoices):
        """The twelve reasons on the form (Taikang order 2005-8)."""

        EMPLOYER = 1, _("The employer buys the cover")
        PRODUCT = 2, _("The product does not satisfy")
        DISTRUST = 3, _("No trust in the company")
        SERVICE = 4, _("The service")
        CLAIM = 5, _("A claim")
        FAMILY = 6, _("The family")
        MISLED = 7, _("Misled by the salesperson")
        MONEY = 8, _("Short of money for now")
        OWN_POLICY = 9, _("The agent's own policy")
        COMPETITOR = 10, _("A competitor")
        OTHER = 11, _("Another reason")
        UNREACHABLE = 12, _("Cannot be contacted")

    policy = models.ForeignKey("policies.Policy", models.CASCADE, related_name="uncollected_cases")
    instalment = models.OneToOneField(
        "policies.Instalment", models.CASCADE, related_name="uncollected_case"
    )
    reason = models.PositiveSmallIntegerField(_("reason"), choices=Why)
    signed_on = models.DateField(_("signed on"))
    note = models.CharField(_("note"), max_length=200, blank=True, default="")
    by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(auto_now_add=True)

    objects = UncollectedQuerySet.as_manager()

    class Meta:
        verbose_name = _("uncollected case")
        verbose_name_plural = _("uncollected cases")
        ordering = ("-signed_on", "-pk")
        indexes = (models.Index(fields=["signed_on"], name="uncollected_signed"),)

    def __str__(self) -> str:
        return f"{self.instalment_id} {self.reason}"
