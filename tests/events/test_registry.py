"""Every event that is recorded stands in the registry with its payload, and everything there is recorded."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.events.registry import EVENTS

APP = Path(__file__).parents[2] / "app"
FAMILIES = {name.partition(":")[0] for name in EVENTS}

# What `record()` takes beside the payload. Changed fields are kept apart from it, and a payload may name them.
OWN = {"by", "told_in", "subject_type", "subject_id", "port_id", "changes", "is_new", "announce"}
RECORDERS = {"record", "record_apart"}


@dataclass(frozen=True)
class Recording:
    """A call that records an event; `details` is its payload, None where it is handed on as a whole."""

    place: str
    event: str
    details: frozenset[str] | None


@dataclass(frozen=True)
class Wrapper:
    """A method that records `family:<its argument>` with some details of its own; None where it hands its argument on
    to another one."""

    family: str
    details: frozenset[str] | None
    parameters: frozenset[str]

    def payload(self, given: frozenset[str] | None) -> frozenset[str] | None:
        """What it records, called with these."""
        return None if self.details is None or given is None else self.details | (given - self.parameters)


def recordings(source: str, name: str) -> Iterator[Recording]:
    """Every call of the module that records; raises ValueError for one that cannot be read."""
    tree = ast.parse(source)
    for scope in (tree, *(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))):
        wrappers = wrappers_of(scope)
        for call in calls(scope):
            function = call.func
            place = f"{name}:{call.lineno}"
            if is_handed_on(call, scope):
                continue
            if isinstance(function, ast.Name) and function.id in RECORDERS:
                if isinstance(call.args[0], ast.Constant):
                    yield Recording(place, str(call.args[0].value), details(call))
            elif isinstance(function, ast.Name) and function.id == "Happening":  # which checks its payload itself
                if isinstance(call.args[0], ast.Constant):
                    yield Recording(place, str(call.args[0].value), None)
            elif isinstance(function, ast.Attribute) and function.attr in wrappers:
                own = wrappers[function.attr]
                for happened in texts_of(call.args[0], place):
                    yield Recording(place, f"{own.family}:{happened}", own.payload(details(call)))
            elif (family := told_of(call)) is not None:
                for happened in texts_of(call.args[0], place):
                    yield Recording(place, f"{family}:{happened}", None)
            elif isinstance(function, ast.Attribute) and function.attr == "record":
                for family in families_of(function.value, scope, place):
                    for happened in texts_of(call.args[0], place):
                        yield Recording(place, f"{family}:{happened}", details(call))


def functions(scope: ast.AST) -> list[ast.FunctionDef]:
    body = scope.body if isinstance(scope, ast.ClassDef | ast.Module) else []
    return [node for node in body if isinstance(node, ast.FunctionDef)]


def calls(scope: ast.AST) -> Iterator[ast.Call]:
    """The calls of a class, or of a module outside its classes."""
    for node in ast.iter_child_nodes(scope):
        if isinstance(node, ast.ClassDef):
            continue
        if isinstance(node, ast.Call):
            yield node
        yield from calls(node)


def wrappers_of(scope: ast.AST) -> dict[str, Wrapper]:
    """Those that record, and those that hand their argument on to one of them."""
    found = {function.name: w for function in functions(scope) if (w := wrapper(function))}
    family = subject_of(scope) if isinstance(scope, ast.ClassDef) else None
    for _step in range(2):
        for function in functions(scope) if family else ():
            if any(name_of(c) in {"record", *found} and hands_on(c, function) for c in calls(function)):
                found.setdefault(function.name, Wrapper(str(family), None, frozenset()))
    return found


def told_of(call: ast.Call) -> str | None:
    """The family in `interest.tell("berthHeld", …)` beside the class of interests."""
    match call:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=variable), attr="tell"), args=[_, *_]):
            return variable if variable in FAMILIES else None
    return None


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def hands_on(call: ast.Call, function: ast.FunctionDef) -> bool:
    """Whether what it calls the event by is what the function was given."""
    of = function.args
    given = {parameter.arg for parameter in (*of.posonlyargs, *of.args, *of.kwonlyargs)}
    return bool(call.args) and isinstance(call.args[0], ast.Name) and call.args[0].id in given


def is_handed_on(call: ast.Call, scope: ast.AST) -> bool:
    return any(call in calls(function) and hands_on(call, function) for function in functions(scope))


def wrapper(function: ast.FunctionDef) -> Wrapper | None:
    """`def _record(self, happened, …): record(f"contact:{happened}", …)`"""
    for call in calls(function):
        if not (isinstance(call.func, ast.Name) and call.func.id in (*RECORDERS, "Happening") and call.args):
            continue
        match call.args[0]:
            case ast.JoinedStr(values=[ast.Constant(value=str(start)), ast.FormattedValue()]):
                parameters = frozenset(parameter.arg for parameter in function.args.kwonlyargs)
                own = details(call, partly=True) or frozenset() if call.func.id in RECORDERS else None
                return Wrapper(start.removesuffix(":"), own, parameters)
    return None


def details(call: ast.Call, *, partly: bool = False) -> frozenset[str] | None:
    if not partly and any(keyword.arg is None for keyword in call.keywords):
        return None
    return frozenset(keyword.arg for keyword in call.keywords if keyword.arg) - OWN


def texts_of(node: ast.expr, place: str) -> list[str]:
    if isinstance(node, ast.IfExp):
        return [*texts_of(node.body, place), *texts_of(node.orelse, place)]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    raise ValueError(f"{place}: the event is not named in words")


def families_of(receiver: ast.expr, scope: ast.AST, place: str) -> list[str]:
    """The variable's own name where that is a family, else the `subject_type` of the class around it; of a class that
    says none, those of the classes made of it."""
    if isinstance(receiver, ast.Name) and receiver.id in FAMILIES:
        return [receiver.id]
    if isinstance(scope, ast.ClassDef):
        found = [own] if (own := subject_of(scope)) else made_of().get(scope.name, [])
        if found:
            return found
    raise ValueError(f"{place}: nothing says what this event is about")


def subject_of(scope: ast.ClassDef) -> str | None:
    """Of what a class tells: of itself, or of the record that a tagging belongs to."""
    for node in scope.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="subject_type")], value=ast.Constant(value=str(family))):
                return family
            case ast.Assign(targets=[ast.Name(id="HOLDER")], value=ast.Constant(value=str(column))):
                return column.removesuffix("_id")
    return None


@cache
def made_of() -> dict[str, list[str]]:
    """Class → the subjects of those that have it for a base."""
    found: dict[str, list[str]] = {}
    for path in APP.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and (own := subject_of(node)):
                for base in node.bases:
                    if isinstance(base, ast.Name):
                        found.setdefault(base.id, []).append(own)
    return found


@cache
def all_recordings() -> list[Recording]:
    return [
        recording
        for path in sorted(APP.rglob("*.py"))
        for recording in recordings(path.read_text(), path.relative_to(APP.parent).as_posix())
    ]


def test_every_recorded_event_is_registered_with_its_payload() -> None:
    wrong = []
    for found in all_recordings():
        if found.event not in EVENTS:
            wrong.append(f"{found.place}: {found.event} is not in the registry")
        elif found.details is not None and found.details != frozenset(EVENTS[found.event]):
            wrong.append(f"{found.place}: {found.event} has {sorted(found.details)}")
    assert wrong == []


def test_every_registered_event_is_recorded_somewhere() -> None:
    assert set(EVENTS) - {found.event for found in all_recordings()} == set()


def test_events_are_named_family_and_past_tense() -> None:
    for name in EVENTS:
        family, _, happened = name.partition(":")
        assert family.isalpha(), name
        assert family[0].islower(), name
        assert happened.isalpha(), name
        assert happened[0].islower(), name


def test_the_walk_reads_every_way_of_recording() -> None:
    source = """
record("auth:login", by=member, email=email, **more)
class Client:
    subject_type = "client"
    def archive(self): self.record("archived", by=by)
    @classmethod
    def create(cls): made.record("created", by=by, name=1, source=2)
class Contact:
    def archive(self, client): self._record("archived", client, by=by, kind=1)
    def _record(self, happened, client, **details):
        record(f"contact:{happened}", by=by, contact_id=self.id, **details)
class Note:
    def write(self, client): client.record("noteAdded", by=by, note_id=1)
"""
    found = {r.event: r.details for r in recordings(source, "example.py")}
    assert found == {
        "auth:login": None,
        "client:archived": frozenset(),
        "client:created": {"name", "source"},
        "contact:archived": {"contact_id", "kind"},
        "client:noteAdded": {"note_id"},
    }
