"""What the page of preferences sends: one box for each type and channel."""

from __future__ import annotations

from flask import request

from ..forms import Form
from .types import TYPES, Channels


class PreferencesForm(Form):
    """Boxes named `type.channel`; a box that is not ticked is not sent, so nothing can be missing or wrong."""

    def chosen(self) -> dict[str, Channels]:
        return {
            kind.name: Channels(
                in_app=f"{kind.name}.in_app" in request.form,
                email=kind.always_mailed or f"{kind.name}.email" in request.form,
                digest=f"{kind.name}.digest" in request.form,
            )
            for kind in TYPES.values()
        }
