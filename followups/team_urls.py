from django.urls import path

from followups import escalation_views, team_views

urlpatterns = [
    path("", team_views.team, name="team"),
    path("matters/", escalation_views.matters, name="team_matters"),
    path("matters/<int:pk>/close/", escalation_views.close, name="team_matter_close"),
    path("<int:pk>/", team_views.agent, name="team_agent"),
]
