"""What may be uploaded: told by the content itself, never by the name.

A name may only confirm it: “contract.pdf” with a program in it is refused, and so is a picture called “contract.pdf”.
"""

from __future__ import annotations

import codecs
import hashlib
import re
import struct
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any

from flask_babel import lazy_gettext as _  # said in the thread of the request, looked at in another

LARGEST = 50 * 1024 * 1024
LONGEST_NAME = 200
PIECE = 64 * 1024


@dataclass(frozen=True)
class Kind:
    """One of the kinds that are taken; the first extension is the one it is stored under."""

    name: str
    mime: str
    extensions: tuple[str, ...]


OFFICE = "application/vnd.openxmlformats-officedocument"
JPEG = Kind("JPEG", "image/jpeg", ("jpg", "jpeg", "jpe", "jfif"))
PNG = Kind("PNG", "image/png", ("png",))
GIF = Kind("GIF", "image/gif", ("gif",))
WEBP = Kind("WebP", "image/webp", ("webp",))
PDF = Kind("PDF", "application/pdf", ("pdf",))
DOC = Kind("Word", "application/msword", ("doc",))
DOCX = Kind("Word", f"{OFFICE}.wordprocessingml.document", ("docx",))
XLS = Kind("Excel", "application/vnd.ms-excel", ("xls",))
XLSX = Kind("Excel", f"{OFFICE}.spreadsheetml.sheet", ("xlsx",))
CSV = Kind("CSV", "text/csv", ("csv",))
KINDS = (JPEG, PNG, GIF, WEBP, PDF, DOC, DOCX, XLS, XLSX, CSV)
BY_MIME = {kind.mime: kind for kind in KINDS}
# What a browser offers when somebody chooses a file.
ACCEPT = ",".join(f".{extension}" for kind in KINDS for extension in kind.extensions)
# Of these there are pictures to look at.
LOOKED_AT = frozenset(kind.mime for kind in (JPEG, PNG, GIF, WEBP, PDF))


class Unfit(ValueError):
    """A file that is not taken; the text says why in words for who sent it."""


@dataclass(frozen=True)
class Upload:
    """A file as it was sent, looked at from beginning to end."""

    stream: IO[bytes]
    filename: str
    kind: Kind
    size: int
    sha256: bytes


@dataclass(frozen=True)
class Content:
    """An upload that lies in the storage, and that no record names yet."""

    key: str
    filename: str
    mime: str
    size: int
    sha256: bytes
    is_to_be_scanned: bool = False


def examined(stream: IO[bytes], sent_name: str) -> Upload:
    """The file that was sent under this name. Reads a piece at a time. Raises Unfit."""
    filename = plain_name(sent_name)
    size, sha256 = measured(stream)
    if size == 0:
        raise Unfit(_("“%(name)s” is empty. Choose another file.", name=filename))
    if size > LARGEST:
        raise Unfit(_("“%(name)s” is larger than 50 MB. Make it smaller or send it in parts.", name=filename))
    extension = extension_of(filename)
    kind = kind_of(stream, extension)
    if kind is None:
        raise Unfit(refusal(stream, filename))
    if extension and extension not in kind.extensions:
        words = {"name": filename, "kind": kind.name, "extension": kind.extensions[0]}
        raise Unfit(_("“%(name)s” is not what its name says but %(kind)s. Name it “.%(extension)s”.", **words))
    stream.seek(0)
    return Upload(stream, filename, kind, size, sha256)


def measured(stream: IO[bytes]) -> tuple[int, bytes]:
    """Size and SHA-256; no further than it takes to see that it is too large."""
    stream.seek(0)
    digest, size = hashlib.sha256(), 0
    while size <= LARGEST and (piece := stream.read(PIECE)):
        digest.update(piece)
        size += len(piece)
    return size, digest.digest()


# --- Names

# Letters that turn what follows them around, so that `exe.fdp` reads as `pdf.exe`, and those that nobody sees.
TURNING = re.compile("[\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]")


def plain_name(sent: str) -> str:
    """The name without folders and without what cannot be printed, otherwise as it was sent; cut in the middle when it
    is too long, so that the extension stays."""
    name = PurePosixPath(unicodedata.normalize("NFC", sent).replace("\\", "/")).name
    name = TURNING.sub("", name)
    name = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in name if not is_half(c))
    name = " ".join(name.split()).strip(" .") or "file"
    if len(name) > LONGEST_NAME:
        stem, dot, extension = name.rpartition(".")
        kept = f"{dot}{extension}" if stem and len(extension) <= 10 else ""
        name = f"{name[: LONGEST_NAME - len(kept) - 1]}…{kept}"
    return name


def is_half(character: str) -> bool:
    return "\ud800" <= character <= "\udfff"


def extension_of(filename: str) -> str:
    stem, _dot, extension = filename.rpartition(".")
    return extension.lower() if stem and re.fullmatch(r"[A-Za-z0-9]{1,10}", extension) else ""


# --- Content

BEGINNINGS = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"%PDF-", PDF),
)
# How the directory of a broken archive shows; zipfile has no error of its own for the last two.
NO_ARCHIVE = (
    zipfile.BadZipFile,  # it is not there, or does not add up
    NotImplementedError,  # of a version or compression that zipfile does not know
    UnicodeDecodeError,  # a name in it is no text
)
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MOST_MEMBERS = 10_000


def kind_of(stream: IO[bytes], extension: str) -> Kind | None:
    """What the content is; None for what is not taken. Text is CSV when the name says so, since nothing else does."""
    stream.seek(0)
    head = stream.read(PIECE)
    for beginning, kind in BEGINNINGS:
        if head.startswith(beginning):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head.startswith(COMPOUND):
        return kind_of_compound(stream)
    if head.startswith(b"PK\x03\x04"):
        return kind_of_package(stream)
    return CSV if extension == "csv" and is_table(stream) else None


def kind_of_package(stream: IO[bytes]) -> Kind | None:
    """Word and Excel since 2007: a ZIP archive that says so. With macros it is another kind, which is not taken."""
    try:
        with zipfile.ZipFile(stream) as archive:
            members = {member.filename.lower() for member in archive.infolist()[:MOST_MEMBERS]}
    except NO_ARCHIVE:
        return None
    if "[content_types].xml" not in members or any(name.endswith("vbaproject.bin") for name in members):
        return None
    if "word/document.xml" in members:
        return DOCX
    return XLSX if "xl/workbook.xml" in members else None


def kind_of_compound(stream: IO[bytes]) -> Kind | None:
    """Word and Excel until 2003: a file system in a file, whose directory says what is in it."""
    try:
        names = set(compound_names(stream))
    except struct.error:
        return None
    if "WordDocument" in names:
        return DOC
    return XLS if names & {"Workbook", "Book"} else None


FREE = 0xFFFFFFFA  # this sector number and those above it mean none
MOST_SECTORS = 512  # of a directory: more than any document has


def compound_names(stream: IO[bytes]) -> Iterator[str]:
    """The names in the directory of a compound file ([MS-CFB]). Raises struct.error for a broken one."""
    stream.seek(0)
    header = stream.read(512)
    shift = struct.unpack_from("<H", header, 30)[0]
    if shift not in (9, 12):
        return
    size, sector = 1 << shift, struct.unpack_from("<I", header, 48)[0]
    tables = struct.unpack_from("<109I", header, 76)
    for _count in range(MOST_SECTORS):
        if sector >= FREE:
            return
        stream.seek((sector + 1) * size)
        content = stream.read(size)
        for at in range(0, len(content) - 127, 128):
            length = struct.unpack_from("<H", content, at + 64)[0]
            yield content[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
        table, place = divmod(sector, size // 4)
        if table >= len(tables) or tables[table] >= FREE:
            return
        stream.seek((tables[table] + 1) * size + place * 4)
        sector = struct.unpack("<I", stream.read(4))[0]


MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
# Text that is something else than a table: markup, programs, PostScript, mails with a letterhead.
NOT_A_TABLE = re.compile(r"\s*(?:<|#!|%!|\{\\rtf|MIME-Version:|BEGIN:V)", re.I)


def is_table(stream: IO[bytes]) -> bool:
    """Whether it can be lines of text: UTF-8, UTF-16 with its mark, or the one-byte encoding of old programs."""
    stream.seek(0)
    head = stream.read(4)
    mark, encoding = next(((m, e) for m, e in MARKS if head.startswith(m)), (b"", "utf-8"))
    encodings = (encoding,) if mark else (encoding, "cp1252")
    return any(reads_as(stream, each, len(mark)) for each in encodings)


def reads_as(stream: IO[bytes], encoding: str, start: int) -> bool:
    stream.seek(start)
    decoder, is_first = codecs.getincrementaldecoder(encoding)(), True
    try:
        while piece := stream.read(PIECE):
            text = decoder.decode(piece)
            if CONTROLS.search(text) or (is_first and NOT_A_TABLE.match(text)):
                return False
            is_first = False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


TAKEN = "PDF, Word, Excel, CSV, JPEG, PNG, GIF, WebP"


def refusal(stream: IO[bytes], filename: str) -> Any:
    """Why the file is not taken: what it seems to be, and what is taken."""
    words = {"name": filename, "taken": TAKEN}
    found = seems(stream)
    if any(found.lower() in kind.extensions for kind in KINDS):
        return _("“%(name)s” is broken, or protected, or carries macros. Save it again without and send that.", **words)
    if found:
        return _("“%(name)s” looks like %(kind)s, which is not taken. Send one of: %(taken)s.", kind=found, **words)
    return _("“%(name)s” is of a kind that is not taken. Send one of: %(taken)s.", **words)


def seems(stream: IO[bytes]) -> str:
    """The usual extension of such content, in capitals; nothing where it cannot be told."""
    import puremagic  # only here: it reads its table of a thousand kinds when it is loaded

    stream.seek(0)
    head = stream.read(PIECE)
    if head.startswith(b"PK\x03\x04"):
        return "DOCX" if b"[Content_Types].xml" in head else "ZIP"
    try:
        found = puremagic.from_string(head).lstrip(".").upper()
    except (puremagic.PureError, ValueError):
        return ""
    return found if re.fullmatch(r"[A-Z0-9]{1,6}", found) else ""
