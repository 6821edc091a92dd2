"""`/apidoc/v2.json`: the declarations in the form from which clients build themselves.

Hammer and the Ansible collection draw their commands, routes and wrapping of parameters from this
document, and know by `Apipie-Checksum` when to fetch it anew (katello.md 2.5). They ask for it
before they know a password, so it is public; it says nothing of what an installation holds.
"""

import gzip
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from hashlib import sha256
from html import escape
from threading import Lock
from typing import Any, Final, TypeAlias

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from headgate.apis import apidoc_page
from headgate.apis.actions.describe import describe
from headgate.apis.actions.resources import PATH_VARIABLE, Resource
from headgate.apis.openapi import openapi

Json: TypeAlias = dict[str, Any]

# What a client is told to send; a time or an identifier is text or a number to it.
_EXPECTED: Final[Mapping[str, str]] = {
    "integer": "numeric",
    "number": "numeric",
    "boolean": "boolean",
    "list": "array",
    "hash": "hash",
    "any": "any_type",
}


def checksum_of(resources: Iterable[Resource]) -> str:
    """Return what names the present document: clients drop their cached one when it changes."""
    return sha256(msgspec.json.encode(describe(resources))).hexdigest()[:32]


def apidoc(resources: Iterable[Resource]) -> Json:
    """Return the document."""
    return {
        "docs": {
            "name": "Headgate",
            "info": "The actions that Headgate answers, under the names of Foreman and Katello.",
            "copyright": "GPL-2.0-or-later",
            "doc_url": "/apidoc/v2",
            "api_url": "",
            "resources": {each["name"]: _resource(each) for each in describe(resources)},
        }
    }


class ApidocPages:
    """Serves the document, and the same declarations as OpenAPI and as a page for people."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        self.checksum = checksum_of(resources)
        self._apidoc = _Page(lambda: msgspec.json.encode(apidoc(resources)))
        self._openapi = _Page(lambda: msgspec.json.encode(openapi(resources)))
        self._page = _Page(lambda: apidoc_page.page(resources).encode())

    def routes(self) -> list[Route]:
        """Return the documents' routes; every language gets the same words."""
        return [
            Route("/apidoc/apipie_checksum", self._tell_checksum, methods=["GET"]),
            Route("/apidoc/v2.json", self._answer_apidoc, methods=["GET"]),
            Route("/apidoc/v2.{language}.json", self._answer_apidoc, methods=["GET"]),
            Route("/openapi.json", self._answer_openapi, methods=["GET"]),
            Route("/apidoc", self._answer_page, methods=["GET"]),
        ]

    def _tell_checksum(self, _request: Request) -> Response:
        return JSONResponse({"checksum": self.checksum})

    def _answer_apidoc(self, request: Request) -> Response:
        return self._answer(request, self._apidoc)

    def _answer_openapi(self, request: Request) -> Response:
        return self._answer(request, self._openapi)

    def _answer_page(self, request: Request) -> Response:
        answer = self._answer(request, self._page, media_type="text/html; charset=utf-8")
        answer.headers["Content-Security-Policy"] = apidoc_page.POLICY
        return answer

    def _answer(
        self, request: Request, page: "_Page", *, media_type: str = "application/json"
    ) -> Response:
        content, tag = page.compressed()
        headers = {"ETag": tag, "Vary": "Accept-Encoding", "Cache-Control": "no-cache"}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
        else:
            content = gzip.decompress(content)
        return Response(content, headers=headers, media_type=media_type)


class _Page:
    """A document that is written when first asked for, and kept compressed."""

    def __init__(self, write: Callable[[], bytes]) -> None:
        self._write = write
        self._compressed: tuple[bytes, str] | None = None
        self._lock = Lock()

    def compressed(self) -> tuple[bytes, str]:
        """Return the document, and the tag by which clients know it in either encoding."""
        with self._lock:
            if self._compressed is None:
                written = self._write()
                tag = f'W/"{sha256(written).hexdigest()[:32]}"'
                self._compressed = gzip.compress(written, mtime=0), tag
            return self._compressed


def _resource(resource: Json) -> Json:
    name = resource["name"]
    return {
        "id": name,
        "name": resource["title"],
        "doc_url": f"/apidoc/v2/{name}",
        "api_url": "/katello/api" if resource["dialect"] == "katello" else "/api",
        "short_description": resource["title"],
        "full_description": "",
        "version": "v2",
        "formats": ["json"],
        "headers": [],
        "methods": [_method(name, action) for action in resource["actions"]],
    }


def _method(resource: str, action: Json) -> Json:
    params = [_parameter(each, "") for each in action["params"]]
    known = {each["name"] for each in action["params"]}
    # A variable that stands for a parameter of another name is one more, which the path requires.
    params += [
        _parameter({**each, "name": alias, "required": False}, "")
        for each in action["params"]
        for alias in each["aliases"]
        if alias not in known
    ]
    return {
        "doc_url": f"/apidoc/v2/{resource}/{action['name']}",
        "name": action["name"],
        "apis": [
            {
                "api_url": PATH_VARIABLE.sub(r":\1", path),
                "http_method": action["method"],
                "short_description": action["summary"],
                "deprecated": None,
            }
            for path in action["paths"]
        ],
        "formats": ["json"],
        "full_description": "",
        "errors": [],
        "params": params,
        "examples": [],
        "metadata": None,
        "headers": [],
        "show": True,
    }


def _parameter(parameter: Json, within: str) -> Json:
    name = parameter["name"]
    full_name = f"{within}[{name}]" if within else name
    nested: Sequence[Json] = parameter.get("params") or parameter.get("item", {}).get("params", ())
    described: Json = {
        "name": name,
        "full_name": full_name,
        "description": escape(parameter["description"], quote=False),  # clients strip tags
        "required": parameter["required"],
        "allow_nil": parameter["nullable"] or not parameter["required"],
        "allow_blank": not parameter["required"],
        "validator": _validator(parameter),
        "expected_type": _EXPECTED.get(parameter["type"], "string"),
        "metadata": None,
        "show": not parameter["hidden"],
        "validations": [],
    }
    if nested:
        described["params"] = list(map(partial(_parameter, within=full_name), nested))
    return described


def _validator(parameter: Json) -> str:
    """Say what values are taken: hammer reads the values of an enumeration out of this text."""
    if parameter["enum"] and parameter["type"] != "list":
        values = ", ".join(f"<code>{value}</code>" for value in parameter["enum"])
        return f"Must be one of: {values}."
    kind = _EXPECTED.get(parameter["type"], "string")
    return {
        "numeric": "Must be a number.",
        "boolean": "Must be one of: <code>true</code>, <code>false</code>, <code>1</code>,"
        " <code>0</code>.",
        "array": "Must be an array of any type",
        "hash": "Must be a Hash",
    }.get(kind, "Must be a String")
