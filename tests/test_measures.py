"""Lengths and weights: read in any usual spelling, and what is shown reads back as the same."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from app import formats
from app.measures import BEAM, LENGTH, Unread, read_length, read_weight, show_feet, show_length, show_weight

HUNDREDTHS = st.integers(min_value=1, max_value=20_000).map(lambda count: Decimal(count) / 100)
LOCALES = st.sampled_from(["en", "en_US", "fi", "de", "fr", "pt", "sv", "ar", "hi"])


@pytest.fixture(autouse=True, scope="module")
def _inside(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


@pytest.mark.parametrize(
    ("typed", "metres"),
    [
        ("18.9", "18.90"),
        ("18,90", "18.90"),
        ("18.9 m", "18.90"),
        ("18,9m", "18.90"),
        (" 18.90 metres ", "18.90"),
        ("1890 cm", "18.90"),
        ("18900mm", "18.90"),
        ("12", "12.00"),
        ("18.905", "18.91"),
        ("23.10", "23.10"),
        ("23,10", "23.10"),
        ("23'10\"", "7.26"),
        ("23' 10\"", "7.26"),
        ("23’10”", "7.26"),
        ("23′10″", "7.26"),
        ("23'10''", "7.26"),
        ("23'-10\"", "7.26"),
        ("23'10", "7.26"),
        ("23 ft 10 in", "7.26"),
        ("23ft10in", "7.26"),
        ("23 ft. 10 in.", "7.26"),
        ("23 feet 10 inches", "7.26"),
        ("23 ft, 10 in", "7.26"),
        ("23'10½\"", "7.28"),
        ("23' 10 1/2\"", "7.28"),
        ("0' 1/2\"", "0.01"),
        ("62′", "18.90"),
        ("62 ft", "18.90"),
        ("62.5 ft", "19.05"),
        ("62 pieds", "18.90"),
        ("23.10 ft", "7.04"),
        ("١٨.٩", "18.90"),
    ],
)
def test_a_length_is_read_in_any_spelling(typed: str, metres: str) -> None:
    assert read_length(typed) == Decimal(metres)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "Write metres"),
        ("long", "Write metres"),
        ("23 10", "Write metres"),
        ("1.234,5", "Write metres"),
        ("18.9 x 4.6", "Write metres"),
        ("-18.9", "Write metres"),
        ("1e3", "Write metres"),
        ("NaN", "Write metres"),
        ('10"', "Write metres"),
        ("9" * 41, "Write metres"),
        ("<script>", "Write metres"),
        ("0", "more than nothing"),
        ("0.004", "more than nothing"),
        ("23'14\"", "twelve inches"),
        ("23' 1/0\"", None),
        ("237.70", "237.70 m is longer than any vessel here; perhaps 23.77 m was meant"),
        ("2377", "perhaps 23.77 m was meant"),
        ("1890 ft", "perhaps 57.61 m was meant"),
        ("99999999999999999999999999", "perhaps 100.00 m was meant"),
    ],
)
def test_what_is_no_length_is_refused_with_a_hint(typed: str, reason: str | None) -> None:
    if reason is None:
        assert read_length(typed) == Decimal("7.01")
        return
    with pytest.raises(Unread) as refused:
        read_length(typed, LENGTH)
    assert reason in str(refused.value)


def test_a_beam_has_a_limit_of_its_own() -> None:
    with pytest.raises(Unread, match=r"46\.20 m is wider than any vessel here; perhaps 4\.62 m was meant"):
        read_length("46.2", BEAM)


@pytest.mark.parametrize(
    ("typed", "tonnes"), [("24.5", "24.50"), ("24,5 t", "24.50"), ("24500 kg", "24.50"), ("8 tonnes", "8.00")]
)
def test_a_weight_is_read(typed: str, tonnes: str) -> None:
    assert read_weight(typed) == Decimal(tonnes)


@pytest.mark.parametrize("typed", ["", "heavy", "0", "24.5 m", "24500"])
def test_what_is_no_weight_is_refused(typed: str) -> None:
    with pytest.raises(Unread):
        read_weight(typed)


@pytest.mark.parametrize(
    ("metres", "feet"),
    [("18.90", "62′"), ("7.26", "23′10″"), ("7.28", "23′10½″"), ("4.62", "15′2″"), ("0.01", "0′½″"), ("0.30", "1′")],
)
def test_feet_are_shown_in_as_few_parts_of_an_inch_as_lead_back(metres: str, feet: str) -> None:
    assert show_feet(Decimal(metres)) == feet


@settings(derandomize=True, deadline=None, max_examples=300)
@given(metres=HUNDREDTHS, locale=LOCALES)
def test_what_is_shown_reads_as_the_same(metres: Decimal, locale: str) -> None:
    with formats.use(None, locale=locale):
        assert read_length(show_length(metres)) == metres
        assert read_length(show_feet(metres)) == metres
        assert read_weight(show_weight(metres)) == metres


@settings(derandomize=True, deadline=None, max_examples=200)
@given(feet=st.integers(min_value=0, max_value=650), inches=st.integers(min_value=0, max_value=11))
def test_whole_inches_are_shown_as_they_were_typed(feet: int, inches: int) -> None:
    if feet or inches:
        shown = show_feet(read_length(f"{feet}'{inches}\""))
        assert shown == f"{feet}′" + (f"{inches}″" if inches else "")


@settings(derandomize=True, deadline=None, max_examples=300)
@given(typed=st.text(alphabet="0123456789.,'\"′″ftinm cmk/½ -", max_size=14))
def test_no_spelling_breaks_it(typed: str) -> None:
    try:
        found = read_length(typed)
    except Unread:
        return
    assert 0 < found <= LENGTH.most
    assert found == found.quantize(Decimal("0.01"))
