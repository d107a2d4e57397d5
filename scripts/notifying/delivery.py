"""Delivery to an endpoint over HTTP: secrets from the environment, a time-out and a few tries.

What goes wrong is said without secrets: no text of a library's error is repeated, because it may hold the address, and
of an answer only what `explain` makes of it.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import requests
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from notifying.record import RunRecord
from notifying.settings import Settings

# At debug level this logs the path of each address, which for a webhook is the secret.
logging.getLogger("urllib3").setLevel(logging.WARNING)


class NotSent(Exception):
    """Why delivery failed and what to do, without secrets; `transient` if another try may succeed."""

    def __init__(self, reason: str, transient: bool = False):
        super().__init__(reason)
        self.transient = transient


@dataclass(frozen=True)
class Problem:
    """Something worth an alert, or the news that it is over.

    kind: 'failed', 'stale' or 'test'; is_open: whether it is so now; summary: one sentence.
    """

    kind: str
    is_open: bool
    summary: str


@dataclass(frozen=True)
class Notice:
    """What every endpoint gets: the refresh's record, its measurements, and what is (no longer) wrong."""

    record: RunRecord
    measurements: tuple
    problems: tuple[Problem, ...]
    is_test: bool = False


@dataclass
class Delivery:
    """The settings and secrets of deliveries; keeps the secrets it handed out, to remove them from messages."""

    settings: Settings
    environment: Mapping[str, str]
    secrets: set[str] = field(default_factory=set)

    def secret(self, variable: str) -> str:
        """The value of an environment variable. Raises NotSent if there is none."""
        value = self.environment.get(variable, "").strip()
        if not value:
            raise NotSent(f"the environment variable {variable} is not set: set it where the refresh runs")
        self.secrets.add(value)
        return value

    def headers(self, variable: str | None) -> dict[str, str]:
        """The header Authorization with the value of an environment variable; none without a variable."""
        return {"Authorization": self.secret(variable)} if variable else {}

    def hide(self, text: str) -> str:
        """The text without the secrets."""
        for secret in sorted(tuple(self.secrets), key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def send(self, url: str, *, explain: Callable[[requests.Response], str] = lambda response: "", method="POST",
             **content):
        """Send a request, again if it may help. Raises NotSent.

        content: json, data and headers as `requests` takes them; explain: what an answer says is wrong, '' if unknown.
        """
        tries = Retrying(
            stop=stop_after_attempt(self.settings.tries), wait=wait_random_exponential(multiplier=0.1, max=2),
            retry=retry_if_exception(lambda error: isinstance(error, NotSent) and error.transient), reraise=True)
        tries(self.send_once, url, explain, method, content)

    def send_once(self, url, explain, method, content):
        """Send a request. Raises NotSent."""
        timeout = self.settings.timeout_seconds
        try:
            # A redirect would turn the request into another one, and may lead the secrets elsewhere.
            response = requests.request(method, url, timeout=timeout, allow_redirects=False, **content)
        except requests.Timeout:
            raise NotSent(f"no answer within {timeout:g} seconds: look at its host and the network", True) from None
        except requests.exceptions.SSLError:
            raise NotSent("its certificate is not trusted: correct its address or the certificates here") from None
        except requests.ConnectionError:
            raise NotSent("no connection: look at its host and the network", True) from None
        except (requests.RequestException, ValueError):
            raise NotSent("its address or header cannot be used: correct them") from None
        if not 200 <= response.status_code < 300:
            reason = explain(response)
            advice = "try again later" if is_transient(response) else "correct its settings"
            said = f" ({reason})" if reason else ""
            raise NotSent(f"it answered {response.status_code}{said}: {advice}", is_transient(response))


def is_transient(response: requests.Response) -> bool:
    """Whether another try may succeed: too many requests, or an error of the server."""
    return response.status_code == 429 or response.status_code >= 500
