"""Posts one message to the address of the settings. wit/notifier.wit says what a message holds."""

import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.notifier import Notification
from wit_world.imports import http_client, settings
from wit_world.imports.types import CallError_Misconfigured, CallError_Other, CallError_Unavailable, Retry


class Notifier(exports.Notifier):
    def notify(self, message: Notification) -> str | None:
        request = http_client.Request(
            method="POST",
            url=json.loads(settings.get())["url"],
            headers=[
                ("content-type", "application/json"),
                # The host fills the secret in, for origins that the operator granted it for.
                ("authorization", "Bearer {{secret:token}}"),
                ("idempotency-key", message.delivery_id),
            ],
            body=json.dumps({"text": f"{message.title}\n\n{message.body_markdown}"}),
            # What alerts say stands in the body, so no secret is filled in there.
            body_secrets=False,
            timeout_ms=None,
        )
        try:
            response = http_client.send(request)
        except Err as error:
            raise failed(error.value)
        if 200 <= response.status < 300:
            # A reference would go here, for a target that can change what it has shown.
            return None
        reason = f"the chat answered {response.status}: {response.body}"
        if response.status == 429 or response.status >= 500:
            after = dict(response.headers).get("retry-after", "")
            after_ms = int(after) * 1000 if after.isdecimal() and len(after) < 7 else None
            raise Err(CallError_Unavailable(Retry(reason=reason, after_ms=after_ms)))
        raise Err(CallError_Misconfigured(reason) if response.status == 401 else CallError_Other(reason))


def failed(error: http_client.HttpError) -> Err:
    """What the host tries again is what may pass."""
    reason = f"the chat: {error}"
    match error:
        case http_client.HttpError_Timeout() | http_client.HttpError_Unreachable():
            return Err(CallError_Unavailable(Retry(reason=reason, after_ms=None)))
        case http_client.HttpError_Denied():
            return Err(CallError_Misconfigured(reason))
    return Err(CallError_Other(reason))
