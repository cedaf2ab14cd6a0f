"""The torture chamber: what the service promises, tried by force. See torture/__main__.py."""
