"""What Schemathesis checks of each answer, beside what it checks itself: see https://schemathesis.readthedocs.io."""

import json
import re

import schemathesis

# Errors are told by these, and by nothing of the libraries and databases beneath.
CODES = {
    "UNAUTHENTICATED", "FORBIDDEN", "NOT_FOUND", "INVALID", "CONFLICT", "STRIPE", "RATE_LIMITED", "UNAVAILABLE",
}
FOREIGN = re.compile(r"sqlx|sqlite|postgres|sea_orm|serde|SELECT |syntax error at|no such column|invalid byte|panicked|\.rs\b")


@schemathesis.check
def told_in_our_words(ctx, response, case):
    """No server error, and none that nobody foresaw."""
    told = f"{case.body!r}: {response.status_code} {response.text[:1000]}"
    assert response.status_code < 500, told
    for error in json.loads(response.text).get("errors", []):
        assert error["extensions"]["code"] in CODES, told
        assert error["extensions"]["requestId"].startswith("req_"), told
        assert not FOREIGN.search(error["message"]), told
