"""The routes of people and sessions, below /api/. The slash at the end is optional (mentorship/api/edge.py)."""

from django.urls import path

from users import views as users
from users.sessions import views as sessions

urlpatterns = [
    path("registration/", users.Registration.as_view(), name="registration"),
    path("login/", sessions.Login.as_view(), name="login"),
    path("token/refresh/", sessions.Refresh.as_view(), name="token-refresh"),
    path("logout/", sessions.Logout.as_view(), name="logout"),
    path("change-password/", sessions.ChangePassword.as_view(), name="change-password"),
    path("sessions/", sessions.SessionList.as_view(), name="sessions"),
    path("sessions/<str:session>/", sessions.SessionDetail.as_view(), name="session"),
    path("users/", users.UserList.as_view(), name="users"),
    path("users/me/mentees/<str:mentee>/", users.OwnMentee.as_view(), name="own-mentee"),
    path("users/<str:who>/", users.UserDetail.as_view(), name="user"),
    path("users/<str:who>/mentees/", users.MenteeList.as_view(), name="mentees"),
]
