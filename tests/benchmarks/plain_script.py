"""What somebody writes without the product: asyncio and httpx, a poll every half second, files saved as they come.

It is measured beside the product, in a process of its own and before the same service. It checks nothing, keeps
no record, and would lose every task if it were stopped. Prints what it used and saved within the given time as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

import httpx

from tests.benchmarks import own_cpu

INTERVAL_S = 0.5
LIMITS = httpx.Limits()  # none: with those that httpx sets by itself a thousand pollers queue up and none is served
A_SECOND = 200  # so many requests are begun every second, here and by the product


async def run_task(http: httpx.AsyncClient, address: str, folder: Path, number: int) -> tuple[str, float]:
    """From request to saved file. Returns the task and when its file was saved."""
    await asyncio.sleep(number / A_SECOND)
    body = {"model": "flux-2-pro", "prompt": f"A red kite, number {number}"}
    created = (await http.post(f"{address}/api/v1/images/generations", json=body)).json()
    task = created["data"]["task_id"]
    while True:
        await asyncio.sleep(INTERVAL_S)
        data = (await http.get(f"{address}/api/v1/tasks/{task}")).json()["data"]
        if data["status"] == "completed":
            break
    picture = await http.get(data["output"]["images"][0]["url"])
    await asyncio.to_thread((folder / f"{task}.png").write_bytes, picture.content)
    return task, time.time()


async def run(address: str, count: int, within_s: float) -> dict[str, object]:
    headers = {"Authorization": "Bearer plain"}
    with tempfile.TemporaryDirectory() as folder:
        async with httpx.AsyncClient(timeout=120, limits=LIMITS, headers=headers, trust_env=False) as http:
            cpu, begun = own_cpu(), time.monotonic()
            tasks = [asyncio.create_task(run_task(http, address, Path(folder), number)) for number in range(count)]
            done, late = await asyncio.wait(tasks, timeout=within_s)
            measurement = {
                "cpu": own_cpu() - cpu,
                "wall": time.monotonic() - begun,
                "saved": dict(task.result() for task in done),
            }
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
            return measurement


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))))
