"""Programs that keep what they pass on from a registry: ours, and what a cache costs others."""

from __future__ import annotations

__all__ = ["below_up", "boxship_cache", "distribution", "nginx"]

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from load import boxship_registry
from programs import docker_registry, free_address, listening


@contextmanager
def boxship_cache(upstream: str, folder: Path) -> Iterator[str]:
    """A registry of boxship, which has the upstream's repositories below `up`; yields `HOST:PORT`."""
    options = ("--proxy", f"up=http://{upstream}", "--proxy-fresh", "3600", "--in-flight", "0")
    with boxship_registry(folder, *options) as (address, _):
        yield address


@contextmanager
def below_up(upstream: str, folder: Path) -> Iterator[str]:
    """The same; yields where the upstream's repositories are, `HOST:PORT/up`."""
    with boxship_cache(upstream, folder) as address:
        yield f"{address}/up"


@contextmanager
def distribution(upstream: str, folder: Path) -> Iterator[str]:
    """docker-registry as a cache of another, which verifies what it keeps; yields `HOST:PORT`."""
    folder.mkdir()
    with docker_registry(folder, upstream=upstream) as address:
        yield address


@contextmanager
def nginx(upstream: str, folder: Path) -> Iterator[str]:
    """nginx, which keeps what it gets as a file, whatever that is; yields `HOST:PORT`."""
    folder.mkdir()
    address, config = free_address(), folder / "nginx.conf"
    config.write_text(_NGINX.format(address=address, upstream=upstream, folder=folder))
    with listening(["nginx", "-c", str(config)], address, folder / "nginx.log"):
        yield address


# Buffers as large as pay: by default it moves 4 KiB at a time.
_NGINX = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    sendfile on;
    client_body_temp_path {folder}/body;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    proxy_temp_path {folder}/coming;
    server {{
        listen {address};
        location / {{
            proxy_pass http://{upstream};
            proxy_http_version 1.1;
            proxy_store {folder}/kept$uri;
            proxy_max_temp_file_size 4096m;
            proxy_buffer_size 256k;
            proxy_buffers 16 256k;
            proxy_busy_buffers_size 1m;
            proxy_temp_file_write_size 1m;
        }}
    }}
}}
"""
