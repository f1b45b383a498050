"""The embedded PostgreSQL survives what machines and people do to it."""

import multiprocessing
import os
import pwd
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest

import databases
import waiting
from takeback.errors import ConfigurationError
from takeback.infra.db.embedded import EmbeddedPostgres

PROGRAM = Path(__file__).with_name("program.py")


@pytest.fixture
def folder():
    """Where a server's files may live; it is stopped and removed afterwards."""
    with databases.temporary_folder() as folder:
        yield folder / "data" / "postgres"


def start(folder, group=None):
    """Another process that starts the server."""
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), "start", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        process_group=group,
    )


def url_of(process):
    """What it printed; it has started then."""
    url = process.stdout.readline().strip()
    assert url.startswith("postgresql://")
    return url


def end(process):
    process.communicate(timeout=30)
    assert process.returncode == 0


def postmaster(folder):
    return psutil.Process(int((folder / "postmaster.pid").read_text().split()[0]))


def write_mark(url):
    with psycopg.connect(url) as connection:
        connection.execute("create table if not exists mark (n int)")
        connection.execute("insert into mark values (1)")


def marks(url):
    with psycopg.connect(url) as connection:
        return connection.execute("select count(*) from mark").fetchone()[0]


def kill(folder):
    """Kill the postmaster and wait until its children noticed."""
    main = postmaster(folder)
    family = [main, *main.children(recursive=True)]
    os.kill(main.pid, signal.SIGKILL)
    psutil.wait_procs(family, timeout=20)


def test_it_starts_in_a_new_folder_and_listens_on_no_network(folder):
    server = EmbeddedPostgres(folder)
    with psycopg.connect(server.url) as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("",)
        assert int(connection.execute("show server_version_num").fetchone()[0]) >= 150000
    assert not [c for c in postmaster(folder).net_connections("tcp") if c.status == "LISTEN"]


def test_it_outlives_the_process_that_started_it_and_is_found_again(folder):
    first = start(folder)
    write_mark(url_of(first))
    first.kill()
    first.communicate()
    pid = postmaster(folder).pid
    second = start(folder)
    assert marks(url_of(second)) == 1
    assert postmaster(folder).pid == pid
    end(second)


def test_processes_that_start_it_together_share_one(folder):
    processes = [start(folder) for _ in range(3)]
    assert len({url_of(process) for process in processes}) == 1
    for process in processes:
        end(process)


def test_a_killed_postmaster_comes_back_with_everything_that_was_committed(folder):
    for n in range(1, 3):
        process = start(folder)
        url = url_of(process)
        write_mark(url)
        kill(folder)
        end(process)
        again = start(folder)
        assert marks(url_of(again)) == n
        end(again)


def test_the_process_that_keeps_it_can_bring_it_back(folder):
    server = EmbeddedPostgres(folder)
    write_mark(server.url)
    assert server.is_running()
    kill(folder)
    assert not server.is_running()
    server.start_again()
    assert marks(server.url) == 1


def test_a_stopped_server_starts_again_in_the_same_process(folder):
    server = EmbeddedPostgres(folder)
    write_mark(server.url)
    server.stop()
    assert not server.is_running()
    again = EmbeddedPostgres(folder)
    assert marks(again.url) == 1
    assert again.started_here


def test_only_who_started_it_is_asked_to_stop_it(folder):
    sealer = start(folder)
    url_of(sealer)
    assert not EmbeddedPostgres(folder).started_here
    end(sealer)


@pytest.mark.soak
def test_a_number_left_by_a_crash_that_is_now_another_programs_does_not_mislead_it(folder):
    process = start(folder)
    write_mark(url_of(process))
    kill(folder)
    end(process)
    left = (folder / "postmaster.pid").read_text().splitlines()
    left[0] = str(os.getpid())
    (folder / "postmaster.pid").write_text("\n".join(left) + "\n")
    again = start(folder)
    assert marks(url_of(again)) == 1
    end(again)


@pytest.mark.soak
def test_a_first_start_that_is_killed_half_way_is_begun_anew(folder):
    first = start(folder, group=0)
    waiting.until(lambda: any(folder.parent.rglob("PG_VERSION")), timeout=30)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    for process in psutil.process_iter(
        ["cmdline"]
    ):  # what it started in groups of their own, for this folder
        if str(folder.parent) in " ".join(process.info["cmdline"] or []):
            process.kill()
            process.wait(10)
    again = start(folder)
    write_mark(url_of(again))
    end(again)


def run_as_nobody(folder, answers):
    """What an ordinary user does, in a process of theirs."""
    nobody = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)
    server = EmbeddedPostgres(folder)
    write_mark(server.url)
    answers.send((server.url, postmaster(folder).uids().real == nobody.pw_uid))
    server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_an_ordinary_user_runs_one_beside_roots(folder):
    roots = EmbeddedPostgres(folder)
    write_mark(roots.url)
    nobody = pwd.getpwnam("nobody")
    theirs = folder.parent.parent / "theirs"
    theirs.mkdir()
    os.chown(theirs, nobody.pw_uid, nobody.pw_gid)
    here, there = multiprocessing.Pipe()
    # Forked, because an interpreter in root's home could not be started by anybody else.
    process = multiprocessing.get_context("fork").Process(
        target=run_as_nobody, args=(theirs / "postgres", there)
    )
    process.start()
    assert here.poll(60)
    url, is_theirs = here.recv()
    assert is_theirs
    assert url != roots.url
    process.join(30)
    assert process.exitcode == 0
    assert not (theirs / "postgres" / "postmaster.pid").exists()


def test_a_folder_whose_path_no_socket_can_have_is_refused(folder):
    with pytest.raises(ConfigurationError, match="too long"):
        EmbeddedPostgres(folder / ("x" * 90))


def test_a_folder_that_cannot_be_one_is_a_clear_error(folder):
    folder.parent.mkdir(parents=True)
    folder.write_text("a file")
    with pytest.raises(ConfigurationError, match="does not start in"):
        EmbeddedPostgres(folder)


def test_another_folders_files_are_left_alone(folder):
    folder.mkdir(parents=True)
    (folder / "letter.txt").write_text("mine")
    with pytest.raises(ConfigurationError):
        EmbeddedPostgres(folder)
    assert (folder / "letter.txt").read_text() == "mine"


@pytest.mark.soak
def test_a_half_written_postmaster_file_does_not_stop_it(folder):
    process = start(folder)
    write_mark(url_of(process))
    kill(folder)
    end(process)
    left = (folder / "postmaster.pid").read_text().splitlines()
    (folder / "postmaster.pid").write_text("\n".join(left[:3]))
    again = start(folder)
    assert marks(url_of(again)) == 1
    end(again)


@pytest.mark.soak
def test_a_start_right_after_the_kill_waits_for_the_processes_that_are_left(folder):
    process = start(folder)
    url = url_of(process)
    write_mark(url)
    with psycopg.connect(url) as busy:
        backend = psutil.Process(busy.info.backend_pid)
        backend.suspend()  # it holds the memory and cannot notice that its postmaster is gone
        os.kill(postmaster(folder).pid, signal.SIGKILL)
        again = start(folder)
        waiting.until(lambda: "still in use" in (folder / "log").read_text(), timeout=20)
        backend.kill()
    assert marks(url_of(again)) == 1
    end(again)
    end(process)
