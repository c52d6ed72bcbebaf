"""Two agents of the demo who go: one has left, and the clients are being called; one leaves next."""

from collections.abc import Sequence
from datetime import date, timedelta

from django.utils import timezone

from accounts.models import Role, User
from clients.handover import hand_over
from clients.models import Client, Handover

DAYS_AGO = 6
SHARE = 8  # clients whom each of two agents took over
LEAVING = 15  # clients of whoever leaves next


def tell(agents: Sequence[User], today: date) -> None:
    *_others, one, other = agents
    gone = _agent("A1901", "蒋丽萍", one, is_active=False)
    shares = {to.pk: _of(to)[:SHARE] for to in (one, other)}
    taken = [client for share in shares.values() for client in share]
    Client.objects.filter(pk__in=taken).update(agent=gone)
    on = today - timedelta(days=DAYS_AGO)
    manager = User.objects.get(staff_no="M1001")
    made = hand_over(shares, from_agent=gone, by=manager, reason=Handover.Reason.LEFT, on=on)
    Handover.objects.filter(pk=made.pk).update(at=timezone.now() - timedelta(days=DAYS_AGO))
    leaving = _agent("A1902", "沈国强", other)
    Client.objects.filter(pk__in=_of(other)[-LEAVING:]).update(agent=leaving)


def _agent(staff_no: str, name: str, beside: User, *, is_active: bool = True) -> User:
    return User.objects.create(
        staff_no=staff_no,
        name=name,
        role=Role.AGENT,
        team=beside.team,
        password=beside.password,
        mobile=f"138{staff_no[1:]:0>8}",
        is_active=is_active,
    )


def _of(agent: User) -> list[int]:
    """Who live alone, so that no home is parted."""
    alone = Client.objects.filter(agent=agent, household=None, deceased=False)
    return list(alone.order_by("mobile").values_list("pk", flat=True))
