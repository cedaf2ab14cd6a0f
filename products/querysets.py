"""Which products qualify, and writes of many rows at once that fill the compared forms too."""

from django.db import NotSupportedError, models, transaction
from django.db.models import Q

from users import names
from users.models import User


class KeyedQuerySet(models.QuerySet):
    """Of a model whose KEYS say which text is compared by which column."""

    def named(self, name: str):
        return self.filter(name_key=names.key(name))

    def update(self, **values) -> int:
        for text in values.keys() & self.model.KEYS.keys():
            if not isinstance(values[text], str):
                raise NotSupportedError(f"update({text}=…) takes a plain text: its compared form follows from it")
            values[self.model.KEYS[text]] = names.key(values[text])
        return super().update(**values)

    update.alters_data = True

    def bulk_create(self, objs, *args, **options):
        objs = list(objs)
        for one in objs:
            one.tidy()
        return super().bulk_create(objs, *args, **options)

    def bulk_update(self, objs, fields, *args, **options) -> int:
        objs = list(objs)
        for one in objs:
            one.tidy()
        # Django's bulk_update() ends in update(), which would ask for plain texts.
        plain = models.QuerySet(self.model, using=self.db)
        return plain.bulk_update(objs, sorted(self.model.with_keys(fields)), *args, **options)

    bulk_update.alters_data = True


class CategoryQuerySet(KeyedQuerySet):
    @transaction.atomic
    def delete(self):
        """As Django's. A product that takes one of them at this moment waits, and then finds it gone."""
        list(self.order_by("pk").select_for_update().values_list("pk"))
        return super().delete()

    delete.alters_data = True
    delete.queryset_only = True


class ProductQuerySet(KeyedQuerySet):
    def listed(self):
        """Those of active mentors: who stops being one takes them off the list, and brings them back by being one again."""
        return self.filter(mentor__is_active=True, mentor__is_mentor=True)

    def visible_to(self, viewer):
        """What is listed and what is one's own; staff see all."""
        if viewer.is_staff:
            return self
        # The last condition below keeps the database from an index: it is left to the few whose own is not listed.
        if viewer.is_anonymous or viewer.takes_mentees or not viewer.products.exists():
            return self.listed()
        return self.filter(Q(mentor__is_active=True, mentor__is_mentor=True) | Q(mentor=viewer.pk))

    def shown(self):
        """With what a reader is shown, in two statements however many they are."""
        columns = ("name", "description", "regular_price", "discount_price", "stock", "mentor__username")
        return self.select_related("mentor").only(*columns).prefetch_related("categories")

    def containing(self, text: str):
        """Those in whose name or description the text stands, in any case and form."""
        key = names.key(text)
        return self.filter(Q(name_key__contains=key) | Q(description_key__contains=key))

    def of(self, username: str):
        return self.filter(mentor=models.Subquery(User.objects.named(username).values("pk")[:1]))

    def held(self, product):
        """The product as it is now, which nobody else changes before this transaction ends. Raises DoesNotExist."""
        product.hold()
        return self.shown().get(pk=product.pk)

    @transaction.atomic
    def delete(self):
        """As Django's, holding all their mentors."""
        list(User.objects.filter(pk__in=self.order_by().values("mentor")).order_by("pk").select_for_update(no_key=True).values_list("pk"))
        return super().delete()

    delete.alters_data = True
    delete.queryset_only = True
