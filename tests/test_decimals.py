"""The decimal sign of a file, and numbers read by it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from app.decimals import Unclear, decimal_sign, with_point


@pytest.fixture(autouse=True)
def inside(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


@pytest.mark.parametrize(
    ("cells", "sign"),
    [
        (["11,5", "1,250"], ","),
        (["11.5", "1,250"], "."),
        (["1.250,5"], ","),
        (["1,250.5"], "."),
        (["1.250.000"], ","),
        (["0,250"], ","),
        (["1250.5"], "."),
        (["11,5", "11.5"], ""),
        (["1,250", "12", "", "38'6\"", "no number"], ";"),
    ],
)
def test_the_sure_ones_say_it_for_the_file(cells: list[str], sign: str) -> None:
    assert decimal_sign(cells, fallback=";") == sign


@pytest.mark.parametrize(
    ("cell", "sign", "pointed"),
    [
        ("11,5", ".", "11.5"),
        ("11.5 m", ",", "11.5 m"),
        ("1.250", ",", "1250"),
        ("1,250", ",", "1.2500"),
        ("12 500 kg", ",", "12500 kg"),
        ("12’500,5", ",", "12500.5"),
        ("38'6\"", ",", "38'6\""),
        ("23' 10 1/2\"", ".", "23' 10 1/2\""),
        ("1.234.567,89", "", "1234567.89"),
        ("no number", ",", "no number"),
    ],
)
def test_numbers_come_out_with_a_point(cell: str, sign: str, pointed: str) -> None:
    assert with_point(cell, sign) == pointed


def test_what_can_be_read_in_two_ways_is_not_read() -> None:
    with pytest.raises(Unclear, match="can be read in two ways"):
        with_point("1,250", "")
