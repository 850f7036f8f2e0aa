#!/usr/bin/env python3
"""relay_test.py RELAY: the relay against a real database (PGHOST, PGUSER), a real HTTP and a real SMTP server.

Each test has an organisation of its own in a new database; the lines are those of TAP.
"""

import base64
import email
import email.policy
import hashlib
import hmac
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse

from receivers import HttpReceiver, SmtpReceiver

PROGRAM = sys.argv[1]
DATABASE = "relay_test"
# What must never be seen: in no log, in no table.
SECRETS = {
    "telegram token": "7001:telegram-token-zX81",
    "slack path": "/services/T0/B0/slack-path-qW92",
    "webhook path": "/hook/webhook-path-eR03",
    "webhook secret": "webhook-secret-tY14",
    "bearer": "bearer-token-uI25",
    "smtp password": "smtp-password-oP36",
}
logs = tempfile.TemporaryDirectory()
checks = failures = 0


def check(holds, what, detail=""):
    global checks, failures
    checks += 1
    failures += not holds
    print(f"{'ok' if holds else 'not ok'} {checks} - {what}", flush=True)
    if not holds and detail != "":
        print(f"# {detail}"[:2000], flush=True)


def sql(query):
    done = subprocess.run(["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-d", DATABASE, "-c", query],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return done.stdout.strip()


def eventually(condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def enqueue(channel, destination, count=1, prefix="m", **message):
    text = message.get("body", "text")
    subject = message.get("subject")
    sql(f"""SELECT count(revenue.enqueue_message('{prefix}' || i, '{channel}', '{destination}', $b${text}$b$,
      {'NULL' if subject is None else '$s$' + subject + '$s$'}, '{{"n": 1}}')) FROM generate_series(1, {count}) AS i""")


def states():
    return sql("SELECT string_agg(state || ' ' || n, ', ' ORDER BY state) FROM (SELECT state, count(*) AS n FROM revenue.outbox GROUP BY state) AS s")


class Relay:
    number = 0

    def __init__(self, **environment):
        Relay.number += 1
        self.log = os.path.join(logs.name, f"{Relay.number}.log")
        self.environment = {
            "PATH": os.environ["PATH"], "RELAY_NAME": f"relay {Relay.number}",
            "RELAY_DATABASE": f"host={os.environ['PGHOST']} dbname={DATABASE} user=relay_test",
            "RELAY_ORG": "1", "RELAY_POLL_SECONDS": "1", "RELAY_TIMEOUT_SECONDS": "5", "RELAY_LEASE_SECONDS": "7",
        } | environment
        self.environment = {name: value for name, value in self.environment.items() if value is not None}
        with open(self.log, "w") as log:
            self.process = subprocess.Popen([PROGRAM], env=self.environment, stderr=log, stdout=log)

    def text(self):
        return open(self.log).read()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def webhook(receiver, *names):
    return {f"RELAY_WEBHOOK_{name}_URL": f"http://127.0.0.1:{receiver.port}{SECRETS['webhook path']}" for name in names or ["ERP"]}


def key(request):
    return request.headers["Idempotency-Key"]


def test_channels():
    http, smtp = HttpReceiver(), SmtpReceiver()
    relay = Relay(
        RELAY_SLACK_SALES_TEAM_URL=f"http://127.0.0.1:{http.port}{SECRETS['slack path']}",
        RELAY_TELEGRAM_OPS_TOKEN=SECRETS["telegram token"], RELAY_TELEGRAM_OPS_CHAT="-100200",
        RELAY_TELEGRAM_API=f"http://127.0.0.1:{http.port}",
        RELAY_WEBHOOK_ERP_SECRET=SECRETS["webhook secret"],
        RELAY_WEBHOOK_ERP_HEADER=f"Authorization: Bearer {SECRETS['bearer']}",
        RELAY_EMAIL_CFO_TO="Carla <cfo@example.org>, board@example.org",
        RELAY_SMTP_URL=f"smtp://127.0.0.1:{smtp.port}", RELAY_SMTP_TLS="none", RELAY_SMTP_USER="revenue",
        RELAY_SMTP_PASSWORD=SECRETS["smtp password"], RELAY_SMTP_FROM="Revenue <revenue@example.com>", **webhook(http))
    body = 'Zürich 💶 says "<hello>" & more\n.\nlast line'
    enqueue("slack", "sales_team", prefix="s", body=body, subject="MRR < plan")
    enqueue("telegram", "ops", prefix="t", body=body)
    enqueue("telegram", "ops", prefix="long", body="Ä" * 5000, subject="Long")
    enqueue("webhook", "erp", prefix="w", body=body, subject="Subject")
    enqueue("email", "cfo", prefix="e", body=body, subject="Prognose für das Quartal: mehr als zwanzig Prozent unter dem Stand vor sieben Tagen")
    check(eventually(lambda: states() == "sent 5"), "all channels deliver", states() + relay.text())

    by_path = {urllib.parse.unquote(r.path): r for r in http.requests}
    slack = json.loads(by_path[SECRETS["slack path"]].body)
    check(slack == {"text": "*MRR &lt; plan*\n" + body.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")},
          "Slack gets its text, escaped", slack)
    telegram = json.loads(by_path[f"/bot{SECRETS['telegram token']}/sendMessage"].body)
    check(telegram["chat_id"] == "-100200" and telegram["text"] == body, "Telegram gets chat and text", telegram)
    document = by_path[f"/bot{SECRETS['telegram token']}/sendDocument"]
    check(("Ä" * 5000).encode() in document.body and b'filename="message.txt"' in document.body,
          "and what is too long for it as a file")
    hook = by_path[SECRETS["webhook path"]]
    payload = json.loads(hook.body)
    check(payload["body"] == body and payload["payload"] == {"n": 1} and payload["idempotency_key"] == "w1"
          and payload["message_id"] == key(hook), "a webhook gets everything", payload)
    signed = hmac.new(SECRETS["webhook secret"].encode(), hook.headers["X-Revenue-Timestamp"].encode() + b"." + hook.body, hashlib.sha256)
    check(hook.headers["X-Revenue-Signature"] == "sha256=" + signed.hexdigest(), "signed")
    check(hook.headers["Authorization"] == f"Bearer {SECRETS['bearer']}", "with its header")
    sender, recipients, text = smtp.mails[0]
    mail = email.message_from_string(text, policy=email.policy.default)
    check(sender.startswith("MAIL FROM:<revenue@example.com>") and recipients == ["RCPT TO:<cfo@example.org>", "RCPT TO:<board@example.org>"],
          "a mail has its envelope", (sender, recipients))
    check(mail["Subject"].startswith("Prognose für das Quartal") and mail["Subject"].endswith("sieben Tagen")
          and mail.get_content().replace("\r\n", "\n") == body and max(map(len, text.splitlines())) <= 78,
          "its subject and text", text)
    check(base64.b64decode(smtp.logins[0]) == f"\0revenue\0{SECRETS['smtp password']}".encode(), "and its login")
    message_id = sql("SELECT message_id FROM revenue.outbox WHERE channel = 'email'")
    check(mail["Message-ID"] == f"<{message_id}@example.com>", "a second one would have the same Message-ID", mail["Message-ID"])
    check(relay.stop() == 0, "and it stops when asked to")
    http.stop()
    smtp.stop()


def test_answers():
    """What a receiver answers decides whether a message is tried again, and its words give no secret away."""
    seen = {}

    def behave(request):
        seen[key(request)] = n = seen.get(key(request), 0) + 1
        name = json.loads(request.body)["idempotency_key"]
        echo = f"bad {request.path} {request.headers.get('Authorization')} {SECRETS['webhook secret']} {SECRETS['bearer']}".encode()
        if name == "refused1":
            return 400, {}, echo
        if name == "token1":
            return 401, {}, echo
        if name == "busy1" and n == 1:
            return 429, {"Retry-After": "6"}, b"slow down"
        if name == "moved1":
            return 302, {"Location": f"http://127.0.0.1:{other.port}/"}, b""
        return 200, {}, b"ok"

    http, other, smtp = HttpReceiver(behave), HttpReceiver(), SmtpReceiver()
    relay = Relay(RELAY_WEBHOOK_ERP_SECRET=SECRETS["webhook secret"], RELAY_WEBHOOK_ERP_HEADER=f"Authorization: Bearer {SECRETS['bearer']}",
                  RELAY_EMAIL_GONE_TO="refused@example.org", RELAY_EMAIL_BUSY_TO="busy@example.org", RELAY_SMTP_TLS="none",
                  RELAY_SMTP_URL=f"smtp://127.0.0.1:{smtp.port}", RELAY_SMTP_FROM="revenue@example.com", **webhook(http, "ERP", "TOKEN", "BUSY", "MOVED"))
    for name, destination in (("refused", "erp"), ("token", "token"), ("busy", "busy"), ("moved", "moved")):
        enqueue("webhook", destination, prefix=name)
    enqueue("email", "gone", prefix="gone")
    enqueue("email", "busy", prefix="soon")
    enqueue("slack", "nobody", prefix="unknown")
    state = lambda name: sql(f"SELECT state || ' ' || attempts FROM revenue.outbox WHERE idempotency_key = '{name}1'")
    check(eventually(lambda: state("busy") == "sent 2" and state("soon") == "sent 2"), "429 and 451 are tried again",
          state("busy") + " " + state("soon") + relay.text())
    waited = sql("SELECT sent_at - created_at >= interval '6 s' FROM revenue.outbox WHERE idempotency_key = 'busy1'")
    check(waited == "t", "after as long as the receiver asked for")
    check(state("refused") == "dead 1" and state("gone") == "dead 1", "400 and 550 are not tried again", state("refused") + state("gone"))
    check(state("token").startswith("pending") and state("moved").startswith("pending"), "401 waits to be put right, and a redirect",
          state("token") + state("moved"))
    check(other.requests == [], "which is not followed")
    check(state("unknown") == "pending 0", "a destination that this relay does not know is left to another")
    error = sql("SELECT last_error FROM revenue.outbox WHERE idempotency_key = 'refused1'")
    check(error.startswith("HTTP 400: bad ***"), "the error says what was wrong, without what is secret", error)
    http.behave = lambda request: (200, {}, b"ok")
    check(sql("SELECT revenue.retry_messages()") == "2", "dead letters can be revived")
    check(eventually(lambda: state("refused") == "sent 1"), "and are delivered then", state("refused") + relay.text())
    relay.stop()
    http.stop(), other.stop(), smtp.stop()


def test_down_for_a_while():
    first = HttpReceiver()
    port = first.port
    first.stop()
    relay = Relay(**webhook(first))
    enqueue("webhook", "erp", 50)
    time.sleep(4)
    attempts = int(sql("SELECT sum(attempts) FROM revenue.outbox"))
    check(states() == "pending 50" and 0 < attempts <= 16, "while the receiver is down messages wait, and few attempts are spent", (states(), attempts))
    http = HttpReceiver(port=port)
    check(eventually(lambda: states() == "sent 50", 30), "all are delivered once it is back", states() + relay.text())
    check(len(http.accepted) == 50 == len({key(r) for r in http.accepted}), "each once")
    relay.stop()
    http.stop()


def test_killed_in_the_middle():
    holding = threading.Event()

    def slowly(_):
        holding.wait(4)
        return 200, {}, b"ok"

    http = HttpReceiver(slowly)
    relay = Relay(**webhook(http), RELAY_CONCURRENCY="4")
    enqueue("webhook", "erp", 10)
    eventually(lambda: len(http.requests) == 4)
    relay.kill()
    check(states() == "pending 10" and sql("SELECT count(*) FROM revenue.outbox WHERE leased_by IS NOT NULL") == "4",
          "a relay killed while it sends leaves its messages leased", states())
    holding.set()
    again = Relay(**webhook(http))
    check(eventually(lambda: states() == "sent 10"), "and another takes them when the lease ends", states() + again.text())
    keys = [key(r) for r in http.accepted]
    check(len(set(keys)) == 10 and len(keys) == 14, "what was sent twice has the same key, so that the receiver can tell", len(keys))
    check(sql("SELECT count(*) FROM revenue.outbox WHERE attempts = 2") == "4", "and counts as two attempts")
    again.stop()
    http.stop()


def test_stops_gracefully():
    http = HttpReceiver(lambda _: (time.sleep(1.5), (200, {}, b"ok"))[1])
    relay = Relay(**webhook(http), RELAY_CONCURRENCY="2")
    enqueue("webhook", "erp", 6)
    eventually(lambda: len(http.requests) == 2)
    began = time.monotonic()
    code = relay.stop()
    check(code == 0 and time.monotonic() - began < 4, "asked to stop, it lets its attempts end", (code, time.monotonic() - began))
    check(states() == "pending 4, sent 2" and len(http.requests) == 2, "reports them, and begins no other", states())
    http.stop()


def test_notified():
    http = HttpReceiver()
    relay = Relay(**webhook(http), RELAY_POLL_SECONDS="60")
    eventually(lambda: "connected" in relay.text())
    time.sleep(0.5)
    began = time.monotonic()
    enqueue("webhook", "erp")
    check(eventually(lambda: http.accepted, 5), "a message is delivered when it is committed, not at the next look")
    print(f"# after {time.monotonic() - began:.2f} s, psql included")
    sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'relay_test'")
    eventually(lambda: relay.text().count("connected") == 2)
    enqueue("webhook", "erp", prefix="after")
    check(eventually(lambda: len(http.accepted) == 2, 5), "and so it is after the connection was lost", relay.text())
    relay.stop()
    http.stop()


def test_ten_thousand():
    """Two relays, a receiver that fails and hangs up, kills and lost connections."""
    luck = random.Random(1)
    seen = set()

    def moody(request):
        draw = luck.random()
        seen.add(key(request))
        if draw < 0.01:
            return 503, {}, b"not now"
        return None if draw < 0.015 else (200, {}, b"ok")

    http = HttpReceiver(moody)
    enqueue("webhook", "erp", 10000)
    began = time.monotonic()
    relays = [Relay(**webhook(http), RELAY_CONCURRENCY="16") for _ in range(2)]
    kills = lost = 0
    for i in range(4):
        eventually(lambda: len(http.accepted) > 1500 * (i + 1), 20)
        if i == 2:
            lost += int(sql("SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'relay_test'"))
        else:
            relays[i % 2].kill()
            kills += 1
            relays[i % 2] = Relay(**webhook(http), RELAY_CONCURRENCY="16")
    done = eventually(lambda: states() == "sent 10000", 90)
    check(done, "10,000 messages: all are delivered", states() + relays[0].text()[-500:])
    took = time.monotonic() - began
    received = [key(r) for r in http.accepted]
    check(len(set(received)) == 10000, "none is lost", len(set(received)))
    twice = len(received) - len(set(received))
    check(twice <= 200, "few come twice", twice)
    check(sql("SELECT count(*) FROM revenue.outbox WHERE leased_by IS NOT NULL OR last_error IS NOT NULL") == "0", "and nothing is left over")
    print(f"# in {took:.1f} s, {twice} of them twice, {len(http.requests) - len(received)} attempts failed, {kills} kills, {lost} lost connections")
    for relay in relays:
        relay.stop()
    http.stop()


def test_settings():
    def code(expected, **environment):
        relay = Relay(**environment)
        return relay.process.wait(10) == 2 and expected in relay.text() or relay.text()

    ok = {"RELAY_SLACK_SALES_URL": f"https://hooks.example{SECRETS['slack path']}"}
    for what, answer in {
        "no destination": code("no destination is set"),
        "a misspelt variable": code("RELAY_SLAK_SALES_URL is not known", **{"RELAY_SLAK_SALES_URL": "https://x"} | ok),
        "an URL that is none": code("RELAY_WEBHOOK_ERP_URL must be an http or https URL", RELAY_WEBHOOK_ERP_URL=SECRETS["webhook path"]),
        "half a destination": code("destination telegram:ops has no CHAT", RELAY_TELEGRAM_OPS_TOKEN=SECRETS["telegram token"]),
        "a destination of nobody": code("destination slack:sales is of no organisation", RELAY_ORG=None, **ok),
        "mail without a server": code("e-mail needs RELAY_SMTP_URL", RELAY_EMAIL_CFO_TO="a@b.example"),
        "a lease too short": code("RELAY_LEASE_SECONDS must be at least 2 more", **{"RELAY_LEASE_SECONDS": "5"} | ok),
        "a number that is none": code("RELAY_CONCURRENCY must be a number from 1 to 256", **{"RELAY_CONCURRENCY": "many"} | ok),
        "a header that is two": code("RELAY_WEBHOOK_ERP_HEADER must be one line", **{"RELAY_WEBHOOK_ERP_HEADER": "A: b\r\nC: d"} | ok),
    }.items():
        check(answer is True, f"{what} stops it at once, by name", answer)
    # A database that is not there yet is waited for.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        relay = Relay(**{"RELAY_DATABASE": f"host=127.0.0.1 port={taken.getsockname()[1]} password={SECRETS['smtp password']}"} | ok)
        check(eventually(lambda: relay.text().count("database: ") >= 2, 10), "a database that does not answer is tried again", relay.text())
        check(relay.stop() == 0, "until it is asked to stop")


def test_secrets():
    """Everything above has been through these."""
    seen = "".join(open(os.path.join(logs.name, name)).read() for name in os.listdir(logs.name))
    for name in SECRETS:
        check(SECRETS[name] not in seen and SECRETS[name].lstrip("/") not in seen, f"no log has the {name}")
    check("sent webhook:erp" in seen and "failed webhook:erp" in seen, "though the logs are there")


def main():
    subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)",
                    "-c", f"CREATE DATABASE {DATABASE}", "-c", "DROP ROLE IF EXISTS relay_test", "-c", "CREATE ROLE relay_test LOGIN"],
                   check=True, stderr=subprocess.DEVNULL)
    sql("CREATE EXTENSION revenue_intel; SELECT revenue.create_org('Relay'); SELECT revenue.grant_relay('relay_test')")
    for test in (test_channels, test_answers, test_down_for_a_while, test_killed_in_the_middle, test_stops_gracefully,
                 test_notified, test_ten_thousand, test_settings, test_secrets):
        print(f"# {test.__name__[5:].replace('_', ' ')}", flush=True)
        began = time.monotonic()
        try:
            stored = sql("SELECT coalesce(string_agg(last_error, ' '), '') FROM revenue.outbox")
            check(not any(secret in stored for secret in SECRETS.values()), "no secret is in the database so far")
            sql("DELETE FROM revenue.outbox")
            test()
        except Exception:  # a test that breaks is one failure, and the next ones run
            check(False, f"{test.__name__} runs to its end", traceback.format_exc().replace("\n", "\n# "))
        print(f"# {time.monotonic() - began:.1f} s", flush=True)
    subprocess.run(["psql", "-X", "-q", "-c", f"DROP DATABASE {DATABASE} WITH (FORCE)", "-c", "DROP ROLE relay_test"], check=False)
    print(f"1..{checks}")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
