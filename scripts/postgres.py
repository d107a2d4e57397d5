"""A connection to PostgreSQL for the tools that need no dbt, found as profiles.yml finds it."""

import os
import re
from contextlib import contextmanager

import psycopg2

from refresh_errors import known_sentence, one_line
from refresh_plan import RefreshError

CONNECT_SECONDS = 10
ADDRESS_LOGIN = re.compile(r"://[^@\s]*@")


@contextmanager
def connected(application: str):
    """A connection where every statement is its own transaction. Raises RefreshError for none, or when it breaks off.

    application: the name by which others see it in pg_stat_activity.
    """
    try:
        connection = psycopg2.connect(
            host=os.environ.get("PGHOST", "localhost"), port=os.environ.get("PGPORT", "5432"),
            user=os.environ.get("PGUSER", "postgres"), dbname=os.environ.get("PGDATABASE", "postgres"),
            application_name=application, connect_timeout=CONNECT_SECONDS,
        )
    except psycopg2.OperationalError as error:
        raise not_reached(error) from error
    connection.autocommit = True
    try:
        yield connection
    except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
        if connection.closed:
            raise not_reached(error) from error
        raise
    finally:
        connection.close()


def not_reached(error) -> RefreshError:
    """The sentence for a server that does not answer, without the password of an address that it may quote."""
    text = ADDRESS_LOGIN.sub("://***@", one_line(str(error)))
    return RefreshError(known_sentence(text) or known_sentence(f"connection is bad ({text})"))
