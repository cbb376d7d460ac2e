"""nginx as a reverse proxy, and as the things that answer on a registry's port without being one.

It runs as one foreground process, without any of the system's files; what it answers is one of the rows below.
"""

from __future__ import annotations

__all__ = ["HTML_PAGE", "REDIRECT_TO_TLS", "UNAVAILABLE", "nginx", "nginx_of", "proxy_to"]

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.peers.certificates import Certificate
from tests.peers.process import running, wait_until_listening
from tests.peers.programs import Address, Login, free_port

REDIRECT_TO_TLS = "return 301 https://$host$request_uri;"
UNAVAILABLE = "return 503;"
HTML_PAGE = "default_type text/html; return 200 '<!doctype html><title>Welcome</title><p>Please log in.';"

CONFIG = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr info;
events {{ worker_connections 256; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {servers}
}}
"""
SERVER = "server {{ listen {listen}; {tls} {login} location / {{ {answer} }} }}"


def proxy_to(upstream: Address) -> str:
    """Return the answer that a registry at `upstream` gives, whatever the size of what is pushed."""
    return f"""
        client_max_body_size 0;
        proxy_request_buffering off;
        proxy_http_version 1.1;
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_pass http://{upstream};
    """


@contextmanager
def nginx(
    folder: Path,
    answer: str,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    namespace: str | None = None,
    tls: Certificate | None = None,
    login: Login | None = None,
) -> Iterator[Address]:
    """Run nginx giving `answer` (a constant of this module, or `proxy_to`); port 0 is a free one."""
    address = Address(host, port or free_port(host))
    folder.mkdir(parents=True, exist_ok=True)
    server = SERVER.format(
        listen=f"{address} ssl" if tls else str(address),
        tls=f"ssl_certificate {tls.chain}; ssl_certificate_key {tls.key};" if tls else "",
        login=_login(folder, login) if login else "",
        answer=answer,
    )
    with nginx_of(folder, server, ports=frozenset({address.port}), namespace=namespace):
        yield address


@contextmanager
def nginx_of(folder: Path, servers: str, *, ports: frozenset[int], namespace: str | None = None) -> Iterator[None]:
    """Run nginx with these blocks `server { … }`, which listen on `ports`."""
    folder.mkdir(parents=True, exist_ok=True)
    config, log = folder / "nginx.conf", folder / "nginx.log"
    config.write_text(CONFIG.format(folder=folder, servers=servers))
    argv = ["nginx", "-p", str(folder), "-e", "stderr", "-c", str(config)]
    with running(argv, log=log, namespace=namespace) as process:
        wait_until_listening(process, log=log, ports=ports)
        yield


def _login(folder: Path, login: Login) -> str:
    htpasswd = folder / "htpasswd"
    htpasswd.write_text(f"{login.line}\n")
    return f'auth_basic "boxship tests"; auth_basic_user_file {htpasswd};'
