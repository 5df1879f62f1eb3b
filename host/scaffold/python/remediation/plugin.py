"""Looks whether the service of an incident hangs, and proposes a restart. wit/remediation.wit has the contract."""

import json
from urllib.parse import quote

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.remediation import Action, Call, Capability, Finding, Incident, Planned, Proposal, Risk
from wit_world.imports import http_client, tools
from wit_world.imports.types import CallError_Other

SCHEMA = {"type": "object", "properties": {"service": {"type": "string"}}, "required": ["service"]}


class Remediation(exports.Remediation):
    def capabilities(self) -> list[Capability]:
        return [Capability("restart", "Restarts a service", json.dumps(SCHEMA), Risk.LOW, repeatable=True, extra=[])]

    def plan(self, what: Incident) -> Planned:
        service = dict(what.labels).get("service")
        status = (tool.name for tool in tools.catalogue() if tool.read_only and tool.name.endswith(".service_status"))
        tool = next(status, None)
        if service is None or tool is None:
            text = "no tool tells how the service is" if service else "the alerts have no label `service`"
            return Planned([], [Finding(service or "", text, [], [])], [])
        state = json.loads(attempt(tools.look, tool, json.dumps({"service": service})))["state"]
        evidence = [f"{tool} says that it is {state}"]
        if state != "hung":
            return Planned([], [Finding(f"service/{service}", "the service does not hang", evidence, [])], [])
        proposal = Proposal(
            call=Call("{{name}}.restart", json.dumps({"service": service})),
            target=f"service/{service}",
            reason="the service hangs, and a restart ends that",
            evidence=evidence,
            root_cause=f"{service} hangs",
            verify=None,
            undo=None,
            extra=[],
        )
        return Planned([proposal], [], [])

    def execute(self, attempt_id: str, what: Action) -> str:
        """Runs only once the gate has permitted exactly this."""
        service = json.loads(what.arguments)["service"]
        url = f"https://ops.example.com/services/{quote(service, safe='')}/restart"
        headers = [("authorization", "Bearer {{secret:token}}"), ("idempotency-key", attempt_id)]
        request = http_client.Request("POST", url, headers, "", body_secrets=False, timeout_ms=None)
        answer = attempt(http_client.send, request)
        if answer.status != 200:
            raise Err(CallError_Other(f"the service was not restarted: {answer.status} {answer.body}"))
        return f"{service} was restarted"


def attempt(call, *arguments):
    """What an import raises is of its own kind; what goes out says why this call did not succeed."""
    try:
        return call(*arguments)
    except Err as error:
        raise Err(CallError_Other(str(error.value)))
