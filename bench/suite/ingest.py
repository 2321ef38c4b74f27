"""Measures ingest-releases against inflating alone and against other programs."""

from functools import partial
from statistics import median

from .measure import rounds, run
from .ratio import Ratio, of_rounds


def wall(measured):
    return measured.wall


def cpu(measured):
    return measured.cpu


def side_by_side(machine, months, sizes, figures):
    dump = months.dump(sizes.side_by_side)
    bytes_of_parquet, busy = [], []

    def ingest(threads):
        measured, size = months.ingest(sizes.side_by_side, threads=threads)
        bytes_of_parquet.append(size)
        if threads == 2:
            busy.append(measured.result()["metrics"]["busy"])
        return measured

    def python():
        out = months.folder / "releases_v6.parquet"
        measured = run(machine.python, machine.releases_v6, dump, out)
        out.unlink()
        return measured

    every = sizes.rounds
    xml_bytes = int(run(machine.inflate, dump).out)
    runs = rounds(
        {
            "inflate": (lambda: run(machine.inflate, dump), every),
            "gzip -dc": (lambda: run("gzip", "-dc", dump, keep_out=False), every),
            "ingest, 2 threads": (lambda: ingest(2), every),
            "ingest, 1 thread": (lambda: ingest(1), every),
            "disco-quick": (lambda: run(machine.disco_quick, dump), every),
            "Python": (python, sizes.rounds_of_python),
        },
        every,
    )
    ours, one = runs["ingest, 2 threads"], runs["ingest, 1 thread"]
    inflate = runs["inflate"]
    figures["side_by_side"] = {
        "releases": sizes.side_by_side,
        "xml_bytes": xml_bytes,
        "packed_bytes": dump.stat().st_size,
        "parquet_bytes": bytes_of_parquet[0],
        "busy_2_threads": busy[-1],
        "runs": {name: [measured.figures() for measured in list_of] for name, list_of in runs.items()},
    }
    return [
        Ratio(
            "ingest/gzip",
            "wall of ingest-releases on 2 threads, to wall of gzip -dc",
            of_rounds(ours, runs["gzip -dc"], wall),
            "<",
            1,
        ),
        Ratio(
            "ingest/inflate CPU",
            "CPU seconds on 2 threads, to those of pure inflate",
            of_rounds(ours, inflate, cpu),
            "<=",
            6.5,
        ),
        Ratio(
            "ingest/inflate wall",
            "wall on 2 threads, to that of pure inflate",
            of_rounds(ours, inflate, wall),
            "<=",
            3.3,
        ),
        Ratio(
            "ingest/inflate wall, 1 thread",
            "wall on 1 thread, to that of pure inflate",
            of_rounds(one, inflate, wall),
            "<=",
            6.5,
        ),
        Ratio(
            "Python/ingest",
            "wall of the Python pipeline (one table), to ours (all tables)",
            of_rounds(runs["Python"], ours, wall),
            ">=",
            12,
        ),
        Ratio(
            "disco-quick/ingest",
            "wall of disco-quick 0.2 (which writes nothing), to ours",
            of_rounds(runs["disco-quick"], ours, wall),
            ">=",
            2.4,
        ),
        Ratio(
            "Parquet/dump",
            "bytes of Parquet of all tables, to those of the packed dump",
            [bytes_of_parquet[0] / dump.stat().st_size],
            "<",
            1,
        ),
    ]


def side_by_side_ingests(months, contenders, sizes):
    """Ingests for each contender; `contenders` maps a name to counts of releases and threads."""

    def once(releases, threads):
        return months.ingest(releases, threads=threads)[0]

    every = sizes.rounds_of_memory
    return rounds({name: (partial(once, *of), every) for name, of in contenders.items()}, every)


def threads(months, sizes, figures):
    """Measures memory by threads, and the longest sequential stage on 8 threads."""
    runs = side_by_side_ingests(months, {count: (sizes.side_by_side, count) for count in (1, 2, 4, 8)}, sizes)
    busy = [measured.result()["metrics"]["cpu_seconds"] for measured in runs[8]]
    figures["threads"] = {
        "runs": {count: [measured.figures() for measured in list_of] for count, list_of in runs.items()},
        "cpu_seconds_8_threads": busy,
    }
    further = [(eight.peak_mib - two.peak_mib) / 6 for eight, two in zip(runs[8], runs[2], strict=True)]
    longest = [seconds["encode_of_one_table"] / seconds["inflate"] for seconds in busy]
    return [
        Ratio(
            "peak, 2 threads",
            "peak memory on 2 threads",
            [measured.peak_mib for measured in runs[2]],
            "<=",
            300,
            " MiB",
        ),
        Ratio(
            "peak a further thread",
            "peak memory for each thread from the third to the eighth",
            further,
            "<=",
            60,
            " MiB",
        ),
        Ratio(
            "writer/inflate",
            "CPU of the slowest table to encode, to CPU of inflate, on 8 threads (both are sequential)",
            longest,
            "<=",
            1,
        ),
    ]


def growth(months, sizes, figures):
    few, many = sizes.growth
    runs = side_by_side_ingests(months, {releases: (releases, 2) for releases in (few, many)}, sizes)
    figures["growth"] = {releases: [measured.figures() for measured in list_of] for releases, list_of in runs.items()}
    peaks = {releases: median(measured.peak_mib for measured in list_of) for releases, list_of in runs.items()}
    return [
        Ratio(
            "peak growth",
            f"peak memory for a dump {many / few:.0f} times as long ({peaks[few]:.0f} and {peaks[many]:.0f} MiB)",
            [b.peak_mib / a.peak_mib for a, b in zip(runs[few], runs[many], strict=True)],
            "<=",
            1.1,
        ),
    ]
