"""What becomes of what is known already: the file's word, or only what is empty, or nothing.

A cell that is blank leaves what is known. So the other modes blank the staged cells that must not
count, and everything after that is one way for all.
"""

from typing import TYPE_CHECKING

from policies.importing import listing

if TYPE_CHECKING:
    from policies.importing.apply import Order

TAKE, FILL, NEW = "take", "fill", "new"

_KNOWN = """
FROM policies_policy y WHERE y.insurer_id = %(insurer)s AND y.policy_no = r.policy_no
"""
_SKIP_KNOWN = """
DELETE FROM import_row r USING policies_policy y
WHERE y.insurer_id = %(insurer)s AND y.policy_no = r.policy_no
"""
_TEXTS = "proposal_no insured_name relation bank_name".split()
_VALUES = (
    "sum_assured pay_years cover_years issued_on effective_on matures_on covers_until next_due_on"
).split()
_SEALED = "insured_id_number account".split()
_BLANK_KNOWN = f"""
UPDATE import_row r SET status = '', premium_mode = '',
    premium = CASE WHEN y.premium = 0 THEN r.premium END,
    agent_no = CASE WHEN y.agent_id IS NULL THEN r.agent_no ELSE '' END,
    product_name = CASE WHEN y.product_id IS NULL THEN r.product_name ELSE '' END,
    {", ".join(f"{n} = CASE WHEN y.{n} = '' THEN r.{n} ELSE '' END" for n in _TEXTS)},
    {", ".join(f"{n} = CASE WHEN y.{n} IS NULL THEN r.{n} END" for n in _VALUES)},
    {", ".join(f"{n} = CASE WHEN octet_length(y.{n}) = 0 THEN r.{n} END" for n in _SEALED)}
{_KNOWN}
"""
_OF_A_CLIENT = "gender mobile phone email address postcode".split()
_BLANK_CLIENTS = f"""
UPDATE import_client i SET name = c.name, pinyin = c.pinyin, initials = c.initials,
    birth_on = CASE WHEN c.birth_on IS NULL THEN i.birth_on END,
    id_index = CASE WHEN c.id_index IS NULL THEN i.id_index END,
    {", ".join(f"{n} = CASE WHEN c.{n} = '' THEN i.{n} ELSE '' END" for n in _OF_A_CLIENT)}
FROM clients_client c WHERE c.id = i.client_id AND NOT i.is_new
"""
_LEAVE_CLIENTS = "DELETE FROM import_client WHERE NOT is_new"
# A holder of another name than the known one is not taken, and nobody else is theirs.
_DROP_STRANGERS = """
DELETE FROM import_client i WHERE i.is_new AND NOT EXISTS (
    SELECT FROM import_policy p WHERE p.holder_id = i.client_id)
"""


def prepare_rows(order: "Order") -> int:
    """Blank or drop staged rows of known policies; return how many were dropped."""
    insurer = {"insurer": order.insurer.pk}
    if order.mode == NEW:
        return listing.run(_SKIP_KNOWN, insurer)
    if order.mode == FILL:
        listing.run(_BLANK_KNOWN, insurer)
    return 0


def prepare_clients(mode: str) -> None:
    """The same of the clients, when it is known who they are."""
    if mode == NEW:
        listing.run(_LEAVE_CLIENTS)
    if mode == FILL:
        listing.run(_BLANK_CLIENTS)


def drop_strangers(mode: str) -> None:
    if mode == FILL:
        listing.run(_DROP_STRANGERS)
