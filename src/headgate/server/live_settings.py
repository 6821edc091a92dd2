"""Which settings of the running server (`domain/settings.py`) its own settings decide."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from headgate.domain.settings import SETTINGS
from headgate.server.parts import Parts
from headgate.server.settings import Settings
from headgate.services.platform.setting_values import in_force


def fixed_settings(settings: Settings) -> Mapping[str, Any]:
    """Return the values that the settings file, the environment or the command line give."""
    fixed: dict[str, Any] = {}
    for each in SETTINGS:
        if each.file_key is not None and each.file_key in settings.given:
            section, _, key = each.file_key.partition(".")
            fixed[each.name] = getattr(getattr(settings, section), key)
    return fixed


def registry_token_life(parts: Parts) -> Callable[[], timedelta]:
    """Return what says how long a new token of the registry lives."""
    fixed = fixed_settings(parts.settings)

    def life() -> timedelta:
        with parts.database.read() as tx:
            minutes = in_force(tx, "registry_token_expiration_minutes", fixed=fixed)
        return timedelta(minutes=minutes)

    return life
