"""Coming in, going out, and one's own preferences."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.forms import LoginForm
from accounts.models import AuditEntry, CalendarFeed, SentForm, User

THEMES = ("system", "light", "dark")
A_YEAR = 365 * 24 * 3600


class Login(LoginView):
    authentication_form = LoginForm
    redirect_authenticated_user = True

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        if not form.cleaned_data["remember"]:
            self.request.session.set_expiry(0)
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)


class Logout(LogoutView):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().dispatch(request, *args, **kwargs)
        response["Clear-Site-Data"] = '"cache", "storage"'
        return response


def locked_out(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """Too many wrong passwords: say so and how long to wait."""
    form = LoginForm(request)
    words = _("Too many wrong attempts. Wait 15 minutes, then try again.")
    return render(request, "registration/login.html", {"form": form, "locked": words}, status=429)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "403.html", {"expired": True}, status=403)


def _back(request: HttpRequest) -> str:
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure())
    return target if safe else "/"


@login_not_required
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    chosen = request.POST.get("theme", "")
    chosen = chosen if chosen in THEMES else "system"
    if request.user.is_authenticated:
        User.objects.filter(pk=request.user.pk).update(theme=chosen)
    response = redirect(_back(request))
    response.set_cookie("theme", chosen, max_age=A_YEAR, samesite="Lax", secure=settings.HTTPS)
    return response


@login_not_required
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    chosen = request.POST.get("language", "")
    chosen = chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
    if request.user.is_authenticated:
        User.objects.filter(pk=request.user.pk).update(language=chosen)
    response = redirect(_back(request))
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, chosen, max_age=A_YEAR, samesite="Lax", secure=settings.HTTPS
    )
    return response


@require_GET
def audit_log(request: HttpRequest) -> HttpResponse:
    """The audit log: for auditors and administrators; it names rows, never people's data."""
    user = request.user
    if not isinstance(user, User) or not (user.audits or user.administers):
        raise PermissionDenied
    entries = AuditEntry.objects.select_related("actor")
    number = request.GET.get("page", "1")
    page = Paginator(entries, 50).get_page(number)
    return render(request, "accounts/audit_log.html", {"page": page})


@require_GET
def me(request: HttpRequest) -> HttpResponse:
    return _me(request)


def _me(request: HttpRequest, address: str = "") -> HttpResponse:
    assert isinstance(request.user, User)
    feed = CalendarFeed.objects.filter(user=request.user).first()
    context = {"feed": feed, "address": address, "key": str(uuid.uuid4())}
    if request.user.serves:
        context["office"] = request.user.office_address
    return render(request, "accounts/me.html", context)


@require_POST
def calendar_feed(request: HttpRequest) -> HttpResponse:
    """Make the address of one's calendar, or a new one; the page says it this once."""
    assert isinstance(request.user, User)
    with transaction.atomic():
        if not SentForm.first_time(request.user, request.POST.get("key", "")):
            messages.info(request, _("The address was shown before. Make a new one if it is lost."))
            return redirect("me")
        secret = CalendarFeed.make(request.user)
    return _me(request, request.build_absolute_uri(reverse("feed", args=[secret])))


@require_POST
def revoke_calendar_feed(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    CalendarFeed.revoke(request.user)
    messages.success(request, _("The address is gone; calendars that used it find nothing."))
    return redirect("me")


@require_POST
def single_keys(request: HttpRequest) -> HttpResponse:
    """Switch single-key shortcuts on or off (WCAG 2.1.4)."""
    assert isinstance(request.user, User)
    User.objects.filter(pk=request.user.pk).update(single_keys="on" in request.POST)
    return redirect("me")


@require_POST
def starts_from(request: HttpRequest) -> HttpResponse:
    """Where one's day begins, if not at the office; nobody else is shown it."""
    assert isinstance(request.user, User)
    address = request.POST.get("address", "").strip()[:200]
    User.objects.filter(pk=request.user.pk).update(starts_from=address)
    messages.success(request, _("Saved"))
    return redirect("me")
