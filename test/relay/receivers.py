"""Receivers for the tests of the relay: an HTTP server and an SMTP server, on ports of their own."""

import http.server
import socketserver
import threading
import types


class HttpReceiver:
    """Answers as `behave(request)` says: (status, headers, body), or None to hang up without an answer."""

    def __init__(self, behave=None, port=0):
        self.behave = behave or (lambda request: (200, {}, b"ok"))
        self.requests = []  # what came in, whatever the answer was
        self.accepted = []  # what was answered with 2xx
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = types.SimpleNamespace(path=self.path, headers=self.headers, body=body)
                receiver.requests.append(request)
                answer = receiver.behave(request)
                if answer is None:
                    self.close_connection = True
                    return
                status, headers, body = answer
                if status < 300:
                    receiver.accepted.append(request)
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    self.close_connection = True  # the relay was killed meanwhile

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class SmtpReceiver:
    """Takes every mail but those to refused@... (550) and busy@... (451, the first time)."""

    def __init__(self, user=None, password=None):
        self.mails = []  # (sender, recipients, text)
        self.logins = []
        self.busy = 1
        receiver = self

        class Handler(socketserver.StreamRequestHandler):
            def say(self, line):
                self.wfile.write(line.encode() + b"\r\n")

            def handle(self):
                sender, recipients = "", []
                self.say("220 localhost")
                while line := self.rfile.readline().decode().strip():
                    command = line.split(":")[0].split(" ")[0].upper()
                    if command == "EHLO":
                        self.say("250-localhost")
                        self.say("250-AUTH PLAIN")
                        self.say("250 8BITMIME")
                    elif command == "AUTH":
                        self.say("334 ")
                        receiver.logins.append(self.rfile.readline().decode().strip())
                        self.say("235 welcome")
                    elif command == "MAIL":
                        sender, recipients = line, []
                        self.say("250 ok")
                    elif command == "RCPT":
                        if "refused@" in line:
                            self.say("550 no such mailbox")
                        elif "busy@" in line and receiver.busy > 0:
                            receiver.busy -= 1
                            self.say("451 try later")
                        else:
                            recipients.append(line)
                            self.say("250 ok")
                    elif command == "DATA":
                        self.say("354 go on")
                        text = b""
                        while not text.endswith(b"\r\n.\r\n"):
                            text += self.rfile.readline()
                        receiver.mails.append((sender, recipients, text[:-3].decode()))
                        self.say("250 taken")
                    elif command == "QUIT":
                        self.say("221 bye")
                        return
                    else:
                        self.say("250 ok")

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
