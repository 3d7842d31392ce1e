from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import TextAreaField
from wtforms.validators import DataRequired

from ..forms import Form, at_most


class VoidForm(Form):
    reason = TextAreaField(_("Why"), [DataRequired(_("Say why.")), at_most(1000)])
