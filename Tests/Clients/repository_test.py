"""Loading, unloading, versions, aliases and statistics, as Triton's client asks for them."""

import base64
import json
import pathlib
import shutil
import tempfile
import threading
import time
import unittest

import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from support.apus_server import ApusServer, fixture, shared_data
from support.raw import exchange


def eventually(condition, seconds=20):
    """Whether something comes true in time."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if condition():
            return True
        time.sleep(0.05)
    return False


def put(repository, name, version=1, source="add-sub", content=None):
    """Places a version into a repository, whole at once."""
    folder = pathlib.Path(repository, name, str(version))
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / ".partial"
    partial.write_bytes(fixture(source).read_bytes() if content is None else content)
    partial.rename(folder / "model.onnx")
    return folder / "model.onnx"


class RepositoryTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.repository = folder.name

    def serve(self, *arguments):
        server = ApusServer(self.repository, *arguments)
        server.__enter__()
        self.addCleanup(server.stop)
        client = triton.InferenceServerClient(f"127.0.0.1:{server.port}", concurrency=4)
        self.addCleanup(client.close)
        return server, client

    def ask(self, client, name, version=""):
        """Adds and subtracts; the sum's first element must be 3."""
        inputs = []
        for place, value in enumerate((1, 2)):
            tensor = triton.InferInput(f"INPUT{place}", [1, 16], "INT32")
            tensor.set_data_from_numpy(np.full((1, 16), value, np.int32))
            inputs.append(tensor)
        answer = client.infer(name, inputs, model_version=version)
        self.assertEqual(answer.as_numpy("OUTPUT0").flat[0], 3)
        return answer.get_response()["model_version"]

    def states(self, client):
        return {(e["name"], e.get("version")): e.get("state") for e in client.get_model_repository_index()}


class ExplicitTest(RepositoryTest):
    def test_load_and_unload(self):
        put(self.repository, "one")
        put(self.repository, "two")
        _, client = self.serve("--model-control-mode", "explicit", "--load-model", "one")
        self.assertEqual(self.states(client), {("one", "1"): "READY", ("two", None): None})
        client.load_model("two")
        self.assertTrue(client.is_model_ready("two"))
        self.ask(client, "two")
        client.unload_model("two")
        self.assertFalse(client.is_model_ready("two"))
        client.unload_model("one", unload_dependents=True)
        self.assertEqual(self.states(client), {("one", None): None, ("two", None): None})
        for name in ("two", "nothing"):
            with self.assertRaises(InferenceServerException):
                client.unload_model(name)
        with self.assertRaises(InferenceServerException):
            client.load_model("nothing")

    def test_load_with_files_and_configuration(self):
        _, client = self.serve("--model-control-mode", "explicit")
        content = fixture("add-sub").read_bytes()
        config = json.dumps({"backend": "onnxruntime", "instance_group": [{"count": 1}]})
        before = set(pathlib.Path(tempfile.gettempdir()).glob("apus-model-*"))
        client.load_model("sent", config=config, files={"file:3/model.onnx": content})
        self.assertEqual(self.ask(client, "sent"), "3")
        client.unload_model("sent")
        self.assertTrue(eventually(
            lambda: not set(pathlib.Path(tempfile.gettempdir()).glob("apus-model-*")) - before))
        with self.assertRaisesRegex(InferenceServerException, "config"):
            client.load_model("sent", files={"file:1/model.onnx": content})

    def test_a_path_that_leads_out_of_the_model_is_refused(self):
        server, _ = self.serve("--model-control-mode", "explicit")
        target = pathlib.Path(self.repository, "stolen")
        content = base64.b64encode(b"x").decode()
        for path in (f"../../{target.name}", str(target), "1/../../../x", "a//b"):
            body = {"parameters": {"config": "{}", f"file:{path}": content}}
            answer = exchange(server, "/v2/repository/models/m/load", body)
            self.assertEqual(answer.status, 400, path)
        for name in ("..%2Fm", "%2e%2e"):
            body = {"parameters": {"config": "{}", "file:1/model.onnx": content}}
            answer = exchange(server, f"/v2/repository/models/{name}/load", body)
            self.assertEqual(answer.status, 400, name)
        self.assertFalse(target.exists())

    def test_a_broken_load_keeps_the_old_one_and_says_why(self):
        put(self.repository, "one")
        server, client = self.serve("--model-control-mode", "explicit", "--load-model", "*")
        put(self.repository, "one", content=b"no model at all, but long enough to be looked at")
        with self.assertRaisesRegex(InferenceServerException, "one"):
            client.load_model("one")
        self.ask(client, "one")
        self.assertTrue(client.is_server_ready())
        (entry,) = client.get_model_repository_index()
        self.assertEqual(entry["state"], "READY")
        self.assertIn("model", entry["reason"])
        self.assertNotIn(self.repository, entry["reason"])
        put(self.repository, "one")
        client.load_model("one")
        self.assertEqual(client.get_model_repository_index()[0]["reason"], "")
        self.assertEqual(exchange(server, "/v2/health/ready", method="GET").status, 200)

    def test_reloading_under_load_loses_no_request(self):
        put(self.repository, "one")
        server, client = self.serve("--model-control-mode", "explicit", "--load-model", "one")
        is_over, failures, counts = threading.Event(), [], []

        def keep_asking():
            with triton.InferenceServerClient(f"127.0.0.1:{server.port}") as own:
                count = 0
                while not is_over.is_set():
                    try:
                        self.ask(own, "one")
                        count += 1
                    except Exception as error:
                        failures.append(error)
                counts.append(count)

        threads = [threading.Thread(target=keep_asking) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(30):
            client.load_model("one")
        is_over.set()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.assertTrue(all(counts), counts)

    def test_aliases(self):
        for version in (1, 2):
            put(self.repository, "one", version)
        pathlib.Path(self.repository, "one", "model.yaml").write_text("versions: all\n")
        server, client = self.serve("--model-control-mode", "explicit", "--load-model", "one")
        path = "/v2/repository/models/one/aliases"
        self.assertEqual(exchange(server, path, {"stable": 1, "canary": 2}).status, 200)
        self.assertEqual(self.ask(client, "one"), "2")
        self.assertEqual(self.ask(client, "one@stable"), "1")
        self.assertEqual(self.ask(client, "one", "canary"), "2")
        self.assertEqual(exchange(server, path, {"5": 1}).status, 400)
        self.assertEqual(exchange(server, "/v2/models/one@no", method="GET").status, 404)

    def test_aliases_survive_a_restart(self):
        for version in (1, 2):
            put(self.repository, "m", version)
        (pathlib.Path(self.repository) / "m" / "model.yaml").write_text(
            "versions: all\naliases:\n  stable: 1\n  first: 1\n")
        before = sorted(pathlib.Path(self.repository).rglob("*"))
        with tempfile.TemporaryDirectory() as state:
            flags = ["--state-directory", state]
            server, client = self.serve(*flags)
            self.set_aliases(server, {"stable": 2, "first": None, "new": 1})
            self.assertEqual(server.stop(), 0)
            self.assertEqual(sorted(pathlib.Path(self.repository).rglob("*")), before)
            again, client = self.serve(*flags)
            self.assertEqual(self.version_of(client, "stable"), "2")
            self.assertEqual(self.version_of(client, "new"), "1")
            with self.assertRaises(InferenceServerException):
                client.get_model_metadata("m@first")
            again.stop()
            [file] = pathlib.Path(state).iterdir()
            file.write_text("{")
            last, client = self.serve(*flags)
            self.assertEqual(self.version_of(client, "stable"), "1")
            self.assertIn("not known", last.log)

    def set_aliases(self, server, aliases):
        self.assertEqual(exchange(server, "/v2/repository/models/m/aliases", aliases).status, 200)

    def version_of(self, client, alias):
        return self.ask(client, f"m@{alias}")

    def test_a_key_guards_what_changes_models(self):
        put(self.repository, "one")
        server, client = self.serve("--model-control-mode", "explicit", "--management-key", "s3cret")
        path = "/v2/repository/models/one/load"
        self.assertEqual(exchange(server, path, {}).status, 401)
        self.assertEqual(exchange(server, path, {}, headers=["Authorization: Bearer other"]).status, 401)
        client.load_model("one", headers={"Authorization": "Bearer s3cret"})
        self.ask(client, "one")
        self.assertNotIn("s3cret", server.log)


class OtherModesTest(RepositoryTest):
    def test_mode_none_refuses_to_load(self):
        put(self.repository, "one")
        _, client = self.serve()
        for call in (client.load_model, client.unload_model):
            with self.assertRaisesRegex(InferenceServerException, "explicit"):
                call("one")
        self.ask(client, "one")

    def test_polling_follows_the_files(self):
        put(self.repository, "one")
        server, client = self.serve("--model-control-mode", "poll", "--repository-poll-secs", "1")
        self.ask(client, "one")
        with self.assertRaises(InferenceServerException):
            client.load_model("one")
        put(self.repository, "two")
        self.assertTrue(eventually(lambda: client.is_model_ready("two")))
        put(self.repository, "one", 2)
        self.assertTrue(eventually(lambda: client.is_model_ready("one", "2")))
        self.assertTrue(eventually(lambda: not client.is_model_ready("one", "1")))
        put(self.repository, "one", 3, content=b"half a mod")
        self.assertTrue(eventually(lambda: "has changed" in server.log or "cannot load" in server.log
                                   or self.states(client).get(("one", "3")) == "UNAVAILABLE"))
        self.assertEqual(self.ask(client, "one"), "2")
        self.assertTrue(client.is_server_ready())
        put(self.repository, "one", 3)
        self.assertTrue(eventually(lambda: client.is_model_ready("one", "3")))
        shutil.rmtree(pathlib.Path(self.repository, "two"))
        self.assertTrue(eventually(lambda: not client.is_model_ready("two")))
        self.assertTrue(client.is_server_ready())

    def test_polling_keeps_what_is_served_and_says_why_a_change_was_not_taken(self):
        put(self.repository, "m")
        configuration = pathlib.Path(self.repository) / "m" / "model.yaml"
        configuration.write_text("max-batch-size: 4\n")
        server, client = self.serve("--model-control-mode", "poll", "--repository-poll-secs", "1")

        def reason():
            [entry] = client.get_model_repository_index()
            self.assertEqual(entry["state"], "READY")
            return entry.get("reason", "")

        self.assertEqual(reason(), "")
        configuration.write_text("max-batch-size: [\n")
        self.assertTrue(eventually(lambda: "stays as it was" in reason()))
        self.ask(client, "m")
        configuration.write_text("max-batch-size: 4\nresponse-cache: false\n")
        self.assertTrue(eventually(lambda: reason() == ""))
        self.ask(client, "m")

    def test_the_index_says_which_models_cannot_be_read_and_why(self):
        put(self.repository, "early")
        early = pathlib.Path(self.repository) / "early" / "model.yaml"
        early.write_text("max-batch-size: [\n")
        server, client = self.serve("--model-control-mode", "poll", "--repository-poll-secs", "1")

        def entries():
            return {entry["name"]: (entry["version"], entry["state"], entry.get("reason", ""))
                    for entry in client.get_model_repository_index()}

        version, state, reason = entries()["early"]
        self.assertEqual((version, state), ("", "UNAVAILABLE"))
        self.assertIn("not YAML", reason)
        put(self.repository, "late")
        late = pathlib.Path(self.repository) / "late" / "model.yaml"
        late.write_text("max-batch-sise: 4\n")
        self.assertTrue(eventually(lambda: "max-batch-sise" in entries().get("late", ("", "", ""))[2]))
        self.assertEqual(entries()["late"][:2], ("", "UNAVAILABLE"))
        early.write_text("max-batch-size: 4\n")
        self.assertTrue(eventually(lambda: entries()["early"] == ("1", "READY", "")))
        shutil.rmtree(late.parent)
        self.assertTrue(eventually(lambda: set(entries()) == {"early"}))

    def test_a_repository_may_begin_broken_or_empty_when_it_is_polled(self):
        server, client = self.serve("--model-control-mode", "poll", "--repository-poll-secs", "1")
        self.assertEqual(client.get_model_repository_index(), [])
        put(self.repository, "one")
        self.assertTrue(eventually(lambda: client.is_model_ready("one")))

    def test_models_are_loaded_by_their_first_request_and_give_way_to_others(self):
        content = (shared_data() / "yolo/yolo11n.onnx").read_bytes()
        for name in ("a", "b", "c"):
            put(self.repository, name, content=content)
        server, client = self.serve("--load-on-demand", "--model-memory-max", "30MiB")
        self.assertEqual(set(self.states(client).values()), {"UNAVAILABLE"})
        self.assertTrue(client.is_server_ready())
        photo = triton.InferInput("images", [1, 3, 640, 640], "FP32")
        photo.set_data_from_numpy(np.zeros((1, 3, 640, 640), np.float32))
        for name in ("a", "b", "c", "a", "b"):
            client.infer(name, [photo])
            states = self.states(client)
            self.assertEqual(states[(name, "1")], "READY")
            self.assertIn("UNAVAILABLE", states.values())


class StatisticsTest(RepositoryTest):
    def test_counts_what_was_asked(self):
        put(self.repository, "one")
        _, client = self.serve()
        for _ in range(5):
            self.ask(client, "one")
        wrong = triton.InferInput("INPUT0", [1, 16], "INT32")
        wrong.set_data_from_numpy(np.zeros((1, 16), np.int32))
        with self.assertRaises(InferenceServerException):
            client.infer("one", [wrong])
        for statistics in (client.get_inference_statistics("one"), client.get_inference_statistics(),
                           client.get_inference_statistics("one", "1")):
            (model,) = statistics["model_stats"]
            self.assertEqual((model["name"], model["version"]), ("one", "1"))
            self.assertEqual(model["inference_count"], 5)
            self.assertEqual(model["execution_count"], 5)
            self.assertLess(abs(model["last_inference"] / 1000 - time.time()), 60)
            of = model["inference_stats"]
            self.assertEqual(set(of), {"success", "fail", "queue", "compute_input", "compute_infer",
                                       "compute_output", "cache_hit", "cache_miss"})
            self.assertEqual((of["success"]["count"], of["fail"]["count"]), (5, 1))
            self.assertGreater(of["compute_infer"]["ns"], 0)
            self.assertGreaterEqual(of["success"]["ns"], of["compute_infer"]["ns"])
            self.assertEqual([(b["batch_size"], b["compute_infer"]["count"]) for b in model["batch_stats"]],
                             [(1, 5)])
        with self.assertRaises(InferenceServerException):
            client.get_inference_statistics("nothing")


if __name__ == "__main__":
    unittest.main()
