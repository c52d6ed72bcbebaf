"""What is sent to the web server to fill its disk or its memory, or to keep it waiting."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from crm.office.servers import BASE_DIR
from tests.office.processes import soon

LIMIT = 4  # MB of a file
PATIENCE = 4  # seconds
SIGNED_IN = "Cookie: sessionid=x"  # as far as can be told before the body has come
MEGABYTE = 1 << 20


_SERVE = f"from crm import serve; serve.PATIENCE = {PATIENCE}; serve.main()"


class Web:
    def __init__(self, temp: Path) -> None:
        self.temp = temp
        with socket.create_server(("127.0.0.1", 0)) as line:
            self.port = line.getsockname()[1]
        about = {"PORT": str(self.port), "IMPORT_MAX_MB": str(LIMIT), "TMPDIR": str(temp)}
        self.process = subprocess.Popen(
            [sys.executable, "-c", _SERVE], cwd=BASE_DIR, env=os.environ | about
        )

    def open(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def answers(self) -> bool:
        with suppress(OSError), self.open() as line:
            line.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            return line.recv(12) == b"HTTP/1.1 200"
        return False

    def memory(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) >> 10

    def is_clean(self) -> bool:
        """Nothing is left on the disk, not even of a file without a name."""
        if any(self.temp.iterdir()):
            return False
        for link in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed while we look
                if str(self.temp) in f"{link.readlink()}":
                    return False
        return True


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    if not Path("/proc/self/status").exists():
        pytest.skip("looks at /proc")
    web = Web(tmp_path_factory.mktemp("uploads"))
    try:
        assert soon(web.answers, 60)
        yield web
    finally:
        web.process.kill()
        web.process.wait()


def head(*lines: str) -> bytes:
    usual = ("POST /imports/ HTTP/1.1", "Host: 127.0.0.1", "Content-Type: text/plain")
    return "\r\n".join((*usual, *lines, "", "")).encode()


def sent(line: socket.socket, chunk: bytes, most: int) -> int:
    """Send on until it is cut off; return the megabytes that went through."""
    for n in range(most):
        try:
            line.sendall(chunk)
        except OSError:
            return n
    return most


def answer(line: socket.socket) -> bytes:
    with suppress(ConnectionError):
        return line.recv(12)
    return b""


def test_two_gigabytes_are_refused_before_they_come(web: Web) -> None:
    with web.open() as line:
        line.sendall(head(f"Content-Length: {2 << 30}"))
        assert answer(line) == b"HTTP/1.1 413"
    assert soon(web.is_clean)


def test_a_body_that_tells_no_length_is_cut_at_the_limit(web: Web) -> None:
    before = web.memory()
    with web.open() as line:
        line.sendall(head("Transfer-Encoding: chunked", SIGNED_IN))
        chunk = f"{MEGABYTE:x}\r\n".encode() + b"x" * MEGABYTE + b"\r\n"
        assert sent(line, chunk, 200) < 40  # what the system's buffers swallow
        assert answer(line) in {b"HTTP/1.1 413", b""}
    assert soon(web.is_clean)
    assert web.memory() - before < 30


def test_a_stranger_is_cut_off_before_the_body_comes(web: Web) -> None:
    with web.open() as line:
        line.sendall(head(f"Content-Length: {3 * MEGABYTE}"))
        assert answer(line) == b"HTTP/1.1 413"
    with web.open() as line:
        line.sendall(head("Transfer-Encoding: chunked"))
        line.sendall(b"30000\r\n" + b"x" * 0x30000)  # more than a form, of a body without end
        assert answer(line) == b"HTTP/1.1 413"
    assert soon(web.is_clean)


@pytest.mark.parametrize("cookie", ["", "Cookie: csrftoken=x"])
def test_a_stranger_leaves_nothing_on_the_disk(web: Web, cookie: str) -> None:
    before = web.memory()
    with web.open() as line:
        line.sendall(head(f"Content-Length: {3 * MEGABYTE}", *filter(None, [cookie])))
        sent(line, b"x" * MEGABYTE, 3)
        assert answer(line) == b"HTTP/1.1 413"
    assert soon(web.is_clean)
    assert web.memory() - before < 30


@pytest.mark.parametrize("so_far", [-2, None], ids=["in its head", "in its body"])
def test_whoever_sends_byte_by_byte_keeps_nobody_waiting(web: Web, so_far: int | None) -> None:
    lines = [web.open() for _ in range(150)]
    for line in lines:
        line.sendall(head("Content-Length: 90000")[:so_far] + b"X")
    for _ in range(3):
        for line in lines:
            line.sendall(b"-")
        began = time.monotonic()
        assert web.answers()
        assert time.monotonic() - began < 5
    assert soon(lambda: all(is_cut_off(line) for line in lines), PATIENCE + 20)
    for line in lines:
        line.close()


def is_cut_off(line: socket.socket) -> bool:
    """Whether another byte meets a closed door."""
    line.settimeout(0.01)
    try:
        line.sendall(b"-")
        return line.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True
