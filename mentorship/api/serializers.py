"""What serializers of all apps share."""

from django.db import IntegrityError
from rest_framework import serializers


class ChecksAgain(serializers.Serializer):
    """What was free, or there, when it was checked may be taken, or gone, when it is written: the same check says so then."""

    def save(self, **more):
        """As DRF's. `create` and `update` undo what they wrote, by a transaction of their own, before an IntegrityError leaves them."""
        try:
            return super().save(**more)
        except IntegrityError:
            self.run_validation(self.initial_data)
            raise


class SaysSerializer(serializers.Serializer):
    """What was done."""

    detail = serializers.CharField()


class MessageSerializer(serializers.Serializer):
    """What was done, in the word that the clients of this route know."""

    message = serializers.CharField()
