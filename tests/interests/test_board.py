"""The board of interests: further cards of a column, what a move sends, and what stands above the columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from app.clients.models import Client
from app.db import commit
from app.interests.models import Interest, Stage
from app.interests.models.stages import Mend
from app.live.rooms import channel_of
from tests.world import NORTH, Visitor, enter, make_client, make_interest, relay

MANAGER = "sales_manager@north.example"
BOARD = "/north/interests"
ONE_MOVE = 3_000  # bytes
Visit = Callable[[str], Visitor]
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def client(db: SQLAlchemy) -> Client:
    return make_client(enter(MANAGER), full_name="Ana Beltrán")


def make_many(client: Client, count: int, stage: Stage = Stage.OPEN) -> list[Interest]:
    by = enter(MANAGER)
    made = [make_interest(client, by=by) for _ in range(count)]
    for one in made:
        one.move_to(stage, by=by)
    return made


def cards(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'id="interest-(\d+)"', page)]


def column(page: str, stage: Stage) -> str:
    return page.partition(f'id="column-{stage}"')[2].partition("</section>")[0]


def more(page: str, attribute: str = "hx-get") -> str:
    found = re.search(rf'class="more">.*?{attribute}="([^"]+)"', page)
    assert found
    return found[1].replace("&amp;", "&")


@contextmanager
def listening(app: Flask) -> Iterator[list[str]]:
    """What open boards are told meanwhile, once the reactions ran."""
    redis = app.extensions["redis"]
    said: list[str] = []
    with redis.pubsub() as heard:
        heard.subscribe(channel_of(redis))
        assert heard.get_message(timeout=2)["type"] == "subscribe"
        yield said
        relay()
        while message := heard.get_message(ignore_subscribe_messages=True, timeout=0.2):
            room, _newline, text = message["data"].decode().removeprefix("say ").partition("\n")
            if room == f"port:{NORTH}:interests":
                said.append(text)


class TestColumns:
    def test_the_next_cards_come_until_there_are_none(self, client: Client, visit: Visit) -> None:
        numbers = [one.number for one in make_many(client, 45)][::-1]
        commit()
        visitor = visit(MANAGER)
        page = visitor.get(BOARD).text
        found = cards(page)
        while 'class="more"' in page:
            page = visitor.get(more(page), headers=PARTIAL).text
            found += cards(page)
        assert found == numbers

    def test_the_address_keeps_how_many_there_are(self, client: Client, visit: Visit) -> None:
        make_many(client, 45)
        make_many(client, 25, Stage.VISITED)
        commit()
        visitor = visit(MANAGER)
        page = visitor.get(BOARD).text
        assert len(cards(visitor.get(more(page, "href")).text)) == 60, "forty open, and the first twenty visited"
        here = f"http://localhost{BOARD}?shown=visited.40"
        answer = visitor.get(more(page), headers={**PARTIAL, "HX-Current-URL": here})
        kept = answer.headers["HX-Replace-Url"]
        assert kept == f"{BOARD}?{urlencode([('shown', 'visited.40'), ('shown', 'open.40')])}"
        assert len(cards(visitor.get(kept).text)) == 65

    def test_filters_go_along(self, client: Client, visit: Visit) -> None:
        made = make_many(client, 30)
        for one in made[:5]:
            one.update({"source": "broker"}, by=enter(MANAGER))
        commit()
        visitor = visit(MANAGER)
        page = visitor.get(f"{BOARD}?source=manual").text
        further = visitor.get(more(page), headers=PARTIAL)
        assert (len(cards(page)), len(cards(further.text))) == (20, 5)
        assert "source=manual" in further.headers["HX-Replace-Url"]

    @pytest.mark.parametrize(
        ("query", "status"),
        [("stage=open&after=x", 400), ("stage=away&after=x", 303), ("", 303), ("stage=open", 400)],
    )
    def test_what_no_board_wrote_is_refused(self, db: SQLAlchemy, visit: Visit, query: str, status: int) -> None:
        assert visit(MANAGER).get(f"{BOARD}/cards?{query}").status_code == status

    @pytest.mark.parametrize("shown", ["open", "open.", "open.-4", "away.40", "open.99999999999", "open.٤٠", ".40"])
    def test_an_address_that_no_board_wrote_shows_the_first(self, client: Client, visit: Visit, shown: str) -> None:
        make_many(client, 21)
        commit()
        assert len(cards(visit(MANAGER).get(BOARD, query_string={"shown": shown}).text)) == 20

    def test_a_page_and_further_cards_take_few_statements(
        self, client: Client, visit: Visit, statements: list[str]
    ) -> None:
        make_many(client, 25)
        commit()
        visitor = visit(MANAGER)
        page = visitor.get(BOARD).text
        for url, most in ((BOARD, 5), (more(page), 5)):
            statements.clear()
            visitor.get(url)
            assert len(statements) <= most, statements


class TestMoves:
    def test_a_move_sends_the_card_and_what_is_above_two_columns(self, app: Flask, client: Client) -> None:
        first = make_many(client, 25)[0]
        number = first.number
        relay()
        with listening(app) as said:
            first.move_to(Stage.VISITED, by=enter(MANAGER))
        (sent,) = said
        assert len(sent.encode()) <= ONE_MOVE
        assert re.findall('hx-target="([^"]+)" hx-swap="([^"]+)"', sent) == [
            (f"#interest-{number}", "delete"),
            ("#deals-visited", "afterbegin"),
            ("#column-open-head", "outerMorph"),
            ("#column-visited-head", "outerMorph"),
            ("#interests-open", "outerMorph"),
        ]
        assert "€24,000" in sent
        assert cards(sent) == [number]

    @pytest.mark.parametrize("end", ["lose", "withdraw", "archive"])
    def test_what_leaves_the_board_is_taken_away(self, app: Flask, client: Client, end: str) -> None:
        (one,) = make_many(client, 1)
        number = one.number
        relay()
        with listening(app) as said:
            act: Any = getattr(one, end)
            act(by=enter(MANAGER), **({} if end == "archive" else {"reason": "Too far"}))
        (sent,) = said
        assert cards(sent) == []
        assert f'hx-target="#interest-{number}" hx-swap="delete"' in sent
        assert "0 open" in sent

    def test_a_new_one_is_put_on_top_and_another_value_is_summed(self, app: Flask, client: Client) -> None:
        with listening(app) as said:
            (one,) = make_many(client, 1)
        assert 'hx-target="#deals-open" hx-swap="afterbegin"' in str(said)
        with listening(app) as said:
            one.update({"expected_value": Decimal(2500)}, by=enter(MANAGER))
        sent = "".join(said)
        assert 'id="column-open-head"' in sent
        assert sent.count("€2,500") == 3, "on the card, above its column and above all of them"
        assert len(sent.encode()) <= ONE_MOVE

    def test_one_that_comes_back_has_the_boards_look_again(self, app: Flask, client: Client) -> None:
        (one,) = make_many(client, 1)
        one.lose("Too far", by=enter(MANAGER))
        relay()
        with listening(app) as said:
            one.reopen(by=enter(MANAGER))
        assert said == ["refresh #main"]

    def test_who_moved_it_is_answered_with_as_little(self, client: Client, visit: Visit) -> None:
        number = make_many(client, 1)[0].number
        commit()
        visitor = visit(MANAGER)
        form = {**visitor.form(f"{BOARD}/{number}/stage"), "stage": "visited"}
        moved = visitor.post(f"{BOARD}/{number}/stage?_method=PUT&from=board", form)
        assert (moved.status_code, moved.headers["Location"]) == (303, f"{BOARD}/{number}/card")
        fragment = visitor.get(moved.headers["Location"], headers=PARTIAL).text
        assert cards(fragment) == [number]
        assert f"Interest {number} was moved" in fragment
        whole = visitor.get(moved.headers["Location"])
        assert (whole.status_code, whole.headers["Location"]) == (303, f"{BOARD}#interest-{number}")

    def test_who_moved_it_on_a_narrowed_board_is_back_on_that(self, client: Client, visit: Visit) -> None:
        number = make_many(client, 1)[0].number
        commit()
        visitor = visit(MANAGER)
        form = {**visitor.form(f"{BOARD}/{number}/stage"), "stage": "visited"}
        query = urlencode({"_method": "PUT", "from": "board", "board": "lead=hot&_external=1&shown=open.40"})
        moved = visitor.post(f"{BOARD}/{number}/stage?{query}", form)
        assert moved.headers["Location"] == f"{BOARD}?lead=hot&shown=open.40"

    def test_it_is_as_long_as_it_was_when_it_was_moved(self, client: Client, visit: Visit) -> None:
        """What the open board says counts, and without a script where one came from."""
        number = make_many(client, 1)[0].number
        commit()
        visitor = visit(MANAGER)
        path, left = f"{BOARD}/{number}/stage", f"{BOARD}?lead=hot&shown=open.60"
        form = {**visitor.form(path), "stage": "visited"}
        here = {**PARTIAL, "HX-Current-URL": f"http://localhost{left}"}
        moved = visitor.post(f"{path}?_method=PUT&from=board", form, headers=here)
        assert moved.headers["Location"] == left
        for stage, came in (("open", {"Referer": f"http://localhost{left}"}), ("visited", here)):
            page = visitor.get(f"{path}?from=board", headers=came).text
            action = re.search(r'<form class="stack narrow-page" method="post" action="([^"]+)"', page)
            assert action
            back = visitor.post(action[1].replace("&amp;", "&"), {**form, "stage": stage, "note": "Too early"})
            assert back.headers["Location"] == left

    @pytest.mark.parametrize("page", ["http://[broken", "http://localhost/north/interests/table?lead=hot", ""])
    def test_what_is_no_board_is_not_gone_back_to(self, client: Client, visit: Visit, page: str) -> None:
        number = make_many(client, 1)[0].number
        commit()
        visitor = visit(MANAGER)
        path = f"{BOARD}/{number}/stage"
        form = {**visitor.form(path), "stage": "visited"}
        moved = visitor.post(f"{path}?_method=PUT&from=board", form, headers={**PARTIAL, "HX-Current-URL": page})
        assert moved.headers["Location"] == f"{BOARD}/{number}/card"


class TestRefusals:
    def test_all_that_is_missing_is_named_above_and_beside_the_stage_that_asks_for_it(
        self, client: Client, visit: Visit
    ) -> None:
        number = make_many(client, 1)[0].number
        commit()
        visitor = visit("port_admin@north.example")  # who may do all of it
        path = f"{BOARD}/{number}/stage"
        answer = visitor.post(f"{path}?_method=PUT", {**visitor.form(path), "stage": "completed"})
        assert answer.status_code == 409
        summary = answer.text.partition('class="sum"')[2].partition("</ul>")[0]
        for asked, words, mend in (
            (Mend.SIGN_EOI, "A signed expression of interest is missing", "documents/new?type=eoi"),
            (Mend.RECORD_DEPOSIT, "A recorded deposit of at least 10 % is missing", "#deposits-title"),
            (Mend.SIGN_CONTRACT, "A signed contract is missing", "documents/new?type=contract"),
            (Mend.LINK_BERTH, "No berth is linked", "#berth-title"),
        ):
            assert f'<a href="#needs-{asked}">{words}' in summary
            beside = answer.text.partition(f'id="needs-{asked}"')[2].partition("</p>")[0]
            assert words in beside
            assert mend in beside
        assert "4 things need you" in summary

    def test_the_page_asks_the_database_once_what_is_missing(
        self, client: Client, visit: Visit, statements: list[str]
    ) -> None:
        number = make_many(client, 1)[0].number
        commit()
        visitor = visit(MANAGER)
        visitor.get(f"{BOARD}/{number}/stage")
        statements.clear()
        visitor.get(f"{BOARD}/{number}/stage")
        assert len(statements) <= 4

    def test_a_refused_move_from_the_board_goes_back_to_it_afterwards(self, client: Client, visit: Visit) -> None:
        number = make_many(client, 1)[0].number
        commit()
        visitor = visit(MANAGER)
        form = {**visitor.form(f"{BOARD}/{number}/stage"), "stage": "contract"}
        query = urlencode({"_method": "PUT", "from": "board", "board": "lead=hot"})
        answer = visitor.post(f"{BOARD}/{number}/stage?{query}", form)
        assert answer.status_code == 409
        assert "from=board" in answer.text
        assert "board=lead%3Dhot" in answer.text
