from users.admin import people, signing_in  # noqa: F401 they register what they show
