#!/usr/bin/env python3
"""Runs every Rust test binary of the workspace, side by side, those that take longest first: `cargo test` runs one after
the other, and the long ones have one thread each or wait. Prints what each printed when it has
ended, and at the end those that failed. Run by tests/run after the build.

    tests/parallel.py               all of them, and the documentation tests
    tests/parallel.py NAME...       those of these names
"""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
# As tests/run builds: other settings would build everything once more.
os.environ["CARGO_INCREMENTAL"] = "0"
# Those that take a minute and more, the longest first; every other takes seconds.
LONG = ["durability", "mutations", "engine", "report", "xstate", "river", "conformance", "versions", "web"]
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
    done = subprocess.run([executable], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    verdict = "ok" if done.returncode == 0 else f"FAILED ({done.returncode})"
    printed = done.stdout.decode(errors="replace").strip()
    print(f"\n-- {folder.name}, {name}: {verdict}, {time.monotonic() - began:.0f} s\n{printed}", flush=True)
    return done.returncode == 0


def main():
    wanted, began = sys.argv[1:], time.monotonic()
    tests = [test for test in binaries() if not wanted or test[0] in wanted]
    unknown = set(wanted) - {name for name, _, _ in tests}
    if unknown or not tests:
        sys.exit(f"no test binary is called {', '.join(sorted(unknown))}")
    rank = {name: number for number, name in enumerate(LONG)}
    tests.sort(key=lambda test: rank.get(test[0], len(LONG)))
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        failed = [test for test, passed in zip(tests, pool.map(lambda test: run(*test), tests)) if not passed]
    if not wanted and subprocess.run(["cargo", "test", "--workspace", "--locked", "--doc", "--quiet"], cwd=ROOT).returncode:
        failed.append(("--doc", ROOT, ""))
    print(f"\n{len(tests)} test binaries, {len(failed)} failed, {time.monotonic() - began:.0f} s", flush=True)
    for name, folder, _ in failed:
        again = "cargo test --workspace --doc" if name == "--doc" else f"tests/parallel.py {name}"
        print(f"  {folder.name}, {name}: again with {again}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
