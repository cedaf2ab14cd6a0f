"""What becomes of lines that others write into the log. The shape of all lines is in the settings, a request's name in request_id.py."""

import logging


class HostNotServed(logging.Filter):
    """Lets Django's line about a host that is not served pass in a few words: any scanner would fill the log with traces."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.host = record.request.META.get("HTTP_HOST", "")[:100] if hasattr(record, "request") else ""
        record.msg, record.args, record.exc_info = "host not served: see ALLOWED_HOSTS", (), None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True
