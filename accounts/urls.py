from django.urls import path

from accounts import views

urlpatterns = [
    path("accounts/login/", views.Login.as_view(), name="login"),
    path("accounts/logout/", views.Logout.as_view(), name="logout"),
    path("accounts/theme/", views.theme, name="theme"),
    path("accounts/language/", views.language, name="set_language"),
    path("accounts/me/", views.me, name="me"),
    path("accounts/me/keys/", views.single_keys, name="single_keys"),
    path("accounts/me/start/", views.starts_from, name="starts_from"),
    path("accounts/me/calendar/", views.calendar_feed, name="calendar_feed"),
    path("accounts/me/calendar/revoke/", views.revoke_calendar_feed, name="calendar_revoke"),
    path("audit/", views.audit_log, name="audit_log"),
]
