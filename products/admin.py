"""Products and categories in the admin, kept by staff."""

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from mentorship.api.fields import parse_id
from products.models import Category, Product
from users import names
from users.admin.forms import UserSelect
from users.admin.refusals import says_why_not


class Kept(admin.ModelAdmin):
    """Found by name in any case and form; what is refused while others change the same is said as a message."""

    list_per_page, show_full_result_count, show_facets = 50, False, admin.ShowFacets.NEVER
    search_fields = ["name_key__contains"]
    search_help_text = _("A part of the name, in any case.")

    def get_search_results(self, request, queryset, search_term):
        return super().get_search_results(request, queryset, names.key(search_term.replace("\0", "")))

    def save_model(self, request, obj, form, change):
        """Writes what was changed and nothing else: others may change the rest meanwhile."""
        if not change:
            return super().save_model(request, obj, form, change)
        try:
            obj.save(update_fields={field.name for field in self.opts.concrete_fields}.intersection(form.changed_data))
        except self.model.DoesNotExist:
            raise ValidationError(_("This was deleted meanwhile.")) from None

    changeform_view = says_why_not(admin.ModelAdmin.changeform_view)
    changelist_view = says_why_not(admin.ModelAdmin.changelist_view)
    delete_view = says_why_not(admin.ModelAdmin.delete_view)


@admin.register(Category)
class CategoryAdmin(Kept):
    list_display = ["name"]
    ordering = ["name_key"]


class CategoriesField(forms.ModelMultipleChoiceField):
    def clean(self, value):
        for one in value or ():
            if parse_id(one) is None:  # beyond what the database can compare ids with
                raise ValidationError(self.error_messages["invalid_pk_value"], code="invalid_pk_value", params={"pk": one})
        return super().clean(value)


@admin.register(Product)
class ProductAdmin(Kept):
    list_display = ["name", "mentor", "regular_price", "discount_price", "stock", "is_listed"]
    list_select_related = ["mentor"]
    list_filter = ["categories"]
    ordering = ["-id"]
    fields = ["mentor", "name", "description", "regular_price", "discount_price", "stock", "categories"]
    filter_horizontal = ["categories"]

    @admin.display(boolean=True, description=_("listed"))
    def is_listed(self, product: Product) -> bool:
        return product.mentor.takes_mentees

    def get_readonly_fields(self, request, obj=None):
        return ["mentor"] if obj else []

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == "mentor":  # offers those whom the field's limit_choices_to allows
            kwargs["widget"] = UserSelect(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        return super().formfield_for_manytomany(db_field, request, form_class=CategoriesField, **kwargs)
