"""The dialects of other servers, with the bodies that their clients send, against real models."""

import base64
import io
import json
import pathlib
import shutil
import tempfile
import unittest

import numpy as np
import requests

from support.apus_server import REPOSITORY, ApusServer, fixture, free_port, shared_data

FLOWERS = [[5.1, 3.5, 1.4, 0.2], [5.9, 3.0, 4.2, 1.5], [6.7, 3.0, 5.2, 2.3]]
COLUMNS = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]
PHOTO = REPOSITORY / "models/shapes/example-1.png"


def free_ports(count):
    return [free_port() for _ in range(count)]


class DialectsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ApusServer("--default-model", "iris", "--body-bytes-max", "8MiB")
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.stop)
        cls.url = cls.server.url

    def post(self, path, status=200, **arguments):
        answer = requests.post(self.url + path, timeout=30, **arguments)
        self.assertEqual(answer.status_code, status, answer.text)
        return answer

    def truth(self):
        """The same flowers over V2."""
        answer = self.post("/v2/models/iris/infer", json={"inputs": [
            {"name": "features", "shape": [3, 4], "datatype": "FP32", "data": FLOWERS}]}).json()
        outputs = {output["name"]: output["data"] for output in answer["outputs"]}
        return outputs["label"], np.array(outputs["probabilities"], np.float32).reshape(3, 3)

    def check_rows(self, rows):
        labels, probabilities = self.truth()
        self.assertEqual([row["label"] for row in rows], labels)
        np.testing.assert_array_equal(
            np.array([row["probabilities"] for row in rows], np.float32), probabilities)

    def check_columns(self, columns):
        labels, probabilities = self.truth()
        self.assertEqual(columns["label"], labels)
        np.testing.assert_array_equal(np.array(columns["probabilities"], np.float32), probabilities)

    def test_every_dialect_gives_the_same_bits(self):
        split = {"columns": COLUMNS, "index": [0, 1, 2], "data": FLOWERS}
        records = [dict(zip(COLUMNS, row)) for row in FLOWERS]
        self.check_rows(self.post("/v1/models/iris:predict", json={"instances": FLOWERS}).json()["predictions"])
        self.check_rows(self.post("/v1/models/iris:predict", json={
            "instances": [{"features": row} for row in FLOWERS]}).json()["predictions"])
        self.check_columns(self.post("/v1/models/iris/versions/1:predict", json={
            "inputs": FLOWERS}).json()["outputs"])
        for body in ({"dataframe_split": split}, {"dataframe_records": records}, {"instances": FLOWERS}):
            self.check_rows(self.post("/invocations", json=body).json()["predictions"])
        self.check_columns(self.post("/invocations", json={"inputs": {"features": FLOWERS}}).json()["predictions"])
        lines = "\n".join([",".join(COLUMNS)] + [",".join(map(str, row)) for row in FLOWERS])
        self.check_rows(self.post("/invocations", data=lines, headers={
            "Content-Type": "text/csv"}).json()["predictions"])
        self.check_columns(self.post("/predictions/iris", json=FLOWERS).json())
        self.check_columns(self.post("/predict", json={"features": FLOWERS}).json())
        self.check_columns(self.post("/predict", json={"input": FLOWERS}).json()["output"])
        file = io.BytesIO()
        np.save(file, np.array(FLOWERS, np.float32))
        self.check_rows(self.post("/models/iris/invoke", data=file.getvalue(), headers={
            "Content-Type": "application/x-npy"}).json()["predictions"])

    def test_columns_are_matched_by_name(self):
        order = [3, 1, 0, 2]
        columns = [COLUMNS[place] for place in order]
        data = [[row[place] for place in order] for row in FLOWERS]
        self.check_rows(self.post("/invocations", json={
            "dataframe_split": {"columns": columns, "data": data}}).json()["predictions"])
        wrong = {**dict(zip(COLUMNS, FLOWERS[0])), "colour": 1}
        told = self.post("/invocations", 400, json={"dataframe_records": [wrong]}).json()
        self.assertIn("no column `colour`", told["message"])
        del wrong["colour"], wrong[COLUMNS[2]]
        told = self.post("/invocations", 400, json={"dataframe_records": [wrong]}).json()
        self.assertIn(f"column `{COLUMNS[2]}` is missing", told["message"])

    def test_a_data_frame_over_v2(self):
        columns = [{"name": name, "shape": [3, 1], "datatype": "FP64", "data": [row[place] for row in FLOWERS]}
                   for place, name in enumerate(COLUMNS)]
        answer = self.post("/v2/models/iris/infer", json={
            "id": "7", "parameters": {"content_type": "pd"}, "inputs": columns[::-1]}).json()
        self.assertEqual(answer["id"], "7")
        self.assertEqual(answer["outputs"][0]["data"], self.truth()[0])
        told = self.post("/v2/models/iris/infer", 400, json={"inputs": columns}).json()
        self.assertIn("no input", told["error"])

    def test_sagemaker_binary(self):
        array = np.array(FLOWERS, np.float32)
        header = json.dumps({"inputs": [{"name": "features", "shape": [3, 4], "datatype": "FP32", "parameters": {
            "binary_data_size": array.nbytes}}], "outputs": [
                {"name": "probabilities", "parameters": {"binary_data": True}}]}).encode()
        answer = self.post("/invocations", data=header + array.tobytes(), headers={
            "Content-Type": f"application/vnd.sagemaker-triton.binary+json;json-header-size={len(header)}"})
        kind, _, length = answer.headers["Content-Type"].rpartition("=")
        self.assertEqual(kind, "application/vnd.sagemaker-triton.binary+json;json-header-size")
        tensor = np.frombuffer(answer.content[int(length):], np.float32).reshape(3, 3)
        np.testing.assert_array_equal(tensor, self.truth()[1])

    def test_photos_wherever_bytes_go(self):
        photo = PHOTO.read_bytes()
        encoded = base64.b64encode(photo).decode()
        told = self.post("/v2/models/shapes/detect", data=photo, headers={"Content-Type": "image/png"}).json()
        expected = [(found["label"], found["score"]) for found in told["detections"]]
        self.assertGreater(len(expected), 0)
        torch = requests.put(self.url + "/predictions/shapes", data=photo, timeout=30).json()
        self.assertEqual([(next(key for key in found if key != "score"), found["score"]) for found in torch], expected)
        two = self.post("/v1/models/shapes:predict", json={
            "instances": [{"b64": encoded}, {"image_bytes": {"b64": encoded}}]}).json()["predictions"]
        self.assertEqual(len(two), 2)
        for document in [*two, self.post("/models/shapes/invoke", data=photo, headers={
                "Content-Type": "image/png"}).json()]:
            self.assertEqual([(found["label"], found["score"]) for found in document["detections"]], expected)
        tensor = {"name": "images", "shape": [1], "datatype": "BYTES", "parameters": {"content_type": "base64"},
                  "data": [encoded]}
        outputs = {output["name"]: output["data"] for output in self.post("/v2/models/shapes/infer", json={
            "inputs": [tensor]}).json()["outputs"]}
        self.assertEqual(list(zip(outputs["labels"], outputs["scores"])), expected)

    def test_lists_health_and_metadata(self):
        get = lambda path, **more: requests.get(self.url + path, timeout=30, **more)
        self.assertEqual(get("/v1/models").json()["models"], ["digits", "iris", "shapes"])
        self.assertEqual(get("/v1/models/iris").json()["ready"], True)
        self.assertEqual(get("/").json(), {"status": "alive"})
        self.assertTrue(get("/", headers={"Accept": "text/html"}).text.lower().startswith("<!doctype html>"))
        self.assertEqual(get("/ping").json(), {"status": "Healthy"})
        for path in ("/health", "/healthz", "/livez", "/readyz", "/version"):
            self.assertEqual(get(path).status_code, 200)
        signature = get("/v1/models/iris/metadata").json()["metadata"]["signature_def"]["signature_def"]
        self.assertEqual(signature["serving_default"]["inputs"]["features"]["dtype"], "DT_FLOAT")
        self.assertEqual(get("/models/iris").json()[0]["modelName"], "iris")

    def test_large_bodies_are_read_by_a_worker(self):
        rows = FLOWERS * 2_000
        labels = self.truth()[0] * 2_000
        answer = self.post("/v1/models/iris:predict", json={"instances": rows}).json()["predictions"]
        self.assertEqual([row["label"] for row in answer], labels)
        split = {"dataframe_split": {"columns": COLUMNS, "data": rows}}
        answer = self.post("/invocations", json=split).json()["predictions"]
        self.assertEqual([row["label"] for row in answer], labels)

    def test_bad_input_in_each_dialects_own_form(self):
        too_large = b" " * (9 << 20)
        forms = {
            "/v1/models/{m}:predict": lambda told: told["error"],
            "/v1/models/{m}:classify": lambda told: told["error"],
            "/models/{m}/invoke": lambda told: told["error"],
            "/predictions/{m}": lambda told: told["message"] if told["type"] and told["code"] else None,
        }
        for form, message in forms.items():
            with self.subTest(form=form):
                path = form.format(m="iris")
                self.assertTrue(message(self.post(form.format(m="nobody"), 404, json={}).json()))
                self.assertTrue(message(self.post(path, 400, data=b"").json()))
                self.assertTrue(message(self.post(path, 400, data=b"{", headers={
                    "Content-Type": "application/json"}).json()))
                self.assertTrue(message(self.post(path, 413, data=too_large).json()))
        wrong = {"instances": [["a"] * 4]}
        self.assertIn("must be a number", self.post("/v1/models/iris:predict", 400, json=wrong).json()["error"])
        self.assertEqual(self.post("/invocations", 415, data=b"<a/>", headers={
            "Content-Type": "application/xml"}).json()["error_code"], "BAD_REQUEST")
        self.assertEqual(self.post("/predictions/iris", 415, data=b"<a/>", headers={
            "Content-Type": "application/xml"}).json()["code"], 415)

    def test_metrics_name_the_dialect(self):
        self.post("/v1/models/iris:predict", json={"instances": FLOWERS})
        text = requests.get(self.url + "/metrics", timeout=30).text
        self.assertIn('dialect="kserve-v1"', text)


class StringsTest(unittest.TestCase):
    def test_strings_and_their_content_types(self):
        with ApusServer(fixture("identity-BYTES")) as server:
            path = f"{server.url}/v1/models/identity-BYTES:predict"
            answer = requests.post(path, json={"instances": [["a", "Grüße"], [{"b64": "eA=="}, ""]]}, timeout=30)
            self.assertEqual(answer.json(), {"predictions": [["a", "Grüße"], ["x", ""]]})
            tensor = {"name": "INPUT0", "shape": [1, 1], "datatype": "BYTES"}
            for kind, sent, meant in (("base64", "eA==", "x"), ("str", "eA==", "eA=="),
                                      ("datetime", "2026-11-21T08:30:00Z", "2026-11-21T08:30:00Z")):
                answer = requests.post(f"{server.url}/v2/models/identity-BYTES/infer", json={"inputs": [
                    {**tensor, "parameters": {"content_type": kind}, "data": [sent]}]}, timeout=30)
                self.assertEqual(answer.json()["outputs"][0]["data"], [meant])
            answer = requests.post(f"{server.url}/v2/models/identity-BYTES/infer", json={"inputs": [
                {**tensor, "parameters": {"content_type": "datetime"}, "data": ["yesterday"]}]}, timeout=30)
            self.assertEqual(answer.status_code, 400)


class PortsTest(unittest.TestCase):
    def test_torchserves_ports(self):
        inference, management, metrics = free_ports(3)
        with ApusServer("--compat", f"torchserve={inference},{management},{metrics}") as server:
            self.assertIn(f"127.0.0.1:{metrics}/metrics", server.log)
            address = f"http://127.0.0.1:{inference}"
            self.assertEqual(requests.get(address + "/ping", timeout=30).json(), {"status": "Healthy"})
            answer = requests.post(address + "/predictions/iris", json=FLOWERS, timeout=30)
            self.assertEqual(len(answer.json()["label"]), 3)
            listed = requests.get(f"http://127.0.0.1:{management}/models", timeout=30).json()
            self.assertEqual([model["modelName"] for model in listed["models"]], ["digits", "iris", "shapes"])
            self.assertIn("apus_", requests.get(f"http://127.0.0.1:{metrics}/metrics", timeout=30).text)
            self.assertEqual(requests.get(f"http://127.0.0.1:{metrics}/models", timeout=30).status_code, 404)

    def test_workers_and_versions(self):
        with tempfile.TemporaryDirectory() as folder:
            for version in (1, 2):
                place = pathlib.Path(folder, "add-sub", str(version))
                place.mkdir(parents=True)
                shutil.copy(fixture("add-sub"), place / "model.onnx")
            (pathlib.Path(folder) / "add-sub/config.pbtxt").write_text("version_policy: { all { } }\n")
            with ApusServer(folder, "--model-control-mode", "explicit", "--load-model", "add-sub", "--instances",
                            "1") as server:
                url = server.url + "/models/add-sub"

                def workers(version):
                    (found,) = requests.get(f"{url}/{version}", timeout=30).json()
                    return len(found["workers"])

                self.assertEqual((workers(1), workers(2)), (1, 1))
                answer = requests.put(f"{url}/2?min_worker=2&synchronous=true", timeout=60)
                self.assertEqual((answer.status_code, answer.json()["status"]),
                                 (200, "Workers scaled to 2 for model: add-sub"))
                self.assertEqual((workers(1), workers(2)), (1, 2))
                self.assertEqual(requests.put(f"{url}?min_worker=1&max_worker=1", timeout=60).status_code, 202)
                self.assertEqual((workers(1), workers(2)), (1, 1))
                # One version goes, and the other answers as before.
                self.assertEqual(requests.delete(f"{url}/1", timeout=60).status_code, 200)
                self.assertEqual(requests.get(f"{url}/1", timeout=30).status_code, 404)
                body = {"INPUT0": [list(range(16))], "INPUT1": [[1] * 16]}
                answer = requests.post(server.url + "/predictions/add-sub", json=body, timeout=30)
                self.assertEqual(answer.json()["OUTPUT0"], [list(range(1, 17))])
                self.assertEqual(requests.delete(f"{url}/2", timeout=60).status_code, 200)
                self.assertEqual(requests.get(url, timeout=30).status_code, 404)

    def test_no_default_among_several(self):
        with ApusServer() as server:
            told = requests.post(server.url + "/invocations", json={"inputs": [[1]]}, timeout=30)
            self.assertEqual(told.status_code, 400)
            self.assertIn("`iris`", told.json()["message"])


class SharedModelsTest(unittest.TestCase):
    def test_yolo_answers_photos_in_every_dialect(self):
        data = shared_data()
        model = next((data / "yolo").glob("yolo11n*.onnx"), None)
        if model is None:
            self.skipTest("shared data has no yolo11n")
        photo = (data / "images/bus.jpg").read_bytes()
        with ApusServer(model) as server:
            answer = requests.put(f"{server.url}/predictions/{model.stem}", data=photo, timeout=120).json()
            labels = sorted(next(key for key in found if key != "score") for found in answer)
            self.assertEqual(labels, ["bus", "person", "person", "person", "person"])
            document = requests.post(server.url + "/invocations", data=photo, timeout=120, headers={
                "Content-Type": "image/jpeg"}).json()
            self.assertEqual(sorted(found["label"] for found in document["detections"]), labels)


if __name__ == "__main__":
    unittest.main()
