"""Places on the plan as somebody types them: of a dock, of a single berth."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import babel.numbers
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_wtf.file import FileRequired
from wtforms import Field, IntegerField, StringField
from wtforms.validators import DataRequired, InputRequired, NumberRange, Optional, ValidationError

from ...files.content import JPEG, PNG, WEBP
from ...files.incoming import UploadField
from ...formats import in_force
from ...forms import EditForm, Form
from ..forms import ON_PLAN, SeenForm
from ..models import Dock, Position

METRES = re.compile(r"(?P<sign>[-−]?)(?P<number>\d{1,4}(?:[.,]\d{1,20})?)\s*m?")
GIVEN = DataRequired(_("Say how many metres."))
TENTH = Decimal("0.1")
LARGEST = 5000  # metres of a plan
WIDEST = 9999  # metres of a picture
TURN = NumberRange(0, 359, _("Between 0 and 359 degrees."))
TYPED = [InputRequired(_("Say how many metres.")), ON_PLAN[1]]


class MetresField(StringField):
    """Metres to a tenth, with a comma or a point; `data` is the same with a point, or empty."""

    data: Any

    def __init__(self, label: Any, *args: Any, least: int, most: int, **kwargs: Any) -> None:
        super().__init__(label, *args, **kwargs)
        self.least, self.most = least, most

    @property
    def value(self) -> Decimal | None:
        return Decimal(self.data) if self.data else None

    def process_data(self, value: Any) -> None:
        self.data = "" if value is None else f"{Decimal(value):.1f}"

    def process_formdata(self, valuelist: list[Any]) -> None:
        if not valuelist:
            return
        self.data = str(valuelist[0]).replace("\x00", "").strip()
        if self.data:
            self.data = f"{self._read(self.data):.1f}"

    def _read(self, typed: str) -> Decimal:
        found = METRES.fullmatch(typed)
        if found is None:
            raise ValueError(gettext("Write metres such as 12.5."))
        value = Decimal(("-" if found["sign"] else "") + found["number"].replace(",", ".")).quantize(TENTH)
        if not self.least <= value <= self.most:
            raise ValueError(gettext("Between %(least)d and %(most)d metres.", least=self.least, most=self.most))
        return value

    def _value(self) -> str:
        if self.errors or not self.data:
            return " ".join(self.raw_data) if self.raw_data else ""
        return babel.numbers.format_decimal(Decimal(self.data), "0.0", locale=in_force().locale)


def on_plan(label: Any) -> MetresField:
    return MetresField(label, [GIVEN], least=0, most=LARGEST)


class PlaceForm(SeenForm):
    """Where something lies on the plan; `was` is empty where the map finds the place."""

    FASTER = (
        _("%(who)s moved it on %(time)s: %(now)s. Save again to move it all the same."),
        _("Somebody moved it meanwhile: %(now)s. Save again to move it all the same."),
    )


class BerthPlaceForm(PlaceForm):
    x = on_plan(_("Its middle: metres from the left of the map"))
    y = on_plan(_("Metres from the top of the map"))
    turn = IntegerField(
        _("Turned by degrees"),
        [Optional(), TURN],
        description=_("Clockwise. At 0 the bow points up, at 90 to the right."),
    )
    label_x = MetresField(_("Its number: metres to the right of the middle"), least=-100, most=100)
    label_y = MetresField(_("Metres below the middle"), least=-100, most=100)

    def validate_label_y(self, field: Field) -> None:
        if bool(field.data) != bool(self.label_x.data) and not self.label_x.errors:
            raise ValidationError(gettext("Right and below go together."))

    def position(self) -> Position:
        label = self.label_x.value, self.label_y.value
        return Position(self.x.value, self.y.value, self.turn.data or 0, *label)


class DockPlaceForm(PlaceForm):
    plan_x = IntegerField(_("Metres from the left of the map"), TYPED)
    plan_y = IntegerField(_("Metres from the top of the map"), TYPED)
    plan_turn = IntegerField(
        _("Turned by degrees"),
        [Optional(), TURN],
        description=_("Clockwise. At 0 the dock runs to the right, at 90 down."),
    )

    def place(self) -> dict[str, int | None]:
        return {"plan_x": self.plan_x.data, "plan_y": self.plan_y.data, "plan_turn": self.plan_turn.data or 0}


class PlanUploadForm(Form):
    file = UploadField(
        _("Picture"),
        [FileRequired(_("Choose a file first."))],
        description=_("PNG, JPEG or WebP, at most 50 MB: a chart, a drawing, a photo from above."),
    )

    def validate_file(self, field: UploadField) -> None:
        if field.upload.kind not in (PNG, JPEG, WEBP):
            raise ValidationError(gettext("This is no picture that can lie behind a map. Send PNG, JPEG or WebP."))


class PlanForm(EditForm):
    """Where the picture lies and how large it is."""

    x = MetresField(_("Metres from the left of the map"), [GIVEN], least=-LARGEST, most=LARGEST)
    y = MetresField(_("Metres from the top of the map"), [GIVEN], least=-LARGEST, most=LARGEST)
    width = MetresField(_("Width in metres"), [GIVEN], least=1, most=WIDEST)
    opacity = IntegerField(
        _("How strongly it is drawn"),
        [InputRequired(_("Say how strongly.")), NumberRange(5, 100, _("Between 5 and 100."))],
        description=_("Of a hundred; less leaves more of the berths."),
    )

    def written(self, changes: dict[str, Any]) -> dict[str, Any]:
        """The values as the model takes them."""
        return {name: value if name == "opacity" else Decimal(value) for name, value in changes.items()}


def place_of(dock: Dock) -> str:
    """How a form remembers where a dock was; nothing where the map finds the place."""
    return "" if dock.plan_x is None else f"{dock.plan_x} {dock.plan_y} {dock.plan_turn or 0}"
