from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin import ForAdministrators, ToRead
from followups.models import Holiday, ListRun, ServicePlan, WorkingDay


@admin.register(ServicePlan)
class ServicePlanAdmin(ToRead, admin.ModelAdmin):  # type: ignore[type-arg]
    """The matrix of 11 items and 3 classes; it is changed where it is shown what that does."""

    list_display = ("item", "client_class", "level")
    list_filter = ("client_class",)
    list_per_page = 33


@admin.register(ListRun)
class ListRunAdmin(ToRead, admin.ModelAdmin):  # type: ignore[type-arg]
    """The ledger of written lists, to read only."""

    list_display = ("day", "at", "rows", "withdrawn", "missed", "superseded", "seconds")
    date_hierarchy = "day"

    @admin.display(description=ListRun._meta.get_field("created").verbose_name)
    def rows(self, run: ListRun) -> int:
        return sum(run.created.values())


@admin.register(Holiday)
class HolidayAdmin(ForAdministrators, admin.ModelAdmin):  # type: ignore[type-arg]
    """Where the office says otherwise than the decree; the decree itself is known."""

    list_display = ("on", "is_workday", "name")
    list_filter = ("is_workday",)
    date_hierarchy = "on"


@admin.register(WorkingDay)
class WorkingDayAdmin(ForAdministrators, admin.ModelAdmin):  # type: ignore[type-arg]
    """One row, which the first change makes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not WorkingDay.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
