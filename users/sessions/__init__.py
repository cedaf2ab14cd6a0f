"""Sessions: signing in with a password, staying signed in, and signing out."""
