"""A real PostgreSQL for one test session: made in a temporary folder, reached by a socket, gone afterwards."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg


def binaries() -> Path | None:
    """Return the folder of the newest server binaries installed here, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[-3]))
    if found:
        return found[-1].parent
    plain = shutil.which("initdb")
    return Path(plain).resolve().parent if plain else None


class Cluster:
    """A server of its own, without network and without fsync: fast, and nobody else's."""

    def __init__(self, bin_folder: Path, *, more: str = "-c full_page_writes=off") -> None:
        self.bin, self.more = bin_folder, more
        self.folder = Path(tempfile.mkdtemp(prefix="lowincome-pg-"))
        self.account = self._account()

    def start(self) -> str:
        """Start the server and return the folder of its socket."""
        data = str(self.data)
        self._run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8")
        self.go()
        return str(self.folder)

    @property
    def data(self) -> Path:
        """Where the server keeps everything; mounted there before the start, a small disk."""
        return self.folder / "data"

    def go(self) -> None:
        """Start the server on the data it has; returns when it answers."""
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync=off {self.more}"
        self._run("pg_ctl", "-D", str(self.data), "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def halt(self, mode: str = "immediate") -> None:
        """Stop the server and keep its data; ``immediate`` is what a crash leaves."""
        self._run("pg_ctl", "-D", str(self.data), "-w", "-m", mode, "stop")

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        with contextlib.suppress(subprocess.CalledProcessError):
            self.halt()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _account(self) -> pwd.struct_passwd | None:
        """PostgreSQL refuses to run as root: then the package's own account does."""
        if os.geteuid() != 0:
            return None
        account = pwd.getpwnam("postgres")
        os.chown(self.folder, account.pw_uid, account.pw_gid)
        return account

    def _run(self, program: str, *arguments: str) -> None:
        who = {"user": self.account.pw_uid, "group": self.account.pw_gid} if self.account else {}
        subprocess.run(
            [str(self.bin / program), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            **who,
        )


def execute(socket_folder: str, statement: str) -> None:
    """Run one statement, outside a transaction, as the superuser of the test cluster."""
    with superuser(socket_folder) as connection:
        connection.execute(statement.encode())


def superuser(socket_folder: str) -> psycopg.Connection:
    """Connect as the superuser of the test cluster, outside transactions."""
    return psycopg.connect(host=socket_folder, user="postgres", dbname="postgres", autocommit=True)


def copy(connection: psycopg.Connection, name: str, *, template: str) -> None:
    """Make a database that is as ``template`` is: file by file, which takes half the time that its log would."""
    how = " STRATEGY file_copy" if connection.info.server_version >= 150_000 else ""
    connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}{how}".encode())
