from .bulk import values_of, write_values
from .definition import LISTED, FieldDefinition, InUse, Taken
from .kinds import FieldKind, Option, Unfit, options_of, read, shown
from .record_field import RecordField
from .value import PREFIX, Customised, FieldValue, is_custom, told

__all__ = [
    "LISTED",
    "PREFIX",
    "Customised",
    "FieldDefinition",
    "FieldKind",
    "FieldValue",
    "InUse",
    "Option",
    "RecordField",
    "Taken",
    "Unfit",
    "is_custom",
    "options_of",
    "read",
    "shown",
    "told",
    "values_of",
    "write_values",
]
