"""A real nginx in front of applications, with the headers that it sends unless it is set up otherwise."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2

from tests.tools import require_tool

NGINX = shutil.which("nginx") or ("/usr/sbin/nginx" if Path("/usr/sbin/nginx").exists() else "")
CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream playground {{ {rule} {servers} }}
  server {{ listen 127.0.0.1:{port}; client_max_body_size 50m; {locations} }}
}}
"""


@contextmanager
def nginx(
    folder: Path, port: int, addresses: Sequence[str], locations: Mapping[str, str], settings: str = "", rule: str = ""
) -> Iterator[str]:
    """nginx on this port, in front of the applications at these addresses. Yields its address.

    ``locations`` are paths and the address that each is passed to, such as ``{"/play/": "http://playground/"}``;
    ``settings`` stand in each of them, ``rule`` says how the applications are chosen.
    """
    if not NGINX:
        require_tool("nginx")
    folder.mkdir(exist_ok=True)
    file = folder / "nginx.conf"
    servers = " ".join(f"server {address.removeprefix('http://')};" for address in addresses)
    routes = " ".join(f"location {path} {{ proxy_pass {target}; {settings} }}" for path, target in locations.items())
    file.write_text(CONFIGURATION.format(folder=folder, rule=rule, servers=servers, port=port, locations=routes))
    process = subprocess.Popen([NGINX, "-c", file, "-p", folder], stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            httpx2.get(address, trust_env=False, verify=False)
            break
        except httpx2.HTTPError:
            time.sleep(0.05)
    try:
        yield address
    finally:
        process.terminate()
        process.wait()
