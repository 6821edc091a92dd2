"""What a start writes down about the server itself."""

from pathlib import Path

from sqlalchemy import select

from headgate.server.home import open_home
from headgate.server.prepare import prepare
from headgate.server.settings_sources import read_settings
from headgate.stores.db import Database
from headgate.stores.db.tables import smart_proxies


def own_url(home: Path, **listen: str) -> str:
    """Start with these settings; return the URL of the smart proxy that is this server."""
    environment = {f"HEADGATE_LISTEN_{name.upper()}": value for name, value in listen.items()}
    environment["HEADGATE_ADMIN_PASSWORD"] = "changeme-in-tests"  # noqa: S105 - lives as long as its test
    settings = read_settings(home=home, environment=environment)
    prepare(settings, home=open_home(settings))
    database = Database(settings.database_url)
    with database.read() as tx:
        found = tx.scalars(select(smart_proxies.c.url)).all()
    database.close()
    (url,) = found
    return url


def test_the_server_is_known_by_where_clients_reach_it(tmp_path: Path) -> None:
    name, socket = "content.example.org", str(tmp_path / "proxy.sock")

    assert own_url(tmp_path, hosts=name) == f"https://{name}:8443"
    assert own_url(tmp_path, hosts=name, proxy_socket=socket) == f"https://{name}"
    nginx = f"https://{name}:8444"
    assert own_url(tmp_path, hosts=name, proxy_socket=socket, url=nginx) == nginx
    assert own_url(tmp_path, url="https://front.example.org") == "https://front.example.org"
    # Nothing is said of it, so it stays; administrators may have changed it.
    assert own_url(tmp_path) == "https://front.example.org"
