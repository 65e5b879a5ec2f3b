"""Who may do what in PostgreSQL: an owner that migrates, an application that owns nothing, a reader for backups."""

import re

from sqlalchemy import Connection, Engine, text

from monitor.errors import Invalid

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
UNALTERABLE = ("audit_entries", "alert_events")
GROWING = (*UNALTERABLE, "case_events")
STATED = ("alembic_version", "programs_served")


def script(database: str, *, owner: str, application: str, backup: str) -> str:
    """Return the SQL that an administrator runs before the first migration, and after every one that adds a table.

    Running it twice changes nothing; where there are no tables yet it makes ready for them. Passwords are not in it:
    the administrator sets them, or the server trusts the account. The application may change rows but no table, may
    never change or remove what the audit says, and row-level security holds for it; the backup role reads everything
    and writes nothing there.
    """
    for name in (database, owner, application, backup):
        if not _NAME.fullmatch(name):
            raise Invalid(zh=f"名称不合规：{name}", en=f"not a plain name: {name}")
    roles = "\n".join(
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') "
        f"THEN CREATE ROLE {role}; END IF; END $$;"
        for role in (owner, application, backup)
    )
    return f"""{roles}
ALTER ROLE {owner} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
ALTER ROLE {application} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
ALTER ROLE {backup} LOGIN NOSUPERUSER BYPASSRLS CREATEDB NOCREATEROLE;
ALTER DATABASE {database} OWNER TO {owner};
ALTER SCHEMA public OWNER TO {owner};
DO $$ DECLARE one record; BEGIN
  FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tableowner <> '{owner}' LOOP
    EXECUTE format('ALTER TABLE public.%I OWNER TO {owner}', one.tablename);
  END LOOP;
END $$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO {application}, {backup};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {application};
GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO {application};
{_kept(application)}
ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {application};
ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO {application};
GRANT pg_read_all_data TO {backup};
{_checking(backup)}
"""  # noqa: S608 - the names were held against _NAME


def _kept(application: str) -> str:
    """What the application may only add to, and what it may not write at all, as far as there are such tables."""
    taken = [(name, "UPDATE, DELETE") for name in GROWING] + [(name, "INSERT, UPDATE, DELETE") for name in STATED]
    return "\n".join(
        f"DO $$ BEGIN IF to_regclass('public.{name}') IS NOT NULL THEN "
        f"REVOKE {rights} ON public.{name} FROM {application}; END IF; END $$;"
        for name, rights in taken
    )


def _checking(backup: str) -> str:
    """The nightly look for damaged pages is the backup role's, where the server has what it needs."""
    return f"""DO $$ DECLARE one record; BEGIN
  IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'amcheck') THEN
    CREATE EXTENSION IF NOT EXISTS amcheck;
  END IF;
  FOR one IN SELECT objid::regprocedure AS named FROM pg_depend JOIN pg_extension e ON e.oid = refobjid
    WHERE e.extname = 'amcheck' AND classid = 'pg_proc'::regclass AND deptype = 'e' LOOP
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO {backup}', one.named);
  END LOOP;
END $$;"""  # noqa: S608 - the names were held against _NAME


def refuse_powerful(engine: Engine) -> None:
    """Refuse a PostgreSQL role that could change tables or see past row-level security: production runs as neither."""
    if engine.dialect.name != "postgresql":
        return
    with engine.connect() as connection:
        powers = _powers(connection)
    if powers:
        zh, en = "、".join(zh for zh, _ in powers), ", ".join(en for _, en in powers)
        raise Invalid(
            zh=f"生产环境的数据库账号权限过大（{zh}）：请按 lowincome roles 建立应用账号",
            en=f"the database role is too powerful for production ({en}): make one as lowincome roles says",
        )


def _powers(connection: Connection) -> list[tuple[str, str]]:
    row = connection.execute(
        text(
            "SELECT rolsuper, rolbypassrls, EXISTS (SELECT FROM pg_tables WHERE schemaname = current_schema() "
            "AND pg_has_role(current_user, tableowner, 'MEMBER')) FROM pg_roles WHERE rolname = current_user"
        )
    ).one()
    said = (("超级用户", "superuser"), ("绕过行级安全", "BYPASSRLS"), ("表的属主", "owner of the tables"))
    return [words for has, words in zip(row, said, strict=True) if has]
