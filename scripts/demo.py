"""The main job on real packages: mirror, freeze, filter, promote, install; `make demo`.

Everything lies in .demo/ and is made anew each time. REPO=<url> mirrors another repository, on
demand, instead of the one in demo/repository; PACKAGE=<name> is then installed from it.
"""

import functools
import os
import re
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parent.parent
_WORK = _ROOT / ".demo"
_HOME = _WORK / "home"
_CA = _HOME / "ca" / "ca.crt"
_HEADGATE = Path(sys.executable).with_name("headgate")
_ANNOUNCED = re.compile(r"https://[^:\s]+:(\d+)")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is mirrored, held back and installed."""

    url: str
    download_policy: str
    rule: tuple[str, ...]
    held_back: str
    package: str


def main() -> None:
    """Run the demo and leave its home behind, to go on with."""
    shutil.rmtree(_WORK, ignore_errors=True)
    _WORK.mkdir()
    password = os.environ.get("HEADGATE_ADMIN_PASSWORD") or secrets.token_urlsafe(9)
    with _upstream() as demo_url, _server(password) as url:
        plan = _plan(os.environ.get("REPO"), demo_url)
        os.environ |= {
            "HEADGATE_SERVER_URL": url,
            "HEADGATE_CA_FILE": str(_CA),
            "HEADGATE_USERNAME": "admin",
            "HEADGATE_PASSWORD": password,
        }
        _main_job(plan)
        proof = _prove(plan, url)
    _tell(plan, url, proof, password)


def _plan(repo: str | None, demo_url: str) -> Plan:
    if repo:
        package = os.environ.get("PACKAGE", "")
        return Plan(repo, "on_demand", ("--name", "*-debug*"), "packages named *-debug*", package)
    rule = ("--name", "headgate-demo-cow", "--version", "2.0")
    return Plan(demo_url, "immediate", rule, "headgate-demo-cow 2.0", "headgate-demo-cow")


def _main_job(plan: Plan) -> None:
    mine = ["--organization", "Demo"]
    animals = [*mine, "--product", "Animals"]
    base = [*mine, "--content-view", "Base"]
    _headgate("organization", "create", "--name", "Demo")
    _headgate("product", "create", *mine, "--name", "Animals")
    how = ["--content-type", "yum", "--download-policy", plan.download_policy]
    _headgate("repository", "create", *animals, "--name", "Packages", *how, "--url", plan.url)
    _headgate("repository", "synchronize", *animals, "--name", "Packages")
    _headgate("lifecycle-environment", "create", *mine, "--name", "Dev", "--prior", "Library")
    _headgate("content-view", "create", *mine, "--name", "Base")
    added = ["--name", "Base", "--product", "Animals", "--repository", "Packages"]
    _headgate("content-view", "add-repository", *mine, *added)
    held = ["--name", "Held back", "--type", "rpm", "--inclusion", "false"]
    _headgate("content-view", "filter", "create", *base, *held)
    rule = ["--content-view-filter", "Held back", *plan.rule]
    _headgate("content-view", "filter", "rule", "create", *base, *rule)
    _headgate("content-view", "publish", *mine, "--name", "Base")
    to_dev = ["--version", "1.0", "--to-lifecycle-environment", "Dev"]
    _headgate("content-view", "version", "promote", *base, *to_dev)


def _prove(plan: Plan, url: str) -> str:
    """Install from Dev with the real dnf; without one, show what curl gets."""
    certificate = _WORK / "demo-client.pem"
    certificate.write_text(_output("organization", "download-debug-certificate", "--name", "Demo"))
    certificate.chmod(0o600)
    content = f"{url}/pulp/content/Demo/Dev/Base/custom/Animals/Packages/"
    if shutil.which("dnf"):
        return _install(plan, content, certificate)
    files = ["--cacert", str(_CA), "--cert", str(certificate), f"{content}repodata/repomd.xml"]
    _say("curl", *files)
    subprocess.run(["curl", "--fail", "--silent", "--output", "/dev/null", *files], check=True)
    return "curl read the metadata of Dev (install dnf to see a package installed)"


def _install(plan: Plan, content: str, certificate: Path) -> str:
    host = _WORK / "host"
    for folder in ("repos", "log"):
        (host / folder).mkdir(parents=True)
    (host / "dnf.conf").write_text("[main]\ngpgcheck=0\n")
    (host / "repos" / "dev.repo").write_text(
        f"[dev]\nname=Dev\nbaseurl={content}\nsslcacert={_CA}\n"
        f"sslclientcert={certificate}\nsslclientkey={certificate}\n"
    )
    folders = {"reposdir": "repos", "cachedir": "cache", "persistdir": "state", "logdir": "log"}
    become_root = [] if os.geteuid() == 0 else ["unshare", "--map-root-user"]
    dnf = [*become_root, "dnf", "--assumeyes", f"--config={host}/dnf.conf", "--disableplugin=*"]
    dnf += [f"--installroot={host}/root", "--releasever=1"]
    dnf += [f"--setopt={name}={host}/{folder}" for name, folder in folders.items()]
    dnf += ["--setopt=module_platform_id=platform:demo"]
    if not plan.package:
        subprocess.run([*dnf, "repolist", "--verbose"], check=True)
        return "dnf read the metadata of Dev"
    _say("dnf", "install", plan.package)
    subprocess.run([*dnf, "install", plan.package], check=True)
    program = host / "root" / "usr" / "bin" / plan.package
    said = subprocess.run(["sh", program], capture_output=True, text=True, check=False)
    return f"dnf installed {plan.package} from Dev; it says: {said.stdout.strip() or 'nothing'}"


def _tell(plan: Plan, url: str, proof: str, password: str) -> None:
    port = url.rsplit(":", 1)[1]
    print(f"""
What happened:
 1. Headgate started in {_HOME.relative_to(_ROOT)}, with database, blobs and CA of its own.
 2. It mirrored {plan.url} ({plan.download_policy}).
 3. It froze that in version 1.0 of the content view Base, without {plan.held_back}.
 4. It promoted 1.0 to Dev: one row changed, nothing was copied.
 5. {proof}.
How to go on:
 6. make serve HEADGATE_HOME={_HOME.relative_to(_ROOT)} PORT={port}
 7. .venv/bin/headgate login --server-url {url} --username admin   (password {password})
 8. .venv/bin/headgate content-view version list --organization Demo
 9. docs/how-to/ says how to mirror, filter, promote and roll back.
10. rm -rf {_WORK.relative_to(_ROOT)} forgets it all.""")


def _headgate(*arguments: str) -> None:
    """Run the command line as a user would, who sees its progress bars."""
    _say("headgate", *arguments)
    subprocess.run([_HEADGATE, *arguments], check=True)


def _output(*arguments: str) -> str:
    _say("headgate", *arguments)
    command = [_HEADGATE, *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _say(*words: str) -> None:
    print(f"\n$ {shlex.join(words)}", flush=True)


@contextmanager
def _server(password: str) -> Generator[str]:
    """Run Headgate on 8443 or the next free port; yield its address."""
    # Upstreams on this machine are refused unless somebody allows them; the demo's is one.
    allowed = {"HEADGATE_UPSTREAM_ALLOW_NETWORKS": "127.0.0.0/8"}
    environment = {**os.environ, **allowed, "HEADGATE_ADMIN_PASSWORD": password}
    environment.pop("HEADGATE_HOME", None)
    command = [_HEADGATE, "serve", "--home", _HOME, "--next-free-port"]
    command += ["--port", os.environ.get("PORT") or "8443"]
    with (_WORK / "server.log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log)
        try:
            assert server.stdout  # noqa: S101 - for the type checker: it is a pipe
            line = server.stdout.readline().decode()
            found = _ANNOUNCED.search(line)
            if not found:
                sys.exit(f"Headgate did not start:\n{(_WORK / 'server.log').read_text()}")
            print(line, end="")
            yield f"https://localhost:{found[1]}"
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait()


class _Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name it has there
        """Say nothing."""


@contextmanager
def _upstream() -> Generator[str]:
    """Serve demo/repository on a free loopback port."""
    handler = functools.partial(_Quiet, directory=str(_ROOT / "demo" / "repository"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as failed:
        sys.exit(f"Failed ({failed.returncode}); what the server said is in {_WORK}/server.log")
