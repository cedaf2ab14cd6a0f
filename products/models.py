"""What mentors offer. Every rule that must hold from the API, the admin and the shell is here."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator
from django.db import DatabaseError, models, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from products.querysets import CategoryQuerySet, ProductQuerySet
from users import names
from users.fields import KeyField
from users.models import User

LONGEST_NAME = 200
LONGEST_KEY = 3 * LONGEST_NAME  # in UTF-8 that fits into an index of PostgreSQL
LONGEST_DESCRIPTION = 5000
MOST_IN_STOCK = 2**31 - 1
DIGITS, PLACES = 10, 2  # of a price


def validate_name(name: str) -> None:
    """Raises ValidationError on a name of blanks only, and on one whose characters grow too many when they are compared."""
    if not name.strip():
        raise ValidationError(_("A name must not be blank."), code="blank")
    if len(names.key(name)) > LONGEST_KEY:
        raise ValidationError(_("This name is too long."), code="max_length")


class Keyed(models.Model):
    """A model that is found by its texts in whatever case and form: the form to compare stands in a column of its own."""

    KEYS: dict[str, str] = {}  # that column by the text's

    class Meta:
        abstract = True

    def save(self, *args, update_fields=None, **options):
        self.tidy()
        super().save(*args, update_fields=None if update_fields is None else self.with_keys(update_fields), **options)

    save.alters_data = True

    def tidy(self) -> None:
        """Fill what follows from other fields."""
        deferred = self.get_deferred_fields()
        for text, key in self.KEYS.items():
            if text not in deferred:
                setattr(self, key, names.key(getattr(self, text)))

    @classmethod
    def with_keys(cls, fields) -> set[str]:
        return {*fields, *(cls.KEYS[field] for field in fields if field in cls.KEYS)}


class Category(Keyed):
    KEYS = {"name": "name_key"}

    name = models.CharField(_("name"), max_length=LONGEST_NAME, validators=[validate_name])
    name_key = KeyField(editable=False)

    objects = CategoryQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("category"), _("categories")
        constraints = [models.UniqueConstraint(fields=["name_key"], name="one_category_a_name")]

    def __str__(self):
        return self.name

    @transaction.atomic
    def delete(self, *args, **options):
        type(self).objects.select_for_update().filter(pk=self.pk).first()  # see CategoryQuerySet.delete
        return super().delete(*args, **options)

    delete.alters_data = True

    def clean(self):
        super().clean()
        if type(self).objects.named(self.name).exclude(pk=self.pk).exists():
            raise ValidationError({"name": _("A category of this name exists already.")}, code="unique")


def price_field(label, **options) -> models.DecimalField:
    return models.DecimalField(label, max_digits=DIGITS, decimal_places=PLACES, validators=[MinValueValidator(0)], **options)


class Product(Keyed):
    KEYS = {"name": "name_key", "description": "description_key"}

    mentor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("mentor"),
        on_delete=models.CASCADE,
        related_name="products",
        limit_choices_to={"is_mentor": True, "is_active": True},
        db_index=False,  # see products_by_mentor
    )
    name = models.CharField(_("name"), max_length=LONGEST_NAME, validators=[validate_name])
    name_key = KeyField(editable=False)
    description = models.TextField(_("description"), blank=True, default="", validators=[MaxLengthValidator(LONGEST_DESCRIPTION)])
    description_key = KeyField(editable=False, blank=True, default="")
    regular_price = price_field(_("regular price"))
    discount_price = price_field(_("discount price"), null=True, blank=True, help_text=_("Not above the regular price."))
    price = models.GeneratedField(
        expression=Coalesce("discount_price", "regular_price"),
        output_field=models.DecimalField(max_digits=DIGITS, decimal_places=PLACES),
        db_persist=True,
        verbose_name=_("price"),
    )
    stock = models.PositiveIntegerField(_("in stock"), validators=[MaxValueValidator(MOST_IN_STOCK)])
    categories = models.ManyToManyField(Category, verbose_name=_("categories"), related_name="products", blank=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("product"), _("products")
        constraints = [
            models.CheckConstraint(condition=Q(regular_price__gte=0), name="regular_price_not_negative"),
            models.CheckConstraint(condition=Q(discount_price__gte=0), name="discount_price_not_negative"),
            models.CheckConstraint(condition=Q(discount_price__lte=F("regular_price")), name="discount_not_above_the_price"),
            models.CheckConstraint(condition=Q(stock__gte=0, stock__lte=MOST_IN_STOCK), name="stock_can_be_counted"),
        ]
        indexes = [
            models.Index(fields=["mentor", "id"], name="products_by_mentor"),
            models.Index(fields=["price", "id"], name="products_by_price"),
            models.Index(fields=["name_key", "id"], name="products_by_name"),
        ]

    def __str__(self):
        return self.name

    # Saving. Who writes a product holds its mentor's row first: so the changes of one mentor's products take turns, and
    # none of them comes between the deletion of an account and of its products, which would stop it.

    @transaction.atomic
    def save(self, *args, **options):
        """As Django's. Raises ValidationError on a new product of who is no active mentor (any more), and DoesNotExist
        where the product was deleted meanwhile.
        """
        mentor = self.hold()
        if self._state.adding and not (mentor and mentor.takes_mentees):
            raise ValidationError({"mentor": _("Only an active mentor offers products.")}, code="no_mentor")
        try:
            super().save(*args, **options)
        except DatabaseError as refused:
            if type(refused) is DatabaseError:  # Django's own, not the database's: there was no such row
                raise self.DoesNotExist from None
            raise

    save.alters_data = True

    @transaction.atomic
    def delete(self, *args, **options):
        self.hold()
        return super().delete(*args, **options)

    delete.alters_data = True

    def clean(self):
        super().clean()
        if self.discount_price is not None and self.regular_price is not None and self.discount_price > self.regular_price:
            raise ValidationError({"discount_price": _("The discount price must not be above the regular price.")}, code="above")

    def hold(self) -> User | None:
        """The mentor, whose products nobody else changes before this transaction ends; None where the account is deleted."""
        mentor = User.objects.filter(pk=self.mentor_id).select_for_update(no_key=True)
        return mentor.only("is_active", "is_mentor").first()
