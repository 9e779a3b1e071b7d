"""Python models served without code and with a little, through every protocol, against the answers of
their own libraries."""

import json
import os
import pathlib
import queue
import subprocess
import tempfile
import unittest

import numpy as np
import requests
import tritonclient.grpc as triton

from support.apus_server import REPOSITORY, ApusServer, binary

PYTHON = REPOSITORY / ".venv-python/bin/python"


class PythonModelsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not PYTHON.exists():
            raise RuntimeError("there is no .venv-python; scripts/bootstrap test makes it")
        cls.place = cls.enterClassContext(tempfile.TemporaryDirectory())
        models = pathlib.Path(cls.place, "models")
        models.mkdir()
        maker = pathlib.Path(__file__).parent / "support/python_models.py"
        subprocess.run([PYTHON, maker, models], check=True, capture_output=True)
        cls.expected = json.loads(pathlib.Path(str(models) + ".json").read_text())
        cls.server = cls.enterClassContext(ApusServer(
            models, "--default-model", "cancer", "--cache-directory", cls.place + "/cache", grpc=True, start_seconds=180))
        cls.grpc = triton.InferenceServerClient(cls.server.grpc_url)
        cls.addClassCleanup(cls.grpc.close)

    def post(self, path, body, status=200, **headers):
        answer = requests.post(self.server.url + path, json=body, headers=headers, timeout=60)
        self.assertEqual(answer.status_code, status, answer.text)
        return answer.json()

    def rest(self, model, status=200, parameters=None, **tensors):
        """A V2 request; each tensor is a datatype, a shape and flat data."""
        body = {"inputs": [{"name": name, "datatype": kind, "shape": shape, "data": data}
                           for name, (kind, shape, data) in tensors.items()]}
        answer = self.post(f"/v2/models/{model}/infer", dict(body, **({"parameters": parameters} if parameters else {})), status)
        if status != 200:
            return answer["error"]
        return {each["name"]: np.array(each["data"]).reshape(each["shape"]).tolist() for each in answer["outputs"]}

    def stub(self, model, inputs, outputs):
        tensors = []
        for name, array in inputs.items():
            kind = "BYTES" if array.dtype == object else {"f8": "FP64", "f4": "FP32", "i4": "INT32"}[array.dtype.str[1:]]
            tensor = triton.InferInput(name, list(array.shape), kind)
            tensor.set_data_from_numpy(array)
            tensors.append(tensor)
        answer = self.grpc.infer(model, tensors)
        return {name: answer.as_numpy(name) for name in outputs}

    # --- Tables

    def check_table(self, name, expected=None, kind=np.float64):
        """Over each protocol, bit for bit in the library's own precision."""
        told = self.expected[expected or name]
        rows = np.array(told["rows"])
        lines = self.post(f"/v1/models/{name}:predict", {"instances": told["rows"]})["predictions"]
        for answer in (self.rest(name, X=("FP64", list(rows.shape), rows.ravel().tolist())),
                       self.stub(name, {"X": rows}, told["outputs"]),
                       {output: [line[output] for line in lines] for output in told["outputs"]}):
            self.assertEqual(set(answer), {"predict", "predict_proba"})
            for output, values in told["outputs"].items():
                self.assertEqual(np.asarray(answer[output], kind).tolist(), np.asarray(values, kind).tolist())

    def test_scikit_learn_as_a_pickle(self):
        self.check_table("cancer")

    def test_scikit_learn_by_skops(self):
        self.check_table("cancer_skops", "cancer")

    def test_xgboost_as_joblib(self):
        self.check_table("boosted", kind=np.float32)

    def test_lightgbm_as_a_pickle(self):
        self.check_table("light")

    def test_the_signature_is_told(self):
        about = requests.get(self.server.url + "/v2/models/cancer", timeout=60).json()
        self.assertEqual(about["platform"], "python")
        self.assertEqual([(each["name"], each["datatype"], each["shape"]) for each in about["inputs"] + about["outputs"]],
                         [("X", "FP64", [-1, 30]), ("predict", "INT64", [-1]), ("predict_proba", "FP64", [-1, 2])])

    def test_frames_of_mlflows_protocol(self):
        told, columns = self.expected["cancer"], self.expected["columns"]
        frame = {"dataframe_split": {"columns": columns, "data": told["rows"]}}
        answers = self.post("/invocations", frame)["predictions"]
        self.assertEqual([each["predict"] for each in answers], told["outputs"]["predict"])
        backwards = {"columns": columns[::-1], "data": [row[::-1] for row in told["rows"]]}
        self.assertEqual(self.post("/invocations", {"dataframe_split": backwards})["predictions"], answers)
        table = "\n".join([",".join(columns)] + [",".join(map(repr, row)) for row in told["rows"]])
        lines = requests.post(self.server.url + "/invocations", data=table, headers={"content-type": "text/csv"}, timeout=60)
        self.assertEqual(lines.json()["predictions"], answers)

    def test_columns_of_a_matrix_by_their_names(self):
        told, columns = self.expected["cancer"], self.expected["columns"]
        tensors = {name: ("FP64", [len(told["rows"])], [row[place] for row in told["rows"]])
                   for place, name in reversed(list(enumerate(columns)))}
        self.assertEqual(self.rest("cancer", **tensors)["predict"], told["outputs"]["predict"])
        whole = np.array(told["rows"]).round().astype(int)
        self.assertEqual(self.rest("cancer", anything=("INT64", list(whole.shape), whole.ravel().tolist())),
                         self.rest("cancer", X=("FP64", list(whole.shape), whole.astype(float).ravel().tolist())))
        del tensors[columns[3]]
        self.assertIn(columns[3], self.rest("cancer", 400, **tensors))

    def test_wrong_widths_are_refused_before_python_sees_them(self):
        self.assertIn("[-1,30]", self.rest("cancer", 400, X=("FP64", [1, 2], [1.0, 2.0])).replace(" ", ""))

    def test_a_text_pipeline(self):
        told = self.expected["animals"]
        self.assertEqual(self.rest("animals", text=("BYTES", [3], told["rows"])), told["outputs"])
        given = np.array([each.encode() for each in told["rows"]], dtype=object)
        self.assertEqual([each.decode() for each in self.stub("animals", {"text": given}, ["predict"])["predict"]],
                         told["outputs"]["predict"])
        lines = self.post("/v1/models/animals:predict", {"instances": told["rows"]})["predictions"]
        self.assertEqual([line["predict"] for line in lines], told["outputs"]["predict"])

    def test_what_mlflow_logged(self):
        told, columns = self.expected["logged"], self.expected["columns"]
        tensors = {name: ("FP64", [len(told["rows"])], [row[place] for row in told["rows"]])
                   for place, name in enumerate(columns)}
        self.assertEqual(self.rest("logged", **tensors), told["outputs"])
        records = [dict(zip(columns, row)) for row in told["rows"]]
        self.assertEqual(self.post("/v1/models/logged:predict", {"instances": records})["predictions"],
                         told["outputs"]["predictions"])

    # --- Other servers' models

    def test_triton_add_sub(self):
        a, b = np.arange(8, dtype=np.float32).reshape(2, 4), np.ones((2, 4), np.float32)
        tensors = {"INPUT0": ("FP32", [2, 4], a.ravel().tolist()), "INPUT1": ("FP32", [2, 4], b.ravel().tolist())}
        expected = {"OUTPUT0": (a + b).tolist(), "OUTPUT1": (a - b).tolist()}
        self.assertEqual(self.rest("add_sub", **tensors), expected)
        answer = self.stub("add_sub", {"INPUT0": a, "INPUT1": b}, expected)
        self.assertEqual({name: each.tolist() for name, each in answer.items()}, expected)

    def test_triton_asks_another_model(self):
        self.assertEqual(self.rest("bls", X=("FP32", [1, 4], [1, 2, 3, 4])), {"SUM": [[2, 4, 6, 8]]})
        self.assertIn("nowhere", self.rest("bls", 500, X=("FP32", [1, 4], [0, 0, 0, 0])))

    def test_triton_decoupled(self):
        answers = queue.Queue()
        client = triton.InferenceServerClient(self.server.grpc_url)
        self.addCleanup(client.close)
        client.start_stream(lambda result, error: answers.put((result, error)))
        tensor = triton.InferInput("FROM", [1], "INT32")
        tensor.set_data_from_numpy(np.array([3], np.int32))
        client.async_stream_infer("countdown", [tensor], enable_empty_final_response=True)
        found = []
        while True:
            result, error = answers.get(timeout=30)
            self.assertIsNone(error)
            if result.get_response().parameters["triton_final_response"].bool_param:
                break
            found.append(result.as_numpy("NOW").tolist())
        client.stop_stream()
        self.assertEqual(found, [[3], [2], [1]])

    def test_a_runtime_of_mlserver(self):
        self.assertEqual(self.rest("hello", name=("BYTES", [2], ["Ada", "Bo"])), {"greeting": ["Hello Ada", "Hello Bo"]})

    def test_a_handler_of_torchserve(self):
        answer = requests.put(self.server.url + "/predictions/lengths", data=b"four", timeout=60,
                              headers={"content-type": "application/octet-stream"})
        self.assertEqual((answer.status_code, answer.json()), (200, {"length": 4}), answer.text)

    # --- model.py

    def test_a_class_of_ones_own(self):
        self.assertEqual(self.rest("own", x=("FP32", [1, 2], [1, 2])), {"output": [[2, 4]]})
        self.assertEqual(self.rest("own", x=("FP32", [1, 2], [1, 2]), parameters={"factor": 3}), {"output": [[3, 6]]})
        self.assertIn("x must not be negative", self.rest("own", 400, x=("FP32", [1, 1], [-1])))
        self.assertEqual(self.post("/v1/models/own:predict", {"instances": [[1, 2]]}), {"predictions": [[2, 4]]})

    def test_a_class_asks_another_model(self):
        self.assertEqual(self.rest("asking", x=("FP32", [1, 2], [1, 2])), {"output": [[4, 6]]})

    def test_methods_by_name(self):
        x = ("FP32", [1, 2], [1, 2])
        self.assertEqual(self.rest("own", parameters={"method": "halved"}, x=x), {"output": [[0.5, 1]]})
        self.assertIn("there is no method other; there are predict, halved", self.rest("own", 400, parameters={"method": "other"}, x=x))

    def test_documents(self):
        self.assertEqual(self.post("/predictions/echo", {"a": [1, {"b": None}]}), {"got": {"a": [1, {"b": None}]}, "never": None})
        rows = self.post("/v1/models/echo:predict", {"instances": [{"a": 1}, {"instances": []}]})["predictions"]
        self.assertEqual([row["got"] for row in rows], [{"a": 1}, {"instances": []}])
        self.assertIn("expected an object, got [1]", self.post("/predictions/echo", [1], 400)["message"])

    def test_files_of_any_kind(self):
        every = bytes(range(256))
        for kind in ("application/x-own", "application/json", "image/png"):
            answer = requests.post(self.server.url + "/predictions/files", data=every, headers={"content-type": kind}, timeout=60)
            self.assertEqual((answer.status_code, answer.content), (200, kind.encode() + b":" + every[::-1]))
            self.assertEqual(answer.headers["content-type"], "application/octet-stream")

    def test_wrong_answers_say_what_was_expected(self):
        said = self.rest("wrong", 500, x=("FP32", [2, 1], [1, 2]))
        self.assertIn("output output: expected 2 rows, one for each row of the input, got shape [1, 1]", said)

    def test_streams(self):
        answer = requests.post(self.server.url + "/v2/models/words/generate_stream", json={"prompt": "a few words"},
                               timeout=60, stream=True)
        lines = [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith(b"data: ")]
        self.assertEqual([line["output"] for line in lines], ["a", "few", "words"])


class BareFilesTest(unittest.TestCase):
    def serve(self, *paths):
        """With the Python of .venv-python as the first in PATH, as these models have no model.yaml."""
        place = self.enterContext(tempfile.TemporaryDirectory())
        path = os.environ["PATH"]
        self.addCleanup(os.environ.__setitem__, "PATH", path)
        os.environ["PATH"] = f"{PYTHON.parent}:{path}"
        return self.enterContext(ApusServer(*paths, "--cache-directory", place))

    def test_the_example(self):
        server = self.serve(REPOSITORY / "Examples/python-model")
        flat = {"rooms": 2, "area": 50}

        def ask(path, body):
            return requests.post(server.url + path, json=body, timeout=60).json()

        self.assertEqual(ask("/v1/models/rent:predict", {"instances": [flat]}), {"predictions": [715.0]})
        about = requests.get(server.url + "/openapi.json", timeout=60).text
        self.assertIn('"required":["rooms","area"]', about.replace(" ", ""))
        said = ask("/v1/models/rent:predict", {"instances": [dict(flat, rooms="two")]})["error"]
        self.assertIn('flats, row 0.rooms: expected a whole number, got "two"', said)
        asked = {"inputs": [{"name": "flats", "datatype": "BYTES", "shape": [1], "data": [json.dumps(flat)]}],
                 "parameters": {"method": "price"}}
        self.assertEqual(ask("/v2/models/rent/infer", asked)["outputs"][0]["data"], [171600.0])

    def test_a_pickle_is_refused_with_what_to_do(self):
        with tempfile.TemporaryDirectory() as place:
            path = pathlib.Path(place, "forest.pkl")
            path.write_bytes(b"\x80\x04N.")
            answer = subprocess.run(
                [binary(), "serve", path, "--http-port", "0", "--grpc-port", "0", "--metrics-port", "0", "--state-directory", "off",
                 "--cache-directory", place],
                capture_output=True, text=True, timeout=60, env=dict(os.environ, PATH=f"{PYTHON.parent}:{os.environ['PATH']}"))
            said = answer.stdout + answer.stderr
            self.assertEqual(answer.returncode, 1, said)
            self.assertIn("forest.pkl is a pickle, and loading a pickle runs whatever code the file holds", said)
            self.assertIn("allow-pickle: true", said)
