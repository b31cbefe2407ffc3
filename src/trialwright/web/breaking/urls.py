"""Every address of the break host."""

from django.urls import path

from trialwright.web.breaking import views

urlpatterns = [
    path("", views.code_break, name="code-break"),
    path("alive", views.alive, name="alive"),
]

handler400 = views.bad_request
handler404 = views.not_found
handler500 = views.failed
