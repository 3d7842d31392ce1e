from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import BooleanField, StringField
from wtforms.validators import DataRequired

from ..forms import EditForm, at_most


class ViewForm(EditForm):
    name = StringField(
        _("Name"),
        [DataRequired(_("Give the view a name, such as My active clients.")), at_most(80)],
    )
    is_shared = BooleanField(_("Share with everybody in this port"))
