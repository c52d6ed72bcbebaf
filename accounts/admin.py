"""The settings site: for administrators who may open it, and for nobody else."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry, FailedLogin, Team, User

admin.site.site_header = admin.site.site_title = _("Rules, people and teams")
admin.site.index_title = _("Settings of the office")
admin.site.unregister(Group)  # What a person may do follows from the role alone.


class ForAdministrators:
    """The role decides, not single permissions ticked per person."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        user = request.user
        if not isinstance(user, User) or not (user.is_active and user.is_staff):
            return False
        return user.administers or user.is_superuser

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    has_change_permission = has_view_permission
    has_delete_permission = has_view_permission

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)


class ToRead(ForAdministrators):
    """What the product writes and nobody changes by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class NewPersonForm(AdminUserCreationForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("staff_no", "name", "mobile", "role", "team")


class PersonForm(UserChangeForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = (
            "staff_no",
            "name",
            "mobile",
            "password",
            "role",
            "team",
            "joined_on",
            "birth_on",
            "is_active",
            "is_staff",
            "is_superuser",
            "last_login",
            "language",
            "theme",
            "single_keys",
        )
        field_classes: dict[str, type[forms.Field]] = {}

    def clean_is_active(self) -> bool:
        """Whoever leaves hands over first, or the clients would be on nobody's list."""
        active = bool(self.cleaned_data["is_active"])
        serving = User.objects.filter(pk=self.instance.pk, clients__isnull=False)
        if not active and serving.exists():
            url = f"{reverse('handover_new')}?whose={self.instance.pk}"
            words = _("Still serves clients: hand them over first.")
            raise forms.ValidationError(format_html('<a href="{}">{}</a>', url, words))
        return active


@admin.register(User)
class PersonAdmin(ForAdministrators, UserAdmin):  # type: ignore[type-arg]
    form = PersonForm
    add_form = NewPersonForm
    ordering = ("staff_no",)
    list_display = ("staff_no", "name", "role", "team", "mobile", "is_active")
    list_filter = ("role", "is_active", "is_staff")
    list_select_related = ("team",)
    search_fields = ("staff_no", "name", "mobile")
    autocomplete_fields = ("team",)
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("staff_no", "name", "mobile", "password")}),
        (_("Work"), {"fields": ("role", "team", "joined_on")}),
        (_("Access"), {"fields": ("is_active", "is_staff", "is_superuser", "last_login")}),
        (_("Preferences"), {"fields": ("language", "theme", "single_keys")}),
    )
    add_fieldsets = (
        (None, {"fields": ("staff_no", "name", "mobile", "role", "team")}),
        (_("Password"), {"fields": ("usable_password", "password1", "password2")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Only a superuser makes superusers, or an administrator could make themselves one."""
        superuser = isinstance(request.user, User) and request.user.is_superuser
        return ("last_login",) if superuser else ("last_login", "is_superuser")

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Nor may anyone else set a superuser's password, and so become one."""
        above = obj is not None and obj.is_superuser
        may = isinstance(request.user, User) and (request.user.is_superuser or not above)
        return may and super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        obj.mobile = obj.mobile or None  # Unique: two people without a mobile are no clash.
        super().save_model(request, obj, form, change)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # Whoever worked here stays in the records; switch the account off instead.


@admin.register(Team)
class TeamAdmin(ForAdministrators, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "kind", "parent", "address")
    list_filter = ("kind",)
    list_select_related = ("parent",)
    search_fields = ("name",)
    autocomplete_fields = ("parent",)


@admin.register(AuditEntry)
class AuditEntryAdmin(ToRead, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("at", "actor", "action", "subject")
    list_filter = ("action",)
    list_select_related = ("actor",)
    date_hierarchy = "at"


@admin.register(FailedLogin)
class FailedLoginAdmin(ToRead, admin.ModelAdmin):  # type: ignore[type-arg]
    """Who is kept waiting, and a way to let them in sooner."""

    list_display = fields = ("account", "place", "failures", "last_tried", "is_kept_waiting")
    search_fields = ("username", "ip_address")
    actions = ("let_them_try",)

    @admin.display(description=_("Staff number or mobile"), ordering="username")
    def account(self, tried: FailedLogin) -> str:
        return str(tried)

    @admin.display(description=_("Network address"), ordering="ip_address")
    def place(self, tried: FailedLogin) -> str | None:
        return tried.ip_address

    @admin.display(description=_("In vain"), ordering="failures_since_start")
    def failures(self, tried: FailedLogin) -> int:
        return tried.failures_since_start

    @admin.display(description=_("Last tried"), ordering="attempt_time")
    def last_tried(self, tried: FailedLogin) -> datetime:
        return tried.attempt_time

    @admin.display(description=_("Kept waiting"), boolean=True)
    def is_kept_waiting(self, tried: FailedLogin) -> bool:
        return tried.waits

    @admin.action(description=_("Let them try again at once"))
    def let_them_try(self, request: HttpRequest, chosen: QuerySet[FailedLogin]) -> None:
        chosen.delete()
