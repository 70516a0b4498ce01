"""The endpoints as tools for MCP clients (https://modelcontextprotocol.io), at ``/v1/mcp``.

Served by the official ``mcp`` package, which is imported with the first request: starting the app
costs nothing more. Gradio 6.31 has such a server, too; it needs ``mcp`` below 2 and a pydantic that
is older than the one here, goes through its queue, and takes pictures by their address.
"""

from __future__ import annotations

import asyncio
import json
from contextvars import Context
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from starlette.types import Receive, Scope, Send

from demos import models, page
from demos.language import Say, Words
from demos.limits import MB
from demos.v1 import errors
from demos.v1.description import described
from demos.v1.endpoints import ENDPOINTS, Endpoint
from inference import Engine
from inference.errors import BadInput
from pretrained.errors import MissingDependency

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager


class UnknownTool(BadInput):
    """Fields: name, known."""

    code = "v1_unknown_tool"
    sentence = "There is no tool {name}: choose one of {known}."


def check_installed() -> None:
    """Raises `MissingDependency`: the package is not there."""
    if find_spec("mcp") is None:
        raise MissingDependency(package="mcp")


class Tools:
    """ASGI application: every POST is answered by itself, so that any page process can (the
    protocol's stateless form)."""

    def __init__(self, engine: Engine, words: Words) -> None:
        self.engine, self.words = engine, words
        self._manager: asyncio.Future[StreamableHTTPSessionManager] | None = None
        self._running: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._manager is None:
            self._manager = asyncio.get_running_loop().create_future()
            # Of its own context: it outlives the request that happens to come first.
            self._running = asyncio.create_task(self._run(), context=Context())
        manager = await asyncio.shield(self._manager)
        await manager.handle_request(scope, receive, send)

    async def _run(self) -> None:
        """Keep the package's server running for as long as the event loop does."""
        assert self._manager is not None
        try:
            manager = await asyncio.to_thread(self._made)
            async with manager.run():
                self._manager.set_result(manager)
                await asyncio.Event().wait()
        except Exception as error:
            if not self._manager.done():
                self._manager.set_exception(error)
            raise

    def _made(self) -> StreamableHTTPSessionManager:
        """The server, with its two answers: which tools there are, and what one says."""
        import mcp_types as types
        from mcp.server.lowlevel.server import Server
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        def say_of(context: Any) -> Say:
            return self.words.speaker(context.request)

        async def list_tools(context: Any, _: Any) -> types.ListToolsResult:
            say = say_of(context)
            return types.ListToolsResult(tools=[_tool(say, one) for one in offered()])

        async def call_tool(context: Any, params: Any) -> types.CallToolResult:
            say = say_of(context)
            one = next((one for one in offered() if one.name == params.name), None)
            sentence_of = page.sentence_of if one is None else one.sentence_of
            try:
                if one is None:
                    known = ", ".join(each.name for each in offered())
                    raise UnknownTool(name=str(params.name)[:40], known=known)
                return await self.called(one, params.arguments or {})
            except Exception as error:
                said = errors.told(error, say, sentence_of)[1]["error"]["message"]
                return types.CallToolResult(content=[types.TextContent(text=said)], is_error=True)

        def offered() -> list[Endpoint]:
            tasks = {entry.task for entry in models.entries(self.engine).values()}
            return [one for one in ENDPOINTS if one.task in tasks]

        server: Server[Any] = Server(
            "breakthroughs",
            title=self.words.say("en", "house.name"),
            description=self.words.say("en", "house.description"),
            on_list_tools=list_tools,
            on_call_tool=call_tool,
        )
        return StreamableHTTPSessionManager(
            server,
            json_response=True,
            stateless=True,
            max_request_body_size=MB + self.engine.settings.max_upload_mb * MB * 4 // 3,
        )

    async def called(self, one: Endpoint, sent: dict[str, Any]) -> Any:
        """What a tool says: its answer as JSON, its pictures as pictures. Raises a `Refusal`."""
        import mcp_types as types

        one.check(self.engine, sent)
        answer = await one.answer(self.engine, sent)
        drawn = answer.get("images", []) if one.name == "images" else []
        told = dict(answer)
        if drawn:  # as pictures, and not once more as text
            told["images"] = [{"seed": image["seed"]} for image in drawn]
        content: list[Any] = [types.TextContent(text=json.dumps(told, ensure_ascii=False))]
        content += [types.ImageContent(data=image["png"], mime_type="image/png") for image in drawn]
        return types.CallToolResult(content=content, structured_content=told)


def _tool(say: Say, one: Endpoint) -> Any:
    """An endpoint with what it is good for and what it takes."""
    import mcp_types as types

    schema = described(say, one)
    schema["properties"].pop("stream", None)  # a tool has one answer
    texts = [say.plain(f"v1.{one.name}.{name}") for name in ("about", "use", "answer")]
    return types.Tool(
        name=one.name,
        title=say.plain(f"v1.{one.name}.about"),
        description="\n".join(texts),
        input_schema=schema,
        annotations=types.ToolAnnotations(read_only_hint=True, open_world_hint=False),
    )
