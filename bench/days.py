"""A month of contacts and logs of 1,375 agents, and what is added up in advance of it and of their work."""

import time
from collections.abc import Callable
from datetime import date

from django.db import connection

from followups.agent_days import AgentDay
from followups.agent_work import AgentWork
from followups.due_work import DueWork
from policies.owed import OwedPremium

A_DAY = 8  # contacts of an agent, three of them visits

MONTH = """
INSERT INTO clients_contact (client_id, by_id, "on", at, channel, outcome, subject, note, refusal, reviewed)
SELECT c.id, c.agent_id, d::date, d + interval '9 hours' + n * interval '45 minutes',
    CASE WHEN n >= {calls} THEN 'visit' ELSE 'call' END, CASE WHEN (c.id + n) % 7 = 0 THEN 'no_answer' ELSE 'done' END,
    '', CASE WHEN n % 2 = 0 THEN '谈了' || c.id ELSE '' END, '', false
FROM (SELECT id, agent_id, row_number() OVER (PARTITION BY agent_id ORDER BY id) AS nth
      FROM clients_client WHERE agent_id IS NOT NULL) c
JOIN generate_series(0, {a_day} - 1) AS n ON c.nth % {a_day} = n AND c.nth <= {a_day} * 8
CROSS JOIN generate_series(DATE '{first}', DATE '{last}', interval '1 day') AS d
WHERE c.nth / {a_day} = extract(day FROM d)::int % 8
"""
LOGS = """
INSERT INTO followups_daylog (agent_id, "on", state, summary, best, prospects, wants, handed_in_at, note)
SELECT u.id, d::date, 'handed_in', '', '', '', '', d + interval '18 hours', ''
FROM accounts_user u CROSS JOIN generate_series(DATE '{first}', DATE '{last}', interval '1 day') AS d
WHERE u.role = 'agent' AND (u.id + extract(day FROM d)::int) % 5 > 0
"""


def live_a_month(today: date) -> None:
    """From the first of the month; on its first days there is little to see."""
    first = today.replace(day=1)
    size = {"first": first, "last": today, "a_day": A_DAY, "calls": A_DAY - 3}
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(MONTH.format(**size))
        cursor.execute(LOGS.format(**size))
        cursor.execute("VACUUM ANALYZE clients_contact")
        cursor.execute("VACUUM clients_client")  # as the server does every day
        cursor.execute("VACUUM ANALYZE followups_agentday")
    AgentWork.pack()  # as after an evening's lists
    DueWork.pack()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE followups_agentwork")
        cursor.execute("VACUUM ANALYZE followups_duework")


def bench(say: Callable[..., None], today: date) -> None:
    """Prove what was added up: after the month was written, and after the outcomes of this run."""
    first, began = today.replace(day=1), time.perf_counter()
    wrong = AgentDay.wrong(first, today)
    seconds = time.perf_counter() - began
    rows = AgentDay.objects.filter(on__range=(first, today)).count()
    say("311 added up in advance, proven", seconds, 5.0, rows, wrong=len(wrong))
    assert not wrong, wrong[:3]
    for name, sums in (("work", AgentWork), ("what is due", DueWork)):
        began = time.perf_counter()
        faults = sums.wrong(date.min, date.max)
        seconds = time.perf_counter() - began
        rows = sums.objects.count()
        say(f"{name} added up in advance, proven", seconds, 5.0, rows, wrong=len(faults))
        assert not faults, faults[:3]
    began = time.perf_counter()
    differing = OwedPremium.wrong()
    seconds = time.perf_counter() - began
    say(
        "owed premiums kept beside their agents, proven",
        seconds,
        15.0,
        OwedPremium.objects.count(),
        wrong=len(differing),
    )
    assert not differing, differing[:3]
