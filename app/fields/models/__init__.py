from .definition import LISTED, FieldDefinition, InUse, Taken
from .kinds import FieldKind, Option, Unfit, read, shown
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
    "Taken",
    "Unfit",
    "is_custom",
    "read",
    "shown",
    "told",
]
