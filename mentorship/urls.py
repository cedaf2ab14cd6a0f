"""All routes: the API (mounted twice, as /api/ and /api/v1/), its documents, the admin. Health is in api/edge.py."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from mentorship.api import documents
from mentorship.api.index import Index, NotThere

api = [
    path("", Index.as_view(), name="index"),
    path("", include("users.urls")),
    path("", include("products.urls")),
    path("schema/", documents.Schema.as_view(), name="schema"),
    path("docs/", documents.SwaggerUI.as_view(), name="docs"),
    re_path(r"", NotThere.as_view()),
]

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="docs")),
    path("api/v1/", include(api)),
    path("api/", include(api)),
    path("redoc/", documents.Redoc.as_view(), name="redoc"),
    path("admin/", admin.site.urls),
]
