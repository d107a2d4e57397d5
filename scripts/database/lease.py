"""One refresh at a time on Spark: a lease, which is a row of an Iceberg table.

Taking it and renewing it are commits, of which only one succeeds at a time. While its holder lives it is renewed; one that has run out
is free, because its holder died. Statements of dbt alone do not look at it.
"""

import os
import socket
import threading
import uuid
from contextlib import suppress

from common.errors import RefreshError
from database.target import Target, rows

SECONDS, RENEWED_AFTER_SECONDS = 300, 60
MARK = "Kept by signup_attribution."  # as ownership_mark() in macros/refresh/ownership.sql


class Lease:
    """The lease on a target of Spark."""

    def __init__(self, target: Target):
        self.target, self.connection, self.id = target, None, uuid.uuid4().hex
        self.schema = target.schemas["refresh"]
        self.ending, self.in_use = threading.Event(), threading.Lock()

    def acquire(self) -> bool:
        """Take the lease if it is free. Raises RefreshError when Spark cannot be reached."""
        if not self.connection:
            self.connection = self.target.connect()
            rows(self.connection, f"create schema if not exists {self.schema}")
            rows(self.connection, f"create table if not exists {self.schema}.lease (name string, id string, holder string, since timestamp_ltz, "
                 "until timestamp_ltz) using iceberg "
                 f"comment '{MARK}' tblproperties ('format-version' = '2', 'write.metadata.delete-after-commit.enabled' = 'true')")
        if not self.take():
            return False
        self.ending.clear()
        threading.Thread(target=self.renew, daemon=True).start()
        return True

    def take(self) -> bool:
        """Take or renew it; whether it is ours then."""
        with self.in_use:
            if not self.connection:  # released meanwhile
                return False
            try:
                rows(self.connection, f"""
                    merge into {self.schema}.lease as stored
                    using (
                        select 'refresh' as name, %s as id, %s as holder, current_timestamp() as since,
                            current_timestamp() + interval {SECONDS} seconds as until
                    ) as mine
                    on stored.name = mine.name
                    when matched and stored.id = mine.id then update set until = mine.until
                    when matched and stored.until < mine.since then update set *
                    when not matched then insert *""", [self.id, f"process {os.getpid()} on {socket.gethostname()}"])
            except RefreshError as error:
                if not error.is_transient:  # another commit came first
                    raise
            return bool(rows(self.connection, f"select 1 from {self.schema}.lease where id = %s and until > current_timestamp()", [self.id]))

    def renew(self):
        while not self.ending.wait(RENEWED_AFTER_SECONDS):
            with suppress(RefreshError):  # the next time may succeed
                self.take()

    def holder(self) -> str:
        """Who holds it, in words."""
        found = rows(self.connection, f"select holder, date_format(since, 'yyyy-MM-dd HH:mm:ss') from {self.schema}.lease")
        return " since ".join(found[0]) + " UTC" if found else "a process that has just ended"

    def is_held(self) -> bool:
        """Whether it is still ours."""
        try:
            return bool(self.connection) and self.take()
        except RefreshError:
            return False

    def release(self):
        """Free the lease."""
        self.ending.set()
        with self.in_use:
            if self.connection:
                with suppress(RefreshError):
                    rows(self.connection, f"update {self.schema}.lease set until = current_timestamp() where id = %s", [self.id])
                self.connection.close()
                self.connection = None
