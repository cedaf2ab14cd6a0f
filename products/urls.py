"""The routes of products, below /api/. The slash at the end is optional (mentorship/api/edge.py)."""

from django.urls import path

from products import views

urlpatterns = [
    path("products/", views.ProductList.as_view(), name="products"),
    path("products/<str:product>/", views.ProductDetail.as_view(), name="product"),
    path("categories/", views.CategoryList.as_view(), name="categories"),
]
