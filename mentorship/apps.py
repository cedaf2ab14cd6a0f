from django.apps import AppConfig


class MentorshipConfig(AppConfig):
    name = "mentorship"

    def ready(self):
        from mentorship import checks, database  # noqa: F401 the checks register themselves

        database.watch()
