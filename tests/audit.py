"""Known vulnerabilities of the installed packages: ``python -m tests.audit``; says so where the index does not answer."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request

INDEX = "https://pypi.org/pypi/pip/json"  # where pip-audit asks


def main() -> int:
    """Print what pip-audit has found. Returns the exit status: 1 for a package with a known vulnerability."""
    try:
        urllib.request.urlopen(INDEX, timeout=10).close()
    except OSError as error:
        print(f"AUDIT SKIPPED: {INDEX} does not answer ({error}). No package was checked for known vulnerabilities.")
        return 0
    command = [sys.executable, "-m", "pip_audit", "--local", "--progress-spinner", "off", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except ValueError:
        print(f"AUDIT SKIPPED: pip-audit gave no report.\n{done.stderr.strip()[-1000:]}")
        return 0
    checked = [package for package in packages if "skip_reason" not in package]
    if not checked:
        print(f"AUDIT SKIPPED: the index has no advisories. None of {len(packages)} packages was checked.")
        return 0
    vulnerable = [package for package in checked if package["vulns"]]
    for package in vulnerable:
        print(f"{package['name']} {package['version']}: {', '.join(vuln['id'] for vuln in package['vulns'])}")
    print(f"Audit: {len(checked)} of {len(packages)} packages checked, {len(vulnerable)} with a known vulnerability.")
    return 1 if vulnerable else 0


if __name__ == "__main__":
    sys.exit(main())
