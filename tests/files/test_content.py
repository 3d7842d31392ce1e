"""What may be uploaded, and under which name."""

from __future__ import annotations

from io import BytesIO

import pytest

from app.files.content import BY_MIME, LARGEST, Unfit, examined, plain_name
from tests.files import samples
from tests.test_storage import Dribble

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><html><script>alert(1)</script></html>"


@pytest.mark.parametrize("name", samples.ALL)
def test_what_is_taken(name: str) -> None:
    found = examined(Dribble(samples.ALL[name]), name)
    assert name.lower().rpartition(".")[2] in found.kind.extensions
    assert (found.filename, found.size) == (name, len(samples.ALL[name]))
    assert found.stream.read() == samples.ALL[name]
    assert BY_MIME[found.kind.mime] is found.kind


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.pdf", b"", "is empty"),
        ("drawing.svg", SVG, "looks like SVG"),
        ("page.html", HTML, "not taken"),
        ("page.pdf", HTML, "not taken"),
        ("drawing.png", SVG, "not taken"),
        ("drawing.csv", SVG, "not taken"),
        ("page.csv", b"\xef\xbb\xbf  " + HTML, "not taken"),
        ("page.csv", (b"\xff\xfe" + HTML.decode().encode("utf-16-le")), "not taken"),
        ("program.csv", b"MZ\x90\x00" + bytes(600), "looks like EXE"),
        ("program.pdf", b"MZ\x90\x00" + bytes(600), "looks like EXE"),
        ("script.csv", b"#!/bin/sh\nrm -rf /\n", "not taken"),
        ("late.pdf", b" " * 300 + samples.pdf(), "not taken"),
        ("archive.zip", samples.package("a.txt"), "looks like ZIP"),
        ("archive.docx", samples.package("a.txt"), "looks like ZIP"),
        ("macros.docx", samples.DOCM, "carries macros"),
        ("broken.docx", samples.DOCX[:-30], "is broken"),
        ("installer.doc", samples.compound("Installer"), "is broken"),
        ("circle.doc", samples.compound()[:512] + b"\0" * 1024, "is broken"),
        ("cut.doc", samples.DOC[:500], "is broken"),
        ("contract.pdf", samples.picture("PNG"), "not what its name says but PNG"),
        ("photo.jpg", samples.pdf(), "not what its name says but PDF"),
        ("prices.docx", samples.XLSX, "not what its name says but Excel"),
        ("picture.png", samples.CSV, "not taken"),
        ("notes.txt", samples.CSV, "not taken"),
    ],
)
def test_what_is_refused(name: str, content: bytes, says: str) -> None:
    with pytest.raises(Unfit) as refused:
        examined(BytesIO(content), name)
    assert says in str(refused.value)
    assert f"“{name}”" in str(refused.value)


def test_a_file_of_fifty_megabytes_is_taken_and_not_one_byte_more() -> None:
    content = samples.pdf().ljust(LARGEST, b"\n")
    assert examined(BytesIO(content), "survey.pdf").size == LARGEST
    with pytest.raises(Unfit, match="larger than 50 MB"):
        examined(BytesIO(content + b"\n"), "survey.pdf")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_table_may_be_in_any_of_the_encodings_of_old_programs(encoding: str) -> None:
    content = ("Name;Platz\n" + "Jürgen Größe;A 12\n" * 5000).encode(encoding)
    assert examined(Dribble(content), "clients.csv").kind.name == "CSV"


def test_a_picture_without_an_extension_is_a_picture() -> None:
    assert examined(BytesIO(samples.picture("JPEG")), "image").kind.name == "JPEG"


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("Contract.pdf", "Contract.pdf"),
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\Users\\Lea\\Contract.pdf", "Contract.pdf"),
        ("a\r\nSet-Cookie: b.pdf", "a Set-Cookie: b.pdf"),
        ("\u202efdp.exe.pdf", "fdp.exe.pdf"),
        ("in\u200bvisible.pdf", "invisible.pdf"),
        ("<script>alert('1')</script>.pdf", "script>.pdf"),
        ("“Ærøskøbing” & 'søn' <3.pdf", "“Ærøskøbing” & 'søn' <3.pdf"),
        ("船 の 契約.pdf", "船 の 契約.pdf"),
        ("🚢.pdf", "🚢.pdf"),
        ("e\u0301te\u0301.pdf", "été.pdf"),
        ("a\ud800b.pdf", "ab.pdf"),
        ("   .pdf  ", "pdf"),
        ("", "file"),
        ("..", "file"),
        ("\x00", "file"),
        ("x" * 300 + ".pdf", "x" * 195 + "….pdf"),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
def test_a_name_is_kept_as_it_was_typed(sent: str, name: str) -> None:
    assert plain_name(sent) == name
    assert plain_name(name) == name
