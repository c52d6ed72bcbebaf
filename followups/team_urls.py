from django.urls import include, path

from followups import (
    escalation_views,
    giving_views,
    log_views,
    meeting_views,
    spot_check_views,
    team_views,
)

urlpatterns = [
    path("", team_views.team, name="team"),
    path("matters/", escalation_views.matters, name="team_matters"),
    path("matters/<int:pk>/close/", escalation_views.close, name="team_matter_close"),
    path("meeting/", meeting_views.meeting, name="team_meeting"),
    path("give/", giving_views.give, name="team_give"),
    path("handovers/", include("followups.handover_urls")),
    path("spot-checks/", spot_check_views.checks, name="team_checks"),
    path("spot-checks/draw/", spot_check_views.draw, name="team_checks_draw"),
    path("spot-checks/<int:pk>/", spot_check_views.record, name="team_check"),
    path("spot-checks/<int:pk>/swap/", spot_check_views.swap, name="team_check_swap"),
    path("logs/", log_views.to_review, name="team_logs"),
    path("<int:pk>/", team_views.agent, name="team_agent"),
]
