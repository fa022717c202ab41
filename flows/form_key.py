"""The key that ties forms to their being issued: generated once, kept in the state directory, mode 600."""

from __future__ import annotations

import os
import secrets

from flows.letters.errors import SettingsError
from flows.letters.return_forms import Forms
from flows.settings import Settings

_BYTES = 32


def forms(settings: Settings) -> Forms:
    """The maker of this site's forms.  With another key, forms issued before are put to a person instead of believed."""
    path = settings.home / "keys" / "forms"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(_BYTES))
        key = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError) as fault:
        raise SettingsError(f"{path} cannot be used as the key of forms ({fault}); restore it or move it away") from fault
    if len(key) < _BYTES:
        raise SettingsError(f"{path} holds {len(key)} bytes, {_BYTES} are needed; restore it or move it away")
    return Forms(key)
