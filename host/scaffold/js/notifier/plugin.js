// Posts one message to the address of the settings. wit/notifier.wit says what a message holds.
import { send } from "tidegate:plugin/http-client@0.1.0";
import { get } from "tidegate:plugin/settings@0.1.0";

export const notifier = {
  notify(message) {
    const { url } = JSON.parse(get());
    const request = {
      method: "POST",
      url,
      headers: [
        ["content-type", "application/json"],
        // The host fills the secret in, for origins that the operator granted it for.
        ["authorization", "Bearer {{secret:token}}"],
        ["idempotency-key", message.deliveryId],
      ],
      body: JSON.stringify({ text: `${message.title}\n\n${message.bodyMarkdown}` }),
      // What alerts say stands in the body, so no secret is filled in there.
      bodySecrets: false,
      timeoutMs: undefined,
    };
    let response;
    try {
      response = send(request);
    } catch (error) {
      throw failed(error.payload ?? error);
    }
    if (response.status >= 200 && response.status < 300) {
      // A reference would go here, for a target that can change what it has shown.
      return undefined;
    }
    const reason = `the chat answered ${response.status}: ${response.body}`;
    if (response.status === 429 || response.status >= 500) {
      const header = response.headers.find(([name]) => name === "retry-after");
      const seconds = Number(header?.[1]);
      const afterMs = seconds > 0 && seconds < 1e6 ? Math.ceil(seconds * 1000) : undefined;
      throw { tag: "unavailable", val: { reason, afterMs } };
    }
    throw { tag: response.status === 401 ? "misconfigured" : "other", val: reason };
  },
};

// What the host tries again is what may pass.
function failed(error) {
  const reason = `the chat: ${error.tag} ${error.val ?? ""}`.trim();
  if (error.tag === "timeout" || error.tag === "unreachable") {
    return { tag: "unavailable", val: { reason, afterMs: undefined } };
  }
  return { tag: error.tag === "denied" ? "misconfigured" : "other", val: reason };
}
