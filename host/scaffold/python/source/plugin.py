"""Turns what the sender posts into alerts: {"alerts": [{"title", "state", "severity", "host", "text", "since"}]}.

wit/source.wit says what comes in and what goes out; names-with-dashes have underscores here.
"""

import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.source import Decoded, Inbound, LeftOut
from wit_world.imports import log
from wit_world.imports.types import Alert, CallError_InvalidInput, Moment_Text, Status


class Source(exports.Source):
    def decode(self, request: Inbound) -> Decoded:
        try:
            body = json.loads(request.body)
        except ValueError as error:
            raise Err(CallError_InvalidInput(f"the body is no JSON: {error}"))
        items = body.get("alerts") if isinstance(body, dict) else None
        if not isinstance(items, list):
            raise Err(CallError_InvalidInput("alerts: expected a list"))
        decoded = Decoded(alerts=[], left_out=[], reply=None, confirm=None, extra=[])
        for i, item in enumerate(items):
            # One alert that cannot be read costs no other.
            if not isinstance(item, dict) or not isinstance(item.get("title"), str):
                reason = f"alerts[{i}].title: expected a string"
                decoded.left_out.append(LeftOut(name="", reason=reason, count=1, by_sender=False))
                continue
            decoded.alerts.append(alert(item))
        log.write(log.Level.DEBUG, f"{len(decoded.alerts)} alerts")
        return decoded


def alert(item: dict) -> Alert:
    return Alert(
        name=item["title"],
        status=Status.RESOLVED if item.get("state") == "ok" else Status.FIRING,
        severity=item.get("severity"),
        # What tells this alert from others; whatever changes while it lasts belongs into the annotations.
        labels=pairs(host=item.get("host")),
        annotations=pairs(summary=item.get("text")),
        starts_at=Moment_Text(str(item["since"])) if "since" in item else None,
        ends_at=None,
        fingerprint=None,
        link=None,
        extra=[],
    )


def pairs(**values: object) -> list[tuple[str, str]]:
    return [(key, str(value)) for key, value in values.items() if value is not None]
