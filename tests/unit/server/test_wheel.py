"""What `pip install` puts on a machine works there, without this folder."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
# Nothing of the checkout is found: only what was unpacked, and the dependencies.
_RUN = """
import sys
sys.path.insert(0, {folder!r})
import headgate
from headgate.__main__ import main
assert headgate.__file__.startswith({folder!r}), headgate.__file__
sys.argv = ["headgate", *{words!r}]
main()
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and unpack it, as pip does."""
    work = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(work)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = work.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(work / "installed")
    return work / "installed"


def run(installed: Path, *words: str) -> str:
    code = _RUN.format(folder=str(installed), words=words)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=installed, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_everything_that_the_package_reads_is_in_the_wheel(installed: Path) -> None:
    source = ROOT / "src"
    wanted = {path.relative_to(source) for path in (source / "headgate").rglob("*")}
    wanted = {path for path in wanted if path.suffix != ".pyc" and (source / path).is_file()}

    assert {path for path in wanted if not (installed / path).is_file()} == set()


def test_an_installed_headgate_knows_its_commands_and_makes_its_database(
    installed: Path, tmp_path: Path
) -> None:
    assert "content-view" in run(installed, "--help")
    assert "The database went from" in run(installed, "migrate", "--home", str(tmp_path / "home"))
    settings = run(installed, "settings", "--home", str(tmp_path / "home"))
    assert "worker_niceness" in settings
