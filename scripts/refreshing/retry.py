"""How long a refresh retries temporary failures."""

import time

from tenacity import Retrying, retry_if_exception, wait_random_exponential

from common.errors import RefreshError
from database.errors import STARTING

FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 1, 60
# A server that has never answered may be the wrong one: nobody should wait for hours because of a misspelled name.
FIRST_CONTACT_SECONDS = 30


class Budget:
    """How long each model that keeps failing is retried.

    seconds: for one model, from its first failure on. Failures that are no model's own (the connection's) count as one more model.
    """

    def __init__(self, seconds: float):
        self.seconds, self.in_touch = seconds, False
        self.failing_since: dict[str, float] = {}

    def left(self, error: RefreshError) -> float:
        """The seconds that are left after this failure; 0 or less: give up."""
        now = time.monotonic()
        self.failing_since = {name: self.failing_since.get(name, now) for name in error.failed or [""]}
        known = self.in_touch or STARTING.search(str(error))
        seconds = self.seconds if known else min(self.seconds, FIRST_CONTACT_SECONDS)
        return seconds - (now - min(self.failing_since.values()))


def keep_trying(attempt, budget: Budget, say):
    """Call `attempt` until it succeeds, fails for good, or its budget is spent; returns its result.

    say: called with the failure and the seconds until the next attempt.
    Raises what the last attempt raised.
    """
    pause = wait_random_exponential(multiplier=FIRST_WAIT_SECONDS, max=LONGEST_WAIT_SECONDS)
    return Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, RefreshError) and error.is_transient),
        stop=lambda state: budget.left(state.outcome.exception()) <= 0,
        wait=lambda state: max(FIRST_WAIT_SECONDS, min(pause(state), budget.left(state.outcome.exception()))),
        before_sleep=lambda state: say(state.outcome.exception(), state.next_action.sleep),
        reraise=True,
    )(attempt)
