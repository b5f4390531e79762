"""`result.summary()` is what the terminal and notebooks show."""

from __future__ import annotations

from homotopy_lcn.display.wording import summary
from tests.small_networks import solved


def test_the_summary_prints_and_shows_itself():
    result = solved((2, 2, 2), (1, 2, 1))
    found = result.summary()
    text = str(found)
    assert text == repr(found)
    assert found.rows == tuple(summary(result))
    for heading, _ in found.rows:
        assert heading in text
    for point in result.real:
        assert f"{point.loss:.7g}" in text
    assert max(map(len, text.splitlines())) <= 100
    assert "\x1b" not in text
    assert found._repr_html_() == result._repr_html_()


def test_in_a_notebook_the_text_is_there_too(monkeypatch):
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    result = solved((2, 2, 2), (1, 2, 1))
    assert "found" in str(result.summary())
