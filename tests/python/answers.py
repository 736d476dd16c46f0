"""What Schemathesis checks of each answer, beside what it checks itself: see https://schemathesis.readthedocs.io."""

import json
import re

import schemathesis

# Errors are told by these, and by nothing of the libraries and databases beneath.
CODES = {
    "UNAUTHENTICATED", "FORBIDDEN", "NOT_FOUND", "INVALID", "CONFLICT", "STRIPE", "RATE_LIMITED",
}
# What asks Stripe may find it away; nothing else is.
ASKING_STRIPE = {"checkoutSession", "createCheckoutSession", "linkCustomer", "startBackfill", "syncObject"}
FOREIGN = re.compile(r"sqlx|sqlite|postgres|sea_orm|serde|SELECT |syntax error at|no such column|invalid byte|panicked|\.rs\b")


@schemathesis.check
def told_in_our_words(ctx, response, case):
    """No server error, and none that nobody foresaw."""
    told = f"{case.body!r}: {response.status_code} {response.text[:1000]}"
    assert response.status_code < 500, told
    for error in json.loads(response.text).get("errors", []):
        asks_stripe = error.get("path", [None])[0] in ASKING_STRIPE
        assert error["extensions"]["code"] in CODES | ({"UNAVAILABLE"} if asks_stripe else set()), told
        assert error["extensions"]["requestId"].startswith("req_"), told
        assert not FOREIGN.search(error["message"]), told
