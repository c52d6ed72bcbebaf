"""What an agent takes along: for each service its notices, forms, folders and gifts, as the office says."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.db import connection, models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import AuditEntry, User
from followups.agenda import Agenda, Stop
from followups.models import ServiceItem
from followups.route import visits_of
from lib.remembered import remembered

WRITING = 0x544F4F4C


class Kind(models.TextChoices):
    NOTICE = "notice", pgettext_lazy("tool", "Notice")
    FORM = "form", pgettext_lazy("tool", "Form")
    FOLDER = "folder", pgettext_lazy("tool", "Folder")
    GIFT = "gift", pgettext_lazy("tool", "Gift")


# A paper is about one matter, a folder or gift serves the whole visit.
A_VISIT = frozenset({Kind.FOLDER, Kind.GIFT})


@dataclass(frozen=True)
class Tool:
    kind: Kind
    name: str | Promise

    def __str__(self) -> str:
        return str(self.name)


USUAL: Mapping[ServiceItem, Sequence[Tool]] = {
    ServiceItem.RENEWAL_REMINDER: (Tool(Kind.NOTICE, _("Premium notice")),),
    ServiceItem.AUTHORISATION: (Tool(Kind.FORM, _("Auto-debit form")),),
    ServiceItem.UNCOLLECTED: (Tool(Kind.FORM, _("Form on the unpaid premium")),),
    ServiceItem.PAID_NOTICE: (Tool(Kind.NOTICE, _("Notice of a collected premium")),),
    ServiceItem.HOTLINE: (Tool(Kind.FORM, _("Hotline ticket")),),
    ServiceItem.INFO_CHANGE: (Tool(Kind.FORM, _("Application for a policy change")),),
    ServiceItem.CLAIM_HELP: (Tool(Kind.FORM, _("Claim application")),),
    ServiceItem.PAYOUT_NOTICE: (
        Tool(Kind.NOTICE, _("Payout notice")),
        Tool(Kind.FORM, _("Payout application")),
    ),
    ServiceItem.POLICY_REVIEW: (Tool(Kind.FOLDER, _("Policy folder")),),
    ServiceItem.GREETING: (Tool(Kind.GIFT, _("Card")),),
    ServiceItem.TAILORED: (Tool(Kind.FOLDER, _("Product folder")),),
}


class KitQuerySet(models.QuerySet["Kit"]):
    def in_force(self) -> "KitQuerySet":
        return self.filter(replaced_at=None)


class Kit(models.Model):
    """One version of the office's own tools for a service; the one nobody has replaced is in force."""

    item = models.PositiveSmallIntegerField(_("service item"), choices=ServiceItem)
    tools = models.JSONField(default=list)  # [kind, name] each
    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    replaced_at = models.DateTimeField(null=True)

    objects = KitQuerySet.as_manager()

    class Meta:
        verbose_name = _("tools of a service")
        verbose_name_plural = _("tools of services")
        ordering = ("-at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=["item"], condition=Q(replaced_at=None), name="one_kit_in_force_per_service"
            ),
        )

    def __str__(self) -> str:
        return self.get_item_display()

    @property
    def contents(self) -> list[Tool]:
        return [Tool(Kind(kind), name) for kind, name in self.tools]

    @transaction.atomic
    def put_in_force(self, by: User) -> None:
        """Replace what was taken along until now; the older version stays to be read."""
        self.by, self.pk = by, None
        with connection.cursor() as cursor:  # of two who write at once the later one replaces
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [WRITING])
        Kit.objects.in_force().filter(item=self.item).update(replaced_at=timezone.now())
        self.save(force_insert=True)
        AuditEntry.record(by, AuditEntry.Action.UPDATE, self, item=self.item)


@remembered
def own_tools() -> Mapping[int, Sequence[Tool]]:
    return {kit.item: kit.contents for kit in Kit.objects.in_force()}


@dataclass(frozen=True)
class Shelf:
    """What is in force for each service: the office's own tools, else the usual ones. One query."""

    own: Mapping[int, Sequence[Tool]]

    @classmethod
    def now(cls) -> "Shelf":
        return cls(own_tools())

    def of(self, item: int) -> Sequence[Tool]:
        return self.own.get(item, USUAL.get(ServiceItem(item), ()))

    def for_stop(self, stop: Stop) -> "list[Taken]":
        """What one visit needs: papers for each policy they are about, the rest once."""
        needed = {
            (str(tool), tool.kind, None if tool.kind in A_VISIT else (row.client_id, row.policy_id))
            for row in stop.followups
            for tool in self.of(row.item)
        }
        return _counted((kind, name) for name, kind, _about in needed)

    def for_stops(self, stops: Iterable[Stop]) -> "list[Taken]":
        return _counted(
            (taken.kind, taken.name)
            for stop in stops
            for taken in self.for_stop(stop)
            for _one in range(taken.count)
        )


@dataclass(frozen=True)
class Taken:
    """How many of a tool are taken along."""

    kind: Kind
    name: str
    count: int


def _counted(tools: Iterable[tuple[Kind, str]]) -> list[Taken]:
    """Papers before folders and gifts, then by name."""
    counted = Counter(tools)
    order = sorted(counted, key=lambda one: (list(Kind).index(one[0]), one[1]))
    return [Taken(kind, name, counted[kind, name]) for kind, name in order]


class Bag:
    """What the visits of a day need. Nothing is asked of the database before it is looked into."""

    def __init__(self, the_day: Agenda) -> None:
        self.day = the_day

    @cached_property
    def stops(self) -> list[Stop]:
        return visits_of(self.day)

    @cached_property
    def shelf(self) -> Shelf:
        return Shelf.now()

    @cached_property
    def tools(self) -> list[Taken]:
        return self.shelf.for_stops(self.stops) if self.stops else []
