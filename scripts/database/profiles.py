"""dbt's profiles, read as dbt reads them but without importing it, which takes two seconds."""

import os
from pathlib import Path

import yaml

from common.errors import RefreshError
from common.project import ROOT, Profile, read_text


def profiles_file(profile: Profile) -> Path:
    """The profile's profiles.yml."""
    return Path(profile.folder or ROOT) / "profiles.yml"


def read_profile(profile: Profile = Profile()) -> tuple[str, dict]:
    """The default target's name and all targets of a profile, name -> settings as they are written. Raises RefreshError."""
    path = profiles_file(profile)
    try:
        profiles = yaml.safe_load(read_text(path, "correct --profiles-dir")) or {}
        found = profiles[profile.name]
        outputs = dict(found["outputs"])
        return rendered(found.get("target", "default"), profile), outputs
    except KeyError as error:
        names = " or ".join(name for name in profiles if name != "config") or "another file"
        raise RefreshError(f"{path} has no profile {profile.name} with outputs: choose --profile {names}.") from error
    except (yaml.YAMLError, TypeError, ValueError, AttributeError) as error:
        raise RefreshError(f"{path} cannot be read as dbt profiles: correct it.") from error


def rendered(value, profile: Profile, variables: dict | None = None):
    """A setting, or all of them, with environment variables and dbt's variables filled in. Raises RefreshError."""
    if isinstance(value, dict):
        return {name: rendered(one, profile, variables) for name, one in value.items()}
    if not isinstance(value, str) or "{" not in value:
        return value
    from jinja2 import Environment, StrictUndefined, TemplateError

    jinja = Environment(undefined=StrictUndefined)
    jinja.filters |= dict.fromkeys(("as_number", "as_text", "as_bool", "as_native"), lambda text: text)
    try:
        return jinja.from_string(value).render(
            env_var=lambda name, default=None: known(os.environ, name, default), var=lambda name, default=None: known(variables or {}, name, default))
    except TemplateError as error:
        raise RefreshError(f"{profiles_file(profile)} cannot be read ({error}): correct {value}.") from error


def known(values, name: str, default):
    """A variable. Raises RefreshError when it is not set and has no default."""
    value = values.get(name, default)
    if value is None:
        raise RefreshError(f"profiles.yml needs the variable {name}: set it.")
    return value
