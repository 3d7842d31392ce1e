from .file import FILE_EVENTS, Category, File, FilePicture, FileVersion, Look, Scan
from .folder import Folder
from .holders import HOLDERS, NOBODY, Holder, holder_of, holds_files
from .loose import LOOSE_KEPT, LooseKey

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
