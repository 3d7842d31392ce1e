"""Small files of every kind, made here."""

from __future__ import annotations

import struct
import zipfile
from io import BytesIO

from PIL import Image

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-" + b"TEST-FILE!$H+H*"


def picture(kind: str, size: tuple[int, int] = (40, 30), colour: str = "teal") -> bytes:
    written = BytesIO()
    Image.new("RGB", size, colour).save(written, kind)
    return written.getvalue()


def package(*members: str) -> bytes:
    """An Office file of today, as far as its directory goes."""
    written = BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for member in members:
            archive.writestr(member, "<x/>")
    return written.getvalue()


DOCX = package("[Content_Types].xml", "word/document.xml")
XLSX = package("[Content_Types].xml", "xl/workbook.xml")
DOCM = package("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin")


def compound(*names: str) -> bytes:
    """An Office file of before: header, one sector of allocation table, one of directory."""
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    struct.pack_into("<H", header, 30, 9)
    struct.pack_into("<I", header, 48, 1)
    struct.pack_into("<109I", header, 76, 0, *[0xFFFFFFFF] * 108)
    table = struct.pack("<128I", 0xFFFFFFFD, 0xFFFFFFFE, *[0xFFFFFFFF] * 126)
    directory = b"".join(entry(name) for name in ("Root Entry", *names)).ljust(512, b"\0")
    return bytes(header) + table + directory


def entry(name: str) -> bytes:
    written = name.encode("utf-16-le")
    return written.ljust(64, b"\0") + struct.pack("<H", len(written) + 2) + bytes(62)


DOC, XLS = compound("WordDocument", "1Table"), compound("Workbook")


def pdf(pages: int = 1, size: tuple[int, int] = (595, 842)) -> bytes:
    """Pages with a grey box each."""
    width, height = size
    drawing = f"0.4 g 50 50 {width - 100} {height - 100} re f".encode()
    kids = " ".join(f"{at + 4} 0 R" for at in range(pages))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {pages}>>".encode(),
        b"<</Length %d>>stream\n%s\nendstream" % (len(drawing), drawing),
        *[f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {width} {height}]/Contents 3 0 R>>".encode()] * pages,
    ]
    written, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj" % number + content + b"endobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size_of = len(objects) + 1
    return (
        written
        + b"xref\n0 %d\n0000000000 65535 f \n" % size_of
        + table
        + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size_of, len(written))
    )


CSV = "Name,Berth\nLéa Marchand,A 12\n".encode()
ALL = {
    "picture.jpg": picture("JPEG"),
    "picture.JPEG": picture("JPEG"),
    "picture.png": picture("PNG"),
    "picture.gif": picture("GIF"),
    "picture.webp": picture("WEBP"),
    "contract.pdf": pdf(),
    "letter.doc": DOC,
    "letter.docx": DOCX,
    "prices.xls": XLS,
    "prices.xlsx": XLSX,
    "berths.csv": CSV,
}
