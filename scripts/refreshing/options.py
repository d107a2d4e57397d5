"""From command lines to plans: options and files in, a plan out."""

from common.errors import RefreshError
from common.plan import Plan, make_plan
from common.project import ROOT, Profile, default_variables, read_variables_option
from database.profiles import read_profile
from refreshing.seeds import first_problem, unknown_channels


def plan_refresh(target=None, variables=None, with_seeds=True, profile=Profile(), **options) -> Plan:
    """The plan for the command line's options. Raises RefreshError for what is wrong with them or the seeds.

    options: those of make_plan; with_seeds: whether the seeds are checked too.
    """
    default_target, outputs = read_profile(profile)
    plan = make_plan(
        target or default_target, read_variables_option(variables), targets=list(outputs), defaults=default_variables(),
        profile=profile, **options)
    if with_seeds and (problem := first_problem(ROOT / "seeds")):
        raise RefreshError(problem)
    return plan


def channel_notes(plan: Plan) -> list[str]:
    """A sentence for each of attributed_channels that does not exist. The seeds have been checked."""
    named = {**default_variables(), **plan.vars}["attributed_channels"]
    return list(unknown_channels(ROOT / "seeds" / "channel_rules.csv", named))
