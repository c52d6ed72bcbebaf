"""The limit: the same day written as SQL by hand, one statement per rule, into the same table."""

from datetime import date, timedelta

from django.db import connection

from followups.daily import LOOK_UP_ROW_BY_ROW, SUPERSEDE

INTO = """INSERT INTO followups_followup (client_id, policy_id, instalment_id, rule, series, item, priority,
    occasion_on, list_on, keep_until) """
REACHABLE = """NOT c.deceased AND NOT c.do_not_contact AND EXISTS (SELECT 1 FROM followups_serviceplan s
    WHERE s.item = {item} AND s.level = ANY({levels}) AND s.client_class = COALESCE(NULLIF(c.client_class, ''), 'maintain'))"""
IN_FORCE = "p.status = 'in_force' AND (p.lapses_on IS NULL OR p.lapses_on > DATE '{day}')"

# code, date column, offset, keep, priority, extra condition
PREMIUM = (
    (
        "renewal-quarter",
        "due_on",
        -90,
        45,
        4,
        "(p.premium_mode = 'yearly' AND p.premium >= 50000 OR p.premium_mode = 'half_yearly' AND p.premium >= 25000)",
    ),
    ("renewal-month", "due_on", -30, 20, 3, "p.premium_mode <> 'monthly'"),
    ("renewal-due", "due_on", 0, 5, 2, "true"),
    ("grace-10", "due_on", 10, 10, 2, "true"),
    ("grace-30", "due_on", 30, 10, 2, "true"),
    ("grace-45", "due_on", 45, 7, 1, "true"),
    ("grace-last-week", "grace_ends_on", -7, 3, 1, "true"),
    ("grace-last-days", "grace_ends_on", -3, 3, 1, "true"),
)
ENDING = (
    (
        "maturity-month",
        "matures_on",
        -30,
        20,
        3,
        "maturity",
        8,
        "r.kind IN ('endowment', 'annuity')",
    ),
    ("maturity-week", "matures_on", -7, 6, 2, "maturity", 8, "r.kind IN ('endowment', 'annuity')"),
    ("maturity-day", "matures_on", 0, 10, 2, "maturity", 8, "r.kind IN ('endowment', 'annuity')"),
    (
        "cover-month",
        "covers_until",
        -30,
        20,
        3,
        "cover",
        1,
        "r.kind IN ('medical', 'accident') AND p.cover_years = 1",
    ),
    (
        "cover-week",
        "covers_until",
        -7,
        6,
        2,
        "cover",
        1,
        "r.kind IN ('medical', 'accident') AND p.cover_years = 1",
    ),
    (
        "cover-day",
        "covers_until",
        0,
        7,
        1,
        "cover",
        1,
        "r.kind IN ('medical', 'accident') AND p.cover_years = 1",
    ),
)

CODES = {
    *(rule[0] for rule in (*PREMIUM, *ENDING)),
    *("lapsed", "policy-delivery", "birthday", "birthday-soon"),
}


def _range(column: str, offset: int, keep: int, day: date) -> str:
    return f"{column} BETWEEN DATE '{day}' - {keep + offset} AND DATE '{day}' - {offset}"


def _reachable(item: int, *levels: str) -> str:
    return REACHABLE.format(item=item, levels="ARRAY['" + "','".join(levels) + "']")


def statements(day: date) -> list[str]:
    in_force = IN_FORCE.format(day=day)
    made = [
        f"""{INTO} SELECT p.holder_id, p.id, i.id, '{code}', 'premium', 1, {priority}, i.{on}, i.{on} + {offset},
        i.{on} + {offset + keep} FROM policies_instalment i JOIN policies_policy p ON p.id = i.policy_id
        JOIN clients_client c ON c.id = p.holder_id WHERE i.paid_on IS NULL AND {in_force} AND {extra}
        AND {_reachable(1, "must")} AND {_range("i." + on, offset, keep, day)} ON CONFLICT DO NOTHING"""
        for code, on, offset, keep, priority, extra in PREMIUM
    ]
    made += [
        f"""{INTO} SELECT p.holder_id, p.id, NULL, '{code}', '{series}', {item}, {priority}, p.{on}, p.{on} + {offset},
        p.{on} + {offset + keep} FROM policies_policy p JOIN policies_product r ON r.id = p.product_id
        JOIN clients_client c ON c.id = p.holder_id WHERE {in_force} AND {extra} AND {_reachable(item, "must", "event")}
        AND {_range("p." + on, offset, keep, day)} ON CONFLICT DO NOTHING"""
        for code, on, offset, keep, priority, series, item, extra in ENDING
    ]
    made.append(
        f"""{INTO} SELECT p.holder_id, p.id, NULL, 'lapsed', 'lapse', 1, 1, p.lapses_on, p.lapses_on, p.lapses_on + 14
        FROM policies_policy p JOIN clients_client c ON c.id = p.holder_id
        WHERE p.status IN ('in_force', 'lapsed') AND p.lapses_on <= DATE '{day}' AND {_reachable(1, "must")}
        AND {_range("p.lapses_on", 0, 14, day)} ON CONFLICT DO NOTHING"""
    )
    made.append(
        f"""{INTO} SELECT p.holder_id, p.id, NULL, 'policy-delivery', 'delivery', 4, 1, p.issued_on, p.issued_on + 1,
        p.issued_on + 6 FROM policies_policy p JOIN clients_client c ON c.id = p.holder_id
        WHERE {in_force} AND p.receipt_signed_on IS NULL AND {_reachable(4, "must")}
        AND {_range("p.issued_on", 1, 5, day)} ON CONFLICT DO NOTHING"""
    )
    holds = f"EXISTS (SELECT 1 FROM policies_policy p WHERE p.holder_id = c.id AND {in_force})"
    a_year = f"""(SELECT sum(p.premium * CASE p.premium_mode WHEN 'yearly' THEN 1 WHEN 'half_yearly' THEN 2
        WHEN 'quarterly' THEN 4 WHEN 'monthly' THEN 12 ELSE 0 END) FROM policies_policy p
        WHERE p.holder_id = c.id AND {in_force}) >= 50000"""
    made += [
        f"""{INTO} SELECT c.id, NULL, NULL, '{code}', 'birthday', 10, {priority}, c.next_birthday_on,
        c.next_birthday_on + {offset}, c.next_birthday_on + {offset + keep} FROM clients_client c
        WHERE {condition} AND {_reachable(10, "must")} AND {_range("c.next_birthday_on", offset, keep, day)}
        ON CONFLICT DO NOTHING"""
        for code, offset, keep, priority, condition in (
            ("birthday-soon", -7, 6, 4, a_year),
            ("birthday", 0, 0, 3, holds),
        )
    ]
    return made


WITHDRAW = """UPDATE followups_followup f SET status = 'withdrawn', reason = CASE
    WHEN EXISTS (SELECT 1 FROM policies_instalment q WHERE q.id = f.instalment_id AND q.paid_on IS NOT NULL)
    THEN 'paid' ELSE 'changed' END
    WHERE f.status = 'open' AND f.rule = '{code}' AND NOT EXISTS (SELECT 1 FROM {source} WHERE {same})"""


def withdrawals(day: date) -> list[str]:
    """What is no longer wanted, one statement per rule."""
    in_force = IN_FORCE.format(day=day)
    join = "policies_policy p JOIN clients_client c ON c.id = p.holder_id"
    made = []
    for code, on, _offset, _keep, _priority, extra in PREMIUM:
        same = f"""i.id = f.instalment_id AND i.{on} = f.occasion_on AND p.holder_id = f.client_id
            AND i.paid_on IS NULL AND {in_force} AND {extra} AND {_reachable(1, "must")}"""
        source = "policies_instalment i JOIN policies_policy p ON p.id = i.policy_id JOIN clients_client c ON c.id = p.holder_id"
        made.append(WITHDRAW.format(code=code, source=source, same=same))
    for code, on, _offset, _keep, _priority, _series, item, extra in ENDING:
        same = f"""p.id = f.policy_id AND p.{on} = f.occasion_on AND p.holder_id = f.client_id
            AND {in_force} AND {extra} AND {_reachable(item, "must", "event")}"""
        made.append(
            WITHDRAW.format(
                code=code,
                source=f"{join} JOIN policies_product r ON r.id = p.product_id",
                same=same,
            )
        )
    lapsed = f"""p.id = f.policy_id AND p.lapses_on = f.occasion_on AND p.holder_id = f.client_id
        AND p.status IN ('in_force', 'lapsed') AND p.lapses_on <= DATE '{day}' AND {_reachable(1, "must")}"""
    delivery = f"""p.id = f.policy_id AND p.issued_on = f.occasion_on AND p.holder_id = f.client_id
        AND {in_force} AND p.receipt_signed_on IS NULL AND {_reachable(4, "must")}"""
    birthday = f"""c.id = f.client_id AND c.next_birthday_on = f.occasion_on AND {_reachable(10, "must")}
        AND EXISTS (SELECT 1 FROM policies_policy p WHERE p.holder_id = c.id AND {in_force})"""
    made.append(WITHDRAW.format(code="lapsed", source=join, same=lapsed))
    made.append(WITHDRAW.format(code="policy-delivery", source=join, same=delivery))
    made += [
        WITHDRAW.format(code=code, source="clients_client c", same=birthday)
        for code in ("birthday", "birthday-soon")
    ]
    return made


def write_day(day: date) -> int:
    """Close what is over, withdraw, write and replace; return how many rows were new."""
    with connection.cursor() as cursor:
        cursor.execute(LOOK_UP_ROW_BY_ROW)
        cursor.execute(
            "UPDATE followups_followup SET status = 'missed' WHERE status = 'open' AND keep_until < %s",
            [day - timedelta(days=1)],
        )
        for statement in withdrawals(day):
            cursor.execute(statement)
        new = 0
        for statement in statements(day):
            cursor.execute(statement)
            new += cursor.rowcount
        cursor.execute(SUPERSEDE, [day])
        return new
