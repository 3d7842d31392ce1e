from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import IntegerField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange
from wtforms.widgets import HiddenInput

from ..forms import Form

LONGEST = 50_000


class ScratchpadForm(Form):
    body = TextAreaField(
        _("Your notes"),
        [Length(max=LONGEST, message=_("The scratchpad holds 50,000 characters. Take something out."))],
    )
    version = IntegerField(validators=[InputRequired(), NumberRange(min=0, max=2**31 - 1)], widget=HiddenInput())
