"""Outgoing proxies as the environment names them."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit


def read_proxy(address: str) -> str:
    """The address of an HTTP or SOCKS5 proxy with its scheme. Raises ValueError for any other kind of proxy."""
    url = address if "://" in address else f"http://{address}"
    if urlsplit(url).scheme.startswith("socks4"):
        raise ValueError(
            "no SOCKS4 proxy can be used. Name one such as http://proxy.example:3128 or socks5://proxy.example:1080"
        )
    if not re.fullmatch(r"(https?|socks5h?)://([^/\s]*@)?([\w.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?/?", url, re.I):
        raise ValueError("is not the address of a proxy, such as http://proxy.example:3128 or socks5://proxy.example:1080")
    return url


def read_no_proxy(hosts: str) -> list[str]:
    """What is called without a proxy, as httpx writes patterns, or "*" for everything.

    A name stands for its subdomains too; ports and networks such as 10.0.0.0/8 are allowed. Raises ValueError for
    entries that some HTTP client in this process cannot read.
    """
    patterns = []
    for entry in filter(None, re.split(r"[,\s]+", hosts.lower())):
        if entry == "*":
            return ["*"]
        if not re.fullmatch(r"(\*?\.)?[\w-][\w.-]*(:\d{1,5}|/\d{1,2})?|[0-9a-f:]*::?[0-9a-f:.]*", entry):
            raise ValueError("list names and addresses such as example.com, 10.0.0.0/8 or ::1, without schemes and brackets")
        patterns.append(f"all://{_host_pattern(entry)}")
    return patterns


def _host_pattern(entry: str) -> str:
    try:
        network = ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return entry if entry == "localhost" else "*" + entry.removeprefix("*").removeprefix(".")
    return f"[{network.network_address}]" if network.version == 6 else entry
