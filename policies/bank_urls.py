from django.urls import path

from policies import bank_views as views

app_name = "bank"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("lines/", views.lines, name="lines"),
    path("lines/<int:pk>/settle/", views.settle, name="settle"),
    path("lines/<int:pk>/reinstate/", views.reinstate, name="reinstate"),
    path("lines/<int:pk>/policy/", views.name_policy, name="policy"),
    path("lines/<int:pk>/aside/", views.put_aside, name="aside"),
    path("lines/aside/", views.put_many_aside, name="aside_many"),
    path("lines/<int:pk>/back/", views.bring_back, name="back"),
    path("branches/", views.branches, name="branches"),
]
