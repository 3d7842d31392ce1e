#!/bin/sh
# Run by the postgres image after roles.sql, when it makes its database.
set -eu
psql --username postgres --dbname "$POSTGRES_DB" --set ON_ERROR_STOP=1 \
    --set owner="$QUAYSIDE_OWNER_PASSWORD" --set app="$QUAYSIDE_APP_PASSWORD" <<'SQL'
ALTER ROLE quayside_owner PASSWORD :'owner';
ALTER ROLE quayside_app PASSWORD :'app';
SQL
