"""Who may do what: every endpoint and every live topic, for everybody, in the own port and in another.

The tables say again, independently of the application, what the design says, so that a change on either side is
noticed: a new endpoint, topic, role or permission belongs here too.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from email.message import EmailMessage
from io import BytesIO
from itertools import product
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import func, select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app import limits, storage
from app.admin.models import SettingsSheet
from app.berths.models import HarbourPlan, Sighting
from app.changes.models import ChangeSet
from app.clients.models import Archive, Merge, Note, Relationship
from app.current import Member
from app.db import begin, commit, db, now
from app.documents.models import Document as SignedDocument
from app.documents.models import DocumentType
from app.events.models import Event, SubjectKey, System, keyring, place_of_key
from app.exports.kinds import KINDS
from app.exports.models import Export
from app.fields.models import FieldDefinition
from app.files.models import Folder
from app.identity.accounts import own, set_picture
from app.identity.models import ApiToken, Role, Team, hash_token
from app.imports.models import Import, ImportRow
from app.imports.verdicts import Verdict
from app.interests.models import InterestNote
from app.live import TOPICS
from app.mail import outbox
from app.mail.letters import Letter
from app.mail.server import message_of
from app.prices.models import PriceList
from app.saved_views.models import SavedView
from app.tags.models import Tag
from app.vessels.models import Document, Vessel
from app.waiting_list.models import WaitingEntry
from app.web import SESSION_COOKIE, Access
from tests.world import (
    NORTH,
    ROLES,
    Visitor,
    contacts_of,
    enter,
    make_absence,
    make_berth,
    make_client,
    make_dock,
    make_duplicate,
    make_file,
    make_interest,
    make_notification,
    make_picture,
    make_registration,
    make_reminder,
    make_repair,
    make_stay,
    make_suggestion,
    make_waiting_list,
    price_line,
    start_session,
    user_id,
)

# --- What the design says ----------------------------------------------------------------------------------

PERMISSIONS = """
clients             view view_own create edit delete merge export
interests           view create edit delete change_stage generate_eoi export
berths              view edit import manage_waiting_list manage_reservations
documents           view create send_for_signing upload_signed delete
document_templates  view generate manage
files               view upload delete manage_folders
expenses            view create edit delete export scan_receipt
invoices            view create edit delete send record_payment export
email               view send configure_account
reminders           view_own view_all create edit_own edit_all assign_others
calendar            connect view_events
reports             view_dashboard view_analytics export
leads               view_own view_all create edit delete assign convert
products            view create edit delete
orders              view create edit cancel fulfil
subscriptions       view create edit suspend cancel
claims              view_own view_all create edit assign resolve delete comment
tickets             view_own view_all create edit assign close cancel export
approvals           view decide
assets              view create edit delete import
locations           view create edit delete
sla                 view manage
projects            view create edit delete
timesheets          view_own view_all submit decide
automation          view manage run
site                view edit publish
social              view create schedule publish
integrations        view manage
admin               manage_users view_audit_log manage_settings manage_webhooks manage_reports
admin               manage_custom_fields manage_forms manage_tags import_data view_monitoring system_backup
"""

# Beside the four roles that are told in a sentence below.
ROLE_TABLE = {
    "sales_manager": """
        clients *
        interests *
        berths *
        documents *
        document_templates *
        files *
        leads *
        products *
        email *
        calendar *
        reports *
        reminders *
        invoices view create edit send
        expenses view create edit scan_receipt
        timesheets submit view_own view_all decide
    """,
    "sales_agent": """
        clients view view_own create edit
        interests view create edit
        leads view_own create edit convert
        berths view
        documents view create send_for_signing
        files view upload
        reminders view_own create edit_own
        email view send
        calendar *
        expenses create scan_receipt
        reports view_dashboard
    """,
    "supervisor": """
        leads view_own view_all create edit assign convert
        claims *
        tickets *
        approvals view decide
        assets *
        locations *
        sla view
        products view
        files view upload
        clients view view_own
        timesheets decide
        reports *
    """,
    "operator": """
        leads view_own create edit
        claims view_own create edit comment resolve
        tickets view_own create edit
        products view
        files view upload
        clients view_own
        timesheets submit
    """,
    "technician": """
        tickets view_own edit
        assets view
        files upload
        timesheets submit
    """,
}

ADMIN_LEAVES = (
    "admin.import_data",
    "admin.manage_custom_fields",
    "admin.manage_forms",
    "admin.manage_reports",
    "admin.manage_settings",
    "admin.manage_tags",
    "admin.manage_users",
    "admin.manage_webhooks",
    "admin.system_backup",
    "admin.view_audit_log",
    "admin.view_monitoring",
)
PUBLIC = {
    "identity.new_session",
    "identity.create_session",
    "identity.new_acceptance",
    "identity.create_acceptance",
    "identity.new_reset",
    "identity.create_reset",
    "identity.edit_reset",
    "identity.update_reset",
    "identity.edit_email",
    "identity.update_email",
    "identity.new_second_factor",
    "identity.create_second_factor",
    "identity.create_passkey_session",
    "identity.create_challenge",
    "identity.new_oidc_session",
    "identity.create_oidc_session",
    "identity.show_public_brand",
    "registration.new",
    "registration.create",
    "health.live",
    "health.ready",
    "static",
    # In development only.
    "components.index",
    "components.show_shell",
    "outbox.index",
    "outbox.show",
    "outbox.show_html",
}
SIGNED_IN = {
    "identity.index_tokens",
    "identity.new_token",
    "identity.create_token",
    "identity.destroy_token",
    "identity.home",
    "identity.destroy_session",
    "identity.index_ports",
    "identity.update_preferences",
    "search.index",
    "search.show_palette",
    "search.show_shortcuts",
    "dashboard.show",
    "identity.edit_profile",
    "identity.update_profile",
    "identity.update_picture",
    "identity.destroy_picture",
    "identity.update_password",
    "identity.create_email_change",
    "identity.show_picture",
    "identity.new_confirmation",
    "identity.new_oidc_confirmation",
    "identity.create_confirmation",
    "identity.show_security",
    "identity.new_app",
    "identity.create_app",
    "identity.new_passkey",
    "identity.create_passkey",
    "identity.destroy_factor",
    "identity.create_recovery_codes",
    "identity.destroy_other_session",
    "identity.destroy_other_sessions",
    "identity.destroy_identity",
    "identity.destroy_preview",
    "identity.show_brand",
    "storage.show",
    "live.connect",
    "scratchpad.show",
    "scratchpad.update",
    "notifications.index",
    "notifications.create_reading",
    "notifications.create_readings",
    "notifications.edit_preferences",
    "notifications.update_preferences",
}
# Their addresses name something of one's own, and the place has nothing of the kind.
OF_ONESELF = {"identity.destroy_factor", "identity.destroy_other_session", "identity.destroy_identity"}
# Programs, with a token of their own: no cookie opens these.
BY_TOKEN = {"api.show_me"}
# Each kind of change set asks for what its act asks for; who lacks that does not find it.
CHANGES = (
    *("admin.import_data", "berths.import", "berths.manage_waiting_list", "clients.edit", "clients.delete"),
    *("interests.edit", "interests.change_stage", "interests.delete", "berths.edit"),
)
REMINDERS = ("reminders.view_own", "reminders.view_all")

OF_VIEWS = (
    *(f"{verb}_view" for verb in ("create", "show", "edit", "update", "destroy")),
    *("index_views", "update_view_query", "create_view_restoration", "create_default_view", "destroy_default_view"),
    *("edit_columns", "update_columns"),
)
OF_EXPORTS = ("new_export", "create_export", "show_export", "show_export_content", "destroy_export_run")

NEEDS = {
    "clients.index": ("clients.view", "clients.view_own"),
    **dict.fromkeys((f"clients.{name}" for name in OF_VIEWS), ("clients.view", "clients.view_own")),
    **dict.fromkeys((f"clients.{name}" for name in OF_EXPORTS), ("clients.export",)),
    "clients.new": ("clients.create",),
    "clients.create": ("clients.create",),
    "clients.show": ("clients.view", "clients.view_own"),
    "clients.edit": ("clients.edit",),
    "clients.update": ("clients.edit",),
    "clients.index_events": ("clients.view", "clients.view_own"),
    "clients.new_bulk_edit": ("clients.edit", "clients.delete"),
    "clients.create_bulk_edit": ("clients.edit", "clients.delete"),
    "clients.show_privacy": ("clients.export", "clients.delete"),
    "clients.create_archive": ("clients.export",),
    "clients.show_archive": ("clients.export",),
    "clients.new_erasure": ("clients.delete",),
    "clients.create_erasure": ("clients.delete",),
    "clients.create_archival": ("clients.delete",),
    "clients.destroy_archival": ("clients.delete",),
    "clients.new_contact": ("clients.edit",),
    "clients.create_contact": ("clients.edit",),
    "clients.edit_contact": ("clients.edit",),
    "clients.update_contact": ("clients.edit",),
    "clients.destroy_contact": ("clients.edit",),
    "clients.create_contact_restoration": ("clients.edit",),
    "clients.create_note": ("clients.edit",),
    "clients.destroy_note": ("clients.edit",),
    "clients.create_note_restoration": ("clients.edit",),
    "clients.index_choices": ("clients.view", "clients.view_own"),
    "clients.new_relationship": ("clients.edit",),
    "clients.create_relationship": ("clients.edit",),
    "clients.destroy_relationship": ("clients.edit",),
    "clients.create_relationship_restoration": ("clients.edit",),
    "berths.index": ("berths.view",),
    **dict.fromkeys((f"berths.{name}" for name in (*OF_VIEWS, *OF_EXPORTS)), ("berths.view",)),
    **dict.fromkeys(("berths.new_bulk_edit", "berths.create_bulk_edit"), ("berths.edit",)),
    "berths.new": ("berths.edit",),
    "berths.create": ("berths.edit",),
    "berths.show": ("berths.view",),
    "berths.show_map": ("berths.view",),
    "berths.show_brief": ("berths.view",),
    **dict.fromkeys(
        (
            f"berths.{name}"
            for name in (
                "edit_map",
                "update_place",
                "destroy_place",
                "update_dock_place",
                "destroy_dock_place",
                "create_plan",
                "update_plan",
                "update_plan_file",
                "create_plan_archival",
                "destroy_plan_archival",
            )
        ),
        ("berths.edit",),
    ),
    "berths.show_overview": ("berths.view",),
    **dict.fromkeys(("berths.show_plan", "berths.show_plan_picture"), ("berths.view",)),
    "berths.edit": ("berths.edit",),
    "berths.update": ("berths.edit",),
    "berths.index_events": ("berths.view",),
    "berths.update_status": ("berths.edit",),
    "berths.index_suggestions": ("berths.view",),
    "berths.create_tag": ("berths.edit",),
    "berths.update_tag": ("berths.edit",),
    "berths.destroy_tag": ("berths.edit",),
    "berths.index_maintenance": ("berths.view",),
    "berths.new_maintenance": ("berths.edit",),
    "berths.create_maintenance": ("berths.edit",),
    "berths.edit_maintenance": ("berths.edit",),
    "berths.update_maintenance": ("berths.edit",),
    "berths.create_closure": ("berths.edit",),
    "berths.destroy_closure": ("berths.edit",),
    "berths.create_acceptance": ("berths.edit",),
    "berths.destroy_suggestion": ("berths.edit",),
    "berths.create_archival": ("berths.edit",),
    "berths.destroy_archival": ("berths.edit",),
    "berths.index_harbours": ("berths.view",),
    "berths.new_harbour": ("berths.edit",),
    "berths.create_harbour": ("berths.edit",),
    "berths.edit_harbour": ("berths.edit",),
    "berths.update_harbour": ("berths.edit",),
    "berths.create_harbour_archival": ("berths.edit",),
    "berths.destroy_harbour_archival": ("berths.edit",),
    "berths.new_dock": ("berths.edit",),
    "berths.create_dock": ("berths.edit",),
    "berths.edit_dock": ("berths.edit",),
    "berths.update_dock": ("berths.edit",),
    "berths.create_dock_archival": ("berths.edit",),
    "berths.destroy_dock_archival": ("berths.edit",),
    "berths.new_occupancy": ("berths.manage_reservations",),
    "berths.create_occupancy": ("berths.manage_reservations",),
    "berths.show_occupancy": ("berths.view",),
    "berths.edit_occupancy": ("berths.manage_reservations",),
    "berths.update_occupancy": ("berths.manage_reservations",),
    "berths.create_arrival": ("berths.manage_reservations",),
    "berths.create_departure": ("berths.manage_reservations",),
    "berths.create_cancellation": ("berths.manage_reservations",),
    "berths.create_no_show": ("berths.manage_reservations",),
    **dict.fromkeys(
        (
            f"interests.{name}"
            for name in ("index", "index_table", "index_cards", "index_choices", "show", "show_card", "index_events")
        ),
        ("interests.view",),
    ),
    **dict.fromkeys((f"interests.{name}" for name in OF_VIEWS), ("interests.view",)),
    **dict.fromkeys((f"interests.{name}" for name in OF_EXPORTS), ("interests.export",)),
    **dict.fromkeys(
        ("interests.new_bulk_edit", "interests.create_bulk_edit"),
        ("interests.edit", "interests.change_stage", "interests.delete"),
    ),
    **dict.fromkeys(("interests.new", "interests.create"), ("interests.create",)),
    **dict.fromkeys(("recommendations.index", "recommendations.index_of_berth"), ("interests.view",)),
    **dict.fromkeys(
        (f"recommendations.{act}" for act in ("create", "create_dismissal", "destroy_dismissal")), ("interests.edit",)
    ),
    **dict.fromkeys(
        (
            f"interests.{name}"
            for name in (
                "edit",
                "update",
                "update_berth",
                "destroy_berth",
                "update_assignee",
                "update_lead",
                *(f"{verb}_note" for verb in ("create", "edit", "update", "destroy")),
                *(f"{verb}_note_pin" for verb in ("create", "destroy")),
                "create_note_restoration",
                *(f"{verb}_tag" for verb in ("create", "update", "destroy")),
            )
        ),
        ("interests.edit",),
    ),
    **dict.fromkeys(
        (f"interests.{name}" for name in ("edit_stage", "update_stage", "create_outcome", "destroy_outcome")),
        ("interests.change_stage",),
    ),
    **dict.fromkeys(("interests.update_hold", "interests.destroy_hold"), ("berths.manage_reservations",)),
    **dict.fromkeys(("interests.create_archival", "interests.destroy_archival"), ("interests.delete",)),
    **dict.fromkeys(
        (f"interests.{name}" for name in ("create_deposit", "new_deposit_reversal", "create_deposit_reversal")),
        ("invoices.record_payment",),
    ),
    **dict.fromkeys(("documents.index_of_client", "documents.show"), ("documents.view",)),
    **dict.fromkeys(("documents.new_void", "documents.create_void"), ("documents.delete",)),
    **dict.fromkeys(("interests.new_document", "interests.create_document"), ("documents.upload_signed",)),
    "reminders.index": REMINDERS,
    "reminders.new": ("reminders.create",),
    "reminders.create": ("reminders.create",),
    "reminders.show": REMINDERS,
    **dict.fromkeys(
        (
            "reminders.edit",
            "reminders.update",
            "reminders.create_completion",
            "reminders.destroy_completion",
            "reminders.create_snooze",
            "reminders.destroy_snooze",
            "reminders.update_assignee",
            "reminders.create_archival",
            "reminders.destroy_archival",
        ),
        ("reminders.edit_own", "reminders.edit_all"),
    ),
    "prices.index": ("berths.view",),
    "prices.new": ("berths.edit",),
    "prices.create": ("berths.edit",),
    "prices.show": ("berths.view",),
    "prices.edit": ("berths.edit",),
    "prices.update": ("berths.edit",),
    "prices.index_events": ("berths.view",),
    "prices.create_archival": ("berths.edit",),
    "prices.destroy_archival": ("berths.edit",),
    "prices.new_copy": ("berths.edit",),
    "prices.create_copy": ("berths.edit",),
    "prices.update_lines": ("berths.edit",),
    "prices.new_line": ("berths.edit",),
    "prices.create_line": ("berths.edit",),
    "prices.edit_line": ("berths.edit",),
    "prices.update_line": ("berths.edit",),
    "prices.create_import": ("berths.edit",),
    "prices.update_import": ("berths.edit",),
    "prices.index_berths": ("berths.view",),
    "berths.destroy_arrival": ("berths.manage_reservations",),
    "berths.destroy_departure": ("berths.manage_reservations",),
    "berths.show_listed_price": ("berths.manage_reservations",),
    "berths.show_quote": ("berths.manage_reservations",),
    "berths.new_relocation": ("berths.manage_reservations",),
    "berths.create_relocation": ("berths.manage_reservations",),
    "berths.show_calendar": ("berths.view",),
    "berths.show_line": ("berths.view",),
    "berths.show_board": ("berths.view",),
    "berths.index_stays": ("berths.view",),
    **dict.fromkeys((f"berths.{name}_of_stays" for name in OF_EXPORTS), ("clients.export",)),
    "berths.index_of_client": ("berths.view",),
    "interests.index_of_client": ("interests.view",),
    "berths.index_of_vessel": ("berths.view",),
    "berths.index_free": ("berths.view",),
    "berths.index_choices": ("berths.view",),
    "berths.new_sighting": ("berths.manage_reservations",),
    "berths.create_sighting": ("berths.manage_reservations",),
    "berths.create_dismissal": ("berths.manage_reservations",),
    "berths.destroy_dismissal": ("berths.manage_reservations",),
    "berths.new_absence": ("berths.manage_reservations",),
    "berths.create_absence": ("berths.manage_reservations",),
    "berths.edit_absence": ("berths.manage_reservations",),
    "berths.update_absence": ("berths.manage_reservations",),
    "berths.create_return": ("berths.manage_reservations",),
    "berths.create_absence_cancellation": ("berths.manage_reservations",),
    "registration.index": ("interests.view",),
    "registration.create_acceptance": ("interests.edit",),
    "registration.create_spam": ("interests.edit",),
    "registration.destroy_spam": ("interests.edit",),
    **dict.fromkeys(
        ("waiting_list.index", "waiting_list.show", "waiting_list.show_entry", "waiting_list.index_berth_choices"),
        ("berths.view",),
    ),
    **dict.fromkeys(
        (
            "waiting_list.new",
            "waiting_list.create",
            "waiting_list.edit",
            "waiting_list.update",
            "waiting_list.create_archival",
            "waiting_list.destroy_archival",
            "waiting_list.new_entry",
            "waiting_list.create_entry",
            "waiting_list.update_class",
            "waiting_list.create_withdrawal",
            "waiting_list.new_offer",
            "waiting_list.create_offer",
            "waiting_list.create_acceptance",
            "waiting_list.create_refusal",
            "waiting_list.create_sale",
            "waiting_list.destroy_offer",
            "waiting_list.index_imports",
            "waiting_list.new_import",
            "waiting_list.create_import",
            "waiting_list.show_import",
            "waiting_list.edit_import_columns",
            "waiting_list.update_import_columns",
            "waiting_list.edit_import_row",
            "waiting_list.update_import_row",
            "waiting_list.update_import_row_verdict",
            "waiting_list.create_import_run",
            "waiting_list.destroy_import_run",
            "waiting_list.show_import_errors",
        ),
        ("berths.manage_waiting_list",),
    ),
    "vessels.index_choices": ("clients.view", "clients.view_own"),
    "vessels.index": ("clients.view", "clients.view_own"),
    "vessels.index_of_client": ("clients.view", "clients.view_own"),
    "vessels.new": ("clients.create",),
    "vessels.create": ("clients.create",),
    "vessels.show": ("clients.view", "clients.view_own"),
    "vessels.edit": ("clients.edit",),
    "vessels.update": ("clients.edit",),
    "vessels.index_events": ("clients.view", "clients.view_own"),
    "vessels.create_archival": ("clients.delete",),
    "vessels.destroy_archival": ("clients.delete",),
    "vessels.new_measurement": ("clients.edit",),
    "vessels.create_measurement": ("clients.edit",),
    "vessels.new_transfer": ("clients.edit",),
    "vessels.create_transfer": ("clients.edit",),
    "vessels.new_document": ("clients.edit",),
    "vessels.create_document": ("clients.edit",),
    "vessels.edit_document": ("clients.edit",),
    "vessels.update_document": ("clients.edit",),
    "vessels.destroy_document": ("clients.edit",),
    "vessels.create_document_restoration": ("clients.edit",),
    "vessels.create_verification": ("clients.edit",),
    "vessels.destroy_verification": ("clients.edit",),
    "clients.edit_note": ("clients.edit",),
    "clients.update_note": ("clients.edit",),
    "clients.create_note_pin": ("clients.edit",),
    "clients.destroy_note_pin": ("clients.edit",),
    "clients.create_tag": ("clients.edit",),
    "clients.update_tag": ("clients.edit",),
    "clients.destroy_tag": ("clients.edit",),
    "berths.index_imports": ("berths.import",),
    "berths.new_import": ("berths.import",),
    "berths.create_import": ("berths.import",),
    "berths.show_import": ("berths.import",),
    "berths.edit_import_columns": ("berths.import",),
    "berths.update_import_columns": ("berths.import",),
    "berths.edit_import_row": ("berths.import",),
    "berths.update_import_row": ("berths.import",),
    "berths.update_import_row_verdict": ("berths.import",),
    "berths.create_import_run": ("berths.import",),
    "berths.destroy_import_run": ("berths.import",),
    "berths.show_import_errors": ("berths.import",),
    "clients.index_imports": ("admin.import_data",),
    "clients.new_import": ("admin.import_data",),
    "clients.create_import": ("admin.import_data",),
    "clients.show_import": ("admin.import_data",),
    "clients.create_import_run": ("admin.import_data",),
    "clients.destroy_import_run": ("admin.import_data",),
    "clients.show_import_errors": ("admin.import_data",),
    "clients.index_files": ("files.view",),
    "clients.index_duplicates": ("clients.merge",),
    "clients.create_duplicate_scan": ("clients.merge",),
    "clients.create_duplicate_dismissal": ("clients.merge",),
    "clients.destroy_duplicate_dismissal": ("clients.merge",),
    "clients.new_merger": ("clients.merge",),
    "clients.create_merger": ("clients.merge",),
    "clients.show_merger": ("clients.view", "clients.view_own"),
    "clients.destroy_merger": ("clients.merge",),
    "files.index": ("files.view",),
    "files.show_folder": ("files.view",),
    "files.index_records": ("files.view",),
    "files.index_trash": ("files.delete",),
    "files.new": ("files.upload",),
    "files.create": ("files.upload",),
    "files.show": ("files.view",),
    "files.edit": ("files.upload",),
    "files.update": ("files.upload",),
    "files.update_folder_of": ("files.upload",),
    "files.create_version": ("files.upload",),
    "files.create_version_restoration": ("files.upload",),
    "files.create_scan": ("files.upload",),
    "files.show_content": ("files.view",),
    "files.show_picture": ("files.view",),
    "files.create_archival": ("files.delete",),
    "files.destroy_archival": ("files.delete",),
    "files.create_folder": ("files.manage_folders",),
    "files.edit_folder": ("files.manage_folders",),
    "files.update_folder": ("files.manage_folders",),
    "files.update_parent": ("files.manage_folders",),
    "files.create_folder_archival": ("files.manage_folders",),
    "files.destroy_folder_archival": ("files.manage_folders",),
    "clients.edit_import_columns": ("admin.import_data",),
    "clients.update_import_columns": ("admin.import_data",),
    "clients.edit_import_row": ("admin.import_data",),
    "clients.update_import_row": ("admin.import_data",),
    "clients.update_import_row_verdict": ("admin.import_data",),
    "changes.show": CHANGES,
    "changes.create_roll_back": CHANGES,
    "changes.destroy_run": CHANGES,
    "admin.index": ADMIN_LEAVES,
    "admin.index_settings": ("admin.manage_settings",),
    "admin.edit_settings": ("admin.manage_settings",),
    "admin.update_settings": ("admin.manage_settings",),
    "admin.create_hours_copy": ("admin.manage_settings",),
    "admin.create_holiday": ("admin.manage_settings",),
    "admin.destroy_holiday": ("admin.manage_settings",),
    "admin.create_rate": ("admin.manage_settings",),
    "admin.destroy_rate": ("admin.manage_settings",),
    "admin.show_onboarding": ("admin.manage_settings",),
    "admin.create_onboarding_dismissal": ("admin.manage_settings",),
    "admin.destroy_onboarding_dismissal": ("admin.manage_settings",),
    "admin.index_tags": ("admin.manage_tags",),
    "admin.new_tag": ("admin.manage_tags",),
    "admin.create_tag": ("admin.manage_tags",),
    "admin.edit_tag": ("admin.manage_tags",),
    "admin.update_tag": ("admin.manage_tags",),
    "admin.create_tag_archival": ("admin.manage_tags",),
    "admin.destroy_tag_archival": ("admin.manage_tags",),
    "fields.index": ("admin.manage_custom_fields",),
    "fields.new": ("admin.manage_custom_fields",),
    "fields.create": ("admin.manage_custom_fields",),
    "fields.edit": ("admin.manage_custom_fields",),
    "fields.update": ("admin.manage_custom_fields",),
    "fields.update_option": ("admin.manage_custom_fields",),
    "fields.update_position": ("admin.manage_custom_fields",),
    "fields.create_archival": ("admin.manage_custom_fields",),
    "fields.destroy_archival": ("admin.manage_custom_fields",),
    "audit.index": ("admin.view_audit_log",),
    "audit.show": ("admin.view_audit_log",),
    "audit.create_export": ("admin.view_audit_log",),
    "audit.create_reversal": ("admin.view_audit_log",),
    "identity.index_users": ("admin.manage_users",),
    "identity.new_user": ("admin.manage_users",),
    "identity.create_user": ("admin.manage_users",),
    "identity.show_user": ("admin.manage_users",),
    "identity.create_invitation": ("admin.manage_users",),
    "identity.edit_user_roles": ("admin.manage_users",),
    "identity.update_user_roles": ("admin.manage_users",),
    "identity.create_deactivation": ("admin.manage_users",),
    "identity.destroy_deactivation": ("admin.manage_users",),
    "identity.destroy_user_factors": ("admin.manage_users",),
    "identity.destroy_user": ("admin.manage_users",),
    "identity.index_roles": ("admin.manage_users",),
    "identity.show_role": ("admin.manage_users",),
    "identity.new_role": ("admin.manage_users",),
    "identity.create_role": ("admin.manage_users",),
    "identity.edit_role": ("admin.manage_users",),
    "identity.update_role": ("admin.manage_users",),
    "identity.destroy_role": ("admin.manage_users",),
    "identity.edit_override": ("admin.manage_users",),
    "identity.update_override": ("admin.manage_users",),
    "identity.create_preview": ("admin.manage_users",),
    "identity.index_all_ports": ("admin.manage_settings",),
    "identity.new_port": ("admin.manage_settings",),
    "identity.create_port": ("admin.manage_settings",),
    "identity.create_port_deactivation": ("admin.manage_settings",),
    "identity.destroy_port_deactivation": ("admin.manage_settings",),
    "identity.edit_port": ("admin.manage_settings",),
    "identity.update_port": ("admin.manage_settings",),
    "identity.edit_branding": ("admin.manage_settings",),
    "identity.update_branding": ("admin.manage_settings",),
    "identity.update_logo": ("admin.manage_settings",),
    "identity.destroy_logo": ("admin.manage_settings",),
    "identity.index_teams": ("admin.manage_users",),
    "identity.new_team": ("admin.manage_users",),
    "identity.create_team": ("admin.manage_users",),
    "identity.show_team": ("admin.manage_users",),
    "identity.edit_team": ("admin.manage_users",),
    "identity.update_team": ("admin.manage_users",),
    "identity.destroy_team": ("admin.manage_users",),
    "identity.create_membership": ("admin.manage_users",),
    "identity.destroy_membership": ("admin.manage_users",),
}
# Of these, what is the same in every port: for super-admins alone.
SUPER_ADMINS = {
    "identity.new_role",
    "identity.create_role",
    "identity.edit_role",
    "identity.update_role",
    "identity.destroy_role",
    "identity.index_all_ports",
    "identity.new_port",
    "identity.create_port",
    "identity.create_port_deactivation",
    "identity.destroy_port_deactivation",
}
TOPIC_NEEDS = {
    "administration": NEEDS["admin.index"],
    "settings": ("admin.manage_settings",),
    "tags": ("admin.manage_tags",),
    "fields": ("admin.manage_custom_fields",),
    "people": ("admin.manage_users",),
    "clients": ("clients.view", "clients.view_own"),
    "client": ("clients.view", "clients.view_own"),
    "vessels": ("clients.view", "clients.view_own"),
    "vessel": ("clients.view", "clients.view_own"),
    "berths": ("berths.view",),
    "dashboard": ("berths.view",),
    "pipeline": ("interests.view",),
    "berth": ("berths.view",),
    "map": ("berths.view",),
    "overview": ("berths.view",),
    "plan": ("berths.view",),
    "occupancy": ("berths.view",),
    "registrations": ("interests.view",),
    "prices": ("berths.view",),
    "price_list": ("berths.view",),
    "harbours": ("berths.view",),
    "interests": ("interests.view",),
    "interest": ("interests.view",),
    "document": ("documents.view",),
    "reminders": REMINDERS,
    "waiting_lists": ("berths.view",),
    "waiting_list": ("berths.view",),
    "waiting_entry": ("berths.view",),
    "reminder": REMINDERS,
    "calendar": ("berths.view",),
    "board": ("berths.view",),
    "duplicates": ("clients.merge",),
    "imports": ("admin.import_data", "berths.import", "berths.manage_waiting_list"),
    "import": ("admin.import_data",),
    "export": ("clients.export",),
    "files": ("files.view",),
    "file": ("files.view",),
    "change_set": CHANGES,
    # One's own, for everybody in the port.
    "bell": (),
    "saved_views": (),
    "notifications": (),
}


def leaves(table: str) -> set[str]:
    """`resource.action` for every action of the table; `*` is all of the resource."""
    found = set()
    for line in filter(str.strip, table.splitlines()):
        resource, *actions = line.split()
        for action in actions:
            every = f"{resource}."
            found |= {leaf for leaf in ALL if leaf.startswith(every)} if action == "*" else {every + action}
    return found


ALL: set[str] = set()
ALL = leaves(PERMISSIONS)
OPERATIONAL = {leaf for leaf in ALL if not leaf.startswith("admin.")}
HELD = {
    "port_admin": ALL - {"admin.system_backup"},
    "director": OPERATIONAL | {"admin.manage_users", "admin.view_audit_log"},
    "viewer": {leaf for leaf in OPERATIONAL if leaf.split(".")[1].startswith("view")},
    **{role: leaves(table) for role, table in ROLE_TABLE.items()},
}


@dataclass(frozen=True)
class Person:
    """Somebody who asks, and what they hold in Port North; None where they have nothing to do."""

    email: str
    held: set[str] | None
    is_signed_in: bool = True
    is_super_admin: bool = False
    other_port_is_open: bool = False


EVERYBODY = {
    **{role: Person(f"{role}@north.example", HELD[role]) for role in HELD},
    "super admin": Person("super@quayside.example", ALL, is_super_admin=True, other_port_is_open=True),
    "two roles": Person("two_roles@north.example", HELD["technician"] | HELD["sales_agent"]),
    "nobody": Person("nowhere@quayside.example", None),
    "inactive": Person("gone@north.example", None, is_signed_in=False),
    "anonymous": Person("", None, is_signed_in=False),
}


def holds(person: Person, needed: tuple[str, ...]) -> bool:
    return person.held is not None and not person.held.isdisjoint(needed)


def may(person: Person, endpoint: str) -> bool:
    return holds(person, NEEDS[endpoint]) and (endpoint not in SUPER_ADMINS or person.is_super_admin)


# --- What there is to ask for ------------------------------------------------------------------------------


MAIL = "0" * 32


@dataclass(frozen=True)
class Place:
    """One record of each kind in a port, as addresses name them."""

    slug: str
    client: int
    contact: uuid.UUID
    note: uuid.UUID
    imported: int
    file: str
    user: uuid.UUID = field(default_factory=uuid.uuid4)
    role: uuid.UUID = field(default_factory=uuid.uuid4)
    team: uuid.UUID = field(default_factory=uuid.uuid4)
    notification: uuid.UUID = field(default_factory=uuid.uuid4)
    tag: uuid.UUID = field(default_factory=uuid.uuid4)
    custom: uuid.UUID = field(default_factory=uuid.uuid4)
    token: uuid.UUID = field(default_factory=uuid.uuid4)
    event: uuid.UUID = field(default_factory=uuid.uuid4)
    changes: int = 0
    upload: int = 0
    folder: int = 0
    vessel: int = 0
    document: uuid.UUID = field(default_factory=uuid.uuid4)
    relationship: uuid.UUID = field(default_factory=uuid.uuid4)
    mail: str = MAIL
    # Of each list that has them, by its blueprint.
    views: dict[str, uuid.UUID] = field(default_factory=dict)
    exports: dict[str, int] = field(default_factory=dict)
    duplicate: uuid.UUID = field(default_factory=uuid.uuid4)
    merge: uuid.UUID = field(default_factory=uuid.uuid4)
    archive: uuid.UUID = field(default_factory=uuid.uuid4)
    berth: int = 0
    suggestion: uuid.UUID = field(default_factory=uuid.uuid4)
    repair: uuid.UUID = field(default_factory=uuid.uuid4)
    dock: int = 0
    harbour: int = 0
    occupancy: int = 0
    berth_import: int = 0
    waiting_import: int = 0
    price_list: int = 0
    registration: int = 0
    price_line: uuid.UUID = field(default_factory=uuid.uuid4)
    reminder: int = 0
    interest: int = 0
    interest_note: uuid.UUID = field(default_factory=uuid.uuid4)
    deposit: uuid.UUID = field(default_factory=uuid.uuid4)
    signed: int = 0
    absence: int = 0
    sighting: int = 0
    waiting_list: int = 0
    waiting_entry: int = 0

    def values(self, rule: Rule) -> dict[str, Any]:
        """What the rule's address is filled with."""
        imported = "import" in rule.endpoint
        of_vessel = "/vessels/<int:number>" in rule.rule
        on_map = {"berths": self.berth, "docks": self.dock, "harbours": self.harbour, "occupancies": self.occupancy}
        on_map |= {"absences": self.absence, "sightings": self.sighting, "clients": self.client, "vessels": self.vessel}
        numbers = {
            "berths": self.berth_import
            if imported
            else on_map.get(rule.rule.removeprefix("/<port>/").partition("/")[0], 0),
            "changes": self.changes,
            "prices": self.price_list,
            "registration": self.registration,
            "reminders": self.reminder,
            "waiting_list": self.waiting_import
            if imported
            else self.waiting_entry
            if "/waiting-entries/" in rule.rule
            else self.waiting_list,
            "recommendations": self.berth if rule.endpoint.endswith("of_berth") else self.interest,
            "documents": self.client if rule.endpoint.endswith("of_client") else self.signed,
            "interests": self.client if rule.endpoint.endswith("of_client") else self.interest,
            "files": self.folder if "/folders/" in rule.rule else self.upload,
        }
        of_client = self.imported if imported else self.vessel if of_vessel else self.client
        blueprint = rule.endpoint.partition(".")[0]
        listed = rule.endpoint.partition("_of_")[2] or blueprint
        known = {
            "port": self.slug,
            "berth": self.berth,
            "number": self.exports[listed]
            if "_export" in rule.endpoint and listed in self.exports
            else numbers.get(blueprint, of_client),
            "row": 2,
            "document_id": self.document,
            "relationship_id": self.relationship,
            "contact_id": self.contact,
            "deposit_id": self.deposit,
            "note_id": self.interest_note if rule.endpoint.startswith("interests.") else self.note,
            **dict.fromkeys(("factor_id", "session_id", "identity_id"), self.note),
            "event_id": self.event,
            "filename": "app.css",
            "token": "of-no-link",
            "tag_id": self.tag,
            "field_id": self.custom,
            "view_id": self.views.get(blueprint, self.note),
            "token_id": self.token,
            "group": "hours",
            "state": "plain",
            "day": "12-24",
            "ordinal": 1,
            "at": 1,
            "name": "Standard",
            "user_id": self.user,
            "role_id": self.role,
            "team_id": self.team,
            "slug": self.slug,
            "notification_id": self.notification,
            "mail": self.mail,
            "duplicate_id": self.duplicate,
            "merge_id": self.merge,
            "archive_id": self.archive,
            "suggestion_id": self.suggestion,
            "line_id": self.price_line,
            "entry_id": self.repair,
        }
        return {name: known[name] for name in rule.arguments}


UNKNOWN = Place(
    "north",
    999_999,
    uuid.uuid4(),
    uuid.uuid4(),
    999_999,
    "",
    changes=999_999,
    upload=999_999,
    folder=999_999,
    vessel=999_999,
    berth=999_999,
    dock=999_999,
    harbour=999_999,
    occupancy=999_999,
    price_list=999_999,
    registration=999_999,
    reminder=999_999,
    interest=999_999,
    signed=999_999,
    absence=999_999,
    sighting=999_999,
    waiting_list=999_999,
    waiting_entry=999_999,
)
NIL, LAST = uuid.UUID(int=0), uuid.UUID(int=2**128 - 1)
BEYOND = Place(
    "north",
    10**30,
    NIL,
    LAST,
    2**31,
    "",
    changes=2**31,
    upload=2**31,
    folder=10**30,
    vessel=10**30,
    berth=10**30,
    dock=2**31,
    harbour=10**30,
    occupancy=2**31,
    price_list=2**31,
    registration=10**30,
    reminder=2**31,
    interest=2**31,
    signed=10**30,
    absence=2**31,
    sighting=10**30,
    waiting_list=2**31,
    waiting_entry=10**30,
    user=NIL,
    role=LAST,
    team=NIL,
    notification=LAST,
)


def make_price_list(manager: Member, number: int) -> PriceList:
    """In a year of its own."""
    begins = date(2000 + number % 97, 1, 1)
    days = {"valid_from": begins, "valid_until": begins.replace(month=12, day=31)}
    made = PriceList.create({"name": "Berths", "currency": "EUR", **days}, port_id=manager.here().id, by=manager)
    made.number = number
    made.change_lines([price_line()], by=manager)
    return made


def furnish(app: Flask, slug: str, numbers: int, owner: uuid.UUID) -> Place:
    """Records in the port; the client belongs to `owner`, who sees it even with `clients.view_own` alone; so does the
    notification."""
    manager = enter(f"port_admin@{slug}.example", slug)
    tag_id = Tag.create(f"VIP {numbers}", "teal", port_id=manager.here().id, by=manager).id
    port_id = manager.here().id
    choice = {"label": f"Berth club {numbers}", "kind": "choice", "options": ["Gold", "Silver"]}
    custom_id = FieldDefinition.create(choice, resource="client", currency="EUR", port_id=port_id, by=manager).id
    client = make_client(manager, owner_id=owner, email="lea@example.com")
    client.number = numbers
    note = Note.create(client, "Prefers the inner harbour", by=manager)
    client.update({"town": "Toulon"}, by=manager)
    vessel = Vessel.create(client, {"name": "Belle Étoile"}, by=manager)
    vessel.number = numbers + 2
    document = Document.create(vessel, {"kind": "insurance"}, by=manager)
    captain = make_client(manager, full_name="Erwan Kerlann", owner_id=owner)
    berth = make_berth(manager, make_dock(manager, f"B {numbers}"))
    berth.number, berth.dock.number, berth.dock.harbour.number = numbers + 5, numbers + 6, numbers + 7
    suggestion = make_suggestion(berth, by=manager)
    repair = make_repair(berth, by=manager)
    stay = make_stay(berth, client, by=manager)
    stay.number = numbers + 8
    price_list = make_price_list(manager, numbers)
    make_registration(client, by=manager, number=numbers)
    SettingsSheet.locked(manager).update({"registration_open": True}, by=manager)
    price_line_id = price_list.lines()[0].id
    make_reminder(manager, assigned_to=owner).number = numbers + 30
    interest = make_interest(client, by=manager)
    interest.number = numbers + 40
    interest_note_id = InterestNote.create(interest, "Prefers the inner harbour", by=manager).id
    deposit = interest.record_deposit(Decimal(100), "EUR", received_on=now().date(), by=manager)
    of: dict[str, Any] = {"client": client, "interest": interest, "sha256": b"1" * 32, "by": manager}
    signed = SignedDocument.record_signed(DocumentType.EOI, make_file(manager, "eoi.pdf", record=interest), **of)
    signed.number = numbers + 41
    absence = make_absence(make_berth(manager, berth.dock, code="14"), client, by=manager)
    absence.number = numbers + 9
    sighting = Sighting.create(berth, by=manager, seen_at=now(), name="Wandering Albatross")
    sighting.number = numbers + 10
    waiting_list = make_waiting_list(manager)
    waiting_list.number = numbers + 31
    # The application may write a number once only; so that no other port has this one, the series goes on from there.
    app.extensions["numbers"]._blocks[port_id, "waiting_entry"] = range(numbers + 60, numbers + 110)
    entry = WaitingEntry.enter(waiting_list, client, by=manager)
    relationship = Relationship.create(captain, client, "captain", by=manager)
    event_id = db.session.scalar(select(Event.id).where(Event.name == "client:updated", Event.subject_id == client.id))
    assert event_id is not None
    merge = Merge.make(client, make_client(manager), [], by=manager)
    zipped = {"status": "ready", "ready_at": now(), "storage_key": storage.new_key(slug, "clients", client.id, "zip")}
    archive = Archive(port_id=port_id, client_id=client.id, **zipped)
    db.session.add(archive)
    db.session.flush()
    archive_id = archive.id
    pair = make_duplicate(client, make_client(manager, full_name="Lea Marchand", owner_id=owner))
    key = storage.new_key(slug, "clients", client.number, "pdf")
    storage.put(BytesIO(b"%PDF-1.7"), key, "application/pdf")
    imported = Import.create("clients", filename="contacts.csv", storage_key=key, by=manager)
    imported.number = numbers + 1
    fields = {"full_name": "Ada", "contacts": []}
    row = {"row_number": 2, "source": ["Ada"], "fields": fields, "verdict": Verdict.NEW}
    db.session.add(ImportRow(port_id=port_id, import_id=imported.id, **row))
    of_berths = Import.create("berths", filename="berths.csv", storage_key=key, by=manager)
    of_berths.number = numbers + 9
    outer = {"harbour": "Outer", "dock": "A", "code": "1", "is_active": True}
    row = {"row_number": 2, "source": ["1"], "fields": outer, "verdict": Verdict.NEW}
    db.session.add(ImportRow(port_id=port_id, import_id=of_berths.id, **row))
    of_line = Import.create("waiting_list", filename="line.csv", storage_key=key, by=manager)
    of_line.number = numbers + 10
    waits = {"list": "Small", "full_name": "Ada", "requested_on": "2019-05-03"}
    row = {"row_number": 2, "source": ["Ada"], "fields": waits, "verdict": Verdict.NEW}
    db.session.add(ImportRow(port_id=port_id, import_id=of_line.id, **row))
    changes = ChangeSet.begin("bulk_edit", "Two became active", port_id=port_id, about_id=None, by=manager)
    changes.number = numbers + 2
    colleague = enter("teammate@north.example" if slug == "north" else f"viewer@{slug}.example", slug)
    picture = storage.new_key(slug, "general", colleague.id, "webp")
    storage.put(BytesIO(b"RIFF"), picture, "image/webp")
    set_picture(own(colleague), picture, by=colleague)
    enter(f"port_admin@{slug}.example", slug)
    team = Team.create(name=f"Quay {numbers}", supervisor_id=None, by=manager)
    team.add(colleague.id, name=colleague.name, by=manager)
    viewer = db.session.scalars(select(Role.id).where(Role.name == "viewer")).one()
    manager = enter(f"port_admin@{slug}.example", slug)
    folder = Folder.create(f"Plans {numbers}", port_id=manager.here().id, by=manager)
    file = make_file(manager)
    make_picture(file)
    plan = make_file(manager)
    make_picture(plan)
    HarbourPlan.show(berth.dock.harbour, plan, width=Decimal(200), by=manager)
    folder.number, file.number = numbers + 2, numbers + 3
    begin(port_id=manager.here().id, scope="staff")
    notification = make_notification(owner)
    views = {kind: view_of(owner, kind, slug=slug, name=f"Active {numbers}") for kind in VIEWED}
    commit()
    outbox.keep(mail_of_nobody())
    with app.test_request_context():
        link = parse_qs(urlsplit(storage.link(key, "plan.pdf")).query)["link"][0]
    return Place(
        slug,
        client.number,
        contacts_of(client)[0].id,
        note.id,
        imported.number,
        link,
        user=colleague.id,
        role=viewer,
        team=team.id,
        notification=notification.id,
        tag=tag_id,
        custom=custom_id,
        token=token_of(owner, place=f"{slug} {numbers}", port_id=port_id),
        event=event_id,
        changes=changes.number,
        upload=numbers + 3,
        folder=numbers + 2,
        duplicate=pair.id,
        merge=merge.id,
        archive=archive_id,
        vessel=vessel.number,
        berth=berth.number,
        suggestion=suggestion.id,
        repair=repair.id,
        dock=numbers + 6,
        harbour=numbers + 7,
        occupancy=numbers + 8,
        berth_import=numbers + 9,
        waiting_import=numbers + 10,
        price_list=price_list.number,
        registration=numbers,
        price_line=price_line_id,
        reminder=numbers + 30,
        interest=numbers + 40,
        interest_note=interest_note_id,
        deposit=deposit.id,
        signed=numbers + 41,
        absence=numbers + 9,
        sighting=numbers + 10,
        waiting_list=numbers + 31,
        waiting_entry=entry.number,
        document=document.id,
        relationship=relationship.id,
        views=views,
        exports={
            kind: export_of(owner, key, kind, slug=slug, number=numbers + at) for at, kind in enumerate(EXPORTED, 4)
        },
    )


VIEWED = ("clients", "interests", "berths")
EXPORTED = ("clients", "interests", "stays", "berths")


def view_of(owner: uuid.UUID, resource: str, *, slug: str, name: str) -> uuid.UUID:
    port_id = enter(f"port_admin@{slug}.example", slug).here().id
    begin(port_id=port_id, user_id=owner, scope="staff")
    return SavedView.create(
        name, "status=active", resource=resource, is_shared=False, port_id=port_id, user_id=owner, by=System()
    ).id


def export_of(owner: uuid.UUID, key: str, resource: str, *, slug: str, number: int) -> int:
    """A file that lies there."""
    by = enter(f"port_admin@{slug}.example", slug)
    fields = {"format": "csv", "extent": "shown", "chosen": {}, "sort": "name", "descending": False, "columns": []}
    found = Export.start(KINDS[resource], fields, record_ids=[], total=1, by=by)
    found.number, found.created_by_id = number, owner
    found.note_finished(key, count=1, size=8, by=by)
    commit()
    return number


def token_of(owner: uuid.UUID, *, place: str, port_id: uuid.UUID) -> uuid.UUID:
    begin(port_id=port_id, user_id=owner, scope="staff")
    token_hash = hash_token(f"{owner} {place}")
    until = now() + timedelta(days=1)
    token = ApiToken(user_id=owner, port_id=port_id, name="Till", token_hash=token_hash, scopes=["*"], expires_at=until)
    db.session.add(token)
    db.session.flush()
    token_id = token.id
    commit()
    return token_id


def mail_of_nobody() -> EmailMessage:
    letter = Letter("lea@example.com", "Quayside", None, "Hello", "Hello", "<html><head></head>Hello</html>", "en")
    settings = current_app.extensions["settings"]
    return message_of(letter, message_id=f"<{MAIL}@quayside.example>", settings=settings)


def rules(app: Flask) -> list[tuple[Rule, str]]:
    """Every way into the application: rule and method."""
    return [
        (rule, method)
        for rule in app.url_map.iter_rules()
        for method in sorted(rule.methods or ())
        if method not in ("HEAD", "OPTIONS")
    ]


class Asker:
    """Asks as one person, undoing what each question changed."""

    def __init__(self, app: Flask, db: SQLAlchemy, person: Person) -> None:
        self.app, self.db, self.person = app, db, person
        self.connection: Any = db.engine  # in tests of this kind one connection stands in its place
        self.token = start_session(person.email) if person.email else None
        commit()
        self.origin = app.extensions["settings"].public_url

    def ask(self, rule: Rule, method: str, values: dict[str, Any], *, link: str, **headers: str) -> TestResponse:
        path = self.app.url_map.bind("localhost").build(rule.endpoint, values, method)
        query = {"link": link} if rule.endpoint == "storage.show" else {}
        visitor = Visitor.anonymous(self.app)
        if self.token:
            visitor.client.set_cookie(SESSION_COOKIE, self.token)
        data = {"csrf_token": visitor.csrf_token()} if method != "GET" else None
        self.denials = 0
        self.db.session.remove()  # its savepoint would end with the one below inside it
        undone = self.connection.begin_nested()
        try:
            response = visitor.open(
                path, method=method, data=data, query_string=query, headers={"Origin": self.origin, **headers}
            )
            if response.status_code == 403:
                self.denials = denials_of(self.person)
            return response
        finally:
            self.db.session.remove()
            undone.rollback()

    def outcome(self, rule: Rule, method: str, place: Place, **headers: str) -> str:
        response = self.ask(rule, method, place.values(rule), link=place.file, **headers)
        status = response.status_code
        if status == 401:
            return "no token"
        if status == 303 and is_to_sign_in(response):
            return "sign in"
        if status == 403:
            return "denied" if self.denials == 1 else f"denied, and recorded {self.denials} times"
        return "not found" if status == 404 else "let in" if status < 500 else f"broken: {status}"


def is_to_sign_in(response: TestResponse) -> bool:
    """Sent to sign in; signing out ends there as well, and takes the cookie away."""
    is_signing_out = SESSION_COOKIE in response.headers.get("Set-Cookie", "")
    return urlsplit(response.headers.get("Location", "")).path == "/auth/login" and not is_signing_out


def denials_of(person: Person) -> int:
    actor = user_id(person.email)
    begin(port_id=NORTH, user_id=actor, scope="staff")
    statement = select(func.count()).where(Event.name == "permission:denied", Event.actor_id == actor)
    return db.session.scalar(statement) or 0


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """There are more ways in than anybody may write to within a minute."""
    for name in limits.AMOUNTS:
        monkeypatch.setitem(limits.AMOUNTS, name, "100000 per minute")


@pytest.fixture(params=EVERYBODY)
def person(request: pytest.FixtureRequest) -> Person:
    return EVERYBODY[request.param]


@pytest.fixture
def asker(app: Flask, db: SQLAlchemy, person: Person) -> Asker:
    return Asker(app, db, person)


@pytest.fixture
def places(app: Flask, db: SQLAlchemy, person: Person) -> tuple[Place, Place]:
    """The same in both ports, under other numbers."""
    owner = user_id(person.email or "port_admin@north.example")
    return furnish(app, "north", 500_001, owner), furnish(app, "south", 700_001, owner)


# --- The sweep ---------------------------------------------------------------------------------------------


def test_every_endpoint_stands_in_the_tables(app: Flask) -> None:
    views: dict[str, Any] = dict(app.view_functions)
    stated: dict[str, Access] = {name: view.access for name, view in views.items()}
    assert {name for name, access in stated.items() if access.public} == PUBLIC
    assert {name for name, access in stated.items() if not access.public and not access.permissions} == (
        SIGNED_IN | BY_TOKEN
    )
    assert {name for name, access in stated.items() if access.by_token} == BY_TOKEN
    assert {name: access.permissions for name, access in stated.items() if access.permissions} == NEEDS
    assert {name for name, access in stated.items() if access.super_admin} == SUPER_ADMINS
    assert {rule.endpoint for rule, _method in rules(app)} == PUBLIC | SIGNED_IN | BY_TOKEN | set(NEEDS)


def test_what_needs_a_permission_is_in_a_port(app: Flask) -> None:
    outside = {rule.endpoint for rule in app.url_map.iter_rules() if "port" not in rule.arguments}
    assert outside.isdisjoint(NEEDS)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_holds_what_the_design_says(db: SQLAlchemy, role: str) -> None:
    assert enter(f"{role}@north.example").permissions == HELD[role]


def test_who_holds_two_roles_holds_both(db: SQLAlchemy) -> None:
    assert enter("two_roles@north.example").permissions == HELD["technician"] | HELD["sales_agent"]


def test_a_super_admin_holds_everything_in_every_port(db: SQLAlchemy) -> None:
    for slug in ("north", "south"):
        assert enter("super@quayside.example", slug).permissions == ALL


def expected(rule: Rule, person: Person, *, is_other_port: bool) -> str:
    if rule.endpoint in PUBLIC:
        return "let in"
    if rule.endpoint in BY_TOKEN:
        return "no token"
    if not person.is_signed_in:
        return "sign in"
    in_port = "port" in rule.arguments
    if in_port and not person.other_port_is_open and (is_other_port or person.held is None):
        return "not found"
    if rule.endpoint in NEEDS and not may(person, rule.endpoint):
        return "denied"
    return "not found" if rule.endpoint in OF_ONESELF else "let in"


def test_everybody_gets_in_where_they_may_and_nowhere_else(
    app: Flask, asker: Asker, person: Person, places: tuple[Place, Place]
) -> None:
    wrong = []
    for rule, method in rules(app):
        for place in places if "port" in rule.arguments else places[:1]:
            should = expected(rule, person, is_other_port=place.slug == "south")
            found = asker.outcome(rule, method, place)
            if found != should:
                wrong.append(f"{method} {rule.endpoint} in {place.slug}: {found}, should be {should}")
    assert wrong == [], "\n".join(wrong)


def test_an_anonymous_fragment_is_told_to_sign_in(app: Flask, db: SQLAlchemy) -> None:
    visitor = Visitor.anonymous(app)
    headers = {"HX-Request-Type": "partial", "HX-Current-URL": "http://localhost/north/clients?status=active"}
    response = visitor.open("/north/clients", headers=headers)
    assert response.status_code == 401
    assert response.headers["HX-Redirect"] == "/auth/login?next=/north/clients?status%3Dactive"
    assert response.get_data() == b""


@pytest.mark.parametrize("email", ["port_admin@north.example", "super@quayside.example"])
def test_records_of_another_port_and_unknown_ones_do_not_exist(app: Flask, db: SQLAlchemy, email: str) -> None:
    """Each part of an address in turn: a client with the contact of another is as little there as a foreign one."""
    me = user_id(email)
    north, neighbour, south = (
        furnish(app, slug, at, me) for slug, at in (("north", 500_001), ("north", 600_001), ("south", 700_001))
    )
    asker, found = Asker(app, db, Person(email, ALL)), []
    for rule, method in rules(app):
        ids = {
            "number",
            "contact_id",
            "note_id",
            "notification_id",
            "user_id",
            "team_id",
            "tag_id",
            "token_id",
            "document_id",
            "relationship_id",
            "view_id",
            "line_id",
        }
        parts = sorted(rule.arguments & ids)
        # One person is in several teams of a port, one tag on several clients.
        nearby = [neighbour] if len(parts) > 1 and not {"team_id", "tag_id"} & set(parts) else []
        for part, other in product(parts, (south, UNKNOWN, BEYOND, *nearby)):
            values = {**north.values(rule), part: other.values(rule)[part]}
            response = asker.ask(rule, method, values, link="")
            if response.status_code != 404:
                found.append(f"{method} {rule.endpoint} with {part} {values[part]}: {response.status_code}")
    assert found == []


def test_a_client_of_somebody_else_does_not_exist_for_view_own(app: Flask, db: SQLAlchemy) -> None:
    number = make_client(enter("sales_manager@north.example"), owner_id=user_id("teammate@north.example")).number
    commit()
    operator = Visitor.of(app, "operator@north.example")
    assert operator.get(f"/north/clients/{number}").status_code == 404
    assert operator.get(f"/north/clients/{number}/events").status_code == 404
    assert f"/north/clients/{number}" not in operator.get("/north/clients").text


def test_a_denial_says_who_wanted_what(app: Flask, db: SQLAlchemy) -> None:
    viewer = Visitor.of(app, "viewer@north.example")
    assert viewer.get("/north/clients/new", headers={"User-Agent": "Harbour/1"}).status_code == 403
    actor = user_id("viewer@north.example")
    begin(port_id=NORTH, user_id=actor, scope="staff")
    event = db.session.scalars(select(Event).where(Event.name == "permission:denied")).one()
    assert (event.actor_id, event.subject_id, event.port_id) == (actor, actor, NORTH)
    sealed = db.session.scalars(select(SubjectKey.sealed_key).where(SubjectKey.subject_id == actor)).one()
    words = event.opened(keyring().open(sealed, place=place_of_key("user", actor)))
    assert words["details"] == {"permission": "clients.create", "endpoint": "clients.new"}
    assert (words["ip"], words["user_agent"]) == ("127.0.0.1", "Harbour/1")


def test_somebody_denied_in_two_ports_and_then_signing_in_has_one_key(app: Flask, db: SQLAlchemy) -> None:
    """The key of a user's events is found from every port and from none."""
    both = Visitor.of(app, "both@quayside.example")
    for slug in ("north", "south"):
        assert both.get(f"/{slug}/clients/imports").status_code == 403
    assert both.delete("/auth/logout").status_code == 303


# --- Live topics -------------------------------------------------------------------------------------------


def test_every_topic_stands_in_the_table() -> None:
    assert set(TOPICS) == set(TOPIC_NEEDS)


def key_of(topic: str, place: Place) -> str | None:
    """What a page follows of the topic; None where it is about the port as a whole."""
    numbers = {
        "client": place.client,
        "import": place.imported,
        "export": place.exports["clients"],
        "file": place.upload,
        "change_set": place.changes,
        "vessel": place.vessel,
        "berth": place.berth,
        "plan": place.harbour,
        "occupancy": place.occupancy,
        "price_list": place.price_list,
        "reminder": place.reminder,
        "waiting_list": place.waiting_list,
        "waiting_entry": place.waiting_entry,
        "interest": place.interest,
        "document": place.signed,
    }
    return str(numbers[topic]) if topic in numbers else None


def test_a_topic_opens_to_whom_its_page_opens(db: SQLAlchemy, person: Person, places: tuple[Place, Place]) -> None:
    if person.held is None:
        return
    member = enter(person.email)
    for topic, rule in TOPICS.items():
        room = rule(member, key_of(topic, places[0]))
        assert (room is not None) == (not TOPIC_NEEDS[topic] or holds(person, TOPIC_NEEDS[topic])), topic
        if key_of(topic, places[1]) is None:
            assert all(str(NORTH) in (rule(member, key) or str(NORTH)) for key in (None, "x", "south")), topic
        else:
            for key in (key_of(topic, places[1]), "999999", "9" * 40, "-1", "٣", "x", "", None):
                assert rule(member, key) is None, (topic, key)


def test_who_sees_only_their_own_hears_only_that_something_changed(db: SQLAlchemy) -> None:
    """Records travel through rooms of those who see every client; the twin `:own` says nothing but "look again"."""
    operator = enter("operator@north.example")
    theirs = make_client(enter("sales_manager@north.example"), owner_id=operator.id)
    other = make_client(enter("sales_manager@north.example"), owner_id=user_id("teammate@north.example"))
    operator = enter("operator@north.example")
    assert TOPICS["clients"](operator, None) == f"port:{NORTH}:clients:own"
    assert TOPICS["client"](operator, str(theirs.number)) == f"client:{theirs.id}:own"
    assert TOPICS["client"](operator, str(other.number)) is None


# --- Reading -----------------------------------------------------------------------------------------------

WRITES = re.compile(r"^\s*(?:INSERT|UPDATE|DELETE|MERGE|TRUNCATE)\b|\b(?:add_job|record)\(", re.I)


def test_reading_writes_nothing(app: Flask, db: SQLAlchemy, statements: list[str]) -> None:
    """Every page a port admin may open: nothing is written, and nothing waits for the relay afterwards."""
    place = furnish(app, "north", 500_001, user_id("port_admin@north.example"))
    asker = Asker(app, db, EVERYBODY["port_admin"])
    for rule, method in rules(app):
        if method == "GET" and rule.endpoint not in SUPER_ADMINS | BY_TOKEN:
            statements.clear()
            response = asker.ask(rule, method, place.values(rule), link=place.file)
            is_link = "token" in rule.arguments  # and there is none like it
            assert response.status_code in (200, 303) or rule.endpoint == "live.connect" or is_link, rule.endpoint
            assert [statement for statement in statements if WRITES.search(statement)] == [], rule.endpoint
