"""Flipped bits of the files that the program keeps for itself; ``scripts/attack_files.py`` flips all of them."""

from __future__ import annotations

import pytest

pytest.importorskip("pyarrow")

import attack_files
from attack_files import EQUAL, KINDS, REFUSED, WRONG, Target, chosen_bits, flip_bits

#: Bits of each file; the two shortest files have fewer.
BITS = 900


@pytest.mark.parametrize("kind", KINDS)
def test_no_flipped_bit_passes_with_another_answer(kind, tmp_path):
    with KINDS[kind](tmp_path) as target:
        whole = target.path.read_bytes()
        outcomes, wrong = flip_bits(target, chosen_bits(len(whole), BITS, seed=0))
        assert wrong == []
        assert outcomes[REFUSED] > 0.7 * outcomes.total() > 0
        assert target.path.read_bytes() == whole


def test_a_reader_that_does_not_look_is_caught(tmp_path):
    """Of a text that is only counted every bit counts as equal, of one that is taken as it is every bit as wrong."""
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    assert flip_bits(Target(path, lambda: len(path.read_bytes())))[0] == {REFUSED: 0, EQUAL: 24, WRONG: 0}
    outcomes, wrong = flip_bits(Target(path, path.read_bytes))
    assert outcomes == {REFUSED: 0, EQUAL: 0, WRONG: 24}
    assert wrong[9] == "bit 1 of byte 1: another content"
    outcomes, wrong = flip_bits(Target(path, lambda: path.read_text(encoding="ascii"), (ValueError,)), [6, 7])
    assert outcomes == {REFUSED: 1, EQUAL: 0, WRONG: 1}


def test_the_program_tells_by_its_exit_code(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["attack_files.py", "--bits", "30", "--kind", "atlas"])
    assert attack_files.main() == 0
    assert "| atlas | " in capsys.readouterr().out
    monkeypatch.setattr(attack_files, "_same", lambda found, expected: False)
    monkeypatch.setattr("sys.argv", ["attack_files.py", "--bits", "30", "--kind", "shipped start systems"])
    assert attack_files.main() == 1
    assert "shipped start systems: bit " in capsys.readouterr().out
