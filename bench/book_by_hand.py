"""The rich book as somebody would load it by hand: COPY into a table of texts, an upsert for each table.

The same columns, rows and constraints as the import writes. What SQL cannot do (search keys in
pinyin, encryption) it fills with what costs least.
"""

from pathlib import Path

from django.db import connection, transaction

from policies.models import Insurer

_COLUMNS = (
    "branch policy_no name gender birth_on id_type id_number mobile phone address postcode insured_name"
    " insured_id relation product sum_assured premium mode pay cover issued_on effective_on due_on"
    " matures_on status agent_no agent_name bank account"
).split()
_STAGE = f"CREATE TEMP TABLE book ({', '.join(f'{name} text' for name in _COLUMNS)})"
_COPY = "COPY book FROM STDIN WITH (FORMAT csv, HEADER, ENCODING 'UTF8')"
_UPSERTS = (
    "ANALYZE book",
    """
INSERT INTO accounts_user (password, is_superuser, staff_no, name, role, language, theme, single_keys,
    starts_from, is_active, is_staff)
SELECT DISTINCT ON (agent_no) '!', false, agent_no, agent_name, 'agent', '', '', true, '', true, false FROM book
ON CONFLICT DO NOTHING
""",
    """
INSERT INTO policies_product (insurer_id, name, kind, kind_corrected, grace_days, due_basis,
    cooling_off_days, reinstate_years)
SELECT DISTINCT %(insurer)s, product, 'other', false, 60, 'date', 15, 2 FROM book ON CONFLICT DO NOTHING
""",
    """
INSERT INTO clients_client (name, pinyin, initials, gender, birth_on, birthday_calendar, next_birthday_on,
    id_number, id_index, mobile, phone, email, address, postcode, agent_id, client_class, attention, deceased,
    do_not_contact, note, version, created_at)
SELECT DISTINCT ON (b.id_number) b.name, b.name, b.name, CASE b.gender WHEN '男' THEN 'm' WHEN '女' THEN 'f' ELSE '' END,
    b.birth_on::date, 'solar', (b.birth_on::date + interval '80 years')::date, convert_to(b.id_number, 'UTF8'),
    sha256(convert_to(b.id_number, 'UTF8')), COALESCE(b.mobile, ''), COALESCE(b.phone, ''), '',
    COALESCE(b.address, ''), COALESCE(b.postcode, ''), a.id, '', '', false, false, '', 1, now()
FROM book b JOIN accounts_user a ON a.staff_no = b.agent_no
ON CONFLICT (id_index) WHERE id_index IS NOT NULL DO UPDATE SET mobile = excluded.mobile,
    phone = excluded.phone, address = excluded.address, postcode = excluded.postcode
""",
    "ANALYZE clients_client",
    """
INSERT INTO policies_policy (insurer_id, policy_no, proposal_no, holder_id, insured_name, insured_id_number,
    relation, agent_id, product_id, sum_assured, premium, premium_mode, pay_years, cover_years, issued_on,
    effective_on, next_due_on, matures_on, status, bank_name, account, version, created_at)
SELECT %(insurer)s, b.policy_no, '', c.id, COALESCE(b.insured_name, ''),
    convert_to(COALESCE(b.insured_id, ''), 'UTF8'), COALESCE(b.relation, ''), a.id, d.id,
    b.sum_assured::numeric(14, 2), b.premium::numeric(14, 2), 'yearly', rtrim(b.pay, '年')::smallint,
    rtrim(b.cover, '年')::smallint, b.issued_on::date, b.effective_on::date, b.due_on::date,
    b.matures_on::date, 'in_force', COALESCE(b.bank, ''), convert_to(COALESCE(b.account, ''), 'UTF8'), 1, now()
FROM book b JOIN clients_client c ON c.id_index = sha256(convert_to(b.id_number, 'UTF8'))
JOIN accounts_user a ON a.staff_no = b.agent_no JOIN policies_product d ON d.name = b.product
ON CONFLICT (insurer_id, policy_no) DO UPDATE SET premium = excluded.premium, status = excluded.status,
    next_due_on = excluded.next_due_on
""",
    "ANALYZE policies_policy",
    """
INSERT INTO policies_instalment (policy_id, due_on, grace_ends_on, amount)
SELECT id, next_due_on, next_due_on + 60, premium FROM policies_policy WHERE next_due_on IS NOT NULL
ON CONFLICT (policy_id, due_on) DO UPDATE SET amount = excluded.amount
""",
)


def take_in(path: Path) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        insurer = Insurer.usual().pk
        cursor.execute(_STAGE)
        with path.open(encoding="utf-8-sig") as file:
            cursor.cursor.copy_expert(_COPY, file)
        for statement in _UPSERTS:
            cursor.execute(statement, {"insurer": insurer})
