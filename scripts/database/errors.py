"""What dbt reports when it fails, as one sentence that says what to do."""

import re

import psycopg2.errors

# Lines that tell a programmer where a message comes from.
ORIGIN = re.compile(r"\s*(> (in|called by) |compiled code at |LINE \d+:|\^)")
HEADING = re.compile(r"(\w+ )*Error( in .*)?:?|Encountered an error:?")
LOCKED = re.compile(r'Could not set lock on file "(?P<file>[^"]*)".*?(\(PID (?P<pid>\d+)\)|$)', re.DOTALL)
NO_FILE = re.compile(r'Cannot open file "(?P<file>[^"]*)": (?P<reason>.*)')
NO_DATABASE = re.compile(r'The file "(?P<file>[^"]*)" exists, but it is not a valid DuckDB database file')
DAMAGED = re.compile(r'Could not read enough bytes from file "(?P<file>[^"]*)"')
MEMORY = re.compile(r"Memory must have a \w+|Unknown unit for memory")
NOT_REACHED = re.compile(
    r"(connection to server (?:at|on) .*|could not (?:connect to server|translate host name) .*|connection is bad.*"
    r"|server closed the connection unexpectedly|terminating connection .*)")
# A server that answers and refuses: what it says, and what to correct.
NOT_LET_IN = re.compile(r"failed: (?:FATAL:\s+)(?P<reason>.*)|(?P<missing>fe_sendauth: no password supplied)")
CORRECTIONS = {
    "password": "correct PGPASSWORD, or the password in ~/.pgpass", 'database ".*" does not exist': "correct PGDATABASE",
    'role ".*" does not exist': "correct PGUSER", "pg_hba.conf": "allow this client there, or correct PGHOST, PGUSER, PGDATABASE and PGSSLMODE",
    "too many|connection slots": "close some connections, then run again", "the database system is": "run again when it is ready",
}
# A full disk, in all the words of DuckDB, PostgreSQL and the system; a limit on its use counts as one.
DISK_FULL = re.compile(
    r"No space left on device|Disk quota exceeded|File too large|not enough (disk )?space|[Cc]heck free disk space|wrote only \d+ of \d+ bytes"
    r"|failed to offload data block|max_temp_directory_size|psycopg2\.errors\.DiskFull")
INVALIDATED = re.compile(r'database has been invalidated because of a previous fatal error(.*Original error: "?(?P<original>[^"\n]*))?', re.DOTALL)
# In the words of DuckDB, of PostgreSQL, and of both for what is no name of a type (macros/settings.sql, try_types).
NO_TYPE = re.compile(
    r'Type with name (?P<duckdb>.+) does not exist|type "(?P<postgres>[^"]*)" does not exist'
    r"|LINE \d+: *select cast\(null as (?P<either>.*)\) as pass_through_columns")
NO_MATCH = re.compile(r"The selection criterion '(?P<selection>[^']*)' does not match")
# https://www.postgresql.org/docs/current/errcodes-appendix.html: connection lost or refused, serialization, deadlock, too many
# connections, lock not available, and the server going down or coming up.
TRANSIENT_STATES = ("08000", "08001", "08003", "08004", "08006", "40001", "40P01", "53300", "55P03", "57P01", "57P02", "57P03")
TRANSIENT_CLASSES = {psycopg2.errors.lookup(state).__name__ for state in TRANSIENT_STATES}
SQL_STATE_CLASS = re.compile(r"\bpsycopg2\.errors\.(\w+)")
STATEMENT_TIMEOUT = re.compile("canceling statement due to statement timeout")
STARTING = re.compile("the database system is (starting up|shutting down|in recovery mode|not yet accepting connections)")
# What libpq itself says, and errors of which only the text is known here.
LOST = re.compile(
    r"canceling statement due to (lock|statement) timeout|deadlock detected|could not serialize access"
    r"|terminating connection (due to administrator command|because of crash of another server process)"
    r"|could not (receive data from|send data to) server|(SSL )?connection (has been|already) closed|cursor already closed"
    r"|SSL SYSCALL error|too many clients already|remaining connection slots are reserved"
    # Spark's: another commit came first, executors were lost, the server was not there
    r"|CommitFailedException|Found (new )?conflicting|ExecutorLostFailure|FetchFailedException|TTransportException"
    r"|java\.net\.(Connect|SocketTimeout)Exception|Connection reset")


def disk_sentence(text: str) -> str:
    """The sentence for a text that says that the disk is full."""
    lines = [line for line in text.splitlines() if DISK_FULL.search(line)]
    reason = lines[0].removeprefix("psycopg2.errors.DiskFull: ")
    return (f"The disk is full, or a limit on its use is reached ({one_line(reason).rstrip('.')}): free some space and run again; "
            "the refresh continues where it stopped.")


def known_sentence(text: str) -> str | None:
    """The sentence for a failure that has a known remedy."""
    if found := LOCKED.search(text):
        holder = f"process {found['pid']}" if found["pid"] else "another process"
        return f"{found['file']} is in use by {holder}: close the database there, then run again."
    if found := NO_DATABASE.search(text):
        return f"{found['file']} is not a DuckDB database: correct SIGNUP_ATTRIBUTION_DUCKDB or move the file away."
    if found := NO_FILE.search(text):
        reason = found["reason"].strip().lower()
        advice = "make it and its folder writable" if "permission" in reason else "create its folder"
        return f"{found['file']} cannot be opened ({reason}): {advice}, or correct SIGNUP_ATTRIBUTION_DUCKDB."
    if found := DAMAGED.search(text):
        return f"{found['file']} is damaged: restore it, or, if it is the database, move it away and refresh again."
    if found := MEMORY.search(text):
        return f"DuckDB does not accept this limit of memory ({found[0]}): correct SIGNUP_ATTRIBUTION_MEMORY, such as 8GB."
    if DISK_FULL.search(text):
        return disk_sentence(text)
    if found := INVALIDATED.search(text):
        return f"DuckDB stopped after an error ({found['original'] or 'it is in logs/dbt.log'}): correct the cause, then run again."
    if found := NOT_LET_IN.search(text):
        reason = one_line(found["reason"] or found["missing"])
        correction = next((words for known, words in CORRECTIONS.items() if re.search(known, reason)), "correct PGHOST, PGUSER, PGPASSWORD and PGDATABASE")
        return f"PostgreSQL refuses the connection ({reason}): {correction}."
    if found := NOT_REACHED.search(text):
        return (f"PostgreSQL cannot be reached ({one_line(found[0])}): start it, or correct PGHOST, PGPORT, PGUSER, "
                "PGPASSWORD and PGDATABASE.")
    if found := NO_TYPE.search(text):
        name = found["duckdb"] or found["postgres"] or found["either"]
        return f"The database has no type {name}: correct pass_through_columns under vars, or the edited model that names it."
    if found := NO_MATCH.search(text):
        return f"--select {found['selection']} matches no model: name one of those in models/."
    if "> in macro stop " in text or "> called by macro check_" in text:
        return first_line(text) + "."
    return None


def is_transient(text: str, cause: str = "") -> bool:
    """Whether a failure is temporary. text: what dbt says of it; cause: the traceback, if it is known.

    The psycopg2 class in the traceback tells a server error's SQLSTATE, whatever language the server speaks.
    """
    if found := SQL_STATE_CLASS.search(cause):
        return found[1] in TRANSIENT_CLASSES or bool(found[1] == "QueryCanceled" and STATEMENT_TIMEOUT.search(text))
    if LOST.search(text) or STARTING.search(text) or LOCKED.search(text):
        return True
    return bool(NOT_REACHED.search(text)) and not NOT_LET_IN.search(text) and "FATAL:" not in text


def first_line(text: str) -> str:
    """The first line that says something, without its heading and full stop."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not ORIGIN.match(line)]
    telling = [line for line in lines if not HEADING.fullmatch(line)]
    return one_line((telling or lines or ["no reason given"])[0]).rstrip(".:")


def one_line(text: str) -> str:
    """The text with every run of white space as one blank."""
    return " ".join(text.split())
