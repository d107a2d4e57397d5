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

    def is_spent(self, error: RefreshError) -> bool:
        """Whether to give up after this failure."""
        self.failing_since = {name: self.failing_since.get(name, time.monotonic()) for name in error.failed or [""]}
        known = self.in_touch or STARTING.search(str(error))
        seconds = self.seconds if known else min(self.seconds, FIRST_CONTACT_SECONDS)
        return any(time.monotonic() - since >= seconds for since in self.failing_since.values())


def keep_trying(attempt, budget: Budget, say):
    """Call `attempt` until it succeeds, fails for good, or its budget is spent; returns its result.

    say: called with the failure and the seconds until the next attempt.
    Raises what the last attempt raised.
    """
    return Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, RefreshError) and error.is_transient),
        stop=lambda state: budget.is_spent(state.outcome.exception()),
        wait=wait_random_exponential(multiplier=FIRST_WAIT_SECONDS, max=LONGEST_WAIT_SECONDS, min=0.1),
        before_sleep=lambda state: say(state.outcome.exception(), state.next_action.sleep),
        reraise=True,
    )(attempt)
