from django.urls import path

from followups import limits_views, matrix_views

urlpatterns = [
    path("service/", matrix_views.service_rules, name="service_rules"),
    path("classes/", limits_views.limits, name="class_rules"),
]
