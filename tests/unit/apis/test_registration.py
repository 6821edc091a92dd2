"""Every action that a module declares is one of the API."""

from pathlib import Path

from headgate.apis import katello
from headgate.apis.katello import EXTENSIONS, RESOURCES


def test_every_module_with_actions_is_registered() -> None:
    folder = Path(katello.__file__).parent
    declaring = {
        path.stem
        for path in folder.glob("*.py")
        if any(declares in path.read_text() for declares in (".action(", ".unbacked("))
    }
    registered = {
        # What nothing is behind yet has no handler of its own.
        (action.handler if action.lacks is None else action.params).__module__.rpartition(".")[2]
        for resource in RESOURCES
        for action in resource.actions
    }

    assert declaring - registered <= {"units"}  # it declares them for whoever calls it
    assert set(EXTENSIONS) <= declaring
