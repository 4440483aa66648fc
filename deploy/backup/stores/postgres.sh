# shellcheck shell=bash disable=SC2034
# The queue in PostgreSQL: a dump of the whole database, of which a restore takes the relay's schema alone.

store_suffix=dump

# libpq's own variables, so that a password is in no argument and several hosts are tried in turn.
store_needs() {
    local program file
    for program in pg_dump pg_restore psql; do need "$program" postgresql-client; done
    PGHOST=$(setting storage.postgres.host)
    PGHOST=${PGHOST//, /,}
    PGPORT=$(setting storage.postgres.port)
    PGDATABASE=$(setting storage.postgres.database)
    PGUSER=$(setting storage.postgres.user)
    PGSSLMODE=$(setting storage.postgres.ssl_mode)
    export PGHOST PGPORT PGDATABASE PGUSER PGSSLMODE PGTARGETSESSIONATTRS=read-write PGAPPNAME=moltrelay-backup
    if [ -z "${PGPASSWORD:-}" ] && file=$(setting storage.postgres.password_file) && [ -n "$file" ]; then
        PGPASSWORD=$(cat -- "$file") || die "the password of PostgreSQL cannot be read"
        export PGPASSWORD
    fi
    postgres_schema=$(setting storage.postgres.schema) || postgres_schema=moltrelay
}

postgres_run() { psql --no-psqlrc --no-password --quiet --no-align --tuples-only --set ON_ERROR_STOP=1 "$@" 2>&1; }

store_back_up() {
    local told
    told=$(pg_dump --no-password --format custom --file "$1" 2>&1) ||
        die "no dump of the PostgreSQL database came to $1: ${told##*$'\n'}"
}

store_refuse_while_used() {
    local count
    count=$(postgres_run --command "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'moltrelay'") || die "PostgreSQL does not answer: $count"
    [ "$count" = 0 ] || die "$count connections of relays to this database: stop every relay that uses it first"
}

store_aside() { printf '%s_before_%s' "$postgres_schema" "${2//-/_}"; }

# In one transaction, whose end is only sent behind a whole dump.
store_restore() {
    local told
    pg_restore --list "$1" | grep -q " TABLE $postgres_schema queue " || die "$1 holds no queue of a relay"
    told=$({
        printf 'BEGIN;\n'
        postgres_move_aside "$2"
        pg_restore --no-owner --schema "$postgres_schema" --file - "$1" && printf 'COMMIT;\n'
    } | postgres_run) || die "nothing was restored${told:+: ${told##*$'\n'}}"
    told=$(postgres_run --command "SELECT to_regnamespace('$2')") || die "PostgreSQL does not answer: $told"
    [ -z "$told" ] || kept="the schema $2: DROP SCHEMA $2 CASCADE removes it"
}

postgres_move_aside() {
    cat <<EOF
DO \$\$ BEGIN
    IF to_regnamespace('$postgres_schema') IS NOT NULL THEN
        ALTER SCHEMA "$postgres_schema" RENAME TO "$1";
    END IF;
END \$\$;
CREATE SCHEMA "$postgres_schema";
EOF
}
