"""What ends a command: one sentence that says what to do, and an exit code. And text that is safe to print."""

BAD_INPUT = 2  # exit code: wrong input, no connection, or a locked file; nothing was changed
MODEL_FAILED = 1  # exit code: a table could not be built; the next refresh continues there
LOCKED_OUT = 3  # exit code: another refresh of the same database is running


def escaped(text) -> str:
    """The text with invisible characters as escapes such as \\x1b: a terminal would obey some of them."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in str(text))


def said(text) -> str:
    """A value inside a sentence."""
    return f"'{text}'" if text is not None else "none"


class RefreshError(Exception):
    """Ends the refresh: one sentence that says what to do, and the exit code.

    is_transient: a retry may succeed. is_refused: the request makes no sense, so the tables are as good as before. failed: model -> why
    it failed, in the database's words; skipped: models that were therefore not tried.
    """

    def __init__(self, sentence: str, exit_code: int = BAD_INPUT, is_transient=False, failed=None, skipped=(), is_refused=False):
        super().__init__(escaped(sentence))
        self.exit_code, self.is_transient, self.is_refused = exit_code, is_transient, is_refused
        self.failed, self.skipped = dict(failed or {}), tuple(skipped)
