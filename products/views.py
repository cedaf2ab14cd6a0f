"""What mentors offer, and the categories it is in."""

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.generics import ListCreateAPIView, RetrieveUpdateDestroyAPIView, get_object_or_404
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.response import Response

from mentorship.api.fields import parse_id
from mentorship.api.pagination import NumberedPagination
from mentorship.api.serializers import MessageSerializer
from products.filters import ProductFilter
from products.models import Category, Product
from products.permissions import ChangesOnlyOnesOwn, MentorsAndStaffName, MentorsOffer, ReadByAnybody
from products.serializers import CategorySerializer, ProductSerializer

READING = extend_schema(auth=[{}, {"bearer": []}])


@extend_schema_view(get=READING, post=extend_schema(summary="Offer something, as a mentor"))
class ProductList(ReadByAnybody, ListCreateAPIView):
    """What mentors offer, the newest first. POST offers something, as a mentor."""

    permission_classes = [IsAuthenticatedOrReadOnly, MentorsOffer]
    serializer_class = ProductSerializer
    pagination_class = NumberedPagination
    filter_backends = [DjangoFilterBackend]
    filterset_class = ProductFilter
    documented_errors = {"GET": [404], "POST": [403]}

    def get_queryset(self):
        return Product.objects.visible_to(self.request.user).shown().order_by("-id")

    def perform_create(self, serializer):
        serializer.save(mentor=self.request.user)

    def get_success_headers(self, data: dict) -> dict[str, str]:
        return {"Location": reverse("product", args=[data["id"]])}


@extend_schema_view(
    get=READING,
    put=extend_schema(summary="Change what you offer", request=ProductSerializer(partial=True)),
    patch=extend_schema(summary="Change what you offer"),
    delete=extend_schema(summary="Offer it no more", responses={200: MessageSerializer}),
)
class ProductDetail(ReadByAnybody, RetrieveUpdateDestroyAPIView):
    """One product. PATCH and PUT are one: what is not sent stays."""

    permission_classes = [IsAuthenticatedOrReadOnly, ChangesOnlyOnesOwn]
    serializer_class = ProductSerializer
    documented_errors = dict.fromkeys(["PUT", "PATCH", "DELETE"], [403])

    def get_object(self):
        visible = Product.objects.visible_to(self.request.user).shown()
        product = get_object_or_404(visible, pk=parse_id(self.kwargs["product"]) or 0)
        self.check_object_permissions(self.request, product)
        return product

    def put(self, request, *args, **kwargs):
        return self.partial_update(request, *args, **kwargs)

    def delete(self, request, *args, **kwargs):
        deleted, _rows = self.get_object().delete()
        if not deleted:
            raise Http404
        return Response({"message": _("Product deleted successfully")})


@extend_schema_view(get=READING, post=extend_schema(summary="Add a category, as a mentor or staff"))
class CategoryList(ReadByAnybody, ListCreateAPIView):
    """All categories, by name. POST adds one, as a mentor or staff."""

    permission_classes = [IsAuthenticatedOrReadOnly, MentorsAndStaffName]
    queryset = Category.objects.order_by("name_key")
    serializer_class = CategorySerializer
    pagination_class = None
    documented_errors = {"POST": [403]}
