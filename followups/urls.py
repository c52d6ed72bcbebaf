from django.urls import URLPattern, URLResolver, include, path

from followups import feed, focus_views, kept, paper_views, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("today/", views.today, name="today"),
    path("today/print/", views.print_day, name="today_print"),
    path("today/focus/", focus_views.start, name="today_focus"),
    path("today/focus/<int:pk>/", focus_views.focus, name="today_focus_on"),
    path("today/focus/<int:pk>/skip/", focus_views.skip, name="today_focus_skip"),
    path("today/kept/", kept.kept_day, name="today_kept"),
    path("tasks/<int:pk>/", views.task, name="task"),
    path("tasks/<int:pk>/why/", views.why, name="task_why"),
    path("tasks/<int:pk>/done/", views.done, name="task_done"),
    path("tasks/<int:pk>/later/", views.later, name="task_later"),
    path("tasks/<int:pk>/log/", views.log, name="task_log"),
    path("contacts/<int:pk>/undo/", views.undo, name="contact_undo"),
    path("", include("followups.people_urls")),
    path("clients/<int:client_id>/stop/", views.stop, name="client_stop"),
    path("policies/<int:pk>/uncollected/", paper_views.uncollected_form, name="policy_uncollected"),
    path(
        "policies/<int:pk>/authorisation/",
        paper_views.authorisation_form,
        name="policy_authorisation",
    ),
    path(
        "policies/<int:pk>/authorisation/print/",
        paper_views.authorisation_print,
        name="policy_authorisation_print",
    ),
    path("uncollected/", paper_views.uncollected_report, name="uncollected"),
    path("uncollected/export/", paper_views.uncollected_export, name="uncollected_export"),
    path("feed/<str:secret>.ics", feed.feed, name="feed"),
    path("team/", include("followups.team_urls")),
    path("", include("followups.greeting_urls")),
    path("classification/", include("followups.class_urls")),
    path("rules/", include("followups.rules_urls")),
]
