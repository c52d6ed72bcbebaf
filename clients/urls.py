from django.urls import path

from clients import views

# The client's own page is "client" in crm/urls.py: it shows policies and follow-ups as well.
app_name = "clients"
urlpatterns = [
    path("", views.client_list, name="list"),
    path("new/", views.new, name="new"),
    path("<int:pk>/edit/", views.edit, name="edit"),
    path("<int:pk>/reveal/", views.reveal, name="reveal"),
    path("<int:pk>/note/", views.note, name="note"),
]
