"""Measures the upkeep of a table of many small files: maintain-tables with DuckDB, Trino and Spark."""

import contextlib
import os
import shutil
from pathlib import Path

from .machine import ROOT
from .measure import Failed, run, say
from .postgres import Postgres
from .ratio import Ratio

PYTHON = ROOT / "vendor" / "tools" / "iceberg" / "bin" / "python"
SMALL_FILES = ROOT / "bench" / "python" / "small_files.py"
SPARK = ROOT / "vendor" / "tools" / "spark"

SPARK_PROPERTIES = """spark.jars {jars}
spark.master local[2]
spark.driver.memory 2g
spark.ui.enabled false
spark.driver.host 127.0.0.1
spark.driver.bindAddress 127.0.0.1
"""


def upkeep(machine, folder, sizes, figures):
    """Compacts a table of small files by each engine that is reachable, and expires its snapshots."""
    files, rows = sizes.upkeep
    place = folder / "upkeep"
    shutil.rmtree(place, ignore_errors=True)
    lake = place / "lake"
    lake.mkdir(parents=True)
    seed = place / "seed.csv"
    seed.write_text("id\n1\n")
    machine.task("upsert-table", lake=lake, table="mine.seed", key="id", **{"from": seed})
    stack, spark = of_stack(), of_spark(place)
    engines = {"duckdb": {}} | ({"trino": stack["parameters"]} if stack else {}) | ({"spark": spark} if spark else {})
    for engine in engines:
        say(f"{files} files for {engine}")
        uri, warehouse = f"sqlite:///{lake}/_meta/catalog.sqlite", f"file://{lake}/_tables"
        made = int(run(PYTHON, SMALL_FILES, uri, warehouse, f"mine.small_{engine}", files, rows).out)
        if made < files:
            raise Failed(f"{made} files were made, expected {files}")
    table, found = {}, {}
    with catalog_of(machine, lake, place, stack, spark) as secret:
        for engine, parameters in engines.items():
            task = {
                "lake": lake,
                "tables": f"mine.small_{engine}",
                "engine": engine,
                "memory_limit": "1GiB",
                "threads": 2,
            }
            task |= {"keep_snapshots": 1, "keep_days": 0, "unnamed_hours": 0} | secret | parameters
            shown = machine.task("maintain-tables", **task)
            found[engine] = machine.task("maintain-tables", **task, dry_run="false")
            done = found[engine].result()["upkeep"][0]
            if done["rewritten_files"] < files:
                raise Failed(f"{engine} rewrote {done['rewritten_files']} of {files} files")
            table[engine] = {
                "dry run": shown.figures(),
                "upkeep": found[engine].figures(),
                "new_files": done["new_files"],
            }
            if engine == "trino":
                table[engine]["peak_mib_of_server"] = peak_of_trino()
            say(f"{engine}: {table[engine]}")
    figures["upkeep"] = {"files": files, "rows": files * rows, "by_engine": table}
    shutil.rmtree(place)
    what = f"{files:,} files of {rows:,} rows compacted by DuckDB"
    ratios = [
        Ratio(f"upkeep/{name}", f"{what}, to {statement}", [found["duckdb"].wall / found[engine].wall])
        for engine, name, statement in [
            ("trino", "Trino", "Trino's optimize"),
            ("spark", "Spark", "Spark's rewrite_data_files"),
        ]
        if engine in found
    ]
    peak = Ratio(
        "peak of upkeep", "peak memory of it, with --memory-limit 1GiB", [found["duckdb"].peak_mib], "<=", 2048, " MiB"
    )
    return [*ratios, peak]


def of_stack():
    """Returns the parameters of the stack that runs, or says that there is none."""
    state = Path(os.environ.get("DISCOGS_STACK", ROOT / ".stack")) / "env"
    recorded = dict(line.split("=", 1) for line in state.read_text().splitlines()) if state.exists() else {}
    url, catalog, password = (
        os.environ.get(name) or recorded.get(name)
        for name in ("DISCOGS_TRINO_URL", "DISCOGS_CATALOG", "DISCOGS_CATALOG_PASSWORD_FILE")
    )
    if not (url and catalog and password):
        say("NOT MEASURED: Trino; no stack with an Iceberg catalog runs (scripts/stack up)")
        return None
    return {"parameters": {"trino_url": url}, "catalog": catalog, "password_file": password}


def of_spark(place):
    """Returns the parameters of the installed Spark, or says that there is none."""
    java = [home for home in Path("/usr/lib/jvm").glob("*17*") if (home / "bin" / "java").exists()]
    if not (SPARK / ".whole").exists() or not java:
        say("NOT MEASURED: Spark; scripts/setup-spark installs it, and it needs a Java 17")
        return None
    os.environ["JAVA_HOME"] = str(java[0])
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    os.environ["PYSPARK_PYTHON"] = str(SPARK / "python" / "bin" / "python")
    jars = [jar for jar in (SPARK / "jars").iterdir() if "1.10" not in jar.name]
    properties = place / "spark.conf"
    properties.write_text(SPARK_PROPERTIES.format(jars=",".join(str(jar) for jar in jars)))
    return {"spark_sql": SPARK / "python" / "bin" / "spark-sql", "spark_properties": properties}


@contextlib.contextmanager
def catalog_of(machine, lake, place, stack, spark):
    """Moves the lake's catalog to where Trino and Spark can open it, and back. Yields the parameter with its secret."""
    if not stack and not spark:
        yield {}
        return
    with contextlib.ExitStack() as kept:
        if stack:
            url, password_file = stack["catalog"], stack["password_file"]
        else:
            url, password_file = kept.enter_context(Postgres()).url, place / "password"
            password_file.write_text("trusted\n")
        machine.task("move-catalog", lake=lake, to=url, to_password_file=password_file)
        secret = {"catalog_password_file": password_file}
        try:
            yield secret
        finally:
            machine.task("move-catalog", lake=lake, to="sqlite", **secret)


def peak_of_trino():
    """Returns the peak memory of Trino's server since it started, in MiB, if it runs on this machine."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if b"io.trino.server" in (process / "cmdline").read_bytes():
                lines = (process / "status").read_text().splitlines()
                return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) // 1024
    return None
