"""The tight loop of triopg, for `postgres_backend.py`: run by an interpreter that has it. Prints seconds a write."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import trio_asyncio
import triopg


async def write_all(url, plan, size):
    async with triopg.connect(url) as connection:
        began = time.perf_counter()
        for start in range(0, len(plan), size):
            async with connection.transaction():
                for statements in plan[start : start + size]:
                    await connection.execute("SAVEPOINT apart")
                    for sql, values, expects in statements:
                        status = await connection.execute(sql, *values)
                        if expects is not None and int(status.split()[-1]) != expects:
                            raise AssertionError(status)
                    await connection.execute("RELEASE SAVEPOINT apart")
        return (time.perf_counter() - began) / len(plan)


if __name__ == "__main__":
    task = json.loads(Path(sys.argv[1]).read_text())
    print(trio_asyncio.run(write_all, task["url"], task["plan"], task["size"]))
