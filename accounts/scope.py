"""Row-level permission, all of it: whose clients a user sees.

Every list, page, export, count and print starts with ``visible_to(request.user)``.
"""

from typing import ClassVar, Self, TypeVar

from django.db import models

from accounts.models import Role, User

FEW = 300  # people who are named one by one
M_co = TypeVar("M_co", bound=models.Model, covariant=True)


def agents_seen_by(user: User) -> models.QuerySet[User]:
    """Return the people whose work `user` sees: oneself, the subtree one leads, or everyone."""
    if user.role == Role.ADMINISTRATOR:
        return User.objects.all()
    if user.role == Role.AUDITOR:
        return User.objects.none()
    if user.leads and user.team is not None:
        return User.objects.filter(team__path__startswith=user.team.path)
    return User.objects.filter(pk=user.pk)


class ScopedQuerySet(models.QuerySet[M_co]):
    """Rows that belong to somebody's clients; `agent_field` is the way to that somebody."""

    agent_field: ClassVar[str] = "agent"

    def visible_to(self, user: User) -> Self:
        """Keep what `user` may see. Only an administrator sees the orphan pool (no agent)."""
        if user.role == Role.ADMINISTRATOR:
            return self
        if user.role == Role.AUDITOR:
            return self.none()
        if not (user.leads and user.team_id):
            return self.filter(**{f"{self.agent_field}_id": user.pk})
        # As a subquery, 14 to 40 times faster than joining through the team.
        return self.filter(**{f"{self.agent_field}__in": agents_seen_by(user).values("pk")})

    def listed_for(self, user: User) -> Self:
        """The same rows as `visible_to`, for long lists. Where a department's people are few, they
        are looked up first: the planner then knows how many rows to expect and asks none for its
        team. The thousands of a whole branch cost more to name than to join.
        """
        if not (user.leads and user.team_id):
            return self.visible_to(user)
        agents = list(agents_seen_by(user).values_list("pk", flat=True)[: FEW + 1])
        if len(agents) > FEW:
            return self.visible_to(user)
        return self.filter(**{f"{self.agent_field}__in": agents})
