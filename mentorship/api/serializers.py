"""What serializers of all apps share."""

from django.db import IntegrityError
from rest_framework import serializers
from rest_framework.response import Response


def saved(serializer: serializers.Serializer) -> Response:
    """Check what came in, do it, and answer with what the serializer says came of it. Raises ValidationError (400)."""
    serializer.is_valid(raise_exception=True)
    serializer.save()
    return Response(serializer.data)


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
