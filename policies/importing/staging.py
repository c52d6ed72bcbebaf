"""The parsed rows of a book as a temporary table, from which everything else is one statement each."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from itertools import count, islice
from operator import itemgetter
from typing import Any

from django.db import connection

from clients.models import next_birthday
from lib import dates, names
from lib.crypto import blind_index, encrypting
from policies.importing.columns import FIELDS
from policies.importing.rows import Memory, ParsedRow
from policies.models import MODE_MONTHS, Policy, Product

BATCH = 1_000  # as the reader sends them: while these are copied in, it reads the next
PAYS_OUT = {Product.Kind.ENDOWMENT, Product.Kind.ANNUITY}
RENEWS_YEARLY = {Product.Kind.MEDICAL, Product.Kind.ACCIDENT}
PAYABLE = {None, Policy.Status.IN_FORCE, Policy.Status.LAPSED}  # None: the file does not say


# What a row says, by field; "" and None: nothing, so that what is known stays.
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

    def _copy(self, batch: list[ParsedRow]) -> None:
        buffer = io.StringIO()
        csv.writer(buffer).writerows(map(self._line, count(self.rows + 1), batch))
        buffer.seek(0)
        with connection.cursor() as cursor:
            cursor.cursor.copy_expert(COPY, buffer)

    def _line(self, n: int, row: ParsedRow) -> tuple[object, ...]:
        said = dict(zip(FIELDS, row.values, strict=True))
        said |= {"n": n, "row": row.row_no} | self._follows(said)
        if row.problems and any(problem.code == "premium_missing" for problem in row.problems):
            said["premium"] = None
        line: tuple[object, ...] = _IN_ORDER(said)
        return line

    def _follows(self, said: Said) -> Said:
        """What follows from a row: search keys, encrypted numbers, coming dates."""
        if said["agent_no"]:
            self.agents[said["agent_no"]] = said["agent_name"] or self.agents.get(
                said["agent_no"], ""
            )
        self.branches.add(said["branch"])
        kind = self._kind(said)
        pinyin, initials = _search_keys(said["holder_name"])
        sealed_number, number_index = self._numbers[said["id_number"]]
        return {
            "name": said["holder_name"],
            "pinyin": pinyin,
            "initials": initials,
            "next_birthday_on": self._birthdays[said["birth_on"]],
            "id_number": sealed_number,
            "id_index": number_index,
            "insured_id_number": _sealed(said["insured_id_number"], self._seal_insured),
            "account": _sealed(said["account"], self._seal_account),
            "guessed_due_on": self._guessed_due_on(said) if self.guess_due else None,
            "matures_on": matures_on(said, kind),
            "covers_until": covers_until(said, kind, self.today),
            "cover_years": said["cover_years"] or None,  # of a whole life none
        }

    def _kind(self, said: Said) -> str:
        name: str = said["product_name"]
        if not name:
            return said["kind"] or ""
        if name not in self.products:
            self.products[name] = self.known_kinds.get(name) or said["kind"] or Product.Kind.OTHER
        return self.products[name]

    def _guessed_due_on(self, said: Said) -> date | None:
        mode, start, years = said["premium_mode"], said["effective_on"], said["pay_years"]
        months = MODE_MONTHS.get(Policy.Mode(mode)) if mode else None
        if not (months and start and said["status"] in PAYABLE):
            return None
        due_on = dates.next_due_date(start, months, self.today)
        return None if years and due_on >= dates.add_years(start, years) else due_on


def matures_on(said: Said, kind: str) -> date | None:
    ends_on: date | None = said["matures_on"]
    if kind not in PAYS_OUT:
        return None
    if ends_on or not (said["effective_on"] and said["cover_years"]):
        return ends_on
    return dates.cover_end(said["effective_on"], said["cover_years"])


def covers_until(said: Said, kind: str, today: date) -> date | None:
    """The last covered day of a yearly contract: the file's, else the next anniversary's eve."""
    ends_on: date | None = said["matures_on"]
    if kind not in RENEWS_YEARLY or said["cover_years"] != 1:
        return None
    if ends_on or not said["effective_on"]:
        return ends_on
    tomorrow = today + timedelta(days=1)
    return dates.next_due_date(said["effective_on"], 12, tomorrow) - timedelta(days=1)


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


def _sealed(text: str, seal: Callable[[str], bytes]) -> str | None:
    return _hex(seal(text)) if text else None


def _hex(value: bytes) -> str:
    return "\\x" + value.hex()
