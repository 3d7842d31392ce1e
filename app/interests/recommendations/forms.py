from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import BooleanField, TextAreaField
from wtforms.validators import DataRequired

from ...forms import Form, at_most
from ..forms import berth_field


class RecommendationForm(Form):
    berth = berth_field(validators=[DataRequired(_("Type the number of the berth."))])
    note = TextAreaField(_("Why this one"), [DataRequired(_("Say why.")), at_most(400)])
    anyway = BooleanField(_("Recommend it although it does not suit"))
