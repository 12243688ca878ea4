"""HAProxy's configuration as Ray writes it, narrowed to this machine; and the real HAProxy reads it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from rottie.stack import haproxy
from rottie.stack.places import LONGEST_SUFFIX, haproxy_folder
from schemas.settings import Home
from tests.cluster.conftest import free_ports

pytestmark = pytest.mark.skipif(haproxy.binary() is None, reason="HAProxy comes with Ray on Linux only")


def written(folder: Path) -> str:
    """What Ray itself renders for a node without applications."""
    from ray.serve._private.haproxy import HAProxyApi, HAProxyConfig
    from ray.serve.config import HTTPOptions

    config = HAProxyConfig(
        http_options=HTTPOptions(host="127.0.0.1", port=18099),
        is_head=True,
        socket_path=str(folder / "s"),
        server_state_base=str(folder),
        server_state_file=str(folder / "state"),
        metrics_socket_path=str(folder / "m"),
    )
    api = HAProxyApi(cfg=config, config_file_path=str(folder / "c"))
    api._generate_config_file_internal()
    return (folder / "c").read_text()


def test_nothing_listens_elsewhere_than_on_the_api_port(tmp_path: Path) -> None:
    before = written(tmp_path)
    assert "bind *:" in before, "Ray still opens a page of statistics on all interfaces"
    assert "mode 666 level admin" in before
    after = haproxy.narrowed(before, tmp_path)
    assert [line.split()[1] for line in after.splitlines() if line.strip().startswith("bind ")] == ["127.0.0.1:18099"]
    assert " mode 600 level admin" in after
    assert "666" not in after
    assert "splice-request" in before
    assert "splice-request" not in after
    assert haproxy.narrowed(after, tmp_path) == after


def test_haproxy_accepts_what_is_left(tmp_path: Path) -> None:
    written(tmp_path)
    program = Path(sys.executable).parent / haproxy.PROGRAM
    checked = subprocess.run([program, "-db", "-f", str(tmp_path / "c"), "-c"], capture_output=True, timeout=20, text=True)
    assert checked.returncode == 0, checked.stderr
    assert (tmp_path / "c").stat().st_mode & 0o777 == 0o600
    assert "bind *:" not in (tmp_path / "c").read_text()


def test_where_no_gateway_answers_it_says_so_as_the_gateway_would(tmp_path: Path) -> None:
    port, nobody = free_ports(2)
    config = f"""defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
    errorfile 503 {tmp_path}/500.http
frontend http_frontend
    bind 127.0.0.1:{port}
    default_backend gone
backend gone
    server one 127.0.0.1:{nobody}
"""
    (tmp_path / "c").write_text(config)
    program = Path(sys.executable).parent / haproxy.PROGRAM
    running = subprocess.Popen([program, "-db", "-f", str(tmp_path / "c")])
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                reply = httpx.get(f"http://127.0.0.1:{port}/v1/models", trust_env=False, timeout=20)
                break
            except httpx.ConnectError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
    finally:
        running.terminate()
        running.wait(10)
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "1")
    error = reply.json()["error"]
    assert (error["code"], error["type"]) == ("stack.down", "overloaded_error")
    assert "rottie status" in error["hint"]


def test_sockets_fit(tmp_path: Path) -> None:
    home = Home(Path("/srv") / ("x" * 60))
    folder = haproxy_folder(home)
    for name in ("s", "m"):
        assert len(str(folder / ("0" * 56) / name)) + len(".4194304.tmp") <= 107
    assert len("/h/" + "0" * 56 + "/s.4194304.tmp") <= LONGEST_SUFFIX
    found = haproxy.settings(folder)
    assert found["RAY_SERVE_HAPROXY_SOCKET_PATH"].startswith(str(folder))
    assert Path(found["RAY_SERVE_HAPROXY_BINARY_PATH"]).name == haproxy.PROGRAM
