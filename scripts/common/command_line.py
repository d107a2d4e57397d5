"""Error handling of every command line: one sentence on stderr, and an exit code."""

import functools
import logging
import os
import sys
from pathlib import Path

import click

from common.errors import BAD_INPUT, RefreshError
from common.project import Profile

variables_option = click.option(
    "--vars", "variables", metavar="YAML", help="Variables as YAML text, on top of those in my_site.yml; or a YAML file in place of it.")


def target_options(command):
    """The options that name the database, as in dbt; the command gets `target` and `profile`."""
    @click.option("--target", metavar="NAME", help="A target of the profile, such as postgres.  [default: the profile's]")
    @click.option("--profile", "profile_name", metavar="NAME", default=Profile().name, show_default=True, envvar="DBT_PROFILE",
                  help="The profile in profiles.yml.")
    @click.option("--profiles-dir", "folder", metavar="FOLDER", envvar="DBT_PROFILES_DIR",
                  help="Where profiles.yml is.  [default: the project's folder]")
    @functools.wraps(command)
    def with_profile(*arguments, profile_name, folder, **options):
        profile = Profile(profile_name, str(Path(folder).absolute()) if folder else "")
        return command(*arguments, profile=profile, **options)

    return with_profile


def keep_private():
    """Files of this process hold ids and messages: the group may read them at most, others may not (`man umask`)."""
    others = 0o027
    os.umask(os.umask(others) | others)


def run(command: click.Command, name: str, arguments=None, failed: int | None = None, stopped: tuple[str, int] | None = None) -> int:
    """Run the command line of the script of that name; returns the exit code.

    arguments: by default those of the process. failed: the exit code of every failure, by default the error's own, or
    BAD_INPUT for an unknown option or a value that it does not accept. stopped: for a command that asks, the sentence and
    the exit code after a no, no answer or Ctrl-C; without it raises click.Abort.
    """
    # Ids, URLs and names may contain characters that the terminal's encoding lacks.
    sys.stdout.reconfigure(errors="backslashreplace")
    try:
        # --help has no exit code of its own
        return command.main(arguments, prog_name=name, standalone_mode=False) or 0
    except RefreshError as error:
        print(error, file=sys.stderr)
        return error.exit_code if failed is None else failed
    except click.Abort:
        if not stopped:
            raise
        print(stopped[0], file=sys.stderr)
        return stopped[1]
    except click.ClickException as error:
        print(f"{error.format_message().rstrip('.')}: see {name} --help.", file=sys.stderr)
        return BAD_INPUT if failed is None else failed


def entry(command: click.Command, name: str, **handling):
    """The `main` of a script: runs its command line, with these arguments or those of the process, and returns the exit code. See run."""
    return lambda arguments=None: run(command, name, arguments, **handling)


def leave(code: int):
    """End the process at once: Python would take half a second to free, one by one, the objects that dbt leaves."""
    sys.stdout.flush()
    sys.stderr.flush()
    logging.shutdown()
    os._exit(code)
