// An MCP client that tidegate's authors did not write, driven by one JSON document in its argument:
// {"url", "token"} or {"command", "args", "env"}, and "calls": [[tool, arguments], …]. What it saw goes to standard output.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const wanted = JSON.parse(process.argv[2]);
const transport = wanted.url
  ? new StreamableHTTPClientTransport(new URL(wanted.url), {
      requestInit: wanted.token ? { headers: { authorization: `Bearer ${wanted.token}` } } : {},
    })
  : new StdioClientTransport({ command: wanted.command, args: wanted.args, env: wanted.env, stderr: "inherit" });
const client = new Client({ name: "tidegate-tests", version: "1.0.0" });
await client.connect(transport);
const { tools } = await client.listTools();
const answers = [];
for (const [name, args] of wanted.calls) {
  try {
    answers.push(await client.callTool({ name, arguments: args }));
  } catch (error) {
    answers.push({ refused: String(error.message) });
  }
}
const server = client.getServerVersion();
await client.close();
process.stdout.write(JSON.stringify({ server, tools, answers }));
