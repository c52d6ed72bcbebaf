from django.urls import URLPattern, URLResolver, include, path

from followups import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("today/", views.today, name="today"),
    path("today/print/", views.print_day, name="today_print"),
    path("tasks/<int:pk>/", views.task, name="task"),
    path("tasks/<int:pk>/why/", views.why, name="task_why"),
    path("tasks/<int:pk>/done/", views.done, name="task_done"),
    path("tasks/<int:pk>/later/", views.later, name="task_later"),
    path("tasks/<int:pk>/log/", views.log, name="task_log"),
    path("contacts/<int:pk>/undo/", views.undo, name="contact_undo"),
    path("clients/<int:client_id>/stop/", views.stop, name="client_stop"),
    path("team/", include("followups.team_urls")),
]
