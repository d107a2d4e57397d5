"""Refreshes on Spark of sample messages: seconds, and the bytes that Spark's tasks read and wrote. Makes its own warehouse.

    .venv-spark/bin/python benchmarks/benchmark_spark.py --messages 200000
    .venv-spark/bin/python benchmarks/benchmark_spark.py --messages 200000 --history 6 --vars '{spark_buckets: 1}'

A first load of all days but the last, a refresh of the last day, and one with nothing new. docs/cluster.md says what came out.
"""

import os
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

import click

import place  # noqa: F401, so that the packages of scripts/ are found
from common.command_line import run
from common.plan import Plan
from common.project import read_variables_option
from database.target import find_target
from refreshing.run import refresh
from sampling.data import COLLECTIONS, DEFAULTS, generate, sample_files

MEASURED = ("inputBytes", "shuffleWriteBytes")
SCHEMAS = ("refresh", "partitioning", "this_batch", "aliasing", "sessions_stages", "sessions", "reporting")


def load(spark, sample, from_day, to_day):
    """Append the messages loaded on these days to the source tables."""
    for collection in COLLECTIONS:
        files = [str(path) for _, name, path in sample_files(sample, from_day, to_day) if name == collection]
        if files:
            rows, table = spark.read.option("mergeSchema", True).parquet(*files), f"segment.{collection}"
            if spark.catalog.tableExists(table):
                rows.writeTo(table).options(**{"mergeSchema": True, "check-ordering": False}).append()
            else:
                rows.writeTo(table).using("iceberg").tableProperty("write.spark.accept-any-schema", "true").create()


def totals(spark) -> list[int]:
    """How many bytes all tasks have read and shuffled so far."""
    context, gateway = spark.sparkContext._jsc.sc(), spark.sparkContext._gateway
    context.listenerBus().waitUntilEmpty()
    stages = context.statusStore().stageList(
        None, False, False, gateway.new_array(gateway.jvm.double, 0), gateway.jvm.java.util.ArrayList())
    found = [[getattr(stages.apply(number), name)() for name in MEASURED] for number in range(stages.size())]
    return [sum(values) for values in zip(*found)] or [0] * len(MEASURED)


@click.command(help=__doc__.split("\n\n")[0])
@click.option("--messages", default=200_000, show_default=True)
@click.option("--history", type=int, help="Load only so many of the days before the last one.  [default: all]")
@click.option("--vars", "variables", metavar="YAML", help="Variables, as for refresh.py.")
def command(messages, history, variables):
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(
            SIGNUP_ATTRIBUTION_WAREHOUSE=f"{folder}/warehouse", DBT_TARGET_PATH=f"{folder}/dbt", DBT_LOG_PATH=f"{folder}/dbt",
            PYSPARK_SUBMIT_ARGS="--conf spark.ui.retainedStages=1000000 --conf spark.ui.retainedTasks=1000 --conf spark.ui.showConsoleProgress=false pyspark-shell")
        last, sample = DEFAULTS["end"], Path(folder) / "sample"
        generate(sample, messages)
        with find_target("spark", engines=("spark",)).connected() as connection:
            from pyspark.sql import SparkSession

            connection.rows("create schema if not exists segment")  # which starts Spark, as profiles.yml says
            spark, before = SparkSession.builder.getOrCreate(), last - timedelta(days=1)
            load(spark, sample, history and last - timedelta(days=history), before)
            for name in ("first load", "a day", "nothing new"):
                if name == "a day":
                    load(spark, sample, last, last)
                start, began, clock = totals(spark), datetime.now(), time.monotonic()
                refresh(Plan(target="spark", vars=read_variables_option(variables)))
                seconds, (read, shuffled) = time.monotonic() - clock, [(end - begin) / 1e6 for begin, end in zip(start, totals(spark))]
                written = total(spark, "snapshots", "cast(summary['added-files-size'] as bigint)", f"committed_at >= timestamp_ltz '{began}'")
                print(f"{name}: {seconds:.0f} s, read {read:.1f} MB, written {written / 1e6:.1f} MB, shuffled {shuffled:.1f} MB; the tables are now "
                      f"{total(spark, 'files', '1')} files of {total(spark, 'files', 'file_size_in_bytes') / 1e6:.1f} MB", flush=True)


def total(spark, metadata, expression, condition="true") -> int:
    """A sum over the rows of Iceberg's metadata on all tables of the project."""
    tables = [f"{schema}.{row['tableName']}" for schema in SCHEMAS for row in spark.sql(f"show tables in {schema}").collect()]
    sums = [f"select sum({expression}) as size from {table}.{metadata} where {condition}" for table in tables]
    return spark.sql(f"select coalesce(sum(size), 0) as size from ({' union all '.join(sums)})").collect()[0]["size"]


if __name__ == "__main__":
    sys.exit(run(command, "benchmark_spark.py"))
