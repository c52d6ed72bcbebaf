from django.urls import URLPattern, URLResolver, include, path

from policies import views
from policies.notice_views import notice
from policies.notices import TEXTS
from policies.persistency_views import persistency
from policies.premium_views import DEEDS, book
from policies.reinstatement_views import reinstatement, reinstatements
from policies.renewal_views import renewals

# A policy's own page is "policy" in crm/urls.py: it shows the service around it as well.
policies = [
    path("", views.policy_list, name="list"),
    path("new/", views.new, name="new"),
    path("<int:pk>/edit/", views.edit, name="edit"),
    *(path(f"<int:pk>/{deed}/", book, {"deed": deed}, name=deed) for deed in DEEDS),
    *(
        path(f"<int:pk>/notice/{kind}/", notice, {"kind": kind}, name=f"notice_{kind}")
        for kind in TEXTS
    ),
    path("<int:pk>/reveal/", views.reveal, name="reveal"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("policies/", include((policies, "policies"))),
    path("renewals/", renewals, name="renewals"),
    path("reinstatements/", reinstatements, name="reinstatements"),
    path("reinstatements/<int:pk>/", reinstatement, name="reinstatement"),
    path("persistency/", persistency, name="persistency"),
    path("imports/", include("policies.import_urls")),
]
