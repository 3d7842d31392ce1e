"""How much two clients look like one: keys that bring them together, and a score with its reasons."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache

from ...sorting import sort_name
from .nicknames import GROUPS_OF, are_nicknames

WORDS = re.compile(r"[^\W_]+")
APOSTROPHES = re.compile(r"['’´`]")
# What a company is, not what it is called; and how people are addressed.
LEGAL = frozenset(
    re.findall(
        r"\w+",
        "ab ag as asa aps bv co company corp eurl gbr gmbh inc kft kg limited llc llp lp ltd ltda nv oy oyj plc pte"
        " pty sa sarl sas sasu se sl slu snc spa srl srls ug",
    )
)
TITLES = frozenset(
    re.findall(r"\w+", "dr dott dra frau herr ing jr madame miss mme mr mrs ms prof senor senora signor sr")
)

# Taken for the same from here on.
ENOUGH = 60
# One reason after the other raises the score: 1 − Π(1 − weight).
WEIGHTS: Mapping[str, float] = {
    "tax_number": 0.85,
    "registration": 0.8,
    "email": 0.72,
    "phone": 0.55,
    "name": 0.62,
    "words": 0.6,
    "company_name": 0.62,
    "nickname": 0.5,
    "initial": 0.4,
    "similar": 0.45,
    "vessel": 0.3,
    "address": 0.3,
    "company": 0.2,
    "town": 0.08,
}
# Two people behind one phone number or in one company are two people.
OTHER_NAME, OTHER_CONTACTS = 0.72, 0.8


@dataclass(frozen=True)
class Look:
    """What of a client is compared. `sort_name` is folded; contacts are normalised; `vessels` are folded names,
    `marks` registrations and numbers of vessels."""

    id: uuid.UUID | None
    kind: str
    sort_name: str
    company_name: str = ""
    tax_number: str = ""
    street: str = ""
    postcode: str = ""
    town: str = ""
    emails: Sequence[str] = ()
    phones: Sequence[str] = ()
    vessels: Sequence[str] = ()
    marks: Sequence[str] = ()

    @cached_property
    def words(self) -> tuple[str, ...]:
        return words_of(self.sort_name)


@lru_cache(maxsize=4096)
def words_of(name: str) -> tuple[str, ...]:
    """The words of a folded name without titles and legal forms, unless nothing else is left."""
    words = tuple(WORDS.findall(APOSTROPHES.sub("", name)))
    return tuple(word for word in words if word not in LEGAL and word not in TITLES) or words


# Of a port whose clients live in a few towns.
folded = lru_cache(maxsize=4096)(sort_name)


def name_keys(name: str) -> set[str]:
    """Keys that two spellings of one (folded) name share: whatever order its words have, with initials and with
    nicknames."""
    words = words_of(name)[:6]
    keys = {"n:" + " ".join(sorted(words))} if words else set()
    if len(words) < 2:
        return keys
    for first, last in ((words[0], words[-1]), (words[-1], words[0])):
        if len(last) < 2:
            continue
        keys.add(f"i:{first[0]} {last}")
        keys.add(f"s:{first[0]} {bones(last)}")
        keys.update(f"k:{group} {last}" for group in GROUPS_OF.get(first, ()))
    return keys


def bones(word: str) -> str:
    """The first letter and the consonants, each once in a row: what most misspellings leave."""
    rest = re.sub(r"[aeiouyhw]", "", word[1:])
    return word[0] + re.sub(r"(.)\1+", r"\1", rest)


def compare(one: Look, other: Look) -> tuple[int, list[str]]:
    """0–100, and the reasons, the strongest first."""
    reasons = [*_names(one, other), *_contacts(one, other)]
    reasons += [name for name in ("tax_number",) if getattr(one, name) and getattr(one, name) == getattr(other, name)]
    reasons += _vessels(one, other)
    if one.street and one.postcode == other.postcode and folded(one.street) == folded(other.street):
        reasons.append("address")
    elif one.town and folded(one.town) == folded(other.town):
        reasons.append("town")
    if one.company_name and words_of(folded(one.company_name)) == words_of(folded(other.company_name)):
        reasons.append("company")
    missing = 1.0
    for reason in reasons:
        missing *= 1 - WEIGHTS[reason]
    score = (1 - missing) * _doubt(one, other, reasons)
    return min(round(score * 100), 100), sorted(reasons, key=lambda reason: -WEIGHTS[reason])


NAMED = frozenset({"name", "words", "company_name", "nickname", "initial", "similar"})


def _doubt(one: Look, other: Look, reasons: Iterable[str]) -> float:
    found = set(reasons)
    if found.isdisjoint(NAMED) and found.isdisjoint({"tax_number", "registration"}):
        return OTHER_NAME
    reach = found & {"email", "phone", "tax_number", "registration", "address"}
    if not reach and ((one.emails and other.emails) or (one.phones and other.phones)):
        return OTHER_CONTACTS
    return 1.0


def _names(one: Look, other: Look) -> list[str]:
    mine, theirs = one.words, other.words
    if not mine or not theirs:
        return []
    if mine == theirs:
        return ["company_name" if one.kind == other.kind == "company" else "name"]
    if len(mine) > 1 and sorted(mine) == sorted(theirs):
        return ["words"]
    if len(mine) > 1 and len(theirs) > 1 and (found := _people(mine, theirs)):
        return [found]
    if one.kind == other.kind and _near(" ".join(mine), " ".join(theirs)):
        return ["similar"]
    return []


def _people(mine: Sequence[str], theirs: Sequence[str]) -> str:
    """`Bob Smith` and `Smith, Robert`; `J. Smith` and `John Smith`; one letter of the family name may be wrong."""
    for ours, others in ((mine, theirs), (_turned(mine), theirs), (mine, _turned(theirs))):
        if ours[-1] != others[-1] and not _near(ours[-1], others[-1]):
            continue
        first, second = ours[0], others[0]
        if first == second or _near(first, second):
            return "similar"
        if are_nicknames(first, second):
            return "nickname"
        if 1 in (len(first), len(second)) and first[0] == second[0]:
            return "initial"
    return ""


def _turned(words: Sequence[str]) -> Sequence[str]:
    return (words[-1], *words[:-1])


def _near(one: str, other: str) -> bool:
    """One wrong letter in a word of five, two in one of ten."""
    longest = max(len(one), len(other))
    allowed = min(longest // 5, 2)
    if allowed == 0 or abs(len(one) - len(other)) > allowed:
        return False
    return bool(_distance()(one, other, score_cutoff=allowed) <= allowed)


@cache
def _distance() -> Callable[..., int]:
    """Loaded in the worker, and where somebody enters a client."""
    from rapidfuzz.distance import OSA

    return OSA.distance


def _contacts(one: Look, other: Look) -> list[str]:
    found = []
    if not set(one.emails).isdisjoint(other.emails):
        found.append("email")
    if not set(one.phones).isdisjoint(other.phones):
        found.append("phone")
    return found


def _vessels(one: Look, other: Look) -> list[str]:
    if not set(one.marks).isdisjoint(other.marks):
        return ["registration"]
    return ["vessel"] if not set(one.vessels).isdisjoint(other.vessels) else []
