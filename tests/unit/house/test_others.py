"""Other people's programs: where there is none, its tests are skipped by name, and the summary says so."""

from types import SimpleNamespace

import pytest

import others


def report(*told: tuple[str, object]) -> SimpleNamespace:
    return SimpleNamespace(user_properties=list(told))


def test_the_summary_names_who_agreed_who_did_not_and_who_was_not_asked() -> None:
    stats = {
        "passed": [
            report(("agrees", "age")),
            report(("agrees", "age"), ("counted", (70, "mutants"))),
            report(),
        ],
        "failed": [report(("agrees", "openssl"))],
        "skipped": [report(("agrees", "aics-tlog")), SimpleNamespace()],
        "error": [report(("agrees", "age"), ("counted", [71, "mutants"]))],
    }

    assert list(others.summary(SimpleNamespace(stats=stats))) == [
        "age agrees in 2 tests",
        "age was not asked in 1 tests (error)",
        "aics-tlog was not asked in 1 tests (skipped)",
        "openssl DISAGREES in 1 tests",
        "141 mutants",
    ]


def test_what_could_not_be_had_is_said_in_the_words_of_whoever_tried(
    monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    monkeypatch.setattr(others, "FOLDER", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"Go's sumdb is not here: tools/oracles\.py gets it"):
        others.program(others.GO)
    others.why_file(others.GO).write_text("there is no apt-get")
    with pytest.raises(FileNotFoundError, match="Go's sumdb is not here: there is no apt-get"):
        others.program(others.GO)
    with pytest.raises(FileNotFoundError, match="no-such-program is not here: it is not installed"):
        others.program("no-such-program")
