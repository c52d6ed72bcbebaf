from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db.models import Q
from django.http import HttpRequest

from accounts.models import User


class StaffNumberOrMobile(ModelBackend):
    """Log in by staff number or mobile, whichever the colleague remembers."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        username = (username or kwargs.get("staff_no") or "").strip()
        if not username or password is None:
            return None
        found = list(User.objects.filter(Q(staff_no__iexact=username) | Q(mobile=username))[:2])
        user = found[0] if len(found) == 1 else None
        if user is None:
            User().set_password(password)  # An unknown name must take as long as a wrong password.
            return None
        return user if user.check_password(password) and user.is_active else None
