from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin import ForAdministrators
from clients.models import Rhythm


@admin.register(Rhythm)
class RhythmAdmin(ForAdministrators, admin.ModelAdmin):  # type: ignore[type-arg]
    """How often a client hears from us, and at what time of the day: one row."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not Rhythm.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
