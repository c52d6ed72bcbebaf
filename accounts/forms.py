from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_failure_limit
from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext


class LoginForm(AuthenticationForm):
    """Staff number or mobile, and password; the same words for an unknown name and a wrong password."""

    username = forms.CharField(
        label=_("Staff number or mobile"),
        max_length=60,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "username"}),
    )
    remember = forms.BooleanField(
        label=_("Stay signed in on this device for 7 days"), required=False
    )

    error_messages = {
        "invalid_login": _("The number or the password is wrong."),
        "inactive": _("The number or the password is wrong."),
    }

    def get_invalid_login_error(self) -> forms.ValidationError:
        left = self._attempts_left()
        words = str(self.error_messages["invalid_login"])
        if left is not None:
            words = ngettext(
                "The number or the password is wrong. You can try %(left)d more time.",
                "The number or the password is wrong. You can try %(left)d more times.",
                left,
            ) % {"left": left}
        return forms.ValidationError(words, code="invalid_login")

    def _attempts_left(self) -> int | None:
        """Attempts left, told from the second failure."""
        credentials: dict[str, Any] = {"username": self.cleaned_data.get("username")}
        failures = int(AxesProxyHandler.get_failures(self.request, credentials))
        assert self.request is not None
        limit = int(get_failure_limit(self.request, credentials))
        return max(limit - failures, 0) if failures >= 2 else None
