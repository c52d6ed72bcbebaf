"""A province's book made by the database itself: 550,000 clients and 1,000,000 policies in a minute."""

from datetime import date, timedelta

from django.db import connection
from django.db.models import Model

from accounts.models import Team, User
from clients.models import Client
from policies.models import Instalment, Insurer, Policy, Product

TEN_YEARS = timedelta(days=3650)

OFFICE = """
INSERT INTO accounts_team (name, kind, path, parent_id) VALUES ('省分公司', 'branch', '/1/', NULL);
INSERT INTO accounts_user (password, is_superuser, staff_no, name, role, team_id, language, theme,
                           single_keys, is_active, is_staff)
SELECT '', false, 'A' || n, '客户经理' || n, 'agent', (SELECT min(id) FROM accounts_team), '', 'system', true, true, false
FROM generate_series(1, {agents}) AS n;
INSERT INTO policies_insurer (code, name) VALUES ('main', '主承保公司') ON CONFLICT DO NOTHING;
INSERT INTO policies_product (insurer_id, name, kind, kind_corrected, grace_days, due_basis, cooling_off_days, reinstate_years)
SELECT (SELECT min(id) FROM policies_insurer), '产品' || kind, kind, false, 60, 'date', 15, 2
FROM unnest(ARRAY['whole_life', 'annuity', 'critical_illness', 'medical']) AS kind;
"""
BOOK = """
INSERT INTO clients_client (name, pinyin, initials, gender, birth_on, birthday_calendar, next_birthday_on,
    id_number, id_index, mobile, phone, email, address, postcode, agent_id, client_class, attention,
    deceased, do_not_contact, note, version, created_at)
SELECT chr(19968 + n % 3000) || chr(20000 + n % 4999), substr(md5(n::text), 1, 9), ' ' || substr(md5(n::text), 1, 2),
    'f', DATE '1950-01-01' + n % 18000, 'solar',
    DATE '{today}' + (n % 365), '', sha256(n::text::bytea), '13' || lpad((n::bigint * 7919 % 1000000000)::text, 9, '0'),
    '', '', '西湖区 文三路 ' || n, '', (SELECT min(id) FROM accounts_user) + n % {agents}, '', '', false, false, '', 1, now()
FROM generate_series({first} + 1, {first} + {clients}) AS n;
INSERT INTO policies_policy (insurer_id, policy_no, proposal_no, holder_id, insured_name, insured_id_number,
    relation, agent_id, product_id, sum_assured, premium, premium_mode, pay_years, cover_years, issued_on,
    effective_on, next_due_on, matures_on, covers_until, receipt_signed_on, lapses_on, status, bank_name,
    account, version, created_at)
SELECT (SELECT min(id) FROM policies_insurer), 'P' || lpad(n::text, 12, '0'), '',
    (SELECT max(id) FROM clients_client) - n % {clients}, '', '', '', NULL,
    (SELECT min(id) FROM policies_product) + n % 4, 200000, 1000 + n % 70000,
    (ARRAY['yearly', 'yearly', 'yearly', 'half_yearly', 'monthly'])[1 + n % 5], 20,
    CASE WHEN n % 4 = 3 THEN 1 END, effective, effective, due,
    CASE WHEN n % 4 = 1 THEN DATE '{today}' + n % {spread} END, CASE WHEN n % 4 = 3 THEN DATE '{today}' + n % {spread} END,
    effective + 9, due + 61, 'in_force', '', '', 1, now()
FROM generate_series({first} + 1, {first} + {policies}) AS n,
    LATERAL (SELECT DATE '{today}' - 62 + (n * 31) % {spread} AS due) AS d,
    LATERAL (SELECT (due - make_interval(years => {years} + n % 7))::date AS effective) AS e;
INSERT INTO policies_instalment (policy_id, due_on, grace_ends_on, amount)
SELECT id, next_due_on, next_due_on + 60, premium FROM policies_policy WHERE product_id % 4 <> 0
    AND next_due_on >= DATE '{today}' - 62;
"""

# What was collected of each contract the last time.
COLLECTED = """
INSERT INTO policies_instalment (policy_id, due_on, grace_ends_on, amount, paid_on)
SELECT policy_id, due_on, due_on + 60, amount, least(due_on + (policy_id % 50)::int - 10, DATE '{today}')
FROM (
    SELECT p.id AS policy_id, i.amount, (i.due_on - make_interval(months =>
        CASE p.premium_mode WHEN 'yearly' THEN 12 WHEN 'half_yearly' THEN 6 ELSE 1 END))::date AS due_on
    FROM policies_instalment i JOIN policies_policy p ON p.id = i.policy_id
) AS before
WHERE due_on <= DATE '{today}'
ON CONFLICT DO NOTHING
"""


# What an office does on a day: its agents speak with one client in fifty, one premium in 250 is paid.
A_DAY = """
UPDATE clients_client SET last_contact_on = DATE '{day}', note = note || '.'
WHERE id % 50 = 0 AND id <= {clients};
UPDATE policies_instalment SET paid_on = DATE '{day}'
WHERE id % 250 = {some} AND id <= {clients} AND paid_on IS NULL;
"""


def fill(
    *, clients: int, policies: int, today: date, spread: int = 427, agents: int = 1375
) -> None:
    """Fill an empty database; `spread` is over how many days occasions lie."""
    _let_columns_default(Team, User, Insurer, Product, Client, Policy, Instalment)
    with connection.cursor() as cursor:
        cursor.execute(OFFICE.format(agents=agents))
    size = {"clients": clients, "policies": policies, "agents": agents}
    _add(**size, today=today, spread=spread, years=1, first=0)


def grow(*, clients: int, policies: int, today: date, agents: int = 1375) -> None:
    """Add as many again for whom nothing is due in the next ten years."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(substr(policy_no, 2)::bigint) FROM policies_policy")
        (first,) = cursor.fetchone()
    later = today + TEN_YEARS
    size = {"clients": clients, "policies": policies, "agents": agents}
    _add(**size, today=later, spread=427, years=11, first=first)


def collect(today: date) -> None:
    """Add the premium before the open one of each contract, as paid."""
    with connection.cursor() as cursor:
        cursor.execute(COLLECTED.format(today=today))
        cursor.execute("VACUUM ANALYZE policies_instalment, policies_policy")


def live_a_day(day: date, *, clients: int) -> None:
    """Let an ordinary day pass among the first clients of the book."""
    with connection.cursor() as cursor:
        cursor.execute(A_DAY.format(day=day, clients=clients, some=day.toordinal() % 250))


def _add(**values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(BOOK.format(**values))
        cursor.execute("ANALYZE")


def _let_columns_default(*models: type[Model]) -> None:
    """Columns that are not named above take what their model says."""
    for model in models:
        with connection.schema_editor() as editor:
            for field in model._meta.local_concrete_fields:
                value = editor.effective_default(field)
                if not field.primary_key and not field.null and value is not None:
                    table, column = model._meta.db_table, field.column
                    editor.execute(
                        f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT %s", [value]
                    )
