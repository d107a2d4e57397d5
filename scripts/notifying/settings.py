"""Settings of metrics and alerts: refresh.yml, read and checked. Everything is off unless it is named there.

Secrets are never in the file: it names environment variables that hold them. No error repeats a value of the file,
because that could be a secret in the wrong place.
"""

import difflib
import re
from pathlib import Path
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from common.errors import RefreshError
from common.project import ROOT, read_text

SECRET_WORDS = re.compile(r"key|token|secret|passw|auth|credential|webhook|url")
FROM_ENVIRONMENT = "secrets come from the environment only"

SETTINGS = ROOT / "refresh.yml"


def no_secret(text: str) -> str:
    """The text, unless a word of it looks like a key: 20 or more letters and digits mixed."""
    words = re.findall(r"[A-Za-z0-9]{20,}", text)
    if any(re.search("[0-9]", word) and re.search("[A-Za-z]", word) for word in words):
        raise ValueError(f"must hold no secret: {FROM_ENVIRONMENT}")
    return text


def plain_url(text: str) -> str:
    """The text, if it is a web address without user, password or query, which may be secrets."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("must be an address such as https://host.example/path")
    if parts.username or parts.password or parts.query:
        raise ValueError(f"must be an address without user, password and query: {FROM_ENVIRONMENT}")
    return text


def variable_name(text: str) -> str:
    """The text, if it is the name of an environment variable in capitals, as keys and addresses are not."""
    if not re.fullmatch(r"[A-Z][A-Z0-9_]*", text):
        raise ValueError("must name an environment variable, in capitals such as SLACK_WEBHOOK_URL")
    return no_secret(text)


Text = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(no_secret)]
Url = Annotated[Text, AfterValidator(plain_url)]
Variable = Annotated[str, AfterValidator(variable_name)]
# It becomes part of names: of metrics, of a path, of an alert's key.
Service = Annotated[Text, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=100)]
Seconds = Annotated[float, Field(gt=0, le=60, allow_inf_nan=False)]


class Section(BaseModel):
    """A section of the file: unknown names are errors, and values are not converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Statsd(Section):
    """tags: DogStatsD's tags (Datadog, Telegraf, Vector); without them service, target and model are in the name."""

    host: Text = "127.0.0.1"
    port: int = Field(8125, ge=1, le=65535)
    tags: bool = True


class PrometheusTextfile(Section):
    """path: a file that ends in .prom, in the folder which node_exporter's textfile collector reads."""

    path: str = Field(pattern=r"^.+\.prom$")


class PrometheusPushgateway(Section):
    """authorization_env: variable with the whole header Authorization, None for no such header."""

    url: Url
    authorization_env: Variable | None = None


class Cloudwatch(Section):
    """namespace: under which CloudWatch shows the figures."""

    namespace: Text = "signup_attribution"


class Pagerduty(Section):
    """routing_key_env: variable with the integration key; url: another one for PagerDuty's service region EU."""

    routing_key_env: Variable
    url: Url = "https://events.pagerduty.com/v2/enqueue"
    severity: Literal["critical", "error", "warning", "info"] = "critical"


class Slack(Section):
    """webhook_url_env: variable with the address of an incoming webhook."""

    webhook_url_env: Variable


class Webhook(Section):
    """url_env: variable with the address; authorization_env: as above; when: 'problems' tells of failed and stale
    refreshes, 'always' of every one."""

    url_env: Variable
    authorization_env: Variable | None = None
    when: Literal["problems", "always"] = "problems"


class Group(Section):
    """Endpoints of one kind; None if all of its lines are comments."""

    @model_validator(mode="before")
    @classmethod
    def check_presence(cls, values):
        """An endpoint without settings is an error: whoever wrote it wants it on, but None would mean off."""
        if isinstance(values, dict):
            for name in cls.model_fields:
                if values.get(name, {}) is None:
                    raise ValueError(f"has nothing below {name} (write {{}} for its defaults)")
        return {} if values is None else values


class Metrics(Group):
    statsd: Statsd | None = None
    prometheus_textfile: PrometheusTextfile | None = None
    prometheus_pushgateway: PrometheusPushgateway | None = None
    cloudwatch: Cloudwatch | None = None


class Alerts(Group):
    pagerduty: Pagerduty | None = None
    slack: Slack | None = None
    webhook: Webhook | None = None


class Settings(Section):
    """service: the name of this installation there; stale_after_hours: allowed age of the newest message, None for any;
    timeout_seconds, tries: per delivery."""

    service: Service = "signup_attribution"
    stale_after_hours: float | None = Field(None, gt=0, allow_inf_nan=False)
    timeout_seconds: Seconds = 5.0
    tries: int = Field(2, ge=1, le=5)
    metrics: Metrics = Metrics()
    alerts: Alerts = Alerts()


def endpoints(settings: Settings) -> dict[str, Section]:
    """Name -> settings of each endpoint that the settings name."""
    groups = {"metrics": settings.metrics, "alerts": settings.alerts}
    return {f"{group}.{name}": own for group, members in groups.items() for name, own in members if own is not None}


def read_settings(path: Path, must_exist: bool = True) -> Settings:
    """The settings in a file; without the file, if it need not exist, settings without endpoints. Raises RefreshError."""
    if not must_exist and not path.exists():
        return Settings()
    try:
        return make_settings(yaml.safe_load(read_text(path, "correct the path, and save it as text in UTF-8")), path.name)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that does not exist
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}," if mark else ""
        raise RefreshError(f"{path.name}{line} is not valid YAML: correct it.") from None


def make_settings(values, origin: str = "refresh.yml") -> Settings:
    """Settings from what YAML holds; `origin` names it in errors. Raises RefreshError for the first problem."""
    if not isinstance(values, dict | None):
        raise RefreshError(f"{origin} must name settings and their values: see the comments in refresh.yml.")
    try:
        return Settings.model_validate({} if values is None else values)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
    problem = min(problems, key=is_known_name)  # a missing setting may be there under a wrong name
    raise RefreshError(f"{origin}: {sentence_of(problem)}")


def is_known_name(problem: dict) -> bool:
    """Whether a problem is anything but an unknown name."""
    return problem["type"] not in ("extra_forbidden", "invalid_key")


def sentence_of(problem: dict) -> str:
    """One sentence on what pydantic found, without a value of the file."""
    *above, name = problem["loc"]
    if not is_known_name(problem):
        return unknown_name(above, name)
    where = ".".join(map(str, problem["loc"]))
    if problem["type"] == "missing":
        return f"{where} is missing: add it."
    if problem["type"].startswith(("model_", "dict_")):
        return f"{where} must have settings below it, or {{}} for its defaults: see the comments in refresh.yml."
    if problem["type"] == "string_pattern_mismatch":
        rule = "must end in .prom" if name == "path" else "may have only letters, digits, _ and -"
    else:
        rule = re.sub("^(Input|String) should", "must", problem["msg"].removeprefix("Value error, "))
    return f"{where} {rule}: correct it."


def unknown_name(above: list, name) -> str:
    """The sentence about an unknown name in a section; it repeats the name only if that cannot be a secret."""
    section = Settings
    for part in above:
        annotation = section.model_fields[part].annotation
        section = (get_args(annotation) or (annotation,))[0]
    place = ".".join(above) or "the file"
    known = list(section.model_fields)
    shown = name if isinstance(name, str) and re.fullmatch(r"[a-z_]{1,40}", name) else None
    close = difflib.get_close_matches(str(name), known, n=1)
    if shown and f"{shown}_env" in known:
        return f"{place} must not hold {shown}: {FROM_ENVIRONMENT}, write {shown}_env with the name of a variable."
    if shown and SECRET_WORDS.search(shown) and not close:
        return f"{place} must not hold {shown}: {FROM_ENVIRONMENT}; known settings are {', '.join(known)}."
    hint = f"did you mean {close[0]}?" if close else f"known ones are {', '.join(known)}."
    return f"{place} has an unknown setting{f', {shown}' if shown else ''}: {hint}"
