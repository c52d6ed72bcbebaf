from django.urls import path

from policies import bank_deeds as deeds
from policies.bank_views import lines, overview

app_name = "bank"
urlpatterns = [
    path("", overview, name="overview"),
    path("lines/", lines, name="lines"),
    path("lines/<int:pk>/settle/", deeds.settle, name="settle"),
    path("lines/<int:pk>/reinstate/", deeds.reinstate, name="reinstate"),
    path("lines/<int:pk>/policy/", deeds.name_policy, name="policy"),
    path("lines/<int:pk>/aside/", deeds.put_aside, name="aside"),
    path("lines/aside/", deeds.put_many_aside, name="aside_many"),
    path("lines/<int:pk>/back/", deeds.bring_back, name="back"),
    path("branches/", deeds.branches, name="branches"),
]
