"""Giants, closed streams and files without an end: one line, exit code 2, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from homotopy_lcn.cli import program
from homotopy_lcn.cli.common import LONGEST_MESSAGE, complain, printable
from homotopy_lcn.networks.counts import generic_ed_degree
from tests import ROOT

SMALL = ("-k", "2,2", "-s", "2,1")
BILLION = str(10**9)
EIGHT = ",".join(["2"] * 8)
FIFTY, ONES = ",".join(["2"] * 50), ",".join(["1"] * 50)
COMMAND = [sys.executable, "-m", "homotopy_lcn"]
posix = pytest.mark.skipif(os.name != "posix", reason="streams of POSIX")

NETWORKS = [
    ("-k", "1000000,2", "-s", "1,1"),
    ("-k", "2,2", "-s", f"{BILLION},1"),
    ("-k", "2,2", "-s", f"{10**40},1"),
    ("-k", BILLION, "-s", "1"),
    ("-k", FIFTY, "-s", FIFTY),
    ("-k", ",".join(["2"] * 300), "-s", ",".join(["2"] * 300)),
]
USES = [
    ("solve", "--random"),
    ("solve", "--white"),
    ("geometry",),
    ("export", "--to", "sympy"),
    ("descend", "--random"),
    ("survey", "--draws", "2"),
    ("count", "--white"),
]


def refused(capsys, *arguments):
    assert program.main(list(arguments)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert len(lines) == 1
    assert len(lines[0]) < LONGEST_MESSAGE
    assert "internal error" not in lines[0]
    assert "expected" in lines[0]
    return lines[0]


@pytest.mark.parametrize("use", USES, ids="-".join)
@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network[1][:9] + "-" + network[3][:9])
def test_giant_networks_are_refused_in_one_line(capsys, tmp_path, monkeypatch, use, network):
    monkeypatch.chdir(tmp_path)
    line = refused(capsys, *use, *network, "-q")
    assert line.startswith("homotopy-lcn: -k/--filters")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (("descend", *SMALL, "--random", "--starts", BILLION), "--starts"),
        (("descend", *SMALL, "--random", "--max-steps", str(10**30)), "--max-steps"),
        (("solve", *SMALL, "--random", "--jobs", BILLION), "--jobs"),
        (("solve", "-k", "6,6,6", "-s", "2,2,1", "--random", "--max-count", str(10**30)), "-k/--filters"),
        (("solve", *SMALL, "--random", "--time-limit", "0"), "--time-limit"),
        (("solve", *SMALL, "--random", "--engine", "native:mmx"), "--engine"),
        (("survey", *SMALL, "--draws", str(10**30)), "Invalid value for '--draws'"),
        (("tabulate", "--max-filter-size", BILLION), "--max-filter-size"),
        (("tabulate", "--max-filter-size", "3", "--layers", "100000", "--size-one"), "--layers"),
        (("count", "-k", "7" * 100_000, "-s", "1"), "-k/--filters"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_giant_numbers_are_refused_with_the_option_and_its_limit(capsys, arguments, option):
    assert refused(capsys, *arguments, "-q").startswith(f"homotopy-lcn: {option}")


def test_count_gives_sums_where_strata_are_too_many_to_list(capsys):
    assert program.main(["count", "-k", FIFTY, "-s", ONES, "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["parameters"] == generic_ed_degree((1,) * 50)
    assert document["pure"] == 1
    assert document["strata"] is document["filters"] is document["spurious"] is None
    assert "more than 4000 strata" in document["not_listed"]


def test_count_shows_the_sums_in_full(capsys):
    assert program.main(["count", "-k", FIFTY, "-s", ONES]) == 0
    shown = "".join(capsys.readouterr().out.split())
    assert f"criticalθ:{generic_ed_degree((1,) * 50)}The" in shown
    assert "Thestrataarenotlisted:therearemorethan4000strata" in shown


def test_a_stride_of_a_billion_is_counted(capsys):
    assert program.main(["count", "-k", "3,2", "-s", f"{BILLION},1", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["filters"] == 10


def test_a_solve_out_of_time_is_reported_and_exits_with_3(capsys, tmp_path):
    path = tmp_path / "r.json"
    assert program.main(["solve", *SMALL, "--random", "--time-limit", "1e-9", "--json", str(path)]) == 3
    assert "the time limit of 1e-09 s is reached" in capsys.readouterr().err
    assert json.loads(path.read_text())["stopped"].startswith("the time limit")


def test_messages_have_bounded_length_and_no_control_characters(capsys):
    complain("a\x1b[31m\x07\u202e\nb" + "x" * 100_000)
    line = capsys.readouterr().err
    assert line.startswith("homotopy-lcn: a\\x1b[31m\\x07\\u202e bx")
    assert len(line) < LONGEST_MESSAGE
    assert line.rstrip("\n").isprintable()
    assert printable("plain\ntext é ★\xa00") == "plain\ntext é ★\xa00"


def test_control_characters_of_a_file_are_not_shown(capsys, tmp_path):
    path = tmp_path / "data.csv"
    rows = "\n".join(f"{i % 3},{i % 4},{i % 5},{i * i % 7},{i}" for i in range(9))
    path.write_text(f"a\x1b[2J,b,c,d,y\x07\n{rows}\n")
    assert program.main(["solve", *SMALL, "--series", f"{path}:a\x1b[2J"]) in (0, 2)
    assert program.main(["solve", *SMALL, "--csv", str(path), "--x", "q", "--y", "y"]) == 2
    captured = capsys.readouterr()
    assert "\x1b" not in captured.out + captured.err
    assert "\x07" not in captured.out + captured.err


@posix
@pytest.mark.parametrize(
    "reader", [("report", "-o", "r.html"), ("certify",), ("certify", "--check"), ("descend",)], ids=str
)
def test_devices_and_pipes_as_results_are_refused(capsys, tmp_path, monkeypatch, reader):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    for path in ("/dev/zero", "pipe", "."):
        refused(capsys, *reader, path)
    assert os.listdir() == ["pipe"]


@posix
@pytest.mark.parametrize("option", ["--data", "--csv", "--series", "--architectures"])
def test_devices_and_pipes_as_data_are_refused(capsys, tmp_path, option):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in ("/dev/zero", str(pipe), str(tmp_path)):
        if option == "--architectures":
            refused(capsys, "tabulate", option, path)
        else:
            columns = ("--x", "a", "--y", "b") if option == "--csv" else ()
            refused(capsys, "solve", *SMALL, option, path + (":a" if option == "--series" else ""), *columns)


def test_arrays_that_unpack_to_gigabytes_are_refused(capsys, tmp_path, monkeypatch):
    import numpy as np

    from homotopy_lcn.losses import sources

    path = tmp_path / "packed.npz"
    np.savez_compressed(path, X=np.zeros((1000, 4)), Y=np.zeros((1000, 1)))
    monkeypatch.setattr(sources, "LARGEST_DATA", 10_000)
    assert "--data: the arrays in" in refused(capsys, "solve", *SMALL, "--data", str(path))


def shell(script, **options):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    script = script.replace("PROGRAM", " ".join(COMMAND))
    return subprocess.run(["sh", "-c", script], capture_output=True, text=True, env=environment, timeout=120, **options)


@posix
@pytest.mark.parametrize("arguments", ["count -k 2,2 -s 2,1", "--help", "count -k 2,2 -s 2,1 --json -"])
@pytest.mark.parametrize("to", [">&-", "> /dev/full"])
def test_closed_and_full_standard_output_are_one_line(arguments, to):
    if to.endswith("full") and not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    ended = shell(f"PROGRAM {arguments} {to}")
    assert ended.returncode == 2
    assert ended.stderr.startswith("homotopy-lcn: standard output: cannot write: ")
    assert ended.stderr.count("\n") == 1


@posix
def test_a_reader_that_has_gone_and_a_closed_standard_error_are_no_errors():
    ended = shell("PROGRAM count -k 2,2 -s 2,1 | head -1")
    assert ended.stdout.startswith("k = (2,2)")
    assert ended.stderr == ""
    assert shell("PROGRAM count -k 2,2 -s 2,1 2>&-").returncode == 0
    assert shell("PROGRAM count -k 0 -s 1 2>&-").returncode == 2


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            MemoryError("Unable to allocate 8.00 TiB"),
            "memory: there is not enough of it (Unable to allocate 8.00 TiB);",
        ),
        (MemoryError(), "memory: there is not enough of it (an allocation failed);"),
        (
            RuntimeError("can't start new thread"),
            "jobs: a thread or a process could not begin (can't start new thread);",
        ),
        (OSError(11, "Resource temporarily unavailable"), "jobs: a thread or a process could not begin ("),
    ],
    ids=str,
)
def test_what_the_machine_lacks_is_no_internal_error(capsys, monkeypatch, error, line):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("homotopy_lcn.solving.white_counts.generic_count", fail)
    assert refused(capsys, "count", *SMALL).startswith(f"homotopy-lcn: {line}")


#: The program, which says when monodromy begins.
TOLD = """
import sys
from homotopy_lcn.__main__ import main
from homotopy_lcn.solving.monodromy import Fibre

start = Fibre.start

def told(*arguments):
    print("begun", flush=True)
    return start(*arguments)

Fibre.start = told
sys.exit(main())
"""


@posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_terminated_solve_reports_what_it_has_and_leaves_no_temporary_file(tmp_path, number):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOMOTOPY_LCN_CACHE": str(tmp_path / "cache")}
    arguments = ["solve", "-k", "5,5", "-s", "2,1", "--random", "--json", "r.json", "--engine", "reference"]
    process = subprocess.Popen(
        [sys.executable, "-c", TOLD, *arguments],
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored where the tests run in background
    )  # fmt: skip
    assert process.stdout.readline() == "begun\n"
    process.send_signal(number)
    _, complaint = process.communicate(timeout=120)
    assert process.returncode == 128 + number
    assert "Traceback" not in complaint
    assert "interrupted: only the finished strata are reported, and kept in r.json" in complaint
    assert json.loads((tmp_path / "r.json").read_text())["complete"] is False
    assert list(tmp_path.rglob("*.tmp")) == []
