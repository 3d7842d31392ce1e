"""Files with their versions, folders, and what lies in the storage without a record.

Revision ID: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.policies import fence_port

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ENTITIES = [
    "clients",
    "vessels",
    "interests",
    "berths",
    "expenses",
    "invoices",
    "documents",
    "claims",
    "tickets",
    "assets",
    "general",
]
CATEGORIES = ["contract", "identity", "insurance", "registration", "survey", "invoice", "letter", "photo", "other"]
SCANS = ["unscanned", "pending", "clean", "infected", "failed"]
LOOKS = ["none", "pending", "ready", "failed"]


def one_of(column: str, values: list[str]) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=column)


def of_a_port() -> list[sa.Constraint]:
    return [
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
    ]


def within(table: str, column: str, referred: str, ondelete: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["port_id", column],
        [f"{referred}.port_id", f"{referred}.id"],
        name=f"fk_{table}_port_id_{column}",
        ondelete=ondelete,
    )


def upgrade() -> None:
    make_folders()
    make_files()
    make_versions()
    make_pictures()
    op.create_table(
        "loose_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("storage_key", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        *of_a_port(),
        sa.UniqueConstraint("storage_key"),
    )
    op.create_index("ix_loose_keys_port_id", "loose_keys", ["port_id", "since"])
    for table in ("folders", "files", "file_versions", "file_pictures", "loose_keys"):
        fence_port(table)


def make_folders() -> None:
    op.create_table(
        "folders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Uuid()),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("name_key", sa.String(300), nullable=False),
        sa.Column("sort_name", sa.String(200, collation="C"), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        *of_a_port(),
        sa.UniqueConstraint("port_id", "number"),
        within("folders", "parent_id", "folders", "RESTRICT"),
        sa.CheckConstraint("name <> ''", name="name"),
    )
    op.create_index("ix_folders_parent", "folders", ["port_id", "parent_id"])
    op.create_index(
        "uq_folders_siblings",
        "folders",
        ["port_id", "parent_id", "name_key"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where="archived_at IS NULL",
    )
    # Two folders moved into each other at once: one waits here for the other, and then sees where it stands.
    op.execute(
        """
        CREATE FUNCTION check_folder_tree() RETURNS trigger
        LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
        DECLARE above uuid := NEW.parent_id; depth int := 0;
        BEGIN
            PERFORM pg_advisory_xact_lock(hashtextextended('folders ' || NEW.port_id::text, 0));
            WHILE above IS NOT NULL LOOP
                depth := depth + 1;
                IF above = NEW.id OR depth > 100 THEN
                    RAISE EXCEPTION 'a folder stands in itself'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_folders_tree';
                END IF;
                SELECT parent_id INTO above FROM folders WHERE port_id = NEW.port_id AND id = above;
            END LOOP;
            RETURN NEW;
        END
        $$
        """
    )
    op.execute("REVOKE ALL ON FUNCTION check_folder_tree() FROM PUBLIC")
    op.execute(
        "CREATE TRIGGER folders_tree BEFORE INSERT OR UPDATE OF parent_id ON folders"
        " FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL) EXECUTE FUNCTION check_folder_tree()"
    )


def make_files() -> None:
    op.create_table(
        "files",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("filename", sa.String(200), nullable=False),
        sa.Column("sort_name", sa.String(200, collation="C"), nullable=False),
        sa.Column("category", sa.String(20), nullable=False),
        sa.Column("entity", sa.String(20), nullable=False),
        sa.Column("entity_id", sa.Uuid()),
        sa.Column(
            "client_id", sa.Uuid(), sa.Computed("CASE WHEN entity = 'clients' THEN entity_id END", persisted=True)
        ),
        sa.Column("folder_id", sa.Uuid()),
        sa.Column("archived_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        *of_a_port(),
        sa.UniqueConstraint("port_id", "number"),
        within("files", "folder_id", "folders", "RESTRICT"),
        within("files", "client_id", "clients", "CASCADE"),
        one_of("category", CATEGORIES),
        one_of("entity", ENTITIES),
        sa.CheckConstraint("(entity = 'general') = (entity_id IS NULL)", name="entity_id"),
        sa.CheckConstraint("folder_id IS NULL OR entity = 'general'", name="place"),
        sa.CheckConstraint("filename <> ''", name="filename"),
    )
    op.create_index("ix_files_client", "files", ["port_id", "client_id"])
    op.create_index("ix_files_folder", "files", ["port_id", "folder_id"])
    for order in ("sort_name", "updated_at"):
        for place, columns, where in (
            ("folder", ["folder_id"], "archived_at IS NULL AND entity = 'general'"),
            ("record", ["entity", "entity_id"], "archived_at IS NULL"),
            ("current", [], "archived_at IS NULL"),
        ):
            name, keys = f"ix_files_{place}_{order}", ["port_id", *columns, order, "id"]
            op.create_index(name, "files", keys, postgresql_where=where)
    op.create_index(
        "ix_files_archived", "files", ["port_id", "archived_at", "id"], postgresql_where="archived_at IS NOT NULL"
    )


def make_versions() -> None:
    op.create_table(
        "file_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("storage_key", sa.String(), nullable=False),
        sa.Column("filename", sa.String(200), nullable=False),
        sa.Column("mime", sa.String(100), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("uploaded_by_id", sa.Uuid()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scan_status", sa.String(10), nullable=False),
        sa.Column("scanned_at", sa.DateTime(timezone=True)),
        sa.Column("scan_words", sa.String(200), nullable=False),
        sa.Column("look", sa.String(10), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        *of_a_port(),
        sa.UniqueConstraint("storage_key"),
        sa.UniqueConstraint("port_id", "file_id", "ordinal"),
        within("file_versions", "file_id", "files", "CASCADE"),
        sa.ForeignKeyConstraint(["uploaded_by_id"], ["users.id"], ondelete="SET NULL"),
        one_of("scan_status", SCANS),
        one_of("look", LOOKS),
        sa.CheckConstraint("size > 0", name="size"),
        sa.CheckConstraint("octet_length(sha256) = 32", name="sha256"),
    )
    op.create_index("ix_file_versions_file", "file_versions", ["port_id", "file_id"])
    op.create_index("ix_file_versions_uploaded_by_id", "file_versions", ["uploaded_by_id"])
    op.create_index(
        "uq_file_versions_current", "file_versions", ["file_id"], unique=True, postgresql_where="is_current"
    )
    op.create_index(
        "ix_file_versions_scan", "file_versions", ["port_id"], postgresql_where="scan_status IN ('pending', 'failed')"
    )


def make_pictures() -> None:
    op.create_table(
        "file_pictures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("storage_key", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        *of_a_port(),
        sa.UniqueConstraint("storage_key"),
        sa.UniqueConstraint("port_id", "version_id", "page"),
        within("file_pictures", "version_id", "file_versions", "CASCADE"),
    )
    op.create_index("ix_file_pictures_version", "file_pictures", ["port_id", "version_id"])


def downgrade() -> None:
    for table in ("loose_keys", "file_pictures", "file_versions", "files", "folders"):
        op.drop_table(table)
    op.execute("DROP FUNCTION check_folder_tree()")
