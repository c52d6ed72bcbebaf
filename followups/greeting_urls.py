from django.urls import path

from followups import festival_views, greeting_views, stock_views

urlpatterns = [
    path("greetings/", greeting_views.overview, name="greetings"),
    path("greetings/<int:pk>/", greeting_views.campaign, name="campaign"),
    path("greetings/<int:pk>/print/", greeting_views.campaign_print, name="campaign_print"),
    path("greetings/<int:pk>/sent/", greeting_views.picked_sent, name="campaign_sent"),
    path("greetings/one/<int:pk>/sent/", greeting_views.sent, name="greeting_sent"),
    path("greetings/one/<int:pk>/skip/", greeting_views.skip, name="greeting_skip"),
    path("greetings/one/<int:pk>/words/", greeting_views.own_words, name="greeting_words"),
    path("greetings/one/<int:pk>/undo/", greeting_views.undo, name="greeting_undo"),
    path("festivals/", festival_views.festivals, name="festivals"),
    path("festivals/new/", festival_views.festival_new, name="festival_new"),
    path("festivals/<int:pk>/", festival_views.festival, name="festival"),
    path(
        "festivals/<int:pk>/texts/",
        festival_views.texts,
        {"code": "festival"},
        name="festival_texts",
    ),
    path("texts/<slug:code>/", festival_views.texts, name="texts"),
    path("stock/", stock_views.stock, name="stock"),
    path("stock/new/", stock_views.item_new, name="stock_new"),
    path("stock/<int:pk>/", stock_views.item, name="stock_item"),
    path("stock/<int:pk>/shelf/", stock_views.shelf, name="stock_shelf"),
]
