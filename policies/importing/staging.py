"""The parsed rows of a book as a temporary table, from which everything else is one statement each."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from itertools import islice, repeat
from operator import itemgetter
from typing import Any

from django.db import connection

from clients.models import next_birthday
from lib import dates, names
from lib.crypto import blind_index, encrypting
from policies.importing.columns import FIELDS
from policies.importing.rows import Memory, ParsedRow
from policies.models import MODE_MONTHS, Policy, Product

_WHOLE = 1 << 20  # characters handed over at once
BATCH = 1_000  # as the reader sends them: while these are copied in, it reads the next
PAYS_OUT = {Product.Kind.ENDOWMENT, Product.Kind.ANNUITY}
RENEWS_YEARLY = {Product.Kind.MEDICAL, Product.Kind.ACCIDENT}
PAYABLE = {None, Policy.Status.IN_FORCE, Policy.Status.LAPSED}  # None: the file does not say


# What rows say, a column for each field; "" and None: nothing, so that what is known stays.
Said = dict[str, Any]

_TEXT = (
    "policy_no proposal_no name pinyin initials gender mobile phone email address postcode insured_name relation "
    "product_name premium_mode status agent_no bank_name"
).split()
_SEALED = "id_number insured_id_number account".split()
_DAYS = (
    "birth_on next_birthday_on id_valid_to issued_on effective_on next_due_on guessed_due_on matures_on covers_until"
).split()
_NUMBERS = ("sum_assured", "premium", "pay_years", "cover_years")
COLUMNS = ("n", "row", *_TEXT, *_SEALED, "id_index", *_DAYS, *_NUMBERS)
_IN_ORDER = itemgetter(*COLUMNS)

CREATE = f"""
DROP TABLE IF EXISTS import_row, import_person_of, import_candidate, import_person, import_client,
    import_policy;
CREATE TEMP TABLE import_row (
    n integer NOT NULL, row integer NOT NULL,
    {", ".join(f"{name} text NOT NULL" for name in _TEXT)},
    {", ".join(f"{name} bytea" for name in (*_SEALED, "id_index"))},
    {", ".join(f"{name} date" for name in _DAYS)},
    sum_assured numeric(14, 2), premium numeric(14, 2), pay_years smallint, cover_years smallint
)"""
DROP = CREATE.split(";", maxsplit=1)[0]
COPY = (
    f"COPY import_row ({', '.join(COLUMNS)}) FROM STDIN "
    f"WITH (FORMAT csv, FORCE_NOT_NULL ({', '.join(_TEXT)}))"
)


def analyze(*tables: str) -> str:
    """Let the planner know the size of staged tables; what it needs of them a small sample tells."""
    sample = "SET default_statistics_target = 10"
    return f"{sample}; ANALYZE {', '.join(tables)}; SET default_statistics_target = DEFAULT"


def next_id(table: str) -> str:
    """In SQL, the number that a row which is not written yet will have."""
    return f"nextval((SELECT pg_get_serial_sequence('{table}', 'id')::regclass))"


@dataclass
class Stage:
    """Fills the table; remembers the few things a book has of which there are few."""

    today: date
    known_kinds: dict[str, str]  # of products by name; what was corrected by hand wins
    guess_due: bool = False  # the book has no column for the next due date
    products: dict[str, str] = field(default_factory=dict)
    agents: dict[str, str] = field(default_factory=dict)
    branches: set[str] = field(default_factory=set)
    rows: int = 0

    def __post_init__(self) -> None:
        self._birthdays = Memory(lambda born_on: next_birthday(born_on, "solar", self.today))
        self._numbers = Memory(_number_sealer())
        self._seal_insured = encrypting("policy.insured_id_number")
        self._seal_account = encrypting("policy.account")

    def fill(self, rows: Iterable[ParsedRow]) -> Iterator[int]:
        """Copy the rows in; yield after each batch how many there are."""
        with connection.cursor() as cursor:
            cursor.execute(CREATE)
        source = iter(rows)
        while batch := list(islice(source, BATCH)):
            self._copy(batch)
            self.rows += len(batch)
            yield self.rows
        with connection.cursor() as cursor:
            cursor.execute(analyze("import_row"))

    def _copy(self, batch: Sequence[ParsedRow]) -> None:
        said = self._said(batch)
        buffer = io.StringIO()
        csv.writer(buffer).writerows(zip(*_IN_ORDER(said), strict=True))
        buffer.seek(0)
        with connection.cursor() as cursor:
            cursor.cursor.copy_expert(COPY, buffer, _WHOLE)

    def _said(self, batch: Sequence[ParsedRow]) -> Said:
        columns = zip(*(row.values for row in batch), strict=True)
        said: Said = dict(zip(FIELDS, columns, strict=True))
        said |= self._follows(said)
        said["n"] = range(self.rows + 1, self.rows + len(batch) + 1)
        said["row"] = [row.row_no for row in batch]
        for n, row in enumerate(batch):
            if row.problems and any(each.code == "premium_missing" for each in row.problems):
                said["premium"][n] = None
        return said

    def _follows(self, said: Said) -> Said:
        """What follows from the rows: search keys, encrypted numbers, coming dates."""
        for number, name in zip(said["agent_no"], said["agent_name"], strict=True):
            if number:
                self.agents[number] = name or self.agents.get(number, "")
        self.branches.update(said["branch"])
        kinds = list(map(self._kind, said["product_name"], said["kind"]))
        names, ends, starts = said["holder_name"], said["matures_on"], said["effective_on"]
        years = said["cover_years"]
        pinyin, initials = zip(*map(_search_keys, names), strict=True)
        numbers, indexes = zip(*map(self._numbers.__getitem__, said["id_number"]), strict=True)
        return {
            "name": names,
            "pinyin": pinyin,
            "initials": initials,
            "next_birthday_on": map(self._birthdays.__getitem__, said["birth_on"]),
            "id_number": numbers,
            "id_index": indexes,
            "insured_id_number": _sealed(said["insured_id_number"], self._seal_insured),
            "account": _sealed(said["account"], self._seal_account),
            "premium": list(said["premium"]),
            "guessed_due_on": self._guessed_due_on(said),
            "matures_on": map(matures_on, kinds, ends, starts, years),
            "covers_until": map(covers_until, kinds, ends, starts, years, repeat(self.today)),
            "cover_years": [each or None for each in years],  # of a whole life none
        }

    def _kind(self, name: str, told: str | None) -> str:
        if not name:
            return told or ""
        if name not in self.products:
            self.products[name] = self.known_kinds.get(name) or told or Product.Kind.OTHER
        return self.products[name]

    def _guessed_due_on(self, said: Said) -> Iterable[date | None]:
        if not self.guess_due:
            return repeat(None, len(said["premium"]))
        told = (said[name] for name in ("premium_mode", "effective_on", "pay_years", "status"))
        return map(guessed_due_on, *told, repeat(self.today))


def guessed_due_on(
    mode: str | None, start: date | None, years: int | None, status: str | None, today: date
) -> date | None:
    months = MODE_MONTHS.get(Policy.Mode(mode)) if mode else None
    if not (months and start and status in PAYABLE):
        return None
    due_on = dates.next_due_date(start, months, today)
    return None if years and due_on >= dates.add_years(start, years) else due_on


def matures_on(
    kind: str, ends_on: date | None, start: date | None, years: int | None
) -> date | None:
    if kind not in PAYS_OUT:
        return None
    if ends_on or not (start and years):
        return ends_on
    return dates.cover_end(start, years)


def covers_until(
    kind: str, ends_on: date | None, start: date | None, years: int | None, today: date
) -> date | None:
    """The last covered day of a yearly contract: the file's, else the next anniversary's eve."""
    if kind not in RENEWS_YEARLY or years != 1:
        return None
    if ends_on or not start:
        return ends_on
    return dates.next_due_date(start, 12, today + timedelta(days=1)) - timedelta(days=1)


@lru_cache(maxsize=20_000)
def _search_keys(name: str) -> tuple[str, str]:
    return names.pinyin(name).replace(" ", "")[:200], f" {names.initials(name)}"[:80]


def _number_sealer() -> Callable[[str], tuple[str | None, str | None]]:
    """A holder's number, encrypted, and what it is found by: of a person once, however many the policies."""
    seal = encrypting("client.id_number")

    def sealed(number: str) -> tuple[str | None, str | None]:
        if not number:
            return None, None
        return _hex(seal(number)), _hex(blind_index(number, "client.id_number"))

    return sealed


def _sealed(texts: Iterable[str], seal: Callable[[str], bytes]) -> list[str | None]:
    return [_hex(seal(text)) if text else None for text in texts]


def _hex(value: bytes) -> str:
    return "\\x" + value.hex()
