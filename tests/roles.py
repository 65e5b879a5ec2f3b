"""PostgreSQL as production has it: an owner that migrates, an application that owns nothing and sees no further."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from monitor.migrations.roles import script
from monitor.service import Service, open_service


@contextmanager
def as_application(service: Service) -> Iterator[Service]:
    """The installation opened by a role for which row-level security holds; skips on SQLite, which has none."""
    if service.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has one wall")
    end, url = uuid.uuid4().hex[:8], service.engine.url
    names = {kind: f"{kind}_{end}" for kind in ("owner", "application", "backup")}
    with service.engine.begin() as connection:
        connection.exec_driver_sql(script(str(url.database), **names).replace("%", "%%"))
    address = url.set(username=names["application"]).render_as_string(hide_password=False)
    opened = open_service(replace(service.settings, database_url=address, production=True))
    yield replace(opened, settings=replace(opened.settings, production=False, second_factor=False))
    opened.engine.dispose()
    with service.engine.begin() as connection:
        for role in names.values():
            connection.exec_driver_sql(f"REASSIGN OWNED BY {role} TO postgres")
            connection.exec_driver_sql(f"DROP OWNED BY {role}")
            connection.exec_driver_sql(f"DROP ROLE {role}")
