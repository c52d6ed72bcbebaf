"""The monthly classification table as the trade prints it: one line a client, on page, paper and file."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy

from clients.models import Client
from lib.masking import mask_id, mask_phone
from policies.models import ClientClass, Policy, Product

CHANGES: dict[str, str | Promise] = {
    "": "",
    "up": pgettext_lazy("class", "up"),
    "down": pgettext_lazy("class", "down"),
}

# Develop first, as the table is worked through from the top.
BY_CLASS = Case(
    *(
        When(final_class=name, then=Value(place))
        for place, name in enumerate(Client.Class.values[:-1])
    ),
    default=Value(len(Client.Class.values) - 1),
    output_field=IntegerField(),
)
ORDER = ("by_class", "-propensity", "client_id", "pk")


@dataclass(frozen=True)
class Line:
    """One client of the table."""

    number: int
    row: ClientClass

    @property
    def client(self) -> Client:
        return self.row.client

    @property
    def held(self) -> list[Policy]:
        """What is in force now; of the file's policies the others are history."""
        return [policy for policy in self.client.policies.all() if policy.status in Policy.COVERED]

    @property
    def products(self) -> str:
        found = dict.fromkeys(filter(None, (_kind(policy) for policy in self.held)))
        return pgettext("list", ", ").join(map(str, found))

    @property
    def source(self) -> str:
        """Where the client came from; where nobody has said, as far as the insurer's file tells it."""
        if self.client.source:
            return str(self.client.get_source_display())
        sold_by = {policy.agent_id for policy in self.client.policies.all()}
        if not sold_by or sold_by == {None}:
            return _("Orphan policy") if sold_by else _("Own")
        return _("Own") if self.client.agent_id in sold_by else _("Assigned")

    @property
    def change(self) -> str | Promise:
        return CHANGES[self.row.change]

    @property
    def phone(self) -> str:
        return mask_phone(self.client.mobile or self.client.phone)

    @property
    def id_number(self) -> str:
        return mask_id(self.client.id_number)


def _kind(policy: Policy) -> str | Promise:
    product = policy.product
    if product is None:
        return ""
    return product.name if product.kind == Product.Kind.OTHER else Product.Kind(product.kind).label


def ordered(rows: QuerySet[ClientClass]) -> QuerySet[ClientClass]:
    return rows.annotate(by_class=BY_CLASS).order_by(*ORDER)


def with_all_it_says(rows: QuerySet[ClientClass]) -> QuerySet[ClientClass]:
    """The rows with what a line reads, in as many queries for fifty as for one."""
    return rows.select_related("client__agent", "override__by").prefetch_related(
        "client__policies__product"
    )


def lines_of(rows: Iterable[ClientClass], first: int = 1) -> list[Line]:
    return [Line(number, row) for number, row in enumerate(rows, first)]


def lines_in_order(rows: Iterable[ClientClass]) -> Iterator[Line]:
    """The lines one by one, for a file."""
    return (Line(number, row) for number, row in enumerate(rows, 1))


# What a program reads the columns of the file by.
COLUMNS = (
    "number", "name", "phone", "products", "id_number", "source", "policy_no", "class", "hint",
    "letter", "change", "reason",
)  # fmt: skip
