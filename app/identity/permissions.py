"""The permission map, and the seeded roles. Every leaf is written `resource.action`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

RESOURCES: dict[str, tuple[str, ...]] = {
    resource: tuple(actions.split())
    for resource, actions in {
        "clients": "view view_own create edit delete merge export",
        "interests": "view create edit delete change_stage generate_eoi export",
        "berths": "view edit import manage_waiting_list manage_reservations",
        "documents": "view create send_for_signing upload_signed delete",
        "document_templates": "view generate manage",
        "files": "view upload delete manage_folders",
        "expenses": "view create edit delete export scan_receipt",
        "invoices": "view create edit delete send record_payment export",
        "email": "view send configure_account",
        "reminders": "view_own view_all create edit_own edit_all assign_others",
        "calendar": "connect view_events",
        "reports": "view_dashboard view_analytics export",
        "leads": "view_own view_all create edit delete assign convert",
        "products": "view create edit delete",
        "orders": "view create edit cancel fulfil",
        "subscriptions": "view create edit suspend cancel",
        "claims": "view_own view_all create edit assign resolve delete comment",
        "tickets": "view_own view_all create edit assign close cancel export",
        "approvals": "view decide",
        "assets": "view create edit delete import",
        "locations": "view create edit delete",
        "sla": "view manage",
        "projects": "view create edit delete",
        "timesheets": "view_own view_all submit decide",
        "automation": "view manage run",
        "site": "view edit publish",
        "social": "view create schedule publish",
        "integrations": "view manage",
        "admin": "manage_users view_audit_log manage_settings manage_webhooks manage_reports"
        " manage_custom_fields manage_forms manage_tags import_data view_monitoring system_backup",
    }.items()
}

LEAVES: frozenset[str] = frozenset(
    f"{resource}.{action}" for resource, actions in RESOURCES.items() for action in actions
)


def as_map(leaves: Iterable[str]) -> dict[str, dict[str, bool]]:
    """The whole map as it is stored: every leaf, true or false. Raises ValueError for an unknown leaf."""
    held = set(leaves)
    if unknown := held - LEAVES:
        raise ValueError(f"unknown permissions: {', '.join(sorted(unknown))}")
    return {r: {a: f"{r}.{a}" in held for a in actions} for r, actions in RESOURCES.items()}


def as_overrides(stated: Mapping[str, bool]) -> dict[str, dict[str, bool]]:
    """What a port lays over a role, as it is stored: only what differs. Raises ValueError for an unknown leaf."""
    if unknown := set(stated) - LEAVES:
        raise ValueError(f"unknown permissions: {', '.join(sorted(unknown))}")
    overrides: dict[str, dict[str, bool]] = {}
    for leaf, value in sorted(stated.items()):
        resource, _dot, action = leaf.partition(".")
        overrides.setdefault(resource, {})[action] = bool(value)
    return overrides


def stated_in(stored: Mapping[str, Any]) -> dict[str, bool]:
    """The leaves a stored map or override states, without keys nobody knows."""
    return {
        f"{resource}.{action}": value
        for resource, actions in RESOURCES.items()
        for action, value in (stored.get(resource) or {}).items()
        if action in actions and isinstance(value, bool)
    }


def leaves_of(roles: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> frozenset[str]:
    """The leaves held through several roles, each (permissions, overrides of the port): the override is laid
    over its role, then the roles are OR-ed. Unknown keys in stored maps are ignored; `view_all` implies
    `view_own`."""
    held = set()
    for permissions, overrides in roles:
        for resource, actions in RESOURCES.items():
            stated = {**(permissions.get(resource) or {}), **(overrides.get(resource) or {})}
            held |= {f"{resource}.{action}" for action in actions if stated.get(action) is True}
    held |= {f"{r}.view_own" for r in RESOURCES if f"{r}.view_all" in held}
    if "clients.view" in held:
        held.add("clients.view_own")
    return frozenset(held & LEAVES)


def _pick(**chosen: str) -> frozenset[str]:
    """`_pick(clients="*", leads="view_own edit")`."""
    leaves = set()
    for resource, actions in chosen.items():
        names = RESOURCES[resource] if actions == "*" else tuple(actions.split())
        leaves |= {f"{resource}.{action}" for action in names}
    return frozenset(leaves)


OPERATIONAL = frozenset(leaf for leaf in LEAVES if not leaf.startswith("admin."))

# role name → (label, description, leaves)
SYSTEM_ROLES: dict[str, tuple[str, str, frozenset[str]]] = {
    "super_admin": ("Super admin", "Everything, in every port", LEAVES),
    "port_admin": (
        "Port admin",
        "Everything in the own port but backup",
        LEAVES - {"admin.system_backup"},
    ),
    "director": (
        "Director",
        "Every operational action, users and the audit log",
        OPERATIONAL | {"admin.manage_users", "admin.view_audit_log"},
    ),
    "sales_manager": (
        "Sales manager",
        "Sales and everything around it",
        _pick(
            clients="*",
            interests="*",
            berths="*",
            documents="*",
            document_templates="*",
            files="*",
            leads="*",
            products="*",
            email="*",
            calendar="*",
            reports="*",
            reminders="*",
            invoices="view create edit send",
            expenses="view create edit scan_receipt",
            timesheets="submit view_all decide",
        ),
    ),
    "sales_agent": (
        "Sales agent",
        "Own enquiries and clients, from first word to signature",
        _pick(
            clients="view create edit",
            interests="view create edit",
            leads="view_own create edit convert",
            berths="view",
            documents="view create send_for_signing",
            files="view upload",
            reminders="view_own create edit_own",
            email="view send",
            calendar="*",
            expenses="create scan_receipt",
            reports="view_dashboard",
        ),
    ),
    "supervisor": (
        "Supervisor",
        "The team's support and maintenance",
        _pick(
            leads="view_all create edit assign convert",
            claims="*",
            tickets="*",
            approvals="view decide",
            assets="*",
            locations="*",
            sla="view",
            products="view",
            files="view upload",
            clients="view",
            timesheets="decide",
            reports="*",
        ),
    ),
    "operator": (
        "Operator",
        "Leads, claims and tickets assigned to them",
        _pick(
            leads="view_own create edit",
            claims="view_own create edit comment resolve",
            tickets="view_own create edit",
            products="view",
            files="view upload",
            clients="view_own",
            timesheets="submit",
        ),
    ),
    "technician": (
        "Technician",
        "Work orders assigned to them, on the phone",
        _pick(tickets="view_own edit", assets="view", files="upload", timesheets="submit"),
    ),
    "viewer": (
        "Viewer",
        "Sees everything but administration, changes nothing",
        frozenset(leaf for leaf in OPERATIONAL if leaf.partition(".")[2].startswith("view")),
    ),
    "client": ("Client", "The portal, own records only", frozenset()),
}
