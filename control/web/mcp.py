"""Messages of the Model Context Protocol: JSON-RPC 2.0 from an assistant, as text or decoded, to what is answered.

Source: the specification of the protocol, versions 2025-06-18 and 2025-11-25 (modelcontextprotocol.io). A server of
tools only, without sessions: every message is answered by itself, and the server sends nothing on its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSIONS = ("2025-11-25", "2025-06-18")
"""Versions of the protocol that are spoken, the newest first."""

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603

Id = str | int | None


class RpcRequest(Struct, frozen=True):
    """A JSON-RPC message of an assistant: a request, or without `id` a notification."""

    jsonrpc: Annotated[Literal["2.0"], Meta(description="Version of JSON-RPC.")]
    method: Annotated[str, Meta(description="initialize, ping, tools/list or tools/call; or a notification.")]
    id: Annotated[Id, Meta(description="Repeated in the answer; a notification has none.")] = None
    params: Annotated[dict[str, Any], Meta(description="What the method needs.")] = {}


class RpcError(Struct, frozen=True):
    """An error, with its code of JSON-RPC 2.0."""

    code: int
    message: str


class RpcAnswer(Struct, frozen=True):
    """The answer to a request: either `result` or `error`."""

    id: Id
    result: dict[str, Any] | UnsetType = UNSET
    error: RpcError | UnsetType = UNSET
    jsonrpc: Literal["2.0"] = "2.0"


class ToolCall(NamedTuple):
    """A call of a known tool, which remains to be carried out."""

    tool: str
    arguments: dict[str, Any]


class Server(NamedTuple):
    """What the server says of itself, and the definition of each tool by its name."""

    name: str
    version: str
    instructions: str
    tools: Mapping[str, dict[str, Any]]


_decoder = msgspec.json.Decoder(RpcRequest)


def decode(text: bytes) -> RpcRequest | RpcAnswer:
    """Decode a message; when it is none, return the error to answer."""
    try:
        return _decoder.decode(text)
    except msgspec.ValidationError as error:
        return failure(None, INVALID_REQUEST, f"Not a JSON-RPC 2.0 request: {error}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return failure(None, PARSE_ERROR, "Not JSON")


def failure(number: Id, code: int, message: str) -> RpcAnswer:
    """Make the answer to a request that failed."""
    return RpcAnswer(number, error=RpcError(code, message))


def tool_result(number: Id, *texts: str, is_error: bool = False) -> RpcAnswer:
    """Make the answer to a call of a tool. `is_error`: the texts say what was wrong with the call."""
    content = [{"type": "text", "text": text} for text in texts]
    return RpcAnswer(number, {"content": content, "isError": is_error})


def respond(request: RpcRequest, server: Server) -> RpcAnswer | ToolCall | None:
    """Answer a request, or return the call to carry out; None for a notification."""
    if request.id is None:
        return None
    match request.method:
        case "initialize":
            return _initialize(request, server)
        case "ping":
            return RpcAnswer(request.id, {})
        case "tools/list":
            return RpcAnswer(request.id, {"tools": list(server.tools.values())})
        case "tools/call":
            return _call(request, server)
        case _:
            return failure(request.id, METHOD_NOT_FOUND, f"There is no method {request.method}")


def _initialize(request: RpcRequest, server: Server) -> RpcAnswer:
    version = request.params.get("protocolVersion")
    if not isinstance(version, str):
        return failure(request.id, INVALID_PARAMS, "protocolVersion must be a text")
    return RpcAnswer(
        request.id,
        {
            "protocolVersion": version if version in VERSIONS else VERSIONS[0],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": server.name, "version": server.version},
            "instructions": server.instructions,
        },
    )


def _call(request: RpcRequest, server: Server) -> RpcAnswer | ToolCall:
    name, arguments = request.params.get("name"), request.params.get("arguments", {})
    if not isinstance(name, str) or name not in server.tools:
        return failure(request.id, INVALID_PARAMS, f"There is no tool {name}")
    if not isinstance(arguments, dict):
        return failure(request.id, INVALID_PARAMS, "arguments must be an object")
    return ToolCall(name, arguments)
