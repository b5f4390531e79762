"""The command ``certify``, and ``solve`` with a certificate."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from homotopy_lcn import CriticalPoints, certificate, cli
from homotopy_lcn.certification.certificate_file import check_text, to_text
from homotopy_lcn.losses.exact_data import ExactData
from tests.certification.examples import THIRDS, points_with
from tests.small_networks import random_problem, solved


@pytest.fixture
def result_file(tmp_path):
    path = tmp_path / "result.json"
    solved((3, 2), (2, 1)).to_json(path)
    return path


def test_command_line(capsys, result_file, tmp_path):
    proof, marked = tmp_path / "proof.json", tmp_path / "marked.json"
    assert cli.main(["certify", str(result_file), "-o", str(proof), "--json", str(marked), "--digits", "30"]) == 0
    output = capsys.readouterr().out
    assert "10 of 10 points certified" in output
    assert "complete, proved" in output
    assert all(f"filter of point {row}:" in output for row in range(10))
    assert output.count(" i\n") == 5 * sum(not point.real for point in solved((3, 2), (2, 1)))
    assert CriticalPoints.from_json(marked).counts.certified == 10
    assert cli.main(["certify", "--check", str(proof)]) == 0
    text = capsys.readouterr().out
    assert "10 points verified\nnetwork: filters (3, 2), strides (2, 1)\n" in text
    assert "data: Gram matrix 5 × 5, doubles (as stated, the doubles of the loss)" in text
    loss = CriticalPoints.from_json(result_file).loss
    assert ExactData.of_doubles(loss.gram, loss.b, loss.constant).digest in text
    whole = proof.read_text()
    proof.write_text(whole.replace('"version": 1,', '"version": 1, "more": 0,'))
    assert cli.main(["certify", "--check", str(proof)]) == 2
    assert "more: unknown" in capsys.readouterr().err
    proof.write_text(whole.replace('"software": "', '"software": "other '))
    assert cli.main(["certify", "--check", str(proof)]) == 3
    assert "digest" in capsys.readouterr().err


def test_command_line_with_samples(capsys, result_file, tmp_path):
    problem = random_problem((3, 2), (2, 1))
    np.savez(tmp_path / "data.npz", X=problem.X, Y=problem.Y)
    np.savez(tmp_path / "other.npz", X=problem.X + 1, Y=problem.Y)
    np.savez(tmp_path / "gram.npz", gram=np.eye(5), b=np.ones(5))
    arguments = ["certify", str(result_file), "--data"]
    assert cli.main([*arguments, str(tmp_path / "data.npz"), "-o", "-"]) == 0
    assert check_text(capsys.readouterr().out).failures == ()
    for name in ("other", "gram"):
        assert cli.main([*arguments, str(tmp_path / f"{name}.npz")]) == 2
        assert capsys.readouterr().out == ""


def test_command_line_exit_codes(capsys, result_file, tmp_path):
    result = solved((3, 2), (2, 1))
    row = next(row for row, point in enumerate(result) if point.interior)
    moved = replace(result[row], filter=result[row].filter * (1 + 1e-7))  # so little that the file is read
    points_with(result, {row: moved}).to_json(result_file)
    assert cli.main(["certify", str(result_file)]) == 3
    assert "9 of 10 points certified" in capsys.readouterr().out
    for arguments in (
        [str(tmp_path / "nothing.json")],
        [str(result_file), "-o", str(tmp_path / "no" / "folder.json")],
        ["--check", str(result_file)],
        ["--check", str(result_file), "--digits", "3"],
        [str(result_file), "--digits", "2000"],
    ):
        assert cli.main(["certify", *arguments]) == 2
        error = capsys.readouterr().err
        assert error.startswith("homotopy-lcn: ")
        assert error.count("\n") == 1


def test_an_edited_result_is_certified_and_said_to_be_edited(capsys, result_file, tmp_path):
    content = json.loads(result_file.read_text())
    content["seed"] = 5
    result_file.write_text(json.dumps(content))
    assert cli.main(["certify", str(result_file)]) == 0
    printed = capsys.readouterr()
    assert "edited: the file was changed" in printed.out
    assert printed.err.startswith(f"homotopy-lcn: warning: {result_file}: edited")
    page = tmp_path / "page.html"
    assert cli.main(["report", str(result_file), "-o", str(page), "--no-pictures"]) == 0
    assert "edited: the file was changed" in page.read_text(encoding="utf-8")


def test_solve_exact_data(capsys, tmp_path):
    path, result = tmp_path / "data.json", tmp_path / "result.json"
    path.write_text(json.dumps(THIRDS))
    solve_it = ["solve", "-k", "2,2", "-s", "1,1", "--data", str(path)]
    assert cli.main([*solve_it, "--json", str(result), "--certify"]) == 0
    assert "5 of 5 points certified" in capsys.readouterr().out
    assert cli.main(["certify", str(result), "-o", "-"]) == 0
    text = capsys.readouterr().out
    assert '"1/3"' in text
    assert check_text(text).failures == ()
    content = json.loads(result.read_text())
    content["loss"]["exact"]["b"][0] = "1/9"
    result.write_text(json.dumps(content))
    assert cli.main(["certify", str(result)]) == 2
    assert "loss.exact" in capsys.readouterr().err


def test_solve_few_samples_and_certify(capsys, tmp_path):
    rng = np.random.default_rng(1)
    np.savez(tmp_path / "few.npz", X=rng.standard_normal((3, 5)), Y=rng.standard_normal((3, 1)))
    arguments = ["solve", "-k", "3,2", "-s", "2,1", "--data", str(tmp_path / "few.npz"), "--isolated", "--certify"]
    assert cli.main(arguments) == 0
    text = capsys.readouterr().out
    assert (
        "complete, proved: these are all isolated critical filters w ≠ 0, and 1 continuum, which is not certified"
        in text
    )


def test_solve_and_certify(capsys):
    assert cli.main(["solve", "-k", "2,2", "-s", "1,1", "--random", "--certify"]) == 0
    assert "5 of 5 points certified" in capsys.readouterr().out
    assert cli.main(["solve", "-k", "2,2", "-s", "2,1", "--white", "--certify", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["certified"] == 2


def test_continua_are_not_certified_which_is_said(capsys, tmp_path):
    np.savez(tmp_path / "tie.npz", gram=np.eye(4), b=[1.0, 0.0, 0.0, 1.0], constant=2.0)
    arguments = ["solve", "-k", "2,2", "-s", "2,1", "--data", str(tmp_path / "tie.npz"), "--certify"]
    assert cli.main([*arguments, "--json", str(tmp_path / "tie.json")]) == 3
    text = capsys.readouterr().out
    assert "\n1 continuum, which is not certified\n" in text
    assert "all critical filters" not in text
    counts = json.loads((tmp_path / "tie.json").read_text())["counts"]
    assert (counts["continua"], counts["real_continua"]) == (1, 1)


WITHOUT_FLINT = """
import sys
sys.modules["flint"] = None
from homotopy_lcn import cli
sys.exit(cli.main(sys.argv[1:]))
"""


def test_without_python_flint(result_file):
    proof = result_file.with_name("proof.json")
    proof.write_text(to_text(certificate(solved((3, 2), (2, 1)))))
    for arguments in ([str(result_file)], ["--check", str(proof)]):
        command = [sys.executable, "-c", WITHOUT_FLINT, "certify", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "pip install python-flint" in done.stderr
