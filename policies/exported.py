"""The lists of policies, premiums and lines of the bank as files."""

from collections.abc import Callable
from datetime import datetime
from operator import itemgetter
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.exports import Column, Listing, asked_number
from accounts.models import User
from clients.exported import of_agent
from clients.privacy import hidden_fields
from lib import dates
from policies.bank import BankRow
from policies.bank_views import LATEST_FIRST, LinesForm
from policies.batches import ImportBatch
from policies.forms import PolicyFilter
from policies.importing.columns import COLUMNS
from policies.importing.intake import refused_rows
from policies.models import Instalment, Policy
from policies.persistency import Lever
from policies.persistency_views import PersistencyForm
from policies.reinstatement import desk
from policies.reinstatement_views import DeskForm, lines_of
from policies.renewal_views import BoardForm, Line
from policies.views import may_record_payment

Value = Callable[[Any], object]

# --- the policy book: under the headings by which an import knows it again

_HEADINGS = {column.field: column for column in COLUMNS}


class _Heading:
    """What an import calls the column, in the reader's language."""

    def __init__(self, field: str) -> None:
        self.field = field

    def __str__(self) -> str:
        return _HEADINGS[self.field].heading(get_language() or "en")


def _booked(field: str, value: Value, hidden: tuple[str, str] | None = None) -> Column:
    mask = hidden_fields(hidden[0])[hidden[1]] if hidden else None
    return Column(_Heading(field), value, mask)


def _holder(field: str, name: str = "", *, hidden: bool = False) -> Column:
    name = name or field
    place = ("client", name) if hidden else None
    return _booked(field, lambda policy: getattr(policy.holder, name), place)


def _own(field: str, *, hidden: bool = False) -> Column:
    place = ("policy", field) if hidden else None
    return _booked(field, lambda policy: getattr(policy, field), place)


def _policies(user: User, asked: QueryDict) -> Any:
    form = PolicyFilter(asked, user=user)
    found = form.find(Policy.objects.listed_for(user), dates.today())
    return found.all_of(Policy.objects.for_list().select_related("agent"))


POLICIES = Listing(
    "policies",
    _("Policies"),
    "policies:list",
    (
        _own("policy_no"),
        _own("proposal_no"),
        _holder("holder_name", "name"),
        _booked("gender", lambda policy: policy.holder.get_gender_display()),
        _holder("birth_on"),
        _holder("id_number", hidden=True),
        _holder("id_valid_to"),
        _holder("mobile", hidden=True),
        _holder("phone", hidden=True),
        _holder("email"),
        _holder("address"),
        _holder("postcode"),
        _own("insured_name"),
        _own("insured_id_number", hidden=True),
        _own("relation"),
        _booked("product_name", lambda policy: policy.product.name if policy.product else ""),
        _own("sum_assured"),
        _own("premium"),
        _booked("premium_mode", lambda policy: policy.get_premium_mode_display()),
        _own("pay_years"),
        _own("cover_years"),
        _own("issued_on"),
        _own("effective_on"),
        _own("next_due_on"),
        _booked("matures_on", lambda policy: policy.matures_on or policy.covers_until),
        _booked("status", lambda policy: policy.get_status_display()),
        _booked("agent_no", lambda policy: policy.agent.staff_no if policy.agent else ""),
        _booked("agent_name", lambda policy: policy.agent.name if policy.agent else ""),
        _own("bank_name"),
        _own("account", hidden=True),
    ),
    _policies,
)

# --- premiums


def _of_policy(policy: Callable[[Any], Any]) -> tuple[Column, ...]:
    return (
        Column(_("Client"), lambda row: policy(row).holder.name),
        Column(_("Policy number"), lambda row: policy(row).policy_no),
        Column(_("Product"), lambda row: policy(row).product.name if policy(row).product else ""),
        *of_agent(lambda row: policy(row).holder.agent),
    )


def _renewals(user: User, asked: QueryDict) -> Any:
    board = BoardForm(asked, user=user)
    mine = board.narrow(Instalment.objects.visible_to(user))
    return board.picked(mine, dates.today()).listed(board.order)


RENEWALS = Listing(
    "renewals",
    _("Renewals"),
    "renewals",
    (
        *_of_policy(lambda line: line.instalment.policy),
        Column(_("Premium number"), lambda line: line.instalment.nth or ""),
        Column(_("Due on"), lambda line: line.instalment.due_on),
        Column(_("Grace ends on"), lambda line: line.instalment.grace_ends_on),
        Column(_("Days of cover left"), lambda line: line.left),
        Column(_("Premium"), lambda line: line.instalment.amount),
        Column(_("Sum assured"), lambda line: line.instalment.policy.sum_assured),
        Column(_("State"), lambda line: line.state_label),
    ),
    _renewals,
    lines=lambda rows: (Line(each, dates.today()) for each in rows),
)


def _reinstatements(user: User, asked: QueryDict) -> Any:
    form = DeskForm(asked, user=user)
    lapsed = desk(form.narrow(Policy.objects.visible_to(user)), dates.today())
    return lapsed.select_related("holder__agent", "product")


REINSTATEMENTS = Listing(
    "reinstatements",
    _("Reinstatement desk"),
    "reinstatements",
    (
        *_of_policy(lambda line: line.policy),
        Column(_("Lapsed"), lambda line: line.policy.lapses_on),
        Column(_("To be reinstated by"), lambda line: line.policy.reinstate_by),
        Column(_("Arrears"), lambda line: line.arrears),
        Column(_("Waits for"), lambda line: str(line.waits_for)),
    ),
    _reinstatements,
    lines=lambda rows: lines_of(list(rows), dates.today()),
)

# --- persistency


def _groups(user: User, asked: QueryDict) -> Any:
    said = PersistencyForm(asked, user=user).asked()
    mine = said.narrow(Policy.objects.added_up_for(user))
    return said.rates(mine)


PERSISTENCY = Listing(
    "persistency",
    _("Persistency"),
    "persistency",
    (
        Column(_("Name"), lambda rate: str(rate.name)),
        Column(_("Received"), lambda rate: rate.numerator),
        Column(_("Premium"), lambda rate: rate.denominator),
        Column(_("By premium"), lambda rate: rate.by_premium),
        Column(_("Policies received"), lambda rate: rate.received),
        Column(_("Policies"), lambda rate: rate.policies),
        Column(_("By policies"), lambda rate: rate.by_count),
        Column(_("Left out"), lambda rate: rate.excluded),
    ),
    _groups,
)


def _levers(user: User, asked: QueryDict) -> Any:
    said = PersistencyForm(asked, user=user).asked()
    mine = said.narrow(Policy.objects.listed_for(user))
    return said.levers(mine, dates.today())


def _gain(lever: Lever) -> object:
    return round(lever.gain, 6)


LEVERS = Listing(
    "levers",
    _("What lifts the rate most"),
    "persistency",
    (
        *_of_policy(lambda lever: lever.policy),
        Column(_("Premium"), lambda lever: lever.premium),
        Column(_("Lifts the rate by"), _gain),
        Column(_("Grace ends on"), lambda lever: lever.grace_ends_on),
    ),
    _levers,
)

# --- imports

IMPORTS = Listing(
    "imports",
    _("Imports"),
    "imports:list",
    (
        Column(_("File"), lambda batch: batch.name),
        Column(_("Kind of list"), lambda batch: str(batch.kind_label)),
        Column(_("Insurer"), lambda batch: batch.insurer.name),
        Column(_("State"), lambda batch: batch.get_state_display()),
        Column(_("Rows"), lambda batch: batch.total_rows),
        Column(_("Not imported"), lambda batch: batch.report.get("rejected_rows", 0)),
        Column(_("Warnings"), lambda batch: batch.report.get("warned_rows", 0)),
        Column(_("Uploaded by"), lambda batch: batch.uploaded_by.name if batch.uploaded_by else ""),
        Column(_("Uploaded at"), lambda batch: _minute(batch.uploaded_at)),
        Column(_("Finished at"), lambda batch: _minute(batch.finished_at)),
    ),
    lambda user, asked: ImportBatch.objects.select_related("insurer", "uploaded_by"),
    allows=lambda user: user.administers,
)


def _minute(at: datetime | None) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M") if at else ""


def _refused(user: User, asked: QueryDict) -> list[list[str]]:
    batch = _refusing(asked)
    return list(refused_rows(batch)[1]) if batch else []


def _refused_columns(asked: QueryDict) -> tuple[Column, ...]:
    """The user's own headings, the row in the file, and the reason."""
    batch = _refusing(asked)
    headings: list[Any] = refused_rows(batch)[0] if batch else []
    return tuple(
        Column(heading, itemgetter(n))
        for n, heading in enumerate([*headings, _("Row"), _("Reason")])
    )


def _refusing(asked: QueryDict) -> ImportBatch | None:
    return ImportBatch.objects.exclude(refused_file="").filter(pk=asked_number(asked)).first()


REFUSED = Listing(
    "refused",
    _("Rows that were not imported"),
    "imports:result",
    (),
    _refused,
    allows=lambda user: user.administers,
    of_one=True,
    columns_of=_refused_columns,
)

# --- the bank


def _bank_lines(user: User, asked: QueryDict) -> Any:
    lines = LinesForm(asked).narrow(BankRow.objects.visible_to(user))
    return lines.for_list().order_by(*LATEST_FIRST)


BANK_LINES = Listing(
    "bank",
    _("Bank returns"),
    "bank:lines",
    (
        Column(_("Client"), lambda line: line.policy.holder.name if line.policy else ""),
        Column(_("Policy number"), lambda line: line.policy.policy_no if line.policy else ""),
        Column(_("Reference"), lambda line: line.reference),
        Column(_("Amount"), lambda line: line.amount),
        Column(_("Returned on"), lambda line: line.returned_on),
        Column(_("Collected"), lambda line: _("Yes") if line.ok else _("No")),
        Column(_("Reason"), lambda line: line.get_failure_display()),
        # Under another heading than the bank's own answer: this file is no return file.
        Column(_("What became of it"), lambda line: line.get_state_display()),
        Column(_("File"), lambda line: line.batch.name),
    ),
    _bank_lines,
    allows=may_record_payment,
)
