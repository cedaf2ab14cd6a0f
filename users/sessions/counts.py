"""Sign-ins, counted by the way in and by what came of it: see mentorship/metrics.py."""

from mentorship import metrics

sign_in = metrics.counter("sign_ins", "Sign-ins that were tried, by the way in and what came of it.", "by", "outcome")
