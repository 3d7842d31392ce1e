"""What the permission map reads like: plain words for resources and actions, in the groups of the grid."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _

from .permissions import RESOURCES

GROUPS: tuple[tuple[Any, str], ...] = (
    (_("Clients and sales"), "clients interests leads berths products"),
    (_("Documents and messages"), "documents document_templates files email reminders calendar"),
    (_("Money"), "invoices expenses orders subscriptions"),
    (_("Support and maintenance"), "claims tickets approvals assets locations sla"),
    (_("Team and reports"), "projects timesheets reports"),
    (_("Outside connections"), "automation site social integrations"),
    (_("Administration"), "admin"),
)

RESOURCE_WORDS: dict[str, Any] = {
    "clients": _("Clients"),
    "interests": _("Interests"),
    "berths": _("Berths"),
    "documents": _("Documents"),
    "document_templates": _("Document templates"),
    "files": _("Files"),
    "expenses": _("Expenses"),
    "invoices": _("Invoices"),
    "email": _("E-mail"),
    "reminders": _("Reminders"),
    "calendar": _("Calendar"),
    "reports": _("Reports"),
    "leads": _("Leads"),
    "products": _("Products"),
    "orders": _("Orders"),
    "subscriptions": _("Subscriptions"),
    "claims": _("Claims"),
    "tickets": _("Tickets"),
    "approvals": _("Approvals"),
    "assets": _("Assets"),
    "locations": _("Locations"),
    "sla": _("Response times"),
    "projects": _("Projects"),
    "timesheets": _("Timesheets"),
    "automation": _("Automation"),
    "site": _("Website"),
    "social": _("Social media"),
    "integrations": _("Integrations"),
    "admin": _("Administration"),
}

ACTION_WORDS: dict[str, Any] = {
    "view": _("See"),
    "view_own": _("See their own"),
    "view_all": _("See all"),
    "create": _("Add"),
    "edit": _("Change"),
    "edit_own": _("Change their own"),
    "edit_all": _("Change all"),
    "delete": _("Remove"),
    "merge": _("Merge"),
    "export": _("Export"),
    "import": _("Import"),
    "change_stage": _("Move between stages"),
    "generate_eoi": _("Make a letter of intent"),
    "manage_waiting_list": _("Run the waiting list"),
    "manage_reservations": _("Run reservations"),
    "send_for_signing": _("Send for signing"),
    "upload_signed": _("Upload a signed copy"),
    "generate": _("Make documents from them"),
    "manage": _("Manage"),
    "upload": _("Upload"),
    "manage_folders": _("Manage folders"),
    "scan_receipt": _("Scan receipts"),
    "send": _("Send"),
    "record_payment": _("Record payments"),
    "configure_account": _("Set up mailboxes"),
    "assign_others": _("Give to others"),
    "connect": _("Connect"),
    "view_events": _("See events"),
    "view_dashboard": _("See the dashboard"),
    "view_analytics": _("See analytics"),
    "assign": _("Assign"),
    "convert": _("Turn into clients"),
    "cancel": _("Cancel"),
    "fulfil": _("Fulfil"),
    "suspend": _("Suspend"),
    "resolve": _("Resolve"),
    "comment": _("Comment"),
    "close": _("Close"),
    "decide": _("Decide"),
    "submit": _("Hand in"),
    "run": _("Run"),
    "publish": _("Publish"),
    "schedule": _("Schedule"),
    "manage_users": _("Manage people and roles"),
    "view_audit_log": _("Read the audit log"),
    "manage_settings": _("Change settings"),
    "manage_webhooks": _("Manage webhooks"),
    "manage_reports": _("Manage reports"),
    "manage_custom_fields": _("Manage custom fields"),
    "manage_forms": _("Manage forms"),
    "manage_tags": _("Manage tags"),
    "import_data": _("Import data"),
    "view_monitoring": _("See monitoring"),
    "system_backup": _("Back up and restore"),
}


def leaf_words(leaf: str) -> str:
    """`clients.view` → `Clients: See`."""
    resource, _dot, action = leaf.partition(".")
    return f"{RESOURCE_WORDS.get(resource, resource)}: {ACTION_WORDS.get(action, action)}"


def grid() -> list[tuple[Any, list[tuple[str, Any, list[tuple[str, Any]]]]]]:
    """[(group, [(resource, its words, [(leaf, words of the action)])])], in the order of reading."""
    return [
        (
            group,
            [
                (
                    resource,
                    RESOURCE_WORDS[resource],
                    [(f"{resource}.{action}", ACTION_WORDS[action]) for action in RESOURCES[resource]],
                )
                for resource in resources.split()
            ],
        )
        for group, resources in GROUPS
    ]
