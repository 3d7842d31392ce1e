"""What makes a new password too weak, and that judging one takes no longer for who sends more."""

from __future__ import annotations

import pytest

from app.identity.passwords import is_guessed_soon, weaknesses

ABOUT = ("Ada Lindqvist", "ada.agent@north.example")


@pytest.fixture(autouse=True)
def _words(app: object) -> object:
    with app.test_request_context():  # type: ignore[attr-defined]  # a Flask
        yield


@pytest.mark.parametrize(
    "password", ["Brisk-Tide-2027?", "Kolme pientä Ankkaa 3", "Xk4!qqq-zPlm", "Ωmega-Ψtide-42!", "Ada-boat-1000!"]
)
def test_a_good_one(password: str) -> None:
    assert weaknesses(password, about=ABOUT) == []


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("Short-1!", "at least 12"),
        ("no-capitals-here-1", "capital letter"),
        ("NO-SMALL-ONES-1", "small letter"),
        ("No-Digits-Here!", "a digit"),
        ("NoSpecials12345", "special character"),
        ("Lindqvist-Tide-27", "your name"),
        ("Tide-LINDQVIST-27", "your name"),
        ("x-Ada.Agent-2027", "your name"),
        ("adalindqvistA1!", "your name"),
        ("A1!" + "x" * 1022, "at most 1024"),
        ("Aä1!" + "ä" * 511, "at most 1024"),
    ],
)
def test_each_rule(password: str, words: str) -> None:
    assert any(words in reason for reason in weaknesses(password, about=ABOUT))


def test_everything_is_said_at_once() -> None:
    assert len(weaknesses("ada", about=("Ada", "ada@north.example"))) == 6


@pytest.mark.parametrize(
    "password",
    [
        "Password123!",
        "P@ssw0rd1234!",
        "PASSWORD!!!1234",
        "1234Password!",
        "PasswordPassword1!",
        "Qwertyuiop12!",
        "Abcdefghijk1!",
        "Poiuytrewq99!",
        "Letmein!!2026",
        "Welcome-2026!",
        "Sunshine2024!",
        "$unshine2024!",
        "1q2w3e4r5t6Y!",
        "Aaaaaaaaaaa1!",
        "Motdepasse12!",
        "Salasana2026!",
        "Harbour-2026!",
        "Marina-Marina-1",
    ],
)
def test_a_common_one_is_known_however_it_is_dressed(password: str) -> None:
    assert is_guessed_soon(password)


def test_what_is_known_of_somebody_makes_it_easy_to_guess() -> None:
    assert not is_guessed_soon("Keskiviikko-Ilta-7")
    assert is_guessed_soon("Keskiviikko-Ilta-7", about=("Keskiviikko Ilta",))


def test_ten_megabytes_are_not_read() -> None:
    assert weaknesses("A1!a" * 2_500_000, about=ABOUT) == ["Use at most 1024 characters."]
