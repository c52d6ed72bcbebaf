"""What a kind of list is declared as, and the columns that several kinds share."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.utils.functional import Promise

from policies.importing import parsing
from policies.importing.columns import COLUMNS, FIELDS, NO_TEXTS, Column, Match, Vocabulary
from policies.importing.rows import Row

DAY, MONEY, BOOLEAN = "date", "numeric(14, 2)", "boolean"
READ_ONLY = ""  # understood, so that nobody wonders; nothing is done with it
SEALED = "record.sealed"  # what is kept of a record under lock and key


@dataclass(frozen=True)
class Kept:
    """How a line becomes a record of its policy: by what it is known again, its day, how far it is."""

    number: str = ""  # the field that tells one case of a policy from another
    part: str = ""  # and one line of a case from another; a list that lacks it means them all
    on: tuple[str, ...] = ()  # the first that is filled; else the day on which the line first came
    state: str = ""


@dataclass(frozen=True)
class Layout:
    code: str
    label: Promise
    brings: Promise  # in a sentence, for the one who uploads it
    icon: str
    columns: tuple[Column, ...]
    needed: tuple[tuple[str, ...], ...]  # a list that lacks all of a line is some other list
    telling: frozenset[str]  # fields whose headings other lists do not have: they count twice
    row: type[Row]  # what is wrong with a row, and what follows from several of its cells
    key: str = "policy_no"  # the field without which no row is data
    holder: str = "holder_name"  # whose name is shown beside it
    table: str = "import_list"
    control: str = ""  # the field of which the file may say a total; then it must be true
    write: str = ""  # module:function that takes the staged rows in; "": the book's own steps
    kept: Kept | None = None  # its lines stay as records of their policies

    @property
    def has_modes(self) -> bool:
        """What is known already may be left alone: of premiums paid and owed it may not."""
        return not self.write or self.kept is not None

    @cached_property
    def fields(self) -> tuple[str, ...]:
        return tuple(column.field for column in self.columns)

    @cached_property
    def at(self) -> dict[str, int]:
        return {field: place for place, field in enumerate(self.fields)}

    @cached_property
    def empty(self) -> tuple[Any, ...]:
        """What stands where a list says nothing."""
        return tuple(None if _is_no_text(column) else "" for column in self.columns)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary(self.columns)

    @cached_property
    def sealed(self) -> tuple[str, ...]:
        """The fields that a record keeps encrypted."""
        return tuple(column.field for column in self.columns if column.seals == SEALED)

    @cached_property
    def staged(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.sql)

    def column(self, field: str) -> Column:
        return self.columns[self.at[field]]

    def match(
        self, headings: Sequence[object], told: Mapping[str, str] | None = None
    ) -> list[Match]:
        return self.vocabulary.match(headings, told)

    def lacking(self, matches: Iterable[Match]) -> list[tuple[str, ...]]:
        fields = {match.field for match in matches}
        return [any_of for any_of in self.needed if fields.isdisjoint(any_of)]

    def weight(self, matches: Iterable[Match]) -> int:
        """How much the headings speak for this kind of list."""
        return sum(2 if match.field in self.telling else 1 for match in matches)


def _is_no_text(column: Column) -> bool:
    return column.field in NO_TEXTS or column.field.endswith("_on") or column.sql == BOOLEAN


def of_book(*fields: str, **changed: Any) -> Iterator[Column]:
    """Columns that the list shares with the policy book."""
    for field in fields:
        yield replace(COLUMNS[FIELDS.index(field)], **changed)


def holder(*more: str) -> Iterator[Column]:
    """Who the holder is and how to reach him."""
    yield from of_book("policy_no")
    yield from of_book("holder_name", parse=parsing.person_name, perhaps="")
    yield from of_book("mobile", "phone", "address", "postcode", *more)


def read_only(field: str, zh: str, en: str, perhaps: str = "") -> Column:
    return Column(field, parsing.text(200), zh, en, perhaps, sql=READ_ONLY)


POLICY_YEAR = read_only("policy_year", "保单年度 保单年期 续期年度", "Policy Year")
CHANNEL = read_only("channel", "渠道 销售渠道 业务渠道", "Channel, Sales Channel")
OUTLET = read_only("outlet", "网点名称 网点 网点编码 代理网点", "Outlet, Outlet Name")
BRANCH = read_only(
    "branch",
    "机构 机构名称 管理机构 所属机构 分支机构 单位名称",
    "Branch, Branch Name, Office, Agency",
)
BRANCH_CODE = read_only("branch_code", "机构代码 管理机构代码 机构编码", "Branch Code, Office Code")
AGENT_PHONE = read_only(
    "agent_phone",
    "服务人员联系电话 服务员电话 服务人员电话 业务员电话",
    "Agent Phone, Agent Mobile",
)
