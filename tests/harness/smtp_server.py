"""A real SMTP server (aiosmtpd) whose behaviour the tests choose, for the mail tests.

Accepted mails are written as one JSON object a line to <folder>/mails.jsonl (from, to, raw as base64, tls, user),
after fsync and before the 250. The mode is read from <folder>/mode before each mail, so a test changes it while the
server runs: accept | refuse 451 | refuse 550 | unknown ADDRESS (550 to that recipient) | stall (no answer after DATA) | stall-accept (kept, but never answered).
Prints "ready <port>" when it listens. Ends when its standard input is closed.
"""

import argparse
import asyncio
import base64
import json
import os
import ssl
import sys
import threading

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


def mode_of(folder):
    try:
        with open(os.path.join(folder, "mode"), encoding="utf-8") as file:
            return file.read().strip() or "accept"
    except FileNotFoundError:
        return "accept"


class Keeper:
    """Does with each mail what the mode says."""

    def __init__(self, folder):
        self.folder = folder

    def note(self, kind, **what):
        with open(os.path.join(self.folder, "log.jsonl"), "a", encoding="utf-8") as file:
            file.write(json.dumps({"kind": kind, **what}) + "\n")

    def keep(self, server, session, envelope):
        record = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "raw": base64.b64encode(envelope.content).decode("ascii"),
            "tls": server.transport.get_extra_info("ssl_object") is not None,
            "user": getattr(session, "user", None),
        }
        with open(os.path.join(self.folder, "mails.jsonl"), "a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
            file.flush()
            os.fsync(file.fileno())

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if mode_of(self.folder) == "unknown " + address:
            self.note("rcpt", address=address)
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        mode = mode_of(self.folder)
        self.note("data", mode=mode)
        if mode.startswith("refuse"):
            return mode.split()[1] + " refused by the test"
        if mode == "stall":
            await asyncio.sleep(3600)
        self.keep(server, session, envelope)
        if mode == "stall-accept":
            await asyncio.sleep(3600)
        return "250 2.0.0 kept"



def authenticator(user, password, keeper):
    def check(server, session, envelope, mechanism, data):
        good = (
            isinstance(data, LoginPassword)
            and data.login.decode() == user
            and data.password.decode() == password
        )
        keeper.note("auth", good=good, tls=session.ssl is not None)
        if good:
            session.user = user
        return AuthResult(success=good, handled=good)

    return check


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tls", choices=["none", "starttls", "implicit"], default="none")
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--user")
    parser.add_argument("--password")
    options = parser.parse_args()

    keeper = Keeper(options.folder)
    context = None
    if options.tls != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.cert, options.key)

    arguments = {"enable_SMTPUTF8": True}
    if options.user:
        arguments["authenticator"] = authenticator(options.user, options.password, keeper)
        arguments["auth_required"] = True
        arguments["auth_require_tls"] = options.tls == "starttls"
    if options.tls == "starttls":
        arguments["tls_context"] = context
        arguments["require_starttls"] = True

    async def serve():
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SMTP(keeper, hostname="localhost", loop=loop, **arguments),
            host="127.0.0.1",
            port=options.port,
            ssl=context if options.tls == "implicit" else None,
        )
        print("ready", server.sockets[0].getsockname()[1], flush=True)
        closed = asyncio.Event()

        def wait_for_end():
            sys.stdin.read()
            loop.call_soon_threadsafe(closed.set)

        threading.Thread(target=wait_for_end, daemon=True).start()
        await closed.wait()
        server.close()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
