"""Who could not log in; django-axes counts it, and keeps a guesser waiting."""

from datetime import timedelta

from axes.models import AccessAttempt
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class FailedLogin(AccessAttempt):
    """One account name tried in vain from one place. Without it they may try again at once."""

    class Meta:
        proxy = True
        verbose_name = _("failed login")
        verbose_name_plural = _("failed logins")

    def __str__(self) -> str:
        return str(self.username)

    @property
    def waits(self) -> bool:
        """Too often in vain: the right password does not help either, for a while."""
        often = int(self.failures_since_start) >= settings.AXES_FAILURE_LIMIT
        return often and timezone.now() < self.attempt_time + timedelta(
            hours=settings.AXES_COOLOFF_TIME
        )
