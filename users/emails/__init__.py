"""Emails: how an address is proven, what is written to it, and how a forgotten password is set anew."""
