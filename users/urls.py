"""The routes of people and of the ways in, below /api/. The slash at the end is optional (mentorship/api/edge.py)."""

from django.urls import path

from users import quick
from users import views as users
from users.emails import views as emails
from users.invites import views as invites
from users.phones import views as phones
from users.sessions import views as sessions

urlpatterns = [
    path("registration/", users.Registration.as_view(), name="registration"),
    path("login/", sessions.Login.as_view(), name="login"),
    path("auth/signup/", phones.AskForCode.as_view(), name="auth-signup"),
    path("auth/code/", phones.UseCode.as_view(), name="auth-code"),
    path("email/confirm/", emails.ConfirmEmail.as_view(), name="email-confirm"),
    path("email/resend/", emails.ResendConfirmation.as_view(), name="email-resend"),
    path("password/reset/", emails.AskForReset.as_view(), name="password-reset"),
    path("password/reset/confirm/", emails.ResetPassword.as_view(), name="password-reset-confirm"),
    path("token/refresh/", quick.ahead(quick.refresh, sessions.Refresh.as_view()), name="token-refresh"),
    path("logout/", sessions.Logout.as_view(), name="logout"),
    path("change-password/", sessions.ChangePassword.as_view(), name="change-password"),
    path("sessions/", sessions.SessionList.as_view(), name="sessions"),
    path("sessions/<str:session>/", sessions.SessionDetail.as_view(), name="session"),
    path("users/", quick.ahead(quick.users, users.UserList.as_view()), name="users"),
    path("users/me/invite/", invites.Invite.as_view(), name="invite"),
    path("users/me/mentees/<str:mentee>/", users.OwnMentee.as_view(), name="own-mentee"),
    path("users/<str:who>/", quick.ahead(quick.user, users.UserDetail.as_view()), name="user"),
    path("users/<str:who>/mentees/", users.MenteeList.as_view(), name="mentees"),
]
