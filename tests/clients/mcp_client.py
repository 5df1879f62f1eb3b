"""Another MCP client that tidegate's authors did not write; takes and gives the same as node/mcp-client.mjs."""

import asyncio
import json
import sys

from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client


def server(wanted):
    if "url" in wanted:
        token = wanted.get("token")
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return streamable_http_client(wanted["url"], http_client=create_mcp_http_client(headers=headers))
    return StdioServerParameters(command=wanted["command"], args=wanted["args"], env=wanted["env"])


async def main():
    wanted = json.loads(sys.argv[1])
    answers = []
    async with Client(server(wanted), mode=wanted.get("mode", "auto")) as client:
        listed = await client.list_tools()
        tools = [tool.model_dump(by_alias=True, exclude_none=True, mode="json") for tool in listed.tools]
        for name, arguments in wanted["calls"]:
            try:
                answer = await client.call_tool(name, arguments)
                answers.append(answer.model_dump(by_alias=True, exclude_none=True, mode="json"))
            except Exception as error:
                answers.append({"refused": str(error)})
        info = client.server_info
        said = {"server": {"name": info.name, "version": info.version}, "protocol": client.protocol_version}
    json.dump({**said, "tools": tools, "answers": answers}, sys.stdout)


asyncio.run(main())
