"""Phones: codes that are sent to them, and the door that they open."""
