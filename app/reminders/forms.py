"""What the forms of reminders send."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import Field, HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, ValidationError

from ..clients.models import Client
from ..current import member
from ..db import now
from ..events.subjects import Shown, shown_of
from ..forms import DayField, EditForm, Form, PickField, at_most
from .labels import AS_IT_IS, PRIORITIES, REPEATS
from .models import Priority, Reminder, Repeat
from .models.recurrence import is_left_out, local_time, moment_of, rule_of
from .queries import people

MORNING = time(9)
HOURS_LATER = 3


@dataclass(frozen=True)
class About:
    """The record a reminder is about, by its kind and id."""

    subject_type: str
    id: uuid.UUID
    port_id: uuid.UUID
    shown: Shown


def about_of(written: str | None) -> About | None:
    """`client:<id>`, where the member may open it."""
    kind, _colon, found = (written or "").partition(":")
    try:
        record_id = uuid.UUID(found)
    except ValueError:
        return None
    shown = shown_of(member, {(kind, record_id)}).get((kind, record_id))
    return About(kind, record_id, member.here().id, shown) if shown else None


class TimeField(StringField):
    """A time of the day as `HH:MM`."""

    data: Any

    def process_data(self, value: Any) -> None:
        self.data = f"{value:%H:%M}" if isinstance(value, time) else value or ""

    def post_validate(self, form: Any, validation_stopped: bool) -> None:
        try:
            if self.data:
                self.data = f"{time.fromisoformat(self.data):%H:%M}"
        except ValueError:
            self.errors = [gettext("Write the time as hours and minutes, such as 09:30.")]


class PersonField(SelectField):
    """Whose a reminder is: whoever may see reminders; who may not hand them out chooses themselves or nobody."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.type = "SelectField"  # drawn as any other

    def offer(self, kept: Reminder | None) -> None:
        names = dict(people(member))
        if not member.can("reminders.assign_others"):
            own = {str(member.id), str(kept.assigned_to_id) if kept else ""}
            names = {user: name for user, name in names.items() if user in own}
        if kept and kept.assigned_to_id:
            names.setdefault(str(kept.assigned_to_id), gettext("A former colleague"))
        self.names = names
        self.choices = [("", gettext("Nobody")), *names.items()]

    def chosen(self) -> uuid.UUID | None:
        return uuid.UUID(self.data) if self.data else None

    def name_of(self, user_id: uuid.UUID | None) -> str:
        """Empty for nobody."""
        return self.names[str(user_id)] if user_id else ""


def text_of(value: Any) -> str:
    return str(value) if value else ""


class ReminderForm(EditForm):
    """Made with `zone`, in which its day and time are meant."""

    title = StringField(_("What to do"), [DataRequired(_("Say what is to be done.")), at_most(200)])
    due_on = DayField(_("Day"), [DataRequired(_("Say on which day."))])
    due_time = TimeField(_("Time"), [DataRequired(_("Say at what time."))])
    priority = SelectField(_("Priority"), choices=PRIORITIES, default=Priority.NORMAL)
    assigned_to_id = PersonField(_("Whose it is"), coerce=text_of)
    repeat = SelectField(_("Repeats"), choices=REPEATS, coerce=text_of)
    repeat_until = DayField(_("Until"), description=_("The last day on which it may come. Empty: for good."))
    notes = TextAreaField(_("Notes"), [at_most(4000)])

    def __init__(self, *args: Any, obj: Reminder | None = None, **kwargs: Any) -> None:
        super().__init__(*args, obj=obj, **kwargs)
        self.zone = obj.zone if obj else member.here().timezone
        self.assigned_to_id.offer(obj)
        if obj and obj.repeat == Repeat.AS_IT_IS:
            self.repeat.choices = [*REPEATS, AS_IT_IS]

    def validate_due_on(self, field: Field) -> None:
        four_digits(field)

    def validate_due_time(self, field: Field) -> None:
        local = local_of(self.due_on, field)
        if local and is_left_out(local, self.zone):
            raise ValidationError(gettext("The clocks go forward that night, and this time does not come."))

    def validate_repeat_until(self, field: Field) -> None:
        four_digits(field)
        if field.data and not self.repeat.data:
            raise ValidationError(gettext("Say how often it repeats."))
        if field.data and self.due_on.data and field.data < self.due_on.data:
            raise ValidationError(gettext("It ends before it begins."))

    def written(self, changes: Mapping[str, Any], kept: Reminder | None = None) -> dict[str, Any]:
        """The values as the verbs take them: a day and a time are one moment, and a choice is a rule."""
        found = {name: changes[name] for name in ("title", "notes", "priority") if name in changes}
        local = datetime.combine(date.fromisoformat(self.due_on.data), time.fromisoformat(self.due_time.data))
        if kept is None or {"due_on", "due_time"} & set(changes):
            found["due_at"] = moment_of(local, self.zone)
        is_offered = self.repeat.data != Repeat.AS_IT_IS
        if is_offered and (kept is None or {"repeat", "repeat_until"} & set(changes)):
            until = date.fromisoformat(self.repeat_until.data) if self.repeat_until.data else None
            starts = local if "due_at" in found or kept is None else kept.occurs_at
            found["recurrence"] = rule_of(Repeat(self.repeat.data), starts, until)
        return found


class NewReminderForm(ReminderForm):
    """`about`: the record from whose page it is made; elsewhere a client may be named."""

    about = HiddenField()
    client = PickField(
        _("Client"),
        find=lambda typed: Client.named(member, typed),
        near=lambda typed: [],
        description=_("Who it is about. The beginning of the name, or the number."),
    )

    def validate_about(self, field: Field) -> None:
        if field.data and self.subject() is None:
            raise ValidationError(gettext("The record it is about is not there any more."))

    def subject(self) -> About | Client | None:
        return about_of(self.about.data) or self.client.record

    def fill(self) -> None:
        """What the form opens with: mine, at the next full hour."""
        self.due_on.data, self.due_time.data = next_hour()
        self.assigned_to_id.data = str(member.id)


class QuickForm(Form):
    """A reminder in one line: mine, and about the record on whose page it stands."""

    title = StringField(_("What to do"), [DataRequired(), at_most(200)], id="quick-title")
    due_on = DayField(_("Day"), id="quick-day")
    due_time = TimeField(_("Time"), id="quick-time")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.due_on.data, self.due_time.data = next_hour()


def next_hour() -> tuple[str, str]:
    """The day and the time of the next full hour in the port."""
    local = local_time(now(), member.here().timezone) + timedelta(hours=1)
    return local.date().isoformat(), f"{local:%H}:00"


def four_digits(field: Field) -> None:
    if field.data and not "1990" <= field.data <= "2200":
        raise ValidationError(gettext("Write the year with four digits."))


def local_of(day: Field, at: Field) -> datetime | None:
    """The two together, where both can be read."""
    try:
        return datetime.combine(date.fromisoformat(day.data or ""), time.fromisoformat(at.data or ""))
    except ValueError:
        return None


class SnoozeForm(Form):
    until = SelectField(
        _("Until"),
        choices=[
            ("later", _("Later today")),
            ("tomorrow", _("Tomorrow")),
            ("next_week", _("Next week")),
            ("day", _("Another day")),
        ],
        default="day",
    )
    day = DayField(_("Day"))
    at = TimeField(_("Time"), default="09:00")

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone

    def validate_day(self, field: Field) -> None:
        four_digits(field)
        if self.until.data == "day" and not field.data:
            raise ValidationError(gettext("Say until which day."))

    def moment(self) -> datetime:
        """Mornings are at nine by the clock there; next week begins on Monday."""
        here = local_time(now(), self.zone)
        if self.until.data == "later":
            return now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=HOURS_LATER)
        if self.until.data == "day":
            at = time.fromisoformat(self.at.data) if self.at.data else MORNING
            return moment_of(datetime.combine(date.fromisoformat(self.day.data), at), self.zone)
        days = 1 if self.until.data == "tomorrow" else 7 - here.weekday()
        return moment_of(datetime.combine(here.date() + timedelta(days=days), MORNING), self.zone)


class AssigneeForm(Form):
    assigned_to_id = PersonField(_("Whose it is"), coerce=text_of)

    def __init__(self, *args: Any, kept: Reminder, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.assigned_to_id.offer(kept)
