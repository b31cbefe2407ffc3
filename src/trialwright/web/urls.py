"""Every address of the application. A route without a declared blinding class fails a test."""

from django.urls import path

from trialwright.web import entry
from trialwright.web.clinic import views as clinic
from trialwright.web.office import views as office
from trialwright.web.public import views as public

urlpatterns = [
    path("", public.trial, name="trial"),
    path("enter/<str:token>", entry.enter, name="enter"),
    path("leave", entry.leave, name="leave"),
    path("overview", office.overview, name="overview"),
    path("participants", clinic.participant_list, name="participants"),
    path("participants/<str:participant>", clinic.participant, name="participant"),
]

handler404 = entry.not_found
handler500 = entry.failed
