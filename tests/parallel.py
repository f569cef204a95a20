#!/usr/bin/env python3
"""Runs every Rust test binary of the workspace, side by side, those that take longest first: `cargo test` runs one after
the other, and the long ones have one thread each or wait. Prints what each printed when it has ended, how long it took and
how long processors worked for it, and at the end those that failed. Run by tests/run after the build.

    tests/parallel.py               all of them
    tests/parallel.py NAME...       those of these names
"""

import concurrent.futures
import json
import os
import pathlib
import resource
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
# As tests/run builds: other settings would build everything once more.
os.environ["CARGO_INCREMENTAL"] = "0"
# Those that take long, the longest first; every other takes seconds.
LONG = ["durability", "mutations", "engine", "report", "versions", "xstate", "sensing", "river", "conformance", "store",
        "postgresql", "web", "check", "simulation", "chart"]
# `durability` mostly waits: beside it every processor has a run.
AT_ONCE = os.cpu_count() + 1


def binaries():
    """(name, package directory, executable) of each test binary; builds what is missing."""
    command = ["cargo", "test", "--workspace", "--lib", "--bins", "--tests", "--locked", "--no-run"]
    command.append("--message-format=json-render-diagnostics")
    built = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if built.returncode != 0:
        sys.exit("the tests do not compile: see above")
    for line in built.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["profile"]["test"]:
            yield message["target"]["name"], pathlib.Path(message["manifest_path"]).parent, message["executable"]


def run(name, folder, executable):
    """Whether it passed. Its folder and manifest directory are those that `cargo test` gives."""
    began = time.monotonic()
    environment = {**os.environ, "CARGO_MANIFEST_DIR": str(folder)}
    test = subprocess.Popen([executable], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    with test.stdout:
        printed = test.stdout.read().decode(errors="replace").strip()
    # Tells what it used, and what those used that it waited for; a PostgreSQL of its own is none of them.
    _, status, used = os.wait4(test.pid, 0)
    test.returncode = os.waitstatus_to_exitcode(status)
    verdict = "ok" if test.returncode == 0 else f"FAILED ({test.returncode})"
    took = f"{time.monotonic() - began:.0f} s, CPU {used.ru_utime + used.ru_stime:.0f} s"
    print(f"\n-- {folder.name}, {name}: {verdict}, {took}\n{printed}", flush=True)
    return test.returncode == 0


def cpu():
    """Seconds that processors worked for those that were waited for so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main():
    wanted, began = sys.argv[1:], time.monotonic()
    tests = [test for test in binaries() if not wanted or test[0] in wanted]
    unknown = set(wanted) - {name for name, _, _ in tests}
    if unknown or not tests:
        sys.exit(f"no test binary is called {', '.join(sorted(unknown))}")
    built = cpu()
    rank = {name: number for number, name in enumerate(LONG)}
    tests.sort(key=lambda test: rank.get(test[0], len(LONG)))
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        failed = [test for test, passed in zip(tests, pool.map(lambda test: run(*test), tests)) if not passed]
    worked = cpu() - built
    took = f"{time.monotonic() - began:.0f} s, CPU {worked:.0f} s"
    print(f"\n{len(tests)} test binaries, {len(failed)} failed, {took}", flush=True)
    for name, folder, _ in failed:
        print(f"  {folder.name}, {name}: again with tests/parallel.py {name}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
