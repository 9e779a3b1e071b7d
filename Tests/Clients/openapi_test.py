"""The description at `/openapi.json`, held against the running server by schemathesis.

Its command line makes requests from the description, good ones and bad ones, with a fixed seed, and
compares every answer with it: status, content type, schema, methods, and whether what the description
forbids is refused. Bounded by its numbers of examples: about a minute in all.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import requests

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.apus_server import REPOSITORY, ApusServer

MODELS = ("iris", "shapes", "digits")
# Schemathesis calls every 5xx a fault of the server. These two are answers, and only where the description
# names them, which another check sees to: 501, no explanations, no GPU; 504, the client allowed no time.
CONFIGURATION = """
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", "501", "504"]
"""


def schemathesis(server, description, *arguments):
    """Runs it; gives what it says, and fails with that where it found something."""
    program = pathlib.Path(sys.executable).parent / "schemathesis"
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder) / "schemathesis.toml"
        config.write_text(CONFIGURATION)
        done = subprocess.run(
            [str(program), "--config-file", str(config), "run", server.url + description, "--seed", "1",
             "--continue-on-failure", "--generation-database", "none", "--warnings", "off", *arguments],
            cwd=folder, capture_output=True, text=True, timeout=240,
            env=os.environ | {"NO_COLOR": "1", "SCHEMATHESIS_REPORT": "false"})
    if done.returncode != 0:
        raise AssertionError(done.stdout[-20_000:] + done.stderr[-2_000:])
    return done.stdout


class OpenAPITest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        for name in MODELS:
            place = pathlib.Path(folder.name) / name / "1"
            place.mkdir(parents=True)
            shutil.copy(REPOSITORY / "models" / name / f"{name}.onnx", place / "model.onnx")
        cls.server = ApusServer(
            "--model-control-mode", "explicit", "--load-model", "*", "--allow-client-shm", folder.name)
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.stop)

    def describe(self, query="", **options):
        return requests.get(self.server.url + "/openapi.json" + query, timeout=30, **options)

    def check(self, description, *arguments):
        # Whoever unloads a model takes it from every request after.
        said = schemathesis(
            self.server, description, *arguments,
            "--exclude-path-regex", "/unload$", "--exclude-method", "DELETE")
        self.assertIn("generated", said)
        self.assertEqual(requests.get(self.server.url + "/v2/health/ready", timeout=10).status_code, 200)

    def test_every_example_is_accepted(self):
        for model in MODELS:
            with self.subTest(model):
                self.check(f"/openapi.json?model={model}", "--phases", "examples")

    def test_no_answer_is_outside_the_description_of_all_addresses(self):
        self.check("/openapi.json", "--phases", "examples,coverage,fuzzing", "-n", "10",
                   "--exclude-checks", "positive_data_acceptance")

    def test_no_answer_is_outside_the_description_of_a_model(self):
        # Of the detector only what others do not have: its tensors take schemathesis minutes to make.
        for model, paths in (("iris", "."), ("digits", "."), ("shapes", "/detect$")):
            with self.subTest(model):
                self.check(f"/openapi.json?model={model}", "--phases", "coverage,fuzzing", "-n", "10",
                           "--exclude-checks", "positive_data_acceptance", "--include-path-regex", paths)

    def test_a_check_that_finds_something_fails_the_test(self):
        """Held against a description that is not true, the same command says so."""
        document = self.describe().json()
        document["paths"] = {"/v2": document["paths"]["/v2"]}
        document["components"]["schemas"]["ServerMetadata"]["required"].append("no_such_field")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "untrue.json"
            path.write_text(json.dumps(document))
            done = subprocess.run(
                [str(pathlib.Path(sys.executable).parent / "schemathesis"), "run", str(path), "--url",
                 self.server.url, "--seed", "1", "-n", "1", "--generation-database", "none"],
                cwd=folder, capture_output=True, text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no_such_field", done.stdout)

    def test_a_known_description_is_not_sent_again(self):
        first = self.describe()
        self.assertEqual(first.headers["content-type"], "application/json")
        again = self.describe(headers={"If-None-Match": first.headers["etag"]})
        self.assertEqual((again.status_code, again.content), (304, b""))
        head = requests.head(self.server.url + "/openapi.json", timeout=10)
        self.assertEqual(int(head.headers["content-length"]), len(self.describe(
            headers={"Accept-Encoding": "identity"}).content))

    def test_an_unknown_model_is_refused(self):
        refused = self.describe("?model=nobody")
        self.assertEqual(refused.status_code, 404)
        self.assertIn("iris", refused.json()["error"])


class OpenAddressesTest(unittest.TestCase):
    """What the description names depends on what is open."""

    def description(self, *arguments):
        with ApusServer(*arguments) as server:
            return requests.get(server.url + "/openapi.json", timeout=30).json()

    def test_what_is_off_is_not_named(self):
        paths = self.description(REPOSITORY / "models/iris/iris.onnx")["paths"]
        self.assertNotIn("/v2/repository/models/{model}/load", paths)
        self.assertNotIn("/v2/systemsharedmemory/status", paths)
        self.assertNotIn("/v2/models/{model}/detect", paths)
        self.assertIn("/invocations", paths, "the only model is the default")

    def test_a_key_and_a_restricted_group_are_asked_for(self):
        document = self.description(
            "--management-key", "k" * 32, "--http-restricted-api", "statistics:x-key=secret",
            REPOSITORY / "models/iris/iris.onnx")
        schemes = document["components"]["securitySchemes"]
        self.assertEqual(schemes["management"], {"type": "http", "scheme": "bearer"})
        self.assertEqual(schemes["statistics"]["name"], "x-key")
        aliases = document["paths"]["/v2/repository/models/{model}/aliases"]["post"]
        self.assertEqual(aliases["security"], [{"management": []}])
        self.assertIn("401", aliases["responses"])
        self.assertEqual(document["paths"]["/v2/models/stats"]["get"]["security"], [{"statistics": []}])


if __name__ == "__main__":
    unittest.main()
