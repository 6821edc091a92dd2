"""A real nginx that serves a folder: the plain server that ours is measured and tested against."""

import os
import signal
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from support import needs
from support.certificates import Authority, Pair
from support.ports import accepts, free_ports
from support.processes import Started
from support.server import Server

_CONFIGURATION = """
{user}
daemon off;
worker_processes 1;
pid {work}/pid;
error_log stderr warn;
events {{ worker_connections 512; }}
http {{
    access_log {work}/access.log combined buffer=4k flush=10ms;
    client_body_temp_path {work}/body;
    proxy_temp_path {work}/proxy;
    fastcgi_temp_path {work}/fastcgi;
    uwsgi_temp_path {work}/uwsgi;
    scgi_temp_path {work}/scgi;
    sendfile on;
    default_type application/octet-stream;
    server {{
        listen 127.0.0.1:{port};
        root {root};
        autoindex on;
    }}
    server {{
        listen 127.0.0.1:{tls_port} ssl;
        ssl_certificate {server.certificate};
        ssl_certificate_key {server.key};
        ssl_client_certificate {ca};
        ssl_verify_client optional;
        root {root};
        location /guarded/ {{
            alias {root}/;
            if ($ssl_client_verify != SUCCESS) {{ return 403; }}
        }}
    }}
}}
"""


_AROUND = """
{user}
daemon off;
worker_processes 1;
pid {work}/pid;
error_log stderr warn;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {work}/body;
    proxy_temp_path {work}/proxy;
    fastcgi_temp_path {work}/fastcgi;
    uwsgi_temp_path {work}/uwsgi;
    scgi_temp_path {work}/scgi;
    include {work}/headgate.conf;
}}
"""


@dataclass(frozen=True, slots=True)
class Nginx:
    """A running nginx; `/guarded/` of its TLS side is the same folder for known clients only."""

    url: str
    tls_url: str
    ca: Path
    client: Pair


@contextmanager
def serving(root: Path) -> Generator[Nginx]:
    """Serve a folder on free loopback ports until the block ends."""
    program = needs.program("nginx")
    with tempfile.TemporaryDirectory(prefix="headgate-nginx-") as name:
        work = Path(name)
        authority = Authority(work / "pki")
        server = authority.server("127.0.0.1", "localhost")
        port, tls_port = free_ports(2)
        values = {"work": work, "root": root, "server": server, "ca": authority.certificate}
        # Only their owner may enter pytest's folders, and nginx of root would be somebody else.
        user = "user root;" if os.geteuid() == 0 else ""
        text = _CONFIGURATION.format(user=user, port=port, tls_port=tls_port, **values)
        (work / "nginx.conf").write_text(text)
        command = [program, "-p", work, "-e", "stderr", "-c", work / "nginx.conf"]
        started = Started(command, log=work / "output")
        try:
            started.wait_until(lambda: accepts(port) and accepts(tls_port))
            yield Nginx(
                f"http://127.0.0.1:{port}/",
                f"https://127.0.0.1:{tls_port}/",
                authority.certificate,
                authority.client("known"),
            )
        finally:
            started.stop(how=signal.SIGTERM)


def proxied(work: Path) -> dict[str, str]:
    """Return the settings of a server that `front_of` is put before, in the same folder."""
    return {"HEADGATE_LISTEN_PROXY_SOCKET": str(work / "headgate.sock")}


@contextmanager
def front_of(
    server: Server, work: Path, *, ports: Sequence[int] = ()
) -> Generator[tuple[int, int]]:
    """Run nginx before a server, configured as we ship it; yields its ports: TLS and plain."""
    program = needs.program("nginx")
    port, http_port = ports or free_ports(2)
    text = files("headgate.server").joinpath("nginx.conf.template").read_text()
    for name, value in {
        "HOST": "localhost",
        "PORT": f"127.0.0.1:{port}",
        "HTTP_PORT": f"127.0.0.1:{http_port}",
        "CERTIFICATE": server.home / "ca" / "server.pem",
        "KEY": server.home / "ca" / "server.pem",
        "SOCKET": proxied(work)["HEADGATE_LISTEN_PROXY_SOCKET"],
        "BLOBS": server.home / "blobs",
    }.items():
        text = text.replace(f"@{name}@", str(value))
    (work / "headgate.conf").write_text(text)
    user = "user root;" if os.geteuid() == 0 else ""
    (work / "nginx.conf").write_text(_AROUND.format(user=user, work=work))
    command = [program, "-p", work, "-e", "stderr", "-c", work / "nginx.conf"]
    started = Started(command, log=work / "nginx.log")
    try:
        started.wait_until(lambda: accepts(port) and accepts(http_port))
        yield port, http_port
    finally:
        started.stop()
