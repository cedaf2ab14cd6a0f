"""Invites: everybody has a code, and can be invited once, by somebody else's."""
