from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import BooleanField, StringField
from wtforms.validators import DataRequired, Length

from ..forms import EditForm


class ViewForm(EditForm):
    name = StringField(
        _("Name"),
        [
            DataRequired(_("Give the view a name, such as My active clients.")),
            Length(max=80, message=_("This is longer than %(max)d characters.")),
        ],
    )
    is_shared = BooleanField(_("Share with everybody in this port"))
