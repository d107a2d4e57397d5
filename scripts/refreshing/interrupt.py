"""Ctrl-C and SIGTERM during a refresh."""

import os
import signal
import sys
import threading


class Interrupted(Exception):
    """Ctrl-C or SIGTERM ended the refresh."""


class Interrupt:
    """A request to stop is treated like Ctrl-C, because only that makes dbt cancel its query."""

    received = signal.SIGINT

    def __call__(self, number, _frame):
        self.received = number
        raise KeyboardInterrupt

    def again(self, unraisable):
        """Python's hook for what a __del__ raised: a request to stop that was lost there is made once more."""
        if isinstance(unraisable.exc_value, KeyboardInterrupt):
            once_more = threading.Timer(0.05, os.kill, [os.getpid(), self.received])
            once_more.daemon = True
            once_more.start()
        else:
            sys.__unraisablehook__(unraisable)
