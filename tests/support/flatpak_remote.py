"""A flatpak remote of somebody else: a registry with an index that says what it is told to."""

from typing import Any

from aiohttp import web

from support.feigned_registry import FeignedRegistry

SECRET = "Basic cm9iaW46bmVzdA=="  # noqa: S105 - guards what a test serves


class Remote:
    """A registry of somebody else, with an index that says what it is told to."""

    def __init__(self, registry: FeignedRegistry) -> None:
        self.registry = registry
        self.url = registry.url
        self.results: list[Any] = []
        self.registry_url = f"{registry.url}/"
        self.guarded = False
        registry.always("/index/static", self._answer)

    def offer(self, name: str, ref: str, *, runtime: str | None = None) -> str:
        """Let a repository offer a flatpak; return the digest of its image."""
        metadata = "[Application]\n" + (f"runtime={runtime}\n" if runtime else "")
        labels = {"org.flatpak.ref": ref, "org.flatpak.metadata": metadata}
        held = self.registry.repository(name)
        image = held.image("latest", layers=[ref.encode()], labels=labels)
        listed = {
            "Tags": ["latest"],
            "Digest": image.digest,
            "MediaType": image.media_type,
            "OS": "linux",
            "Architecture": "amd64",
            "Labels": labels,
        }
        self.withdraw(name)
        self.results.append({"Name": name, "Images": [listed]})
        return image.digest

    def withdraw(self, name: str) -> None:
        """Offer a repository no more."""
        self.results = [each for each in self.results if each.get("Name") != name]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if self.guarded and request.headers.get("Authorization") != SECRET:
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})
        document = {"Registry": self.registry_url, "Results": self.results}
        return web.json_response(document)
