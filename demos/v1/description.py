"""What describes /v1: OpenAPI for machines, a page for people. Both are made of `ENDPOINTS` and the
words; the page fetches nothing, so that it works with no network (FastAPI's own comes from a CDN).
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from demos import proxy
from demos.language import LOCALES, Say
from demos.limits import MB
from demos.page import sentences
from demos.v1.endpoints import ENDPOINTS, Endpoint
from inference import Settings

ERROR = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
            "required": ["code", "message"],
        }
    },
}
#: OpenAI's own, of which the part is told that is read here.
MESSAGE = {
    "type": "object",
    "properties": {
        "role": {"type": "string", "enum": ["system", "user", "assistant"]},
        "content": {"type": "string"},
    },
    "required": ["role", "content"],
}
COMPLETION: Mapping[str, Any] = {
    "model": {"type": "string", "default": "text/shakespeare"},
    "max_tokens": {"type": "integer", "minimum": 1},
    "temperature": {"type": "number", "minimum": 0, "maximum": 2},
    "top_p": {"type": "number", "minimum": 0.05, "maximum": 1},
    "seed": {"type": "integer", "minimum": 0},
    "stop": {"type": ["string", "array"], "items": {"type": "string"}},
    "stream": {"type": "boolean", "default": False},
}
CHAT: Mapping[str, Mapping[str, Any]] = {
    "/chat/completions": {"messages": {"type": "array", "items": MESSAGE}, **COMPLETION},
    "/completions": {"prompt": {"type": "string"}, **COMPLETION},
}


def described(say: Say, endpoint: Endpoint) -> dict[str, Any]:
    """The arguments of an endpoint as one JSON schema, each with its description."""
    properties = {
        name: {**schema, "description": say.plain(f"v1.{endpoint.name}.{name}")}
        for name, schema in endpoint.arguments.items()
    }
    required = [name for name, schema in endpoint.arguments.items() if needed(name, schema)]
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        **({"required": required} if required else {}),
    }


def needed(name: str, schema: Mapping[str, Any]) -> bool:
    """Whether an argument has to be sent."""
    return "default" not in schema and name != "prompt"


def openapi(say: Say, settings: Settings, root: str) -> dict[str, Any]:
    """The description of /v1 as OpenAPI 3.1, in one language.

    Args: root: the path under which /v1 lies, itself included."""
    paths: dict[str, Any] = {}
    for one in ENDPOINTS:
        schema = described(say, one)
        sent = {"application/json": {"schema": schema}}
        if one.picture:
            file = {"image": {"type": "string", "format": "binary"}}
            form = {**schema, "properties": schema["properties"] | file}
            sent["multipart/form-data"] = {"schema": form}
        given: dict[str, Any] = {"application/json": {"schema": _object(one.returns)}}
        if one.steps:
            given["text/event-stream"] = {"schema": {"type": "string"}}
        about = say.plain(f"v1.{one.name}.about")
        used = f"{say.plain(f'v1.{one.name}.use')}\n\n{say.plain(f'v1.{one.name}.answer')}"
        paths[f"/{one.name}"] = {"post": _operation(one.name, about, used, sent, given)}
    for path, properties in CHAT.items():
        sent = {"application/json": {"schema": _object(properties)}}
        given = {
            "application/json": {"schema": {"type": "object"}},
            "text/event-stream": {"schema": {"type": "string"}},
        }
        name = path.strip("/").replace("/", "_")
        paths[path] = {"post": _operation(name, say.plain("v1.docs.chat"), "", sent, given)}
    listed = {"application/json": {"schema": {"type": "object"}}}
    paths["/models"] = {"get": _operation("models", say.plain("v1.docs.models"), "", {}, listed)}
    found: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": f"{say.plain('house.name')}: {say.plain('v1.docs.title')}",
            "description": "\n\n".join(facts(say, settings)),
            "version": "1",
        },
        "servers": [{"url": root}],
        "paths": paths,
        "components": {"schemas": {"Error": ERROR}},
    }
    schemes = {"key": "bearer"} if settings.api_key else {}
    schemes |= {"login": "basic"} if settings.login and not settings.api_key else {}
    if schemes:
        found["components"]["securitySchemes"] = {
            name: {"type": "http", "scheme": scheme} for name, scheme in schemes.items()
        }
        found["security"] = [{name: []} for name in schemes]
    return found


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties)}


def _operation(
    name: str, about: str, used: str, sent: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    found: dict[str, Any] = {
        "operationId": name,
        "summary": about,
        "responses": {
            "200": {"description": "OK", "content": dict(given)},
            "default": {"description": "Error", "content": error},
        },
    }
    if used:
        found["description"] = used
    if sent:
        found["requestBody"] = {"content": dict(sent)}
    return found


def facts(say: Say, settings: Settings) -> list[str]:
    """What holds for every request, as text."""
    key = "key_asked" if settings.api_key else "key_none"
    if settings.login:  # stands before all of it; a key opens /v1 instead
        key = "key_or_login" if settings.api_key else "login"
    limits = {
        "most": settings.api_at_once,
        "megabytes": settings.max_upload_mb,
        "megapixels": f"{settings.max_pixels / MB:.0f}",
    }
    minute = settings.api_per_minute
    return [
        say.plain("v1.docs.lead"),
        say.plain(f"v1.docs.{key}"),
        say.plain("v1.docs.limits", **limits),
        *([say.plain("v1.docs.minute", most=minute)] if minute else []),
        say.plain("v1.docs.pictures"),
        say.plain("v1.docs.errors"),
        say.plain("v1.docs.hang_up"),
    ]


# ---- the page ----------------------------------------------------------------------------------

STYLE = """
:root{color-scheme:light dark;--paper:light-dark(#fbfaf7,#151514);--ink:light-dark(#1c1b19,#eceae4);
--line:light-dark(#e2ded5,#302f2b);--quiet:light-dark(#625f59,#a5a199)}
body{font:16px/1.55 system-ui,sans-serif;max-width:52rem;margin:2.5rem auto;padding:0 1.25rem;
background:var(--paper);color:var(--ink)}a{color:inherit;text-underline-offset:3px}
h1{font:600 2rem/1.2 ui-serif,Palatino,Georgia,"Songti SC","Noto Serif CJK SC",serif;margin:0}
h2{margin:2.5rem 0 .25rem;font-size:1.15rem}
code,pre{font:.875rem/1.5 ui-monospace,monospace}p{margin:.5rem 0}
pre{overflow-x:auto;border:1px solid var(--line);border-radius:6px;padding:.75rem 1rem}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{text-align:start;vertical-align:top;padding:.35rem .75rem .35rem 0;
border-bottom:1px solid var(--line)}th{color:var(--quiet);font-weight:500}
td code{overflow-wrap:anywhere}td:first-child code{white-space:nowrap}
.quiet{color:var(--quiet)}
@media (max-width:600px){tr,td{display:block}tr:first-child{display:none}
td{border:0;padding:0}td:last-child{border-bottom:1px solid var(--line);padding-bottom:.6rem;
margin-bottom:.6rem;color:var(--quiet)}}
"""


def docs(say: Say, settings: Settings, request: Request) -> str:
    """All endpoints with their arguments and a command line each, as HTML."""
    root = proxy.public_root(request.scope)
    flags = ""
    if settings.api_key:
        flags = " -H 'Authorization: Bearer YOUR_KEY'"
    elif settings.login:
        flags = " -u NAME:PASSWORD"
    sections = [_section(say, one, root, flags) for one in ENDPOINTS]
    told = "".join(f"<p>{html.escape(fact)}</p>" for fact in facts(say, settings)[1:])
    mcp = say("v1.docs.mcp", address=html.unescape(f"{root}/mcp"))
    models = f'<a href="models">{say("v1.docs.models")}</a> · ' if not settings.api_key else ""
    other = "zh" if say.lang == "en" else "en"
    language = say.words.say("en", "house.language") if other == "zh" else "English"
    return f"""<!doctype html>
<html lang="{LOCALES[say.lang]}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>{say("v1.docs.title")} · {say("house.name")}</title><style>{STYLE}</style></head><body>
<main><h1>{say("v1.docs.title")}</h1><p>{say("v1.docs.lead")}</p>
<p class="quiet"><a href="../">{say("v1.docs.page")}</a> ·
<a href="openapi.json?lang={say.lang}">{say("v1.docs.machine")}</a> ·
{models}<a href="?lang={other}" lang="{LOCALES[other]}">{language}</a></p>
{told}{"".join(sections)}
<h2><code>POST /v1/chat/completions</code>, <code>POST /v1/completions</code></h2>
<p>{say("v1.docs.chat")}</p><pre>{root}</pre>
{f"<p>{mcp}</p>" if settings.mcp else ""}</main></body></html>
"""


def _section(say: Say, one: Endpoint, root: str, flags: str) -> str:
    rows = "".join(
        f"<tr><td><code>{name}</code></td><td>{say(f'v1.{one.name}.{name}')}</td>"
        f"<td>{_usual(say, name, schema)}</td></tr>"
        for name, schema in one.arguments.items()
    )
    heads = "".join(f"<th>{say(f'v1.docs.{name}')}</th>" for name in ("argument", "meaning"))
    return f"""<section id="{one.name}"><h2><code>POST /v1/{one.name}</code></h2>
<p>{sentences(say.lang, *(say(f"v1.{one.name}.{part}") for part in ("about", "use")))}</p>
<div class="wide"><table><tr>{heads}<th>{say("v1.docs.usual")}</th></tr>{rows}</table></div>
<p><b>{say("v1.docs.answer")}</b>{say("house.colon")}{say(f"v1.{one.name}.answer")}</p>
<pre>{curl(one, root, flags)}</pre></section>"""


def _usual(say: Say, name: str, schema: Mapping[str, Any]) -> str:
    if needed(name, schema):
        return say("v1.docs.needed")
    return f"<code>{html.escape(json.dumps(schema.get('default', '')))}</code>"


def curl(one: Endpoint, root: str, flags: str = "") -> str:
    """The example as a command line, escaped for HTML. ``root`` is escaped already; ``flags``: what
    opens /v1, begun with a blank."""
    if one.picture:
        fields = "".join(f" -F {name}={value}" for name, value in one.example.items())
        return f"curl {root}/{one.name}{html.escape(flags)} -F image=@cat.jpg{fields}"
    body = html.escape(json.dumps(dict(one.example)), quote=False)
    quiet = " -N" if one.steps else ""
    return f"curl{quiet} {root}/{one.name}{html.escape(flags)} -d '{body}'"
