import secrets
from random import Random

from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand, CommandError
from django.db import reset_queries
from django.db.models import Max
from django.utils import timezone
from tqdm import tqdm

from users.models import User

FIRST = """Ada Agnes Albert Alma Amir Anna Anton Arthur Astrid Boris Carla Clara Daria David Diego Dmitri Edith Elena Emil Emma Eric Esther
Farid Fatima Felix Flora Frida George Greta Hana Hugo Ida Igor Ines Irina Ivan Jana Jonas Julia Karim Kira Lars Laura Leila Leo Lidia Lucas
Maria Marta Max Mila Nadia Nina Noah Olga Omar Oscar Pablo Paul Petra Rosa Samir Sofia Tamara Theo Vera Victor Yara Zoe""".split()
LAST = """Abbott Adler Alvarez Bauer Becker Belov Bennett Castro Chen Clarke Costa Dahl Dubois Egorov Farrell Fischer Fontaine Garcia
Grant Haddad Hansen Ivanova Jensen Kaplan Kim Klein Kovacs Kruger Larsen Lebedev Lopez Marino Meyer Mori Moreau Nakamura Novak Olsen Orlova
Park Petrov Quinn Ramos Reyes Romano Rossi Sato Schmidt Silva Singh Sokolov Tanaka Torres Vasquez Volkova Wagner Walsh Weber
Yilmaz Zhukov""".split()
SMALLEST, LARGEST = 20, 2500  # people in one transaction: a statement must end well within its timeout


class Command(BaseCommand):
    help = (
        "Adds a believable population: every tenth is a mentor, most have a mentor, and a few mentors have very many mentees and invited."
    )

    def add_arguments(self, parser):
        parser.add_argument("--users", type=int, required=True, help="how many people to add")
        parser.add_argument("--password", help="what all of them sign in with; a random one, printed at the end, where it is not given")

    def handle(self, *args, users: int, password: str | None, **options):
        if users < 1:
            raise CommandError("--users must be 1 or more")
        password = password or secrets.token_urlsafe(9)
        first = 1 + (User.objects.aggregate(last=Max("pk"))["last"] or 0)  # their names end in numbers that no id has reached
        people = Population(first, make_password(password))
        with tqdm(total=users, unit=" users", disable=options["verbosity"] == 0) as bar:
            added = 0  # the bar itself does not count while it is not shown
            while added < users:
                grown = people.grow(min(users - added, max(SMALLEST, min(added, LARGEST))))
                added += grown
                bar.update(grown)
                reset_queries()  # with DEBUG on Django keeps the text of the last 9000 statements
        self.stdout.write(f"Added {users} users, {len(people.mentors)} of them mentors. Their password: {password}", self.style.SUCCESS)


class Population:
    """It doubles until it grows by LARGEST at a time: who comes later chooses a mentor among those who came before."""

    def __init__(self, first: int, password_hash: str):
        self.number, self.password_hash = first, password_hash
        self.mentors: list[int] = []
        self.random = Random(first)  # noqa: S311 - the same population from the same start, and no secret

    def grow(self, by: int) -> int:
        made = User.objects.bulk_create([self._person(number) for number in range(self.number, self.number + by)])
        self.mentors += [user.pk for user in made if user.is_mentor]
        self.number += by
        return by

    def _person(self, number: int) -> User:
        first, last = self.random.choice(FIRST), self.random.choice(LAST)
        name = f"{first}.{last}.{number}".lower()
        mentor, email = self._mentor(), f"{name}@example.com" if self._happens(0.9) else ""
        inviter = mentor if self._happens(0.3) else None
        return User(
            username=name, password=self.password_hash, first_name=first, last_name=last,
            email=email, proven_email=email if self._happens(0.6) else "",
            phone=f"+7999{number % 10**7:07}" if self._happens(0.8) else "",
            is_mentor=number % 10 == 0, mentor_id=mentor, taken_on_by=inviter,
            invited_by_id=inviter, invited_at=timezone.now() if inviter else None,
        )  # fmt: skip

    def _mentor(self) -> int | None:
        """One of the mentors, the first of them by far the most often; for every sixth, nobody."""
        if self.mentors and self._happens(5 / 6):
            return self.mentors[int(len(self.mentors) * self.random.random() ** 5)]
        return None

    def _happens(self, share: float) -> bool:
        return self.random.random() < share
