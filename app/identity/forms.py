from __future__ import annotations

from typing import Any

from flask import request
from flask_babel import lazy_gettext as _
from wtforms import BooleanField, PasswordField, RadioField, StringField
from wtforms.validators import InputRequired, Length, Optional

from ..forms import Form


class SignInForm(Form):
    email = StringField(_("E-mail"), [InputRequired(_("Type your e-mail address.")), Length(max=320)])
    password = PasswordField(_("Password"), [InputRequired(_("Type your password.")), Length(max=1024)])


class PreferencesForm(Form):
    theme = RadioField(
        _("Theme"),
        [Optional()],
        choices=[("system", _("System")), ("light", _("Light")), ("dark", _("Dark"))],
    )
    sidebar_collapsed = BooleanField(_("Small sidebar"), false_values=("0", ""))

    def sent(self) -> dict[str, Any]:
        """What was sent, by name; the rest stays as it is."""
        return {name: value for name, value in self.values().items() if name in request.form}
