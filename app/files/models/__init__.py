from .file import FILE_EVENTS, Category, File
from .folder import Folder
from .holders import HOLDERS, NOBODY, Holder, holder_of, holds_files
from .loose import LOOSE_KEPT, LooseKey
from .picture import FilePicture
from .version import FileVersion, Look, Scan

__all__ = [
    "FILE_EVENTS",
    "HOLDERS",
    "LOOSE_KEPT",
    "NOBODY",
    "Category",
    "File",
    "FilePicture",
    "FileVersion",
    "Folder",
    "Holder",
    "Look",
    "LooseKey",
    "Scan",
    "holder_of",
    "holds_files",
]
