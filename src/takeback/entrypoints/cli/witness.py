"""`takeback witness ...`: watch other organisations' logs, so that none can show two pasts to two people."""

from pathlib import Path
from typing import Annotated

import typer

from takeback.entrypoints.witness.folder import Folder, create
from takeback_verify.core.cosignature import format_cosigner_key
from takeback_verify.core.policy import format_log_key

app = typer.Typer(
    help="Watch the logs of other organisations. A witness remembers the last state of each log and signs a "
    "new one only if it contains the last: with a few witnesses, nobody can rewrite a log, or show two "
    "versions of it, without being seen. It needs a folder of a few kilobytes and a port, and learns nothing "
    "about any case.",
    epilog="To begin: (1) `takeback witness init FOLDER --name witness.ngo.example/w1`; (2) ask each log for "
    "its verifier keys (`takeback ledger key`), by telephone or on paper, and run `takeback witness add-log "
    "FOLDER KEY` for each of them; (3) `takeback witness run FOLDER`, behind your web server with TLS; (4) "
    "give the lines of `takeback witness key FOLDER` to the logs, and to everybody who checks their "
    "evidence. Never restore the folder from an older backup: a witness that forgets is worse than none.",
    no_args_is_help=True,
)

_Where = Annotated[Path, typer.Argument(help="The witness's folder.")]


@app.command()
def init(
    folder: _Where,
    name: Annotated[
        str, typer.Option(help="The witness's name for ever: an address of yours without https://.")
    ],
    post_quantum: Annotated[
        bool, typer.Option(help="Whether it also signs with ML-DSA-44, against quantum computers.")
    ] = True,
) -> None:
    """Make a folder with new keys, and print the public ones."""
    create(folder, name, post_quantum=post_quantum)
    key(folder)


@app.command("add-log")
def add_log(
    folder: _Where,
    key: Annotated[str, typer.Argument(help="A verifier key of the log, name+id+base64.")],
) -> None:
    """Watch a log, or accept one more key of it."""
    print(f"watches {Folder(folder).add_log(key).name}")


@app.command()
def key(folder: _Where) -> None:
    """Print the witness's public keys, one a line, for policies."""
    for public in Folder(folder).public:
        print(format_cosigner_key(public))


@app.command()
def status(folder: _Where) -> None:
    """Print each log that is watched, its keys, and the size that was cosigned last."""
    opened = Folder(folder)
    for keys in opened.logs():
        last = opened.last(keys[0].name)
        print(f"{keys[0].name}: " + ("nothing cosigned yet" if last is None else f"{last.size} entries"))
        for each in keys:
            print(f"  {format_log_key(each)}")


@app.command()
def run(
    folder: _Where,
    host: Annotated[str, typer.Option(help="Address to answer on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to answer on.")] = 8183,
) -> None:
    """Answer logs until Ctrl-C."""
    from takeback.entrypoints.witness.app import create_app
    from takeback.infra import process
    from takeback.infra.http import serving

    process.begin()
    serving.run(create_app(Folder(folder)), host, port)
