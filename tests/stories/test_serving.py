"""The life of the server: what a start makes, what survives it, what ends it."""

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from support.ports import accepts, free_port
from support.processes import Started
from support.server import Server, headgate, serving

HEADGATE = Path(sys.executable).with_name("headgate")


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of this module's own: its processes are killed."""
    with serving(tmp_path_factory.mktemp("serving") / "home") as running:
        yield running


def curl(server: Server, path: str, *options: str) -> str:
    command = ["curl", "-sS", "--fail", "--cacert", str(server.ca), *options]
    command.append(f"{server.url}{path}")
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def family(server: Server) -> dict[str, psutil.Process]:
    """The processes below the supervisor, by name."""
    return {each.name(): each for each in psutil.Process(server.process.pid).children()}


def is_replaced(server: Server, name: str, dead: psutil.Process) -> bool:
    present = family(server).get(name)
    return present is not None and present.pid != dead.pid


def answers(server: Server) -> bool:
    done = subprocess.run(
        ["curl", "-s", "--fail", "-o", "/dev/null", f"{server.http_url}/healthz"], check=False
    )
    return done.returncode == 0


def test_everything_in_the_home_is_for_its_owner_alone(started: Server) -> None:
    secrets = [started.home, started.home / "ca" / "ca.key", started.home / "keys" / "seal.key"]
    secrets += [started.home / "ca" / "server.pem", started.home / "headgate.db"]

    assert {path.name: stat.S_IMODE(path.stat().st_mode) & 0o077 for path in secrets} == {
        path.name: 0 for path in secrets
    }
    for path in started.home.rglob("*"):
        assert not path.stat().st_mode & 0o022, path


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", socket.gethostname()])
def test_the_certificate_is_good_for_every_name_of_the_machine(started: Server, host: str) -> None:
    resolved, url = f"{host}:{started.port}:127.0.0.1", f"https://{host}:{started.port}/healthz"

    answer = subprocess.run(
        ["curl", "-sS", "--cacert", str(started.ca), "--resolve", resolved, url],
        check=True,
        capture_output=True,
        text=True,
    )

    assert answer.stdout == '{"status": "ok"}'


def test_every_answer_names_the_request(started: Server) -> None:
    headers = curl(started, "/katello/api/ping", "-D", "-", "-H", "X-Request-Id: story-4711")

    assert "x-request-id: story-4711" in headers.lower()


def test_metrics_add_up_over_all_processes(started: Server) -> None:
    curl(started, "/healthz")

    assert 'headgate_requests_total{plane="server",status="200"}' in curl(started, "/metrics")


@pytest.mark.parametrize("name", ["hg-web-1", "hg-worker-1"])
def test_a_killed_process_is_started_again(started: Server, name: str) -> None:
    started.process.wait_until(lambda: name in family(started))
    dead = family(started)[name]

    dead.kill()

    started.process.wait_until(lambda: is_replaced(started, name, dead))
    started.process.wait_until(lambda: answers(started))


def test_a_second_server_on_the_same_home_is_refused(started: Server) -> None:
    second = headgate("serve", "--home", started.home, "--port", "0", check=False)

    assert second.returncode == 1
    assert f"Another Headgate serves {started.home}" in second.stderr


def test_a_restart_keeps_the_authority_and_the_keys(tmp_path: Path) -> None:
    def kept(home: Path) -> list[bytes]:
        names = ("ca/ca.crt", "ca/ca.key", "ca/server.pem", "keys/seal.key")
        return [(home / name).read_bytes() for name in names]

    with serving(tmp_path / "home") as first:
        before = kept(first.home)
        with first.client() as client:
            assert client.get("/api/users").status_code == 200
    (tmp_path / "home.log").unlink()
    with serving(tmp_path / "home", settings={"HEADGATE_ADMIN_PASSWORD": "another"}) as second:
        with second.client() as client:  # with the first password: it is only the first
            assert client.get("/api/users").status_code == 200

        assert kept(second.home) == before


def test_a_terminated_server_ends_cleanly_and_frees_its_ports(tmp_path: Path) -> None:
    with serving(tmp_path / "home") as server:
        members = [psutil.Process(server.process.pid), *family(server).values()]

        code = server.process.stop(how=signal.SIGTERM, seconds=15)

    assert code == 0
    assert not any(each.is_running() for each in members)
    assert not accepts(server.port)


def test_nothing_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    with serving(tmp_path / "home") as server:
        members = list(family(server).values())

        os.kill(server.process.pid, signal.SIGKILL)

        _, alive = psutil.wait_procs(members, timeout=10)
        assert alive == []
    (tmp_path / "home.log").unlink()
    with serving(tmp_path / "home") as again:
        assert curl(again, "/healthz") == '{"status": "ok"}'


def test_a_made_password_is_printed_once(tmp_path: Path) -> None:
    environment = {"HEADGATE_LISTEN_ADDRESS": "127.0.0.1", "HEADGATE_ADMIN_PASSWORD": ""}

    def first_lines() -> str:
        started = Started(
            [HEADGATE, "serve", "--home", tmp_path / "home", "--port", "0", "--worker", "0"],
            log=tmp_path / "log",
            env=environment,
        )
        try:
            started.wait_until(lambda: "Headgate serves" in started.output())
        finally:
            started.stop()
        output = started.output()
        (tmp_path / "log").unlink()
        return output

    assert "The password of admin is" in first_lines()
    assert "The password of admin is" not in first_lines()


def test_an_unknown_setting_ends_the_start_with_its_name(tmp_path: Path) -> None:
    done = headgate(
        "serve", "--home", tmp_path, settings={"HEADGATE_LISTEN_PROT": "1"}, check=False
    )

    assert done.returncode == 1
    assert done.stderr == (
        "Error: HEADGATE_LISTEN_PROT in the environment is not a setting of Headgate\n"
    )


def test_a_taken_port_ends_the_start_with_a_hint(tmp_path: Path) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        done = headgate(
            "serve",
            "--home",
            tmp_path / "home",
            "--port",
            str(port),
            settings={"HEADGATE_LISTEN_ADDRESS": "127.0.0.1"},
            check=False,
        )

    assert done.returncode == 1
    assert f"port {port}: Address already in use" in done.stderr
    assert "--port" in done.stderr


def test_another_database_is_migrated_by_hand(tmp_path: Path) -> None:
    url = {"HEADGATE_STORAGE_DATABASE": f"sqlite:///{tmp_path}/other.db"}
    serve = ("serve", "--home", tmp_path / "home", "--port", "0")

    refused = headgate(*serve, settings=url, check=False)
    first = headgate("migrate", "--home", tmp_path / "home", settings=url)
    second = headgate("migrate", "--home", tmp_path / "home", settings=url)

    assert "run `headgate migrate`" in refused.stderr
    assert first.stdout.startswith("The database went from revision none to")
    assert "already" in second.stdout


def test_the_settings_are_printed_with_their_sentences(tmp_path: Path) -> None:
    printed = headgate(
        "settings", "--home", tmp_path, settings={"HEADGATE_LISTEN_PORT": "9443"}
    ).stdout

    assert "# The HTTPS port; 0 takes a free one. (HEADGATE_LISTEN_PORT)\nport = 9443" in printed
