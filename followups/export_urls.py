from django.urls import path

from followups import export_views

urlpatterns = [
    path("exports/", export_views.exports, name="exports"),
    path("exports/<int:pk>/decide/", export_views.decide, name="export_decide"),
    path("exports/<int:pk>/fetch/", export_views.fetch, name="export_fetch"),
    path("exports/<slug:code>/", export_views.export, name="export"),
]
