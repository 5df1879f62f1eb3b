// Turns what the sender posts into alerts: {"alerts": [{"title", "state", "severity", "host", "text", "since"}]}.
// wit/source.wit says what comes in and what goes out; names-with-dashes are namesWithCapitals here.
import { write } from "tidegate:plugin/log@0.1.0";

export const source = {
  decode(request) {
    let body;
    try {
      body = JSON.parse(request.body);
    } catch (error) {
      throw { tag: "invalid-input", val: `the body is no JSON: ${error.message}` };
    }
    if (!Array.isArray(body?.alerts)) {
      throw { tag: "invalid-input", val: "alerts: expected a list" };
    }
    const decoded = { alerts: [], leftOut: [], extra: [] };
    body.alerts.forEach((item, i) => {
      // One alert that cannot be read costs no other.
      if (typeof item?.title !== "string") {
        const reason = `alerts[${i}].title: expected a string`;
        decoded.leftOut.push({ name: "", reason, count: 1, bySender: false });
        return;
      }
      decoded.alerts.push({
        name: item.title,
        status: item.state === "ok" ? "resolved" : "firing",
        severity: item.severity,
        // What tells this alert from others; whatever changes while it lasts belongs into the annotations.
        labels: pairs({ host: item.host }),
        annotations: pairs({ summary: item.text }),
        startsAt: item.since === undefined ? undefined : { tag: "text", val: String(item.since) },
        endsAt: undefined,
        fingerprint: undefined,
        link: undefined,
        extra: [],
      });
    });
    write("debug", `${decoded.alerts.length} alerts`);
    return decoded;
  },
};

function pairs(object) {
  return Object.entries(object).filter(([, value]) => value !== undefined).map(([key, value]) => [key, String(value)]);
}
