from django.urls import path

from policies import import_views as views

app_name = "imports"

urlpatterns = [
    path("", views.imports, name="list"),
    path("<int:pk>/", views.batch_page, name="batch"),
    path("columns/", views.memory, name="memory"),
    path("columns.json", views.memory_file, name="memory_file"),
    path("columns/<int:pk>/forget/", views.forget, name="forget"),
    path("<int:pk>/map/", views.columns, name="map"),
    path("<int:pk>/agents/", views.give, name="give"),
    path("<int:pk>/agents/make/", views.make_agents, name="make_agents"),
    path("<int:pk>/agents/forget/", views.give_back, name="give_back"),
    path("<int:pk>/stop/", views.stop, name="stop"),
    path("<int:pk>/check/", views.check, name="check"),
    path("<int:pk>/run/", views.run, name="run"),
    path("<int:pk>/result/", views.result, name="result"),
    path("<int:pk>/undo/", views.undo, name="undo"),
    path("<int:pk>/discard/", views.discard, name="discard"),
    path("<int:pk>/refused.xlsx", views.refused, {"form": "xlsx"}, name="refused"),
    path("<int:pk>/refused.csv", views.refused, {"form": "csv"}, name="refused_csv"),
]
