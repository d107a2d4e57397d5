"""The shape of the project: how long models and macros are, and how much one has to read to follow a model all the way down.

    make shape

Prints each figure beside its limit. What calls what is taken from the manifest that `dbt parse` writes.
"""

import json
from collections import Counter
from pathlib import Path
from statistics import median

import click
import jinja2

from place import ROOT

LONG = 120  # lines; no model may be longer


def lines_of(folder: Path) -> dict[Path, int]:
    """File of SQL -> its lines."""
    return {file: len(file.read_text(encoding="utf-8").splitlines()) for file in sorted(folder.rglob("*.sql"))}


def lines_with_jinja(file: Path) -> int:
    """How many lines of a file hold Jinja, its comments too."""
    found = set()
    for number, kind, text in jinja2.Environment().lex(file.read_text(encoding="utf-8")):
        if kind not in ("data", "whitespace"):
            found.update(range(number, number + text.rstrip().count("\n") + 1))  # -%} takes the lines after it in
    return len(found)


def own(nodes: dict, package: str) -> dict:
    """Those of the manifest's entries that belong to this package."""
    return {name: node for name, node in nodes.items() if node["package_name"] == package}


def beginnings(model: dict, macros: dict) -> list[str]:
    """The macros that a model begins with: those of its SQL and hooks, its materialization and its strategy."""
    config = model["config"]
    names = (f"get_incremental_{config['incremental_strategy']}_sql", f"materialization_{config['materialized']}_")
    return model["depends_on"]["macros"] + [
        name for name, macro in macros.items() if macro["name"] == names[0] or macro["name"].startswith(names[1])]


def closure(names: list[str], macros: dict) -> set[str]:
    """These macros and all that they call, as far as they are ours."""
    reached, ahead = set(), list(names)
    while ahead:
        name = ahead.pop()
        if name in macros and name not in reached:
            reached.add(name)
            ahead += macros[name]["depends_on"]["macros"]
    return reached


def shape(manifest: dict) -> list[tuple[str, str, bool | None]]:
    """The figures: what, how much with its limit, and whether it keeps it (None: there is no limit)."""
    package = manifest["metadata"]["project_name"]
    models = [node for node in own(manifest["nodes"], package).values() if node["resource_type"] == "model"]
    macros = own(manifest["macros"], package)
    model_lines, macro_lines = lines_of(ROOT / "models"), lines_of(ROOT / "macros")
    longest = max(model_lines, key=model_lines.get)
    too_long = sorted((count, file.stem) for file, count in model_lines.items() if count > LONG)
    jinja = 100 * sum(map(lines_with_jinja, model_lines)) / sum(model_lines.values())

    by_folder = (ROOT / "dbt_project.yml").read_text(encoding="utf-8")
    hooks = [(model["name"], hook["sql"] in by_folder)
             for model in models for kind in ("pre-hook", "post-hook") for hook in model["config"][kind]]
    in_files = Counter(name for name, is_by_folder in hooks if not is_by_folder)

    folders = Counter()
    for file, count in macro_lines.items():
        folders[str(file.relative_to(ROOT).parent)] += count
    in_refresh = sum(count for folder, count in folders.items() if f"{folder}/".startswith("macros/refresh/"))

    closures = [closure(beginnings(model, macros), macros) for model in models]
    counts = [len(names) for names in closures]
    files = [len({macros[name]["original_file_path"] for name in names}) for names in closures]
    largest = counts.index(max(counts))
    asked = sum(file.read_text(encoding="utf-8").count("target.type") for file in (*model_lines, *macro_lines))

    return [
        ("models", f"{len(models)}", None),
        ("stored models", str(sum(model["config"]["materialized"] not in ("view", "ephemeral") for model in models)), None),
        ("lines of models", f"{sum(model_lines.values()):,}", None),
        ("  in the median", f"{median(model_lines.values()):g} (≤ 45)", median(model_lines.values()) <= 45),
        ("  of the longest", f"{model_lines[longest]} ({longest.stem})", None),
        (f"models over {LONG} lines", f"{len(too_long)} (0)", not too_long),
        *((f"  {name}", str(count), None) for count, name in reversed(too_long)),
        ("lines of models with Jinja", f"{jinja:.1f} % (≤ 14 %)", jinja <= 14),
        ("hooks in model files", f"{in_files.total()}, at most {max(in_files.values(), default=0)} in one (0)", not in_files),
        ("hooks of models set by folder", str(len(hooks) - in_files.total()), None),
        ("lines of macros", f"{sum(macro_lines.values()):,} (≤ 1,900)", sum(macro_lines.values()) <= 1_900),
        ("  macros/refresh", f"{in_refresh:,} (≤ 450)", in_refresh <= 450),
        *((f"  {folder}", f"{count:,}", None) for folder, count in sorted(folders.items()) if folder != "macros/refresh"),
        ("macros behind a model, median", f"{median(counts):g} in {median(files):g} files (≤ 15 in ≤ 5)",
         median(counts) <= 15 and median(files) <= 5),
        ("  behind the one with most", f"{counts[largest]} in {files[largest]} files ({models[largest]['name']})", None),
        ("target.type in models and macros", f"{asked} (0)", asked == 0),
    ]


@click.command()
@click.option("--manifest", default=ROOT / "target" / "manifest.json", type=click.Path(exists=True, path_type=Path), show_default=True)
def main(manifest):
    """Print the figures, each beside its limit."""
    for what, figure, is_met in shape(json.loads(manifest.read_text(encoding="utf-8"))):
        click.echo(f"{what:<34}{figure:<44}{'' if is_met is None else 'met' if is_met else 'NOT MET'}".rstrip())


if __name__ == "__main__":
    main()
