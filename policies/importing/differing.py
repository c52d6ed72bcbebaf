"""What a checked list would change, cell by cell, before anything is written."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple, TextIO

from django.db import connection

from lib.crypto import decrypt
from lib.masking import mask_account, mask_id, mask_phone
from policies.changes import TABLES, Subject

Change = tuple[str, Any, Any]  # field, what stands there, what will


class Difference(NamedTuple):
    """One client or policy that is known and changes."""

    row: int  # of the file; 0 where it is not one row
    policy_no: str
    name: str
    subject: str
    changes: list[Change]


_NAMED = (
    """jsonb_build_object('holder_id', {c}.name, 'product_id', {d}.name, 'agent_id', {a}.name)"""
)
_OF_POLICIES = f"""
SELECT r.row, r.policy_no, r.name, to_jsonb(y) || {_NAMED.format(c="c", d="d", a="a")},
    to_jsonb(i) || {_NAMED.format(c="ic", d="id", a="ia")},
    y.insured_id_number, r.insured_id_number, y.account, r.account
FROM import_policy i JOIN import_row r ON r.n = i.n JOIN policies_policy y ON y.id = i.policy_id
LEFT JOIN clients_client c ON c.id = y.holder_id LEFT JOIN import_client ic ON ic.client_id = i.holder_id
LEFT JOIN policies_product d ON d.id = y.product_id LEFT JOIN policies_product id ON id.id = i.product_id
LEFT JOIN accounts_user a ON a.id = y.agent_id LEFT JOIN accounts_user ia ON ia.id = i.agent_id
WHERE i.is_changed ORDER BY r.n
"""
_OF_CLIENTS = """
SELECT said.row, '', c.name, to_jsonb(c), to_jsonb(i)
FROM import_client i JOIN clients_client c ON c.id = i.client_id
JOIN (
    SELECT p.client_id, min(r.row) AS row FROM import_person p
    JOIN import_person_of o ON o.person = p.person JOIN import_row r ON r.n = o.n GROUP BY 1
) AS said ON said.client_id = i.client_id
WHERE i.is_changed ORDER BY said.row
"""
_OF_A_LIST = """
SELECT COALESCE({row}, 0), COALESCE(y.policy_no, ''), h.name, n.before, to_jsonb(t)
FROM import_change n JOIN {table} t ON t.id = n.row_id
{joins} JOIN clients_client h ON h.id = {holder}
WHERE n.subject = '{subject}' AND n.before IS NOT NULL ORDER BY 1, n.row_id
"""
_POLICY_FIELDS = (
    "holder_id product_id agent_id insured_name relation proposal_no sum_assured premium premium_mode"
    " pay_years cover_years issued_on effective_on matures_on covers_until next_due_on status bank_name"
    " authorisation"
).split()
_CLIENT_FIELDS = "name gender birth_on mobile phone email address postcode".split()
_NOT_TOLD = frozenset(
    "version pinyin initials id_index id_number sealed sealed_index batch_id next_birthday_on lapses_on"
    " reinstate_by account insured_id_number instalment_id digest".split()
)
_MASKS = {
    "mobile": mask_phone,
    "phone": mask_phone,
    "insured_id_number": mask_id,
    "account": mask_account,
}


def of_book() -> Iterator[Difference]:
    """Of a policy book that has been compared and not written."""
    for row, number, name, before, after, *sealed in _lines(_OF_POLICIES):
        changes = list(_changes(before, after, _POLICY_FIELDS))
        changes += _unsealed(*sealed)
        yield Difference(row, number, name, Subject.POLICY, changes)
    for row, number, name, before, after in _lines(_OF_CLIENTS):
        filled = {field: after[field] or before[field] for field in _CLIENT_FIELDS}
        changes = list(_changes(before, filled, _CLIENT_FIELDS))
        yield Difference(row, number, name, Subject.CLIENT, changes)


def of_list(table: str) -> Iterator[Difference]:
    """Of another list that has been written, and will be taken back."""
    row = "NULL::int"
    if table == "import_list":
        row = "(SELECT min(l.row) FROM import_list l WHERE l.policy_id = y.id)"
    of_policy = "JOIN policies_policy y ON y.id = t.policy_id"
    for subject in (Subject.POLICY, Subject.INSTALMENT, Subject.RECORD, Subject.CLIENT):
        joins, holder, at = of_policy, "y.holder_id", row
        if subject == Subject.POLICY:
            joins = "JOIN policies_policy y ON y.id = t.id"
        if subject == Subject.CLIENT:
            joins, holder, at = "LEFT JOIN policies_policy y ON false", "t.id", "NULL::int"
        told = _OF_A_LIST.format(
            row=at, table=TABLES[subject], subject=subject, joins=joins, holder=holder
        )
        for number, policy_no, name, before, after in _lines(told):
            changes = list(_changes(before, after, [f for f in before if f not in _NOT_TOLD]))
            if changes:
                yield Difference(number, policy_no, name, subject, changes)


def write(differences: Iterator[Difference], file: TextIO) -> int:
    """One line of JSON each; return how many."""
    count = 0
    for difference in differences:
        file.write(json.dumps(difference, ensure_ascii=False, default=str) + "\n")
        count += 1
    return count


def _lines(statement: str) -> Iterator[tuple[Any, ...]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement)
        for line in cursor:
            yield tuple(
                json.loads(cell, parse_float=Decimal)
                if isinstance(cell, str) and place in (3, 4)
                else cell
                for place, cell in enumerate(line)
            )


def _changes(
    before: Mapping[str, Any], after: Mapping[str, Any], fields: list[str]
) -> Iterator[Change]:
    for field in fields:
        was, becomes = before.get(field), after.get(field)
        if was == becomes:
            continue
        if isinstance(was, dict) and isinstance(becomes, dict):
            yield from _changes(was, becomes, sorted(was.keys() | becomes.keys()))
            continue
        mask = _MASKS.get(field, _as_it_is)
        yield field, mask(was or ""), mask(becomes or "")


def _as_it_is(value: Any) -> Any:
    return value


def _unsealed(*cells: Any) -> Iterator[Change]:
    """Encrypted numbers that differ, masked."""
    known_insured, insured, known_account, account = cells
    for field, was, said in (
        ("insured_id_number", known_insured, insured), ("account", known_account, account),
    ):  # fmt: skip
        if said is None:
            continue
        becomes = decrypt(bytes(said), f"policy.{field}")
        old = decrypt(bytes(was), f"policy.{field}") if was else ""
        if becomes != old:
            yield field, _MASKS[field](old), _MASKS[field](becomes)
