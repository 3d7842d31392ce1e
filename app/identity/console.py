"""What an operator does with accounts where nobody can sign in to do it: `flask create-admin`, `flask user …`.

The console acts as the owner of the database, past the fences, and as the system: each act is one event.
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from sqlalchemy import Engine, create_engine, delete, func, select, text, update

from .. import live
from ..config import Settings
from ..db import after_commit, begin, commit, db, now
from ..events.models import System, record
from .forms import readable_address, readable_name
from .jobs import link_to
from .models import MfaFactor, Port, Purpose, Role, Session, User, UserPortRole, Verification
from .models.verification import INVITATION_LASTS, RESET_LASTS
from .passwords import hash_password, weaknesses

COLUMNS = (User.id, User.email, User.name, User.is_active, User.is_super_admin, User.last_login_at)


class Address(click.ParamType[str]):
    name = "email"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        found = readable_address(value)
        return found.lower() if found else self.fail(f"{value!r} is not an e-mail address.", param, ctx)


class Name(click.ParamType[str]):
    name = "name"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        found = readable_name(value)
        return found or self.fail("a name is one line of 1 to 120 characters that can be read.", param, ctx)


@contextmanager
def as_owner() -> Iterator[None]:
    """One unit of work of the owner: committed at its end, undone by an error."""
    settings: Settings = current_app.extensions["settings"]
    if settings.database_owner_url is None:
        raise click.ClickException("DATABASE_OWNER_URL is not set; accounts are changed by the owner of the database.")
    engines = cast(dict[str | None, Engine], db.engines)
    app_engine = engines[None]
    engine = create_engine(settings.database_owner_url)
    db.session.remove()
    engines[None] = engine
    try:
        begin()
        yield
        commit()
    finally:
        db.session.remove()
        engines[None] = app_engine
        engine.dispose()


def found(email: str) -> Any:
    """The user of this address. Ends the command when there is none."""
    row = db.session.execute(select(*COLUMNS).where(User.email == email).with_for_update(of=User)).one_or_none()
    if row is None:
        raise click.ClickException(f"Nobody signs in with {email}.")
    return row


commands = AppGroup("user", help="The people who sign in.")


@click.command("create-admin")
@click.argument("email", type=Address())
@click.option("--name", type=Name(), required=True, help="As it is shown to others.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--link", "by_link", is_flag=True, help="Print a link to choose a password instead of asking for one.")
@with_appcontext
def create_admin(email: str, name: str, password_stdin: bool, by_link: bool) -> None:
    """Make a super-admin, who may do everything in every port."""
    password = None if by_link else _password(password_stdin, about=(name, email))
    with as_owner():
        user_id = _add_user(email, name, password=password, is_super_admin=True)
        about: dict[str, Any] = {"by": System(), "subject_type": "user", "subject_id": user_id, "port_id": None}
        record("user:invited", **about, email=email, roles=["Super admin"])
        token = None if password else _invitation(user_id, email)
    click.echo(f"{email} is a super-admin.")
    if token:
        click.echo(f"This link works once, for 72 hours:\n{link_to('accept', token)}")


def _password(from_stdin: bool, *, about: tuple[str, str]) -> str:
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt="The same again")
    if wrong := weaknesses(password, about=about):
        raise click.ClickException(" ".join(["This password is too weak.", *wrong]))
    return str(password)


def _add_user(email: str, name: str, *, password: str | None = None, is_super_admin: bool = False) -> uuid.UUID:
    if db.session.scalar(select(User.id).where(User.email == email)):
        raise click.ClickException(f"Somebody signs in with {email} already.")
    user = User(
        email=email,
        name=name,
        password_hash=hash_password(password) if password else None,
        email_verified_at=now() if password else None,
        is_super_admin=is_super_admin,
    )
    db.session.add(user)
    db.session.flush()
    return user.id


def _invitation(user_id: uuid.UUID, email: str, port_id: uuid.UUID | None = None) -> str:
    return Verification.issue(Purpose.INVITE, user_id=user_id, port_id=port_id, email=email, lasts=INVITATION_LASTS)[1]


@commands.command("list")
@click.option("--port", help="Only who has a role in the port of this slug.")
def list_users(port: str | None) -> None:
    """Who there is, with their roles."""
    with as_owner():
        roles = func.string_agg(Port.slug.concat(":").concat(Role.name), text("' ' ORDER BY ports.slug, roles.name"))
        held = (
            select(roles)
            .select_from(UserPortRole)
            .join(Port, Port.id == UserPortRole.port_id)
            .join(Role, Role.id == UserPortRole.role_id)
            .where(UserPortRole.user_id == User.id)
            .scalar_subquery()
        )
        statement = select(*COLUMNS, held.label("held"), User.password_hash.is_not(None).label("has_password"))
        if port is not None:
            there = select(UserPortRole.user_id).where(UserPortRole.port_id == _port(port))
            statement = statement.where(User.id.in_(there))
        rows = db.session.execute(statement.order_by(User.email)).all()
    for row in rows:
        state = "deactivated" if not row.is_active else "active" if row.has_password else "invited"
        held_by = " ".join(filter(None, ("super-admin" if row.is_super_admin else "", row.held)))
        click.echo("\t".join((row.email, row.name, state, held_by or "no role")))


def _port(slug: str) -> uuid.UUID:
    port_id = db.session.scalar(select(Port.id).where(Port.slug == slug))
    if port_id is None:
        raise click.ClickException(f"There is no port {slug}.")
    return port_id


@commands.command("invite")
@click.argument("email", type=Address())
@click.option("--name", type=Name(), required=True, help="As it is shown to others.")
@click.option("--port", required=True, help="The slug of the port.")
@click.option("--role", required=True, help="The name of the role, such as port_admin.")
def invite(email: str, name: str, port: str, role: str) -> None:
    """Make somebody an account with a role in a port, and send them a link."""
    with as_owner():
        port_id = _port(port)
        wanted = db.session.execute(select(Role.id, Role.label).where(Role.name == role)).one_or_none()
        if wanted is None or role in ("super_admin", "client"):
            raise click.ClickException(f"There is no role {role} to be given in a port.")
        user_id = _add_user(email, name)
        db.session.add(UserPortRole(user_id=user_id, port_id=port_id, role_id=wanted.id))
        db.session.flush()
        begin(port_id=port_id, scope="staff")
        about: dict[str, Any] = {"by": System(), "subject_type": "user", "subject_id": user_id, "port_id": port_id}
        record("user:invited", **about, email=email, roles=[wanted.label])
    click.echo(f"{email} is invited; the mail is on its way.")


@commands.command("deactivate")
@click.argument("email", type=Address())
def deactivate(email: str) -> None:
    """End an account: sessions, links and tokens at once. What it did stays."""
    with as_owner():
        row = found(email)
        if not row.is_active:
            raise click.ClickException(f"{email} is deactivated already.")
        _keep_a_super_admin(row)
        _set(row.id, is_active=False)
        _end_sessions(row.id, reason="This account was deactivated.")
        open_links = update(Verification).where(Verification.user_id == row.id, Verification.used_at.is_(None))
        db.session.execute(open_links.values(used_at=now()))
        record("user:deactivated", by=System(), subject_type="user", subject_id=row.id, port_id=None)
    click.echo(f"{email} is deactivated.")


def _keep_a_super_admin(row: Any) -> None:
    others = select(func.count()).where(User.is_super_admin, User.is_active, User.id != row.id)
    if row.is_super_admin and not db.session.scalar(others):
        raise click.ClickException(f"{row.email} is the last super-admin. Make another first.")


def _set(user_id: uuid.UUID, **values: Any) -> None:
    db.session.execute(update(User).where(User.id == user_id).values(**values, updated_at=now()))


def _end_sessions(user_id: uuid.UUID, *, reason: str) -> int:
    ended = db.session.scalars(delete(Session).where(Session.user_id == user_id).returning(Session.id)).all()
    after_commit(partial(live.close, user_id=user_id, reason=reason))
    return len(ended)


@commands.command("activate")
@click.argument("email", type=Address())
def activate(email: str) -> None:
    """Let a deactivated account in again."""
    with as_owner():
        row = found(email)
        if row.is_active:
            raise click.ClickException(f"{email} is active already.")
        _set(row.id, is_active=True)
        record("user:activated", by=System(), subject_type="user", subject_id=row.id, port_id=None)
    click.echo(f"{email} is active.")


@commands.command("reset-link")
@click.argument("email", type=Address())
def reset_link(email: str) -> None:
    """Print a link to choose a new password; an invitation where there is none yet."""
    with as_owner():
        row = found(email)
        if not row.is_active:
            raise click.ClickException(f"{email} is deactivated; activate the account first.")
        if db.session.scalar(select(User.password_hash.is_not(None)).where(User.id == row.id)):
            place, lasts = "reset", "one hour"
            _link, token = Verification.issue(Purpose.RESET, user_id=row.id, lasts=RESET_LASTS)
        else:
            place, lasts, token = "accept", "72 hours", _invitation(row.id, email)
        record("auth:resetSent", by=System(), subject_type="user", subject_id=row.id, port_id=None)
    click.echo(f"This link works once, for {lasts}:\n{link_to(place, token)}")


@commands.command("reset-mfa")
@click.argument("email", type=Address())
def reset_mfa(email: str) -> None:
    """Take away every second factor, for who has lost theirs. All their sessions end."""
    with as_owner():
        row = found(email)
        factors = db.session.scalars(delete(MfaFactor).where(MfaFactor.user_id == row.id).returning(MfaFactor.id)).all()
        if not factors:
            raise click.ClickException(f"{email} has no second factor.")
        _end_sessions(row.id, reason="Your second factor was reset.")
        about: dict[str, Any] = {"by": System(), "subject_type": "user", "subject_id": row.id, "port_id": None}
        record("user:factorsReset", **about, count=len(factors))
    click.echo(f"{email} signs in without a second factor until they set one up.")


@commands.command("end-sessions")
@click.argument("email", type=Address())
def end_sessions(email: str) -> None:
    """Sign somebody out everywhere."""
    with as_owner():
        row = found(email)
        count = _end_sessions(row.id, reason="You were signed out.")
        record("auth:sessionsEnded", by=System(), subject_type="user", subject_id=row.id, port_id=None, count=count)
    click.echo(f"{email}: {count} session{'' if count == 1 else 's'} ended.")


@commands.command("make-super-admin")
@click.argument("email", type=Address())
def make_super_admin(email: str) -> None:
    """Let somebody do everything in every port."""
    with as_owner():
        _change_rank(found(email), is_super_admin=True)
    click.echo(f"{email} is a super-admin.")


@commands.command("unmake-super-admin")
@click.argument("email", type=Address())
def unmake_super_admin(email: str) -> None:
    """Leave somebody only the roles they have in ports."""
    with as_owner():
        row = found(email)
        if row.is_super_admin:
            _keep_a_super_admin(row)
        _change_rank(row, is_super_admin=False)
    click.echo(f"{email} is no super-admin.")


def _change_rank(row: Any, *, is_super_admin: bool) -> None:
    """With another rank come other sessions."""
    if row.is_super_admin == is_super_admin:
        raise click.ClickException(f"{row.email} is {'a' if is_super_admin else 'no'} super-admin already.")
    if is_super_admin and not row.is_active:
        raise click.ClickException(f"{row.email} is deactivated; activate the account first.")
    _set(row.id, is_super_admin=is_super_admin)
    _end_sessions(row.id, reason="What you may do was changed.")
    changes = {"is_super_admin": (row.is_super_admin, is_super_admin)}
    record("user:updated", by=System(), subject_type="user", subject_id=row.id, port_id=None, changes=changes)


def init_app(app: Flask) -> None:
    app.cli.add_command(commands)
    app.cli.add_command(create_admin)
