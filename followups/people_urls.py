from django.urls import path

from followups import people_views

urlpatterns = [
    path("clients/<int:pk>/family/new/", people_views.new_member, name="client_member_new"),
    path("clients/<int:pk>/household/", people_views.household, name="client_household"),
    path("clients/<int:pk>/dates/new/", people_views.new_date, name="client_date_new"),
    path("clients/<int:pk>/events/new/", people_views.new_event, name="client_event_new"),
    path("clients/<int:pk>/card/", people_views.card, name="client_card"),
    path("clients/<int:pk>/card/answer/", people_views.answer, name="client_answer"),
    path("clients/<int:pk>/checked/", people_views.contact_checked, name="client_checked"),
    path("family/<int:pk>/", people_views.edit_member, name="client_member"),
    path("dates/<int:pk>/", people_views.edit_date, name="client_date"),
    path("events/<int:pk>/remove/", people_views.remove_event, name="client_event_remove"),
]
