from django.urls import path

from followups import attention_views, class_views, way_views

urlpatterns = [
    path("", class_views.classes, name="classes"),
    path("print/", class_views.print_classes, name="classes_print"),
    path("curve/", class_views.curve, name="classes_curve"),
    path("way/", way_views.way, name="classes_way"),
    path("<int:pk>/", class_views.set_class, name="class_set"),
    path("<int:pk>/marks/", attention_views.marks, name="client_marks"),
]
