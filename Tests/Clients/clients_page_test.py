"""Runs each piece of code of docs/clients.md and compares what it prints with what the page says."""

import os
import re
import subprocess
import sys
import unittest

from support import protos
from support.apus_server import REPOSITORY, ApusServer

APART_PYTHON = REPOSITORY / ".venv-apart/bin/python"
# These have an environment of their own; see `run`.
APART = re.compile(r"^\s*(import|from) (kserve|mlflow|mlserver)\b", re.M)
BLOCK = re.compile(r"^```(python|bash)\n(.*?)^```", re.M | re.S)
SAID = re.compile(r"^# -> (.*)$", re.M)


class ClientsPageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ApusServer("--default-model", "iris", grpc=True)
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.stop)

    def run_piece(self, language, code):
        code = code.replace("localhost:8000", f"127.0.0.1:{self.server.port}")
        code = code.replace("localhost:8001", self.server.grpc_url)
        is_apart = APART.search(code) is not None
        python = APART_PYTHON if is_apart else sys.executable
        command = [python, "-c", code] if language == "python" else ["bash", "-c", code]
        # In place of tensorflow-serving-api and TensorFlow: the same modules, made of the same names.
        env = os.environ if is_apart else {**os.environ, "PYTHONPATH": protos.make()}
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, env=env)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.splitlines()

    def test_every_piece_does_what_the_page_says(self):
        pieces = BLOCK.findall((REPOSITORY / "docs/clients.md").read_text())
        self.assertGreater(len(pieces), 10)
        for language, code in pieces:
            with self.subTest(code=code.splitlines()[0:6]):
                self.assertEqual(self.run_piece(language, code), SAID.findall(code))


if __name__ == "__main__":
    unittest.main()
