#!/usr/bin/env python3
"""Notifications: `notify test` against a real mail server (aiosmtpd), with STARTTLS and a login, and against a webhook under TLS; and what
`holdfast run` tells of, over restarts and kills."""
import email
import email.policy
import http.server
import json
import logging
import pathlib
import ssl
import sys
import tempfile
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
import certificates  # noqa: E402
import processes  # noqa: E402
import scheduler_cases  # noqa: E402

from aiosmtpd.controller import Controller  # noqa: E402
from aiosmtpd.smtp import SMTP, AuthResult  # noqa: E402

PASSWORD = "mail-password-hidden"


class Mailbox:
    """What a server took: (envelope, whether it came under TLS)."""

    def __init__(self):
        self.taken = []

    async def handle_DATA(self, server, session, envelope):
        self.taken.append((envelope, session.ssl is not None))
        return "250 taken"


class MailController(Controller):
    """One that speaks TLS from the first byte when asked to, and takes the one user."""

    def __init__(self, mailbox, certificate=None, key=None, login=False, **options):
        self.tls = None
        if certificate:
            self.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.tls.load_cert_chain(certificate, key)
        self.login = login
        super().__init__(mailbox, hostname="127.0.0.1", port=processes.free_port(), **options)

    @staticmethod
    def authenticate(server, session, envelope, mechanism, data):
        known = (data.login, data.password) == (b"ann", PASSWORD.encode())
        return AuthResult(success=known, handled=False)  # the server answers

    def factory(self):
        return SMTP(self.handler, tls_context=self.tls, require_starttls=self.tls is not None, authenticator=self.authenticate,
                    auth_required=self.login, auth_require_tls=True)


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((self.path, dict(self.headers), json.loads(body)))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *unused):
        pass


def start_hook(test, tls=None, status=200):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.taken, server.status = [], status
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    test.addCleanup(thread.join)
    test.addCleanup(server.server_close)
    test.addCleanup(server.shutdown)
    return server


class NotifyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        logging.getLogger("mail.log").setLevel(logging.CRITICAL + 1)  # tells of the clients that go, which is meant
        cls.folder = tempfile.TemporaryDirectory(prefix="holdfast-notify-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.work = pathlib.Path(cls.folder.name)
        cls.authority = certificates.Authority(cls.work)
        cls.certificate, cls.key = cls.work / "mail.crt", cls.work / "mail.key"
        cls.authority.issue(cls.certificate, cls.key, 1)

    def mail_server(self, **options) -> tuple:
        mailbox = Mailbox()
        controller = MailController(mailbox, **options)
        controller.start()
        self.addCleanup(controller.stop)
        return controller, mailbox

    def hook(self, status=200):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate, self.key)
        return start_hook(self, context, status)

    def smtp(self, controller, **more) -> dict:
        return {"host": "127.0.0.1", "port": controller.port, "from": "holdfast@example.com", "to": ["ann@example.com", "bob@example.com"],
                **more}

    def notify(self, notifications: dict, code: int = 0, env=None) -> tuple:
        """The result, and all that was printed."""
        values = self.work / "values.yaml"
        values.write_text(json.dumps({"holdfast": {"notifications": notifications}}))
        done = processes.holdfast(values, "--output", "json", "notify", "test", env=env)
        self.assertEqual(done.returncode, code, done.stderr)
        printed = done.stdout + done.stderr
        self.assertNotIn("hidden", printed)
        return json.loads(done.stdout) if done.stdout else [], printed

    def login(self, controller, **more) -> dict:
        return self.smtp(controller, user="ann", password=PASSWORD, caFile=str(self.authority.certificate), **more)

    def test_a_mail_arrives_under_starttls_with_a_login(self):
        controller, mailbox = self.mail_server(certificate=self.certificate, key=self.key, login=True)
        result, _ = self.notify({"smtp": self.login(controller)})
        self.assertEqual(result, [{"channel": "mail", "sent": True, "error": None}])
        (envelope, tls), = mailbox.taken
        self.assertTrue(tls)
        self.assertEqual(envelope.mail_from, "holdfast@example.com")
        self.assertEqual(envelope.rcpt_tos, ["ann@example.com", "bob@example.com"])
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.assertEqual(mail.defects, [])
        self.assertEqual(mail["Subject"], "holdfast: a test")
        self.assertEqual(mail["To"], "ann@example.com, bob@example.com")
        self.assertIsNotNone(mail["Date"].datetime)
        self.assertRegex(mail["Message-ID"], r"^<[0-9a-f]{32}@example\.com>$")
        self.assertIn("this is a test", mail.get_content())

    def test_a_plain_server_without_a_login_is_enough(self):
        controller, mailbox = self.mail_server()
        self.notify({"smtp": self.smtp(controller)})
        self.assertEqual([tls for _, tls in mailbox.taken], [False])

    def test_a_wrong_password_is_told(self):
        controller, mailbox = self.mail_server(certificate=self.certificate, key=self.key, login=True)
        result, _ = self.notify({"smtp": {**self.login(controller), "password": "wrong-hidden"}}, code=1)
        self.assertIn("refuses the login (535); check holdfast.notifications.smtp.user and password", result[0]["error"])
        self.assertEqual(mailbox.taken, [])

    def test_an_unknown_certificate_gets_no_password(self):
        controller, mailbox = self.mail_server(certificate=self.certificate, key=self.key, login=True)
        result, _ = self.notify({"smtp": {**self.login(controller), "caFile": ""}}, code=1)
        self.assertIn("is not trusted", result[0]["error"])
        self.assertEqual(mailbox.taken, [])

    def test_a_server_without_tls_gets_no_password(self):
        controller, mailbox = self.mail_server()
        result, _ = self.notify({"smtp": self.login(controller)}, code=1)
        self.assertIn("offers no STARTTLS", result[0]["error"])
        self.assertEqual(mailbox.taken, [])

    def test_a_webhook_gets_json_under_tls(self):
        hook = self.hook()
        result, _ = self.notify({"webhook": {"url": f"https://127.0.0.1:{hook.server_port}/services/hidden?key=hidden",
                                             "caFile": str(self.authority.certificate), "headers": {"X-Key": "also-hidden"}}})
        self.assertEqual(result, [{"channel": "webhook", "sent": True, "error": None}])
        (path, headers, body), = hook.taken
        self.assertEqual(path, "/services/hidden?key=hidden")
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual(headers["X-Key"], "also-hidden")
        self.assertEqual(body["occasion"], "test")
        self.assertIn("this is a test", body["text"])

    def test_a_template_makes_the_webhooks_json(self):
        hook = self.hook()
        self.notify({"webhook": {"url": f"https://127.0.0.1:{hook.server_port}/", "caFile": str(self.authority.certificate),
                                 "template": '{"msgtype": "text",\n "content": "<{message}>"}'}})
        body, = [body for _, _, body in hook.taken]
        self.assertEqual(body, {"msgtype": "text", "content": "<this is a test: what goes wrong with backups will be told here>"})

    def test_one_way_that_fails_does_not_keep_the_other(self):
        controller, mailbox = self.mail_server()
        hook = self.hook(status=403)
        result, printed = self.notify({"webhook": {"url": f"https://127.0.0.1:{hook.server_port}/hidden",
                                                   "caFile": str(self.authority.certificate)}, "smtp": self.smtp(controller)}, code=1)
        self.assertEqual([one["sent"] for one in result], [False, True])
        self.assertIn("it answered 403", result[0]["error"])
        self.assertIn("1 of 2 ways failed", printed)
        self.assertEqual(len(mailbox.taken), 1)

    def test_the_url_may_come_from_a_variable(self):
        hook = self.hook()
        self.notify({"webhook": {"caFile": str(self.authority.certificate)}},
                    env={"HOLDFAST_NOTIFICATIONS_WEBHOOK_URL": f"https://127.0.0.1:{hook.server_port}/hidden"})
        self.assertEqual(len(hook.taken), 1)

    def test_that_nothing_is_set_is_told(self):
        _, printed = self.notify({}, code=2)
        self.assertIn("set holdfast.notifications.webhook.url or smtp.host", printed)


class TellTest(scheduler_cases.SchedulerTestCase):
    """Failure and recovery of real runs, told by a webhook."""

    def occasions(self) -> list[str]:
        return [body["occasion"] for _, _, body in self.hook.taken]

    def run_until(self, values: pathlib.Path, done, kill: bool = False):
        scheduler = self.start(values)
        scheduler.wait_until(done)
        if kill:
            scheduler.kill()
        else:
            self.assertEqual(scheduler.stop(), 0, scheduler.tail())  # whatever is in hand is told

    def run_until_told(self, values: pathlib.Path, count: int, outcome: str, kill: bool = False):
        """Restarts after a few runs: a scheduler looks for what to tell when it begins, and then every half minute."""
        for _ in range(20):
            before = self.ended(outcome)
            self.run_until(values, lambda: self.ended(outcome) > before + 1 or len(self.hook.taken) >= count, kill)
            if len(self.hook.taken) >= count:
                return
        self.fail(f"told in 20 starts: {self.hook.taken}")

    def write(self, name: str, **store) -> pathlib.Path:
        path = self.values(name, port=self.page, backup=scheduler_cases.EVERY_SECOND)
        values = json.loads(path.read_text())
        processes.merge(values, {"holdfast": {scheduler_cases.STORE: store, "notifications": {
            "webhook": {"url": f"http://127.0.0.1:{self.hook.server_port}/"}}}})
        path.write_text(json.dumps(values))
        return path

    def ended(self, outcome: str) -> int:
        return sum((record["outcome"] == "success") == (outcome == "success") and record["outcome"] != "missed" for record in self.records())

    def test_a_failure_and_the_recovery_are_told_once_over_restarts_and_a_kill(self):
        self.hook = start_hook(self, status=503)
        self.page = processes.free_port()
        broken = self.write("broken", url=f"http://127.0.0.1:{processes.free_port()}")
        whole = self.write("whole")
        self.run_until(broken, lambda: self.ended("failure") > 0)
        # Nobody takes it, and then the scheduler dies.
        self.run_until_told(broken, 1, "failure", kill=True)
        self.hook.taken.clear()
        self.hook.status = 200
        self.run_until_told(broken, 1, "failure")
        self.assertEqual(self.occasions(), ["failure"])
        body = self.hook.taken[0][2]
        self.assertEqual((body["store"], body["task"], body["outcome"]), (scheduler_cases.STORE, "backup", "unavailable"))
        self.assertIn(body["run"], [record["id"] for record in self.records()])
        before = self.ended("failure")
        self.run_until(broken, lambda: self.ended("failure") > before + 1)
        self.assertEqual(self.occasions(), ["failure"])
        self.run_until_told(whole, 2, "success")
        before = self.ended("success")
        self.run_until(whole, lambda: self.ended("success") > before + 1)
        self.assertEqual(self.occasions(), ["failure", "recovery"], self.hook.taken)


if __name__ == "__main__":
    unittest.main()
