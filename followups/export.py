"""The day's list as a table, for paper and other programs."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.utils import timezone

from followups.models import FollowUp, FollowUpQuerySet
from lib.masking import mask_phone

COLUMNS = (
    "date",
    "agent_staff_no",
    "agent",
    "client",
    "policy_no",
    "address",
    "phone",
    "service_item",
    "rule",
    "occasion_on",
    "priority",
    "status",
    "done_at",
)


def rows_of(
    followups: FollowUpQuerySet, day: date, *, reveal: bool = False
) -> Iterator[tuple[Any, ...]]:
    """One row of COLUMNS per follow-up on the list of `day`; phones masked unless revealed."""
    listed = (
        followups.on(day)
        .select_related("client__agent", "policy")
        .order_by(
            "client__agent__staff_no", "priority", "client__pinyin", "client_id", "rule", "pk"
        )
    )
    for row in listed.iterator(chunk_size=2000):
        yield _cells(row, day, reveal)


def _cells(row: FollowUp, day: date, reveal: bool) -> tuple[Any, ...]:
    client, agent = row.client, row.client.agent
    number = client.mobile or client.phone
    done_at = timezone.localtime(row.done_at).strftime("%Y-%m-%d %H:%M") if row.done_at else ""
    return (
        day.isoformat(),
        agent.staff_no if agent else "",
        agent.name if agent else "",
        client.name,
        row.policy.policy_no if row.policy else "",
        client.address,
        number if reveal else mask_phone(number),
        row.get_item_display(),
        row.rule,
        row.occasion_on.isoformat(),
        row.priority,
        row.status,
        done_at,
    )
