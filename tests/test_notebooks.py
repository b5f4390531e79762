"""The notebooks run from top to bottom, and are committed with their outputs."""

from __future__ import annotations

import pytest

from tests import ROOT

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


def kinds_of_output(cell):
    """The sorts of its outputs: texts may differ in their last digits from machine to machine."""
    return [(output.output_type, sorted(output.get("data", {}))) for output in cell.outputs]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_and_its_outputs_are_committed(path):
    committed = nbformat.read(path, 4)
    fresh = nbformat.read(path, 4)
    for cell in fresh.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    # What a cell prints may come in one piece or in several.
    nbclient.NotebookClient(
        fresh, timeout=300, coalesce_streams=True, resources={"metadata": {"path": str(path.parent)}}
    ).execute()
    codes = [(old, new) for old, new in zip(committed.cells, fresh.cells, strict=True) if old.cell_type == "code"]
    assert [old.execution_count for old, _ in codes] == list(range(1, len(codes) + 1))
    for old, new in codes:
        assert kinds_of_output(old) == kinds_of_output(new)


def test_there_are_notebooks():
    assert {path.stem for path in NOTEBOOKS} >= {"first_steps", "stratification", "reproducing_a_table", "walls"}
