"""A connection to PostgreSQL for tools that do not need dbt."""

import os
import re
from contextlib import contextmanager

import psycopg2
from psycopg2 import sql

from common.errors import RefreshError
from database.errors import known_sentence, one_line

CONNECT_SECONDS = 10
# Options of a target in profiles.yml that libpq knows by the same name.
PASSED_ON = ("sslmode", "sslcert", "sslkey", "sslrootcert", "keepalives_idle", "connect_timeout")
# Only the server's own functions and operators are found without a schema, not those that others create in public.
SAFE = "-c search_path=pg_catalog"
ADDRESS_LOGIN = re.compile(r"://[^@\s]*@")


def address(settings: dict | None) -> dict:
    """Arguments of psycopg2 for a target of profiles.yml; without one, those of the variables PG*."""
    if settings is None:
        return {
            "host": os.environ.get("PGHOST", "localhost"), "port": os.environ.get("PGPORT", "5432"),
            "user": os.environ.get("PGUSER", "postgres"), "dbname": os.environ.get("PGDATABASE", "postgres"),
        }
    found = {name: settings.get(name) for name in ("host", "port", "user", *PASSED_ON)}
    found["password"] = settings.get("password") or settings.get("pass")
    found["dbname"] = settings.get("dbname") or settings.get("database")
    return {name: value for name, value in found.items() if value}


def safe_options() -> str:
    """PGOPTIONS for a connection that never runs other people's functions."""
    given = os.environ.get("PGOPTIONS", "")
    return given if given.endswith(SAFE) else f"{given} {SAFE}".strip()


def open_connection(application: str, settings: dict | None):
    """A connection in autocommit, see connected. Raises psycopg2.Error."""
    connection = psycopg2.connect(
        **{"connect_timeout": CONNECT_SECONDS, **address(settings)}, application_name=application, options=safe_options())
    connection.autocommit = True
    if settings and settings.get("role"):
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("set role {}").format(sql.Identifier(settings["role"])))
    return connection


@contextmanager
def connected(application: str, settings: dict | None = None):
    """Context manager: a connection in autocommit. Raises RefreshError if it cannot be made, or breaks.

    application: the name by which others see it in pg_stat_activity. settings: those of a target of profiles.yml, by default
    what the variables PG* say.
    """
    try:
        connection = open_connection(application, settings)
    except psycopg2.OperationalError as error:
        raise not_reached(error) from error
    try:
        yield connection
    except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
        if connection.closed:
            raise not_reached(error) from error
        raise
    finally:
        connection.close()


def not_reached(error) -> RefreshError:
    """The sentence for a server that does not answer, without the password if the error quotes an address with one."""
    text = ADDRESS_LOGIN.sub("://***@", one_line(str(error)))
    return RefreshError(known_sentence(text) or known_sentence(f"connection is bad ({text})"))
