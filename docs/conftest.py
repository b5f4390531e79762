"""The examples of the documentation run in a folder of their own; those of PyTorch where it is installed."""

import warnings

import pytest

collect_ignore = []
try:
    with warnings.catch_warnings():
        # Builds of PyTorch for an older NumPy say so, once, when the first tensor is made.
        warnings.simplefilter("ignore")
        import torch

        torch.empty(1)
except ImportError:
    collect_ignore.append("pytorch.md")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
