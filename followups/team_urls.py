from django.urls import path

from followups import escalation_views, log_views, team_views

urlpatterns = [
    path("", team_views.team, name="team"),
    path("matters/", escalation_views.matters, name="team_matters"),
    path("matters/<int:pk>/close/", escalation_views.close, name="team_matter_close"),
    path("logs/", log_views.to_review, name="team_logs"),
    path("<int:pk>/", team_views.agent, name="team_agent"),
]
