from django.urls import path

from clients import merge_views, quality_views, views

# The client's own page is "client" in crm/urls.py: it shows policies and follow-ups as well.
app_name = "clients"
urlpatterns = [
    path("", views.client_list, name="list"),
    path("new/", views.new, name="new"),
    path("quality/", quality_views.data_quality, name="quality"),
    path("duplicates/", merge_views.pairs, name="duplicates"),
    path("duplicates/look/", merge_views.look, name="duplicates_look"),
    path("duplicates/<int:pk>/", merge_views.pair, name="pair"),
    path("duplicates/<int:pk>/different/", merge_views.say_different, name="pair_different"),
    path("merges/<int:pk>/undo/", merge_views.take_apart, name="unmerge"),
    path("<int:pk>/edit/", views.edit, name="edit"),
    path("<int:pk>/reveal/", views.reveal, name="reveal"),
    path("<int:pk>/same/", merge_views.pair_by_hand, name="pair_by_hand"),
    path("<int:pk>/note/", views.note, name="note"),
]
