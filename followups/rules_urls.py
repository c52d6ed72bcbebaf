from django.urls import path

from followups import limits_views, matrix_views, tool_views

urlpatterns = [
    path("service/", matrix_views.service_rules, name="service_rules"),
    path("tools/", tool_views.service_tools, name="service_tools"),
    path("tools/<int:item>/", tool_views.service_tool, name="service_tool"),
    path("classes/", limits_views.limits, name="class_rules"),
]
