"""Targets of profiles.yml, read without dbt, whose import takes two seconds."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from common.errors import RefreshError
from common.project import ROOT, Profile, known_target

DEFAULT_SCHEMAS = {"duckdb": "main", "postgres": "public"}


def schema_prefix(engine: str, schema: str) -> str:
    """The prefix of our schemas' names for a target's schema. In SQL: macros/overrides/schema_names.sql."""
    return f"{schema}_" if schema and schema != DEFAULT_SCHEMAS.get(engine) else ""


@dataclass(frozen=True)
class Output:
    """A target: its name and settings."""

    name: str
    settings: dict = field(default_factory=dict)

    @property
    def engine(self) -> str:
        """duckdb or postgres."""
        return self.settings["type"]

    @property
    def prefix(self) -> str:
        """The prefix of our schemas' names."""
        return schema_prefix(self.engine, str(self.settings.get("schema") or ""))

    @property
    def file(self) -> Path:
        """The DuckDB file."""
        return ROOT / str(self.settings.get("path") or ":memory:")


def profile_folder(profile: Profile) -> Path:
    """The folder with the profile's profiles.yml."""
    return Path(profile.folder or ROOT)


def read_profile(profile: Profile = Profile()) -> tuple[str, dict]:
    """The default target's name and all targets of a profile, name -> settings as they are written. Raises RefreshError."""
    path = profile_folder(profile) / "profiles.yml"
    try:
        profiles = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        found = profiles[profile.name]
        outputs = dict(found["outputs"])
        return rendered(found.get("target", "default"), path), outputs
    except OSError as error:
        raise RefreshError(f"{path} cannot be read ({error.strerror}): correct --profiles-dir.") from error
    except KeyError as error:
        names = " or ".join(name for name in profiles if name != "config") or "another file"
        raise RefreshError(f"{path} has no profile {profile.name} with outputs: choose --profile {names}.") from error
    except (yaml.YAMLError, UnicodeDecodeError, TypeError, ValueError, AttributeError) as error:
        raise RefreshError(f"{path} cannot be read as profiles of dbt: correct it.") from error


def find_output(name: str | None = None, profile: Profile = Profile()) -> Output:
    """The target of that name, by default the default one, with its settings as dbt would read them. Raises RefreshError."""
    default, outputs = read_profile(profile)
    chosen = known_target(name or default, outputs)
    path = profile_folder(profile) / "profiles.yml"
    settings = {key: rendered(value, path) for key, value in outputs[chosen].items()}
    if settings.get("type") not in DEFAULT_SCHEMAS:
        raise RefreshError(f"The target {chosen} is of type {settings.get('type')}: choose one of type duckdb or postgres.")
    return Output(chosen, settings)


def rendered(value, path: Path):
    """A setting as dbt reads it, with environment variables filled in. Raises RefreshError."""
    if not isinstance(value, str) or "{" not in value:
        return value
    from jinja2 import Environment, StrictUndefined, TemplateError

    jinja = Environment(undefined=StrictUndefined)
    for name in ("as_number", "as_text", "as_bool", "as_native"):
        jinja.filters[name] = lambda text: text
    try:
        return jinja.from_string(value).render(env_var=variable)
    except TemplateError as error:
        raise RefreshError(f"{path} cannot be read ({error}): correct {value}.") from error


def variable(name: str, default: str | None = None) -> str:
    """An environment variable. Raises RefreshError when it is not set and has no default."""
    value = os.environ.get(name, default)
    if value is None:
        raise RefreshError(f"profiles.yml needs the variable {name}: set it.")
    return value


def prefix_of(target: str | None, profile: Profile) -> str:
    """What the schemas of this target begin with. Raises RefreshError.

    By default of the profile's default target or, where that is not PostgreSQL, of the first that is.
    """
    default, outputs = read_profile(profile)
    servers = [name for name in (default, *outputs) if name in outputs and outputs[name].get("type") == "postgres"]
    return find_output(target or (servers or [None])[0], profile).prefix
