from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin import ForAdministrators, ToRead
from policies import products
from policies.models import Insurer, Needs, Product, Thresholds
from policies.tasks import wake_product


@admin.register(Insurer)
class InsurerAdmin(ForAdministrators, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("code", "name")
    search_fields = ("code", "name")


@admin.register(Product)
class ProductAdmin(ForAdministrators, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = (
        "name",
        "insurer",
        "kind",
        "grace_days",
        "due_basis",
        "cooling_off_days",
        "reinstate_years",
    )
    list_editable = ("kind", "grace_days")
    list_filter = ("kind", "kind_corrected", "insurer")
    list_select_related = ("insurer",)
    search_fields = ("name",)
    readonly_fields = ("kind_corrected",)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """In the table nothing but the heading names a field: it shall name itself."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None:
            field.widget.attrs["aria-label"] = str(db_field.verbose_name).capitalize()
        return field

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:
        if "kind" in form.changed_data:
            obj.kind_corrected = True  # The next book must not guess it from the name again.
        super().save_model(request, obj, form, change)
        if change and products.DAYS.intersection(form.changed_data):
            wake_product(obj)


@admin.register(Thresholds)
class ThresholdsAdmin(ToRead, admin.ModelAdmin):  # type: ignore[type-arg]
    """Where the classes begin; changed where it is shown what that does."""


@admin.register(Needs)
class NeedsAdmin(ForAdministrators, admin.ModelAdmin):  # type: ignore[type-arg]
    """How much cover the office advises: one row, which the first change makes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not Needs.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
