from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import func
from wtforms import StringField
from wtforms.validators import DataRequired

from ..current import member
from ..db import db
from ..forms import Form, at_most
from .models import Tag, tag_called


class AddTagForm(Form):
    """A tag that is there by its name."""

    name = StringField(_("Tag"), [DataRequired(_("Type the name of a tag.")), at_most(40)])

    def tag(self) -> Tag | None:
        """The tag in use of that name, a new one for who looks after tags; None, with the reason, for others."""
        return self._told(tag_called(str(self.name.data), member=member))

    def tag_carried(self) -> Tag | None:
        """The tag of that name, also one that is put away and still carried; None, with the reason, where there is
        none."""
        same = Tag.visible_to(member).where(func.lower(Tag.name) == func.lower(str(self.name.data)))
        found = same.order_by(Tag.archived_at.desc().nulls_first()).limit(1)
        return self._told(db.session.scalars(found).one_or_none())

    def _told(self, found: Tag | None) -> Tag | None:
        if found is None:
            text = gettext("There is no tag called “%(name)s”. Choose one of the list.", name=self.name.data)
            self.name.errors = [text]
        return found
