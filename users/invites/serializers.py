"""What comes in and what goes out about invites."""

from rest_framework import serializers

from users.invites.guesses import InviteCodeField, guessing_invites
from users.models import User
from users.serializers import own_detail


class InviteSerializer(serializers.Serializer):
    invite_code = InviteCodeField(help_text="Six characters, A-Z and 0-9, in either case.")

    def update(self, instance: User, validated_data: dict) -> User:
        with guessing_invites(self.context["request"]):
            instance.accept_invite(validated_data["invite_code"])
        return instance

    def to_representation(self, instance: User) -> dict:
        return own_detail(instance)
