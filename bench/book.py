"""A province's book made by the database itself: 550,000 clients and 1,000,000 policies in a minute."""

from datetime import date

from django.db import connection

FILL = """
INSERT INTO accounts_team (name, kind, path, parent_id) VALUES ('省分公司', 'branch', '/1/', NULL);
INSERT INTO accounts_user (password, is_superuser, staff_no, name, role, team_id, language, theme,
                           single_keys, is_active, is_staff)
SELECT '', false, 'A' || n, '客户经理' || n, 'agent', (SELECT min(id) FROM accounts_team), '', 'system', true, true, false
FROM generate_series(1, {agents}) AS n;
INSERT INTO policies_insurer (code, name) VALUES ('main', '主承保公司') ON CONFLICT DO NOTHING;
INSERT INTO policies_product (insurer_id, name, kind, kind_corrected, grace_days, due_basis, cooling_off_days, reinstate_years)
SELECT (SELECT min(id) FROM policies_insurer), '产品' || kind, kind, false, 60, 'date', 15, 2
FROM unnest(ARRAY['whole_life', 'annuity', 'critical_illness', 'medical']) AS kind;
INSERT INTO clients_client (name, pinyin, initials, gender, birth_on, birthday_calendar, next_birthday_on,
    id_number, id_index, mobile, phone, email, address, postcode, agent_id, client_class, attention,
    deceased, do_not_contact, note, version, created_at)
SELECT chr(19968 + n % 3000) || chr(20000 + n % 4999), substr(md5(n::text), 1, 9), ' ' || substr(md5(n::text), 1, 2),
    'f', DATE '1950-01-01' + n % 18000, 'solar',
    DATE '{today}' + (n % 365), '', sha256(n::text::bytea), '13' || lpad((n::bigint * 7919 % 1000000000)::text, 9, '0'),
    '', '', '西湖区 文三路 ' || n, '', (SELECT min(id) FROM accounts_user) + n % {agents}, '', '', false, false, '', 1, now()
FROM generate_series(1, {clients}) AS n;
INSERT INTO policies_policy (insurer_id, policy_no, proposal_no, holder_id, insured_name, insured_id_number,
    relation, agent_id, product_id, sum_assured, premium, premium_mode, pay_years, cover_years, issued_on,
    effective_on, next_due_on, matures_on, covers_until, receipt_signed_on, lapses_on, status, bank_name,
    account, version, created_at)
SELECT (SELECT min(id) FROM policies_insurer), 'P' || lpad(n::text, 12, '0'), '',
    (SELECT min(id) FROM clients_client) + n % {clients}, '', '', '', NULL,
    (SELECT min(id) FROM policies_product) + n % 4, 200000, 1000 + n % 70000,
    (ARRAY['yearly', 'yearly', 'yearly', 'half_yearly', 'monthly'])[1 + n % 5], 20,
    CASE WHEN n % 4 = 3 THEN 1 END, DATE '2024-01-01', DATE '2024-01-01', due,
    CASE WHEN n % 4 = 1 THEN DATE '{today}' + n % {spread} END, CASE WHEN n % 4 = 3 THEN DATE '{today}' + n % {spread} END,
    DATE '2024-01-10', due + 61, 'in_force', '', '', 1, now()
FROM generate_series(1, {policies}) AS n, LATERAL (SELECT DATE '{today}' - 62 + (n * 31) % {spread} AS due) AS d;
INSERT INTO policies_instalment (policy_id, due_on, grace_ends_on, amount)
SELECT id, next_due_on, next_due_on + 60, premium FROM policies_policy WHERE product_id % 4 <> 0;
"""


def fill(
    *, clients: int, policies: int, today: date, spread: int = 427, agents: int = 1375
) -> None:
    """Fill an empty database; `spread` is over how many days occasions lie."""
    with connection.cursor() as cursor:
        cursor.execute(
            FILL.format(
                clients=clients, policies=policies, today=today, spread=spread, agents=agents
            )
        )
        cursor.execute("ANALYZE")
