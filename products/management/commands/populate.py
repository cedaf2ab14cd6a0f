from decimal import Decimal
from itertools import cycle, islice
from random import Random

from django.core.management.base import CommandError
from django.db import reset_queries, transaction
from django.db.models import Max
from tqdm import tqdm

from products.models import Category, Product
from users import names
from users.management.commands import populate
from users.models import User

CATEGORIES = ["Books", "Courses", "Consultations", "Templates", "Tools", "Workshops"]
ADJECTIVES = "Advanced Applied Complete Concise Everyday Illustrated Modern Practical Short Thorough".split()
SUBJECTS = (
    "Accounting Architecture Cooking Drawing English Gardening Guitar Marketing Mathematics Photography Python Statistics Writing".split()
)
FORMS = "Course Guide Handbook Lessons Toolkit Workbook Workshop".split()
AT_ONCE = 1000  # products in one transaction: a statement must end well within its timeout


class Command(populate.Command):
    help = f"{populate.Command.help} The mentors offer products."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--products", type=int, help="how many products these mentors offer together; one each, if not given")

    def handle(self, *args, products: int | None = None, **options):
        if products is not None and products < 0:
            raise CommandError("--products must be 0 or more")
        before = User.objects.aggregate(last=Max("pk"))["last"] or 0
        super().handle(*args, **options)
        mentors = list(User.objects.filter(pk__gt=before, is_mentor=True).order_by("pk").values_list("pk", flat=True))
        wanted = len(mentors) if products is None else products if mentors else 0
        offers = Offers(mentors, [self._category(name) for name in CATEGORIES])
        with tqdm(total=wanted, unit=" products", disable=options["verbosity"] == 0) as bar:
            for start in range(0, wanted, AT_ONCE):
                bar.update(offers.add(min(AT_ONCE, wanted - start)))
                reset_queries()  # with DEBUG on Django keeps the text of the last 9000 statements

    def _category(self, name: str) -> int:
        return Category.objects.get_or_create(name_key=names.key(name), defaults={"name": name})[0].pk


class Offers:
    """Products of the mentors, who take turns, each in one or two categories."""

    def __init__(self, mentors: list[int], categories: list[int]):
        self.mentors, self.categories = cycle(mentors), categories
        self.random = Random(len(mentors))  # noqa: S311 - believable, and no secret

    @transaction.atomic
    def add(self, number: int) -> int:
        made = Product.objects.bulk_create([self._product(mentor) for mentor in islice(self.mentors, number)])
        link = Product.categories.through
        link.objects.bulk_create(
            [link(product_id=product.pk, category_id=category) for product in made for category in self._some_categories()]
        )
        return len(made)

    def _product(self, mentor: int) -> Product:
        adjective, subject, form = (self.random.choice(words) for words in (ADJECTIVES, SUBJECTS, FORMS))
        price = Decimal(self.random.randint(300, 20_000)).scaleb(-2)
        discount = (price * 4 / 5).quantize(price) if self.random.random() < 0.3 else None
        return Product(
            mentor_id=mentor, name=f"{adjective} {subject} {form}", description=f"{subject}, as a {form.lower()}.",
            regular_price=price, discount_price=discount, stock=self.random.randint(0, 50),
        )  # fmt: skip

    def _some_categories(self) -> list[int]:
        return self.random.sample(self.categories, self.random.randint(1, 2))
