"""Bots in libraries that are not ours, run against the sandbox unchanged.

Starts `vestnik sandbox`, then each bot, and acts as its user through /ctl: what the bot made of it is compared with what
was to come. Needs nothing but Python; the bots' libraries are installed by `run`, beside this file.

    python3 run.py VESTNIK NAME COMMAND... [-- NAME COMMAND...]
"""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

LIMIT = 30
TOKEN = "4200000042:sandbox-token-that-opens-nothing-xx"
FIRST_CHAT = 500


class Sandbox:
    def __init__(self, vestnik: str) -> None:
        command = [vestnik, "sandbox", "--listen", "127.0.0.1:0", "--limits", "off", "--token", TOKEN]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.url = ""
        for line in self.process.stdout:
            words = [word.rstrip(".,;/") for word in line.split() if "http://127.0.0.1:" in word]
            if words:
                self.url = words[0][words[0].index("http://"):]
                break
        assert self.url, "the sandbox did not say where it listens"

    def ctl(self, path: str, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/ctl/{path}", data, {"content-type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=LIMIT) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.code} {error.read().decode()}") from None

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(LIMIT)


class User:
    """Somebody who talks to the bot."""

    def __init__(self, sandbox: Sandbox, chat: int, name: str, bot: subprocess.Popen) -> None:
        self.sandbox, self.chat, self.bot = sandbox, chat, bot
        sandbox.ctl("chats", [{"id": chat, "first_name": name, "state": "never_started"}])

    def act(self, do: str, **more):
        return self.sandbox.ctl("act", {"do": do, "chat": self.chat, **more})

    def messages(self) -> list:
        """What the bot sent, oldest first."""
        return [message for message in self.sandbox.ctl(f"chats/{self.chat}/messages") if message["method"]]

    def wait(self, what: str, is_there):
        until = time.monotonic() + LIMIT
        while time.monotonic() < until:
            assert self.bot.poll() is None, f"{what}: the bot has ended"
            found = is_there(self.messages())
            if found:
                return found
            time.sleep(0.02)
        raise AssertionError(f"{what}: it did not come; there is {json.dumps(self.messages(), ensure_ascii=False, indent=1)}")

    def gets(self, text: str) -> dict:
        return self.wait(text, lambda messages: next((m for m in reversed(messages) if m["text"] == text), None))


def conversation(sandbox: Sandbox, chat: int, bot: subprocess.Popen) -> None:
    boris = User(sandbox, chat, "Boris", bot)
    boris.act("start", payload="src_ads")
    hello = boris.gets("Hello, Boris! [src_ads]")
    assert hello["entities"] == [["bold", 7, 5]], hello
    assert [[label for label, _ in row] for row in hello["buttons"]] == [["One more", "Docs"]], hello

    for count in (1, 2):
        query = boris.act("press", message_id=hello["message_id"], data=f"more:{count}")
        edited = boris.gets(f"Pressed {count}")
        assert edited["message_id"] == hello["message_id"] and edited["edited"], edited
        assert edited["buttons"] == [[["One more", f"more:{count + 1}"]]], edited
        answered(sandbox, query["query"], f"That makes {count}")

    boris.act("say", text="/photo")
    first, second = boris.gets("A pixel"), boris.gets("The same by its id")
    assert first["method"] == second["method"] == "sendPhoto", (first, second)
    assert first["media"] and second["media"], (first, second)

    pays(sandbox, boris, [])
    regret = User(sandbox, chat + 1, "Regret", bot)
    regret.act("start")
    regret.gets("Hello, Regret! []")
    pays(sandbox, regret, ["Given back 250"])


def pays(sandbox: Sandbox, user: User, then: list) -> None:
    user.act("say", text="/buy")
    invoice = user.wait("an invoice", lambda messages: next((m for m in messages if m["method"] == "sendInvoice"), None))
    user.act("pay", message_id=invoice["message_id"])
    for text in ["Paid 250 XTR for month", *then]:
        user.gets(text)


def answered(sandbox: Sandbox, query: str, text: str) -> None:
    until = time.monotonic() + LIMIT
    while sandbox.ctl(f"presses/{query}").get("answer") != text:
        assert time.monotonic() < until, f"the press was not answered with `{text}`: {sandbox.ctl(f'presses/{query}')}"
        time.sleep(0.02)


def bots(words: list) -> list:
    split, found = [], []
    for word in [*words, "--"]:
        if word == "--":
            found.append((split[0], split[1:]))
            split = []
        else:
            split.append(word)
    return found


def main() -> None:
    vestnik, *words = sys.argv[1:]
    for name, command in bots(words):
        sandbox = Sandbox(vestnik)
        bot = subprocess.Popen(command, env={**os.environ, "API_URL": sandbox.url, "TELEGRAM_TOKEN": TOKEN})
        try:
            conversation(sandbox, FIRST_CHAT, bot)
            counters = sandbox.ctl("counters")
        finally:
            bot.terminate()
            bot.wait(LIMIT)
            sandbox.stop()
        print(f"{name}: ok, {counters.get('accepted')} messages")


main()
