from django.contrib import admin
from django.urls import include, path

from crm import home, phone
from followups.client_views import client_page
from followups.policy_views import policy_page

urlpatterns = [
    path("", home.home, name="home"),
    path("healthz", home.alive, name="alive"),
    path("readyz", home.ready, name="ready"),
    path("manifest.webmanifest", phone.manifest, name="manifest"),
    path("sw.js", phone.worker, name="worker"),
    path("", include("accounts.urls")),
    path("clients/<int:pk>/", client_page, name="client"),
    path("clients/", include("clients.urls")),
    path("policies/<int:pk>/", policy_page, name="policy"),
    path("bank/", include("policies.bank_urls")),
    path("", include("policies.urls")),
    path("", include("followups.urls")),
    path("settings/", admin.site.urls),
]
