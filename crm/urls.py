from django.contrib import admin
from django.urls import include, path

from crm import home

urlpatterns = [
    path("", home.home, name="home"),
    path("healthz", home.alive, name="alive"),
    path("readyz", home.ready, name="ready"),
    path("", include("accounts.urls")),
    path("clients/", include("clients.urls")),
    path("", include("policies.urls")),
    path("", include("followups.urls")),
    path("settings/", admin.site.urls),
]
