"""Refreshes on Spark: seconds, and the bytes that Spark's tasks read, shuffled and wrote, by model. Makes its own warehouse.

    .venv-spark/bin/python benchmarks/benchmark_spark.py --messages 200000 --json spark.json
    .venv-spark/bin/python benchmarks/benchmark_spark.py --messages 200000 --history 6 --vars '{spark_buckets: 1}'
    .venv-spark/bin/python benchmarks/benchmark_spark.py --skew person --size 5000000

A first load of all days but the last ones, a refresh of each of these, and one with nothing new. With --skew instead a first load of lopsided
messages among ordinary ones, a refresh after one more of them, and how long the longest task of each model takes. docs/cluster.md says what came out.
"""

import os
import sys
import tempfile
import time
from bisect import bisect
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import takewhile
from pathlib import Path

import click

import place  # noqa: F401, so that the packages of scripts/ are found
from benchmark_sides import fields_of, written_to
from common.command_line import run
from common.plan import Plan
from common.project import read_variables_option
from database.target import find_target
from refreshing.progress import Progress
from refreshing.run import refresh
from sampling.data import COLLECTIONS, DEFAULTS, generate, sample_files

SCHEMAS = ("refresh", "partitioning", "this_batch", "aliasing", "sessions_stages", "sessions", "reporting")
OUTSIDE = "outside models"  # hooks of the run, publishing, the log
LEAST_TASKS = 1.0  # seconds of all tasks of a stage below which its longest task does not matter
SETTINGS = ("spark.ui.retainedStages=1000000", "spark.ui.retainedTasks=1000000", "spark.ui.showConsoleProgress=false")
# Lopsided messages: what the anonymous_id and the user_id of message `id` are.
SKEWS = {
    "person": ("'one device'", "'one user'"),
    "device": ("'one device'", "concat('user ', id)"),
}
ORDINARY = ("concat('device ', id % 40000)", "case when id % 40000 < 4000 and id >= 80000 then concat('visitor ', id % 40000) end")
ORDINARY_SIZE = 200_000


class Stages:
    """What Spark's tasks did, by model. It is told of a refresh's progress."""

    def __init__(self, spark):
        self.context, self.gateway = spark.sparkContext._jsc.sc(), spark.sparkContext._gateway
        self.figures, self.began, self.names = {}, [], []
        self.last = max((stage.stageId() for stage in self.new(-1)), default=-1)
        self.enter(OUTSIDE)

    def __call__(self, event, **facts):
        if event == "model_started":
            self.enter(facts["model"])
        elif event == "model_finished":
            self.figures[facts["model"]]["seconds"] = facts["seconds"]
            self.enter(OUTSIDE)

    def enter(self, name):
        """From now on it is this model's work."""
        self.collect()
        self.began.append(datetime.now())
        self.names.append(name)
        self.figures.setdefault(name, dict(seconds=0.0, read=0.0, shuffled=0.0, written=0.0, tasks=0, task_seconds=0.0, longest_task=0.0))

    def new(self, last: int):
        """Yields the stages after the one of this number, the newest first."""
        self.context.listenerBus().waitUntilEmpty()
        self.store = self.context.statusStore()
        stages = self.store.stageList(None, False, False, self.gateway.new_array(self.gateway.jvm.double, 0), self.gateway.jvm.java.util.ArrayList())
        yield from takewhile(lambda stage: stage.stageId() > last, (stages.apply(number) for number in range(stages.size())))

    def collect(self):
        """Add the stages since the last call to the model at work."""
        for stage in list(self.new(self.last)) if self.names else ():
            self.last = max(self.last, stage.stageId())
            figures, seconds = self.figures[self.names[-1]], stage.executorRunTime() / 1e3
            figures["read"] += stage.inputBytes() / 1e6
            figures["shuffled"] += stage.shuffleWriteBytes() / 1e6
            figures["tasks"] += stage.numTasks()
            figures["task_seconds"] += seconds
            if seconds >= LEAST_TASKS:
                figures["longest_task"] = max(figures["longest_task"], self.longest(stage))

    def longest(self, stage) -> float:
        """Seconds of the longest task of a stage."""
        quantiles = self.gateway.new_array(self.gateway.jvm.double, 1)
        quantiles[0] = 1.0
        return self.store.taskSummary(stage.stageId(), stage.attemptId(), quantiles).get().executorRunTime().apply(0) / 1e3

    def wrote(self, at: datetime, size: int):
        """Iceberg committed so many bytes."""
        self.figures[self.names[bisect(self.began, at) - 1]]["written"] += size / 1e6

    def total(self, name) -> float:
        return sum(figures[name] for figures in self.figures.values())


def append(rows, table):
    """Add rows to a source table, which gets their new columns."""
    if rows.sparkSession.catalog.tableExists(table):
        rows.writeTo(table).options(**{"mergeSchema": True, "check-ordering": False}).append()
    else:
        rows.writeTo(table).using("iceberg").tableProperty("write.spark.accept-any-schema", "true").create()


def load_sample(spark, sample, from_day, to_day):
    """Append the messages loaded on these days to the source tables."""
    for collection in COLLECTIONS:
        if files := [str(path) for _, name, path in sample_files(sample, from_day, to_day) if name == collection]:
            append(spark.read.option("mergeSchema", True).parquet(*files), f"segment.{collection}")


def load_skewed(spark, ids, first, size, loaded="2026-01-01"):
    """Append so many messages of the same ids, half a minute apart, and a sign-up with the ids of the first one."""
    device, user = ids
    common = [f"{device} as anonymous_id", f"{user} as user_id", f"timestamp_ntz '{loaded}' as received_at",
              "timestamp_ntz '2016-01-01' + make_dt_interval(0, 0, 0, id * 30) as timestamp"]
    append(spark.range(first, first + size).selectExpr(
        f"concat('page ', id, {device}) as id", "concat('https://shop.example/?utm_source=s', id % 7) as url", *common), "segment.pages")
    append(spark.range(first, first + 1).selectExpr(f"concat('sign-up ', id, {device}) as id", "'signed_up' as event", *common), "segment.tracks")


def total(spark, metadata, expression) -> int:
    """A sum over the rows of Iceberg's metadata on all tables of the project."""
    return sum(row["size"] or 0 for row in rows_of(spark, metadata, f"sum({expression}) as size"))


def rows_of(spark, metadata, columns) -> list:
    tables = [f"{schema}.{row['tableName']}" for schema in SCHEMAS for row in spark.sql(f"show tables in {schema}").collect()]
    return spark.sql(" union all ".join(f"select {columns} from {table}.{metadata}" for table in tables)).collect()


def processor_seconds(process) -> float:
    return sum(map(int, fields_of(process)[11:13])) / os.sysconf("SC_CLK_TCK")


def measured(spark, name, variables, figures):
    """Refresh, and print and keep what it took."""
    java = spark.sparkContext._gateway.proc.pid
    stages, used, clock = Stages(spark), processor_seconds(java), time.monotonic()
    refresh(Plan(target="spark", vars=variables), Progress(stages))
    seconds, used = time.monotonic() - clock, processor_seconds(java) - used
    stages.collect()
    for row in rows_of(spark, "snapshots", "cast(committed_at as timestamp_ltz) as at, cast(summary['added-files-size'] as bigint) as size"):
        if row["size"] and row["at"] >= stages.began[0]:
            stages.wrote(row["at"], row["size"])
    figures[name] = {
        "seconds": seconds, "java_processor_seconds": used, "models": stages.figures,
        **{kind: stages.total(kind) for kind in ("read", "written", "shuffled", "tasks")},
        "files": total(spark, "files", "1"), "size": total(spark, "files", "file_size_in_bytes") / 1e6}
    click.echo("{0}: {seconds:.0f} s, {java_processor_seconds:.0f} processor seconds of Java, read {read:.1f} MB, written {written:.1f} MB, "
               "shuffled {shuffled:.1f} MB; the tables are now {files} files of {size:.1f} MB".format(name, **figures[name]))
    for model, found in sorted(stages.figures.items(), key=lambda item: -item[1]["task_seconds"])[:12]:
        click.echo("    {0:<24}{seconds:>7.1f} s{read:>9.1f} MB read{shuffled:>9.1f} shuffled{written:>9.1f} written{tasks:>6} tasks of"
                   "{task_seconds:>8.1f} s, the longest{longest_task:>7.1f}".format(model, **found))


@contextmanager
def new_warehouse(folder):
    """Spark, with an empty warehouse in this folder."""
    os.environ.update(
        SIGNUP_ATTRIBUTION_WAREHOUSE=f"{folder}/warehouse", DBT_TARGET_PATH=f"{folder}/dbt", DBT_LOG_PATH=f"{folder}/dbt",
        PYSPARK_SUBMIT_ARGS=f"{' '.join(f'--conf {setting}' for setting in SETTINGS)} pyspark-shell")
    with find_target("spark", engines=("spark",)).connected() as connection:
        from pyspark.sql import SparkSession

        connection.rows("create schema if not exists segment")  # which starts Spark, as profiles.yml says
        yield SparkSession.builder.getOrCreate()


@click.command(help=__doc__.split("\n\n")[0])
@click.option("--messages", default=200_000, show_default=True)
@click.option("--days", default=3, show_default=True, help="How many of the last days are refreshed one by one.")
@click.option("--history", type=int, help="Load only so many of the days before these.  [default: all]")
@click.option("--skew", type=click.Choice(list(SKEWS)), help="Messages of one person, or of one device with a user each, instead of a sample.")
@click.option("--size", default=1_000_000, show_default=True, help="How many lopsided messages.")
@click.option("--vars", "variables", metavar="YAML", help="Variables, as for refresh.py.")
@click.option("--folder", metavar="FOLDER", help="In which folder the warehouse is made; it is removed at the end.  [default: that of temporary files]")
@click.option("--json", "json_file", default=None, help="File for the figures.")
def command(messages, days, history, skew, size, variables, folder, json_file):
    variables = read_variables_option(variables)
    with tempfile.TemporaryDirectory(dir=folder) as folder, new_warehouse(folder) as spark, written_to(json_file, messages=messages, size=size) as figures:
        if skew:
            load_skewed(spark, ORDINARY, 0, ORDINARY_SIZE)
            load_skewed(spark, SKEWS[skew], 0, size)
            measured(spark, "first load", variables, figures)
            load_skewed(spark, SKEWS[skew], size, 1, "2026-01-02")
            measured(spark, "one message more", variables, figures)
            return
        last, sample = DEFAULTS["end"], Path(folder) / "sample"
        generate(sample, messages)
        before = last - timedelta(days=days)
        load_sample(spark, sample, history and before - timedelta(days=history - 1), before)
        measured(spark, "first load", variables, figures)
        for number in range(days):
            load_sample(spark, sample, *2 * [last - timedelta(days=days - 1 - number)])
            measured(spark, f"day {number + 1}", variables, figures)
        measured(spark, "nothing new", variables, figures)


if __name__ == "__main__":
    sys.exit(run(command, "benchmark_spark.py"))
