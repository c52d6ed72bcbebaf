from django.urls import path

from followups import handover_views

urlpatterns = [
    path("", handover_views.handovers, name="handovers"),
    path("new/", handover_views.handover_new, name="handover_new"),
    path("<int:pk>/", handover_views.handover, name="handover"),
    path("<int:pk>/letters/", handover_views.handover_letters, name="handover_letters"),
    path("<int:pk>/undo/", handover_views.handover_undo, name="handover_undo"),
    path("<int:pk>/end/", handover_views.handover_end, name="handover_end"),
]
