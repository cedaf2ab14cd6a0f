"""Mail on a developer's own screen: what a person would read of it, where Django's own prints it as it is encoded."""

from django.core.mail.backends.console import EmailBackend as DjangoEmailBackend


class EmailBackend(DjangoEmailBackend):
    def write_message(self, message):
        self.stream.write(f"Mail to {', '.join(message.to)}: {message.subject}\n\n{message.body}\n{'-' * 79}\n")
