// Looks whether the service of an incident hangs, and proposes a restart. wit/remediation.wit has the contract.
import { catalogue, look } from "tidegate:plugin/tools@0.1.0";
import { send } from "tidegate:plugin/http-client@0.1.0";

const schema = { type: "object", properties: { service: { type: "string" } }, required: ["service"] };

export const remediation = {
  capabilities() {
    const description = "Restarts a service";
    return [{ name: "restart", description, schema: JSON.stringify(schema), risk: "low", repeatable: true, extra: [] }];
  },

  plan(incident) {
    const service = incident.labels.find(([key]) => key === "service")?.[1];
    const tool = catalogue().find((tool) => tool.readOnly && tool.name.endsWith(".service_status"))?.name;
    if (!service || !tool) {
      const text = service ? "no tool tells how the service is" : "the alerts have no label `service`";
      return { proposals: [], findings: [{ about: service ?? "", text, evidence: [], extra: [] }], extra: [] };
    }
    const { state } = JSON.parse(attempt(() => look(tool, JSON.stringify({ service }))));
    const evidence = [`${tool} says that it is ${state}`];
    if (state !== "hung") {
      const finding = { about: `service/${service}`, text: "the service does not hang", evidence, extra: [] };
      return { proposals: [], findings: [finding], extra: [] };
    }
    const proposal = {
      call: { tool: "{{name}}.restart", arguments: JSON.stringify({ service }) },
      target: `service/${service}`,
      reason: "the service hangs, and a restart ends that",
      evidence,
      rootCause: `${service} hangs`,
      verify: undefined,
      undo: undefined,
      extra: [],
    };
    return { proposals: [proposal], findings: [], extra: [] };
  },

  // Runs only once the gate has permitted exactly this.
  execute(attemptId, action) {
    const { service } = JSON.parse(action.arguments);
    const url = `https://ops.example.com/services/${encodeURIComponent(service)}/restart`;
    const headers = [["authorization", "Bearer {{secret:token}}"], ["idempotency-key", attemptId]];
    const request = { method: "POST", url, headers, body: "", bodySecrets: false, timeoutMs: undefined };
    const { status, body } = attempt(() => send(request));
    if (status !== 200) throw { tag: "other", val: `the service was not restarted: ${status} ${body}` };
    return `${service} was restarted`;
  },
};

// What an import throws is of its own kind; what goes out says why this call did not succeed.
function attempt(call) {
  try {
    return call();
  } catch (error) {
    throw { tag: "other", val: JSON.stringify(error.payload ?? String(error)) };
  }
}
