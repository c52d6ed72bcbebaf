from django.urls import path

from followups import team_views

urlpatterns = [
    path("", team_views.team, name="team"),
    path("<int:pk>/", team_views.agent, name="team_agent"),
]
