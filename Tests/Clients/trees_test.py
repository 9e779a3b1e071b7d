"""Models of trees over every protocol, against what their libraries said of the same rows."""

import io
import json
import pathlib
import shutil
import tempfile
import unittest

import numpy as np
import requests
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from support.apus_server import REPOSITORY, ApusServer, shared_data

FIXTURES = REPOSITORY / "Tests/Fixtures/tabular"
JSON = {"Content-Type": "application/json"}
NUMBERS = {
    "BOOL": np.bool_, "UINT8": np.uint8, "UINT16": np.uint16, "UINT32": np.uint32, "UINT64": np.uint64,
    "INT8": np.int8, "INT16": np.int16, "INT32": np.int32, "INT64": np.int64, "FP16": np.float16,
    "FP32": np.float32, "FP64": np.float64,
}


def vectors(name):
    return json.loads((FIXTURES / f"{name}.vectors.json").read_text())


def array(rows, kind=np.float32):
    return np.array([[np.nan if value is None else value for value in row] for row in rows], kind)


class TreesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ApusServer(
            FIXTURES / "iris-classifier.json", FIXTURES / "cancer.ubj", FIXTURES / "diabetes.txt",
            "--default-model", "diabetes", grpc=True)
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.stop)
        cls.url = cls.server.url
        cls.iris, cls.cancer, cls.diabetes = map(vectors, ("iris-classifier", "cancer", "diabetes"))

    def post(self, path, body, status=200, headers=JSON, **more):
        data = body if isinstance(body, (str, bytes)) else json.dumps(body)
        answer = requests.post(self.url + path, data=data, headers=headers, timeout=60, **more)
        self.assertEqual(answer.status_code, status, answer.text[:2000])
        return answer

    def infer(self, model, rows, datatype="FP32", name="input", outputs=None, parameters=None, status=200):
        body = {"inputs": [{
            "name": name, "shape": [len(rows), len(rows[0])], "datatype": datatype, "data": rows}]}
        if outputs:
            body["outputs"] = [{"name": output} for output in outputs]
        if parameters:
            body["parameters"] = parameters
        answer = self.post(f"/v2/models/{model}/infer", body, status).json()
        if status != 200:
            return answer["error"]
        return {
            output["name"]: np.array(output["data"], NUMBERS[output["datatype"]]).reshape(output["shape"])
            for output in answer["outputs"]}

    def check(self, found, expected, tolerance=0.0):
        expected = np.array(expected)
        self.assertEqual(found.shape, expected.shape)
        if tolerance:
            np.testing.assert_allclose(found, expected, atol=tolerance, rtol=tolerance)
        else:
            np.testing.assert_array_equal(found, expected.astype(found.dtype))

    # What a model is

    def test_metadata_says_what_it_takes_and_gives(self):
        iris = requests.get(self.url + "/v2/models/iris-classifier", timeout=30).json()
        self.assertEqual(iris["platform"], "xgboost_json")
        self.assertEqual(iris["inputs"], [{"name": "input", "datatype": "FP32", "shape": [-1, 4]}])
        self.assertEqual(iris["outputs"][0], {"name": "predict", "datatype": "INT64", "shape": [-1]})
        self.assertEqual(
            [output["name"] for output in iris["outputs"]],
            ["predict", "predict_proba", "margin", "leaf", "contributions"])
        self.assertEqual(iris["parameters"]["objective"], "multi:softprob")
        diabetes = requests.get(self.url + "/v2/models/diabetes", timeout=30).json()
        self.assertEqual(diabetes["platform"], "lightgbm_txt")
        self.assertEqual(diabetes["inputs"][0]["datatype"], "FP64")

    # V2

    def test_every_output_is_the_librarys(self):
        found = self.infer(
            "iris-classifier", self.iris["rows"],
            outputs=["margin", "leaf", "predict", "predict_proba", "contributions"])
        for name in ("margin", "leaf", "predict"):
            self.check(found[name], self.iris[name])
        self.check(found["predict_proba"], self.iris["predict_proba"], 1e-6)
        self.check(found["contributions"], self.iris["contributions"], 1e-4)
        found = self.infer("cancer", self.cancer["rows"], outputs=["predict", "margin", "contributions"])
        self.check(found["margin"], self.cancer["margin"])
        self.check(found["predict"], self.cancer["predict"], 1e-6)
        self.check(found["contributions"], self.cancer["contributions"], 1e-4)
        found = self.infer("diabetes", self.diabetes["rows"], "FP64", outputs=["predict", "leaf", "contributions"])
        self.check(found["predict"], self.diabetes["predict"])
        self.check(found["leaf"], self.diabetes["leaf"])
        self.check(found["contributions"], self.diabetes["contributions"], 1e-4)

    def test_without_names_only_the_prediction_is_given(self):
        self.assertEqual(list(self.infer("iris-classifier", self.iris["rows"])), ["predict"])

    def test_null_and_nan_are_missing_and_any_name_is_taken(self):
        expected = self.infer("cancer", self.cancer["rows"])["predict"]
        self.check(self.infer("cancer", self.cancer["rows"], name="anything")["predict"], expected)
        text = json.dumps({"inputs": [{
            "name": "x", "shape": [len(self.cancer["rows"]), 6], "datatype": "FP32",
            "data": array(self.cancer["rows"]).tolist()}]})
        self.assertIn("NaN", text)
        found = self.post("/v2/models/cancer/infer", text).json()["outputs"][0]["data"]
        self.check(np.array(found, np.float32), expected)
        # `data` that comes before what it needs to be understood.
        late = text.replace('"name": "x", ', "").replace('"data"', '"name": "x", "data"')
        self.assertNotEqual(late, text)
        found = self.post("/v2/models/cancer/infer", late).json()["outputs"][0]["data"]
        self.check(np.array(found, np.float32), expected)

    def test_rounds_can_be_limited(self):
        two = self.iris["margin_of_two_rounds"]
        for parameters in ({"iteration_range": "(0, 2)"}, {"iteration_range": 2}, {"ntree_limit": 2}):
            found = self.infer("iris-classifier", self.iris["rows"], outputs=["margin"], parameters=parameters)
            self.check(found["margin"], two)
        for parameters in ({"iteration_range": "0,0"}, {"ntree_limit": 0}, {"iteration_range": "0,600"}):
            found = self.infer("iris-classifier", self.iris["rows"], outputs=["margin"], parameters=parameters)
            self.check(found["margin"], self.iris["margin"])
        found = self.infer("iris-classifier", self.iris["rows"], outputs=["leaf"], parameters={"iteration_range": "2,4"})
        self.check(found["leaf"], np.array(self.iris["leaf"])[:, 6:12])
        for wrong in ("4,2", "9,12", "-1,3", "many", 1.5):
            error = self.infer("iris-classifier", self.iris["rows"], parameters={"iteration_range": wrong}, status=400)
            self.assertIn("iteration_range", error)

    def test_what_is_wrong_is_said(self):
        error = self.infer("cancer", [[1.0, 2.0]], status=400)
        self.assertIn("[-1, 6]", error)
        error = self.infer("cancer", [["a", 1, 2, 3, 4, 5]], status=400)
        self.assertIn("element 0", error)
        error = self.infer("cancer", [[1.5, 1, 2, 3, 4, 5]], "INT64", status=400)
        self.assertIn("must be an integer", error)
        error = self.infer("cancer", self.cancer["rows"], outputs=["nothing"], status=400)
        self.assertIn("predict", error)

    # Triton's clients

    def test_tritons_clients_send_every_datatype(self):
        rows = np.array([[13, 14, 0, 16, 20, 1], [20, 18, 1, 25, 25, 0]])
        clients = [
            (triton, triton.InferenceServerClient(f"127.0.0.1:{self.server.port}")),
            (triton_grpc, triton_grpc.InferenceServerClient(self.server.grpc_url)),
        ]
        expected = None
        for module, client in clients:
            for datatype, kind in NUMBERS.items():
                if datatype == "BOOL":
                    continue
                with self.subTest(module=module.__name__, datatype=datatype):
                    given = module.InferInput("input-0", [2, 6], datatype)
                    given.set_data_from_numpy(rows.astype(kind))
                    answer = client.infer("cancer", [given])
                    found = answer.as_numpy("predict")
                    expected = found if expected is None else expected
                    self.check(found, expected)
            given = module.InferInput("x", [len(self.cancer["rows"]), 6], "FP32")
            given.set_data_from_numpy(array(self.cancer["rows"]))
            wanted = [module.InferRequestedOutput("margin"), module.InferRequestedOutput("leaf")]
            answer = client.infer("cancer", [given], outputs=wanted)
            self.check(answer.as_numpy("margin"), self.cancer["margin"])
            wrong = module.InferInput("x", [1, 6], "BYTES")
            wrong.set_data_from_numpy(np.array([["a"] * 6], object))
            with self.assertRaises(InferenceServerException) as refusal:
                client.infer("cancer", [wrong])
            self.assertIn("FP32", str(refusal.exception))
            client.close()

    def test_lightgbm_sees_integers_as_its_library_does(self):
        """They become Float32 on their way; large ones are rounded."""
        large = 16_777_217
        rows = [[large] * 10]
        self.check(
            self.infer("diabetes", rows, "INT64")["predict"],
            self.infer("diabetes", [[float(np.float32(large))] * 10], "FP64")["predict"])

    # Columns by their names

    def shuffled(self):
        order = [2, 0, 3, 1]
        names = [self.iris["columns"][place] for place in order]
        return names, [[row[place] for place in order] for row in self.iris["rows"]]

    def test_columns_are_found_by_name_in_every_dialect(self):
        names, rows = self.shuffled()
        records = [dict(zip(names, row)) for row in rows]
        columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
        expected = self.iris["predict"]
        invocations = "/models/iris-classifier/invoke"
        mlflow = {**JSON, "x-apus-dialect": "mlflow"}
        answers = [
            self.post("/v1/models/iris-classifier:predict", {"instances": records}),
            self.post("/v1/models/iris-classifier:predict", {"inputs": columns}),
            self.post(invocations, {"dataframe_split": {"columns": names, "data": rows}}, headers=mlflow),
            self.post(invocations, {"dataframe_records": records}, headers=mlflow),
            self.post(invocations, {"inputs": columns}, headers=mlflow),
        ]
        for answer in answers:
            document = answer.json()
            self.assertEqual(document.get("predictions", document.get("outputs")), expected, answer.text)
        tensors = [
            {"name": name, "shape": [len(values), 1], "datatype": "FP64", "data": values}
            for name, values in columns.items()]
        for parameters in ({}, {"parameters": {"content_type": "pd"}}):
            answer = self.post("/v2/models/iris-classifier/infer", {"inputs": tensors, **parameters})
            self.assertEqual(answer.json()["outputs"][0]["data"], expected)

    def columns(self, client, module, kinds, shape=lambda rows: [rows], names=None, **told):
        names = names or self.iris["columns"]
        tensors = []
        for place in reversed(range(len(names))):
            values = np.array([row[place % 4] for row in self.iris["rows"]]).astype(kinds[place % len(kinds)])
            datatype = next(name for name, kind in NUMBERS.items() if kind is kinds[place % len(kinds)])
            tensor = module.InferInput(names[place], shape(len(values)), datatype)
            tensor.set_data_from_numpy(values.reshape(shape(len(values))), **told)
            tensors.append(tensor)
        wanted = [module.InferRequestedOutput("margin"), module.InferRequestedOutput("predict")]
        return client.infer("iris-classifier", tensors, outputs=wanted)

    def test_columns_are_tensors_of_tritons_clients(self):
        rest = triton.InferenceServerClient(f"127.0.0.1:{self.server.port}")
        grpc = triton_grpc.InferenceServerClient(self.server.grpc_url)
        for module, client, told in (
            (triton, rest, {"binary_data": True}), (triton, rest, {"binary_data": False}), (triton_grpc, grpc, {}),
        ):
            with self.subTest(module=module.__name__, **told):
                for kinds, shape in (([np.float32], lambda rows: [rows, 1]),
                                     ([np.float64, np.float32], lambda rows: [rows])):
                    answer = self.columns(client, module, kinds, shape, **told)
                    self.check(answer.as_numpy("margin"), self.iris["margin"])
                    self.check(answer.as_numpy("predict"), self.iris["predict"])
                for names, part in ((self.iris["columns"][:3], "petal width"),
                                    (self.iris["columns"] + ["weight"], "weight"),
                                    (["input"] + self.iris["columns"][1:], "whole table")):
                    with self.assertRaises(InferenceServerException) as refusal:
                        self.columns(client, module, [np.float32], names=names, **told)
                    self.assertIn(part, str(refusal.exception))
        rest.close()
        grpc.close()

    def test_lines_with_a_head_are_tables(self):
        names = self.diabetes["columns"][::-1]
        lines = [",".join(names)] + [
            ",".join("" if value is None else str(value) for value in row[::-1])
            for row in self.diabetes["rows"]]
        answer = self.post("/invocations", "\n".join(lines), headers={"Content-Type": "text/csv"})
        self.check(np.array(answer.json()["predictions"]), self.diabetes["predict"])

    def test_a_column_that_is_missing_is_named(self):
        names, rows = self.shuffled()
        records = [dict(zip(names[1:], row[1:])) for row in rows]
        for path, body in (
            ("/v1/models/iris-classifier:predict", {"instances": records}),
            ("/models/iris-classifier/invoke", {"dataframe_records": records}),
            ("/v2/models/iris-classifier/infer", {"inputs": [
                {"name": name, "shape": [1], "datatype": "FP32", "data": [1.0]} for name in names[1:]]}),
        ):
            answer = self.post(path, body, 400)
            self.assertIn("petal length (cm)", answer.text)
        wrong = [{**dict(zip(names, row)), "weight": 1} for row in rows]
        self.assertIn("weight", self.post("/v1/models/iris-classifier:predict", {"instances": wrong}, 400).text)

    def test_rows_without_names_go_by_their_order(self):
        rows = self.cancer["rows"]
        expected = self.infer("cancer", rows)["predict"]
        answers = [
            self.post("/v1/models/cancer:predict", {"instances": rows}).json()["predictions"],
            self.post("/v1/models/cancer:predict", {"inputs": rows}).json()["outputs"],
            self.post("/v1/models/cancer:predict", {"inputs": {"x": rows}}).json()["outputs"],
            self.post("/predictions/cancer", {"instances": rows}).json()["predictions"],
            self.post("/predictions/cancer", rows).json(),
            self.post("/models/cancer/invoke", {"instances": rows}).json()["predictions"],
        ]
        for answer in answers:
            self.check(np.array(answer, np.float32), expected)
        lines = "\n".join(",".join("" if value is None else str(value) for value in row) for row in rows)
        text = self.post("/models/cancer/invoke", lines, headers={"Content-Type": "text/csv"}).text
        self.check(np.array(text.split(), np.float32), expected)
        for kind in (np.float32, np.float64):
            file = io.BytesIO()
            np.save(file, array(rows, kind))
            found = self.post("/models/cancer/invoke", file.getvalue(), headers={
                "Content-Type": "application/x-npy"}).json()["predictions"]
            self.check(np.array(found, np.float32), expected)

    def test_outputs_are_named_by_a_parameter_where_a_dialect_has_no_other_place(self):
        body = {"instances": self.iris["rows"], "parameters": {"outputs": "predict_proba"}}
        found = self.post("/v1/models/iris-classifier:predict", body).json()["predictions"]
        self.check(np.array(found), self.iris["predict_proba"], 1e-6)
        body["parameters"]["outputs"] = "nothing"
        self.assertIn("predict_proba", self.post("/v1/models/iris-classifier:predict", body, 400).text)

    # Why

    def test_explanations_add_up(self):
        for path in ("/v1/models/iris-classifier:explain", "/explanations/iris-classifier"):
            answer = self.post(path, {"instances": self.iris["rows"]}).json()["explanations"]
            self.assertEqual(len(answer), len(self.iris["rows"]))
            for row, expected in zip(answer, self.iris["contributions"]):
                self.assertEqual(list(row["contributions"]), self.iris["columns"])
                found = np.array(list(row["contributions"].values()) + [row["base_value"]]).T
                self.check(found, expected, 1e-4)
        answer = self.post("/v1/models/cancer:explain", {"instances": self.cancer["rows"]}).json()
        for row, margin in zip(answer["explanations"], self.cancer["margin"]):
            self.assertEqual(list(row["contributions"]), [f"f{place}" for place in range(6)])
            self.assertAlmostEqual(row["base_value"] + sum(row["contributions"].values()), margin, 4)

    # Many rows

    def test_ten_thousand_rows_in_and_out(self):
        rows = (array(self.diabetes["rows"], np.float64).repeat(1000, 0))[:10_000]
        expected = np.array(self.diabetes["predict"]).repeat(1000)[:10_000]
        lines = "\n".join(",".join("" if value != value else repr(value) for value in row) for row in rows.tolist())
        text = self.post("/invocations", lines, headers={"Content-Type": "text/csv", "x-apus-dialect": "sagemaker"}).text
        self.check(np.array(text.split(), np.float64), expected)
        nested = [[None if value != value else value for value in row] for row in rows.tolist()]
        self.check(self.infer("diabetes", nested, "FP64")["predict"], expected)
        found = self.post("/v1/models/diabetes:predict", {"instances": nested}).json()["predictions"]
        self.check(np.array(found), expected)
        client = triton.InferenceServerClient(f"127.0.0.1:{self.server.port}")
        given = triton.InferInput("input", list(rows.shape), "FP64")
        given.set_data_from_numpy(rows)
        self.check(client.infer("diabetes", [given]).as_numpy("predict"), expected)
        client.close()


class FoldersOfTreesTest(unittest.TestCase):
    """Models in the folders of other servers."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def put(self, fixture, place):
        path = self.folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(FIXTURES / fixture, path)

    def write(self, place, text):
        path = self.folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def predict(self, server, model, rows):
        answer = requests.post(
            f"{server.url}/v1/models/{model}:predict", json={"instances": rows}, timeout=30)
        self.assertEqual(answer.status_code, 200, answer.text)
        return np.array(answer.json()["predictions"])

    def test_folders_of_triton_mlserver_and_mlflow(self):
        self.put("cancer.ubj", "plain/1/xgboost.ubj")
        for name, parameters in (("raw", {}), ("proba", {"predict_proba": "true"}),
                                 ("class", {"output_class": "true", "threshold": "0.9"})):
            self.put("cancer.ubj", f"{name}/1/xgboost.ubj")
            given = {"model_type": "xgboost_ubj", "storage_type": "AUTO", **parameters}
            lines = "".join(
                f'parameters {{ key: "{key}" value: {{ string_value: "{value}" }} }}\n'
                for key, value in given.items())
            width = 2 if name == "proba" else 1
            self.write(f"{name}/config.pbtxt", (
                f'backend: "fil"\nmax_batch_size: 8192\n{lines}'
                'input [{ name: "input__0" data_type: TYPE_FP32 dims: [6] }]\n'
                f'output [{{ name: "output__0" data_type: TYPE_FP32 dims: [{width}] }}]\n'))
        self.put("diabetes.txt", "light/model.txt")
        self.write("light/model-settings.json", json.dumps({
            "name": "light", "implementation": "mlserver_lightgbm.LightGBMModel",
            "parameters": {"uri": "./model.txt", "version": "v1.0"}}))
        self.put("iris-classifier.json", "flow/model.json")
        self.write("flow/MLmodel", (
            "flavors:\n  python_function:\n    loader_module: mlflow.xgboost\n    data: model.json\n"
            "  xgboost:\n    data: model.json\n    model_class: xgboost.sklearn.XGBClassifier\n"))
        # What is in the way and no model.
        self.write("notes.txt", "tree of life\nversion=none\n")
        self.write("package.json", '{"name": "not a model", "version": "1.0.0"}')
        cancer, iris, diabetes = map(vectors, ("cancer", "iris-classifier", "diabetes"))
        with ApusServer(self.folder) as server:
            listed = requests.get(server.url + "/v2/models", timeout=30).json()["models"]
            self.assertEqual(sorted(listed), ["class", "flow", "light", "plain", "proba", "raw"])
            np.testing.assert_allclose(self.predict(server, "plain", cancer["rows"]), cancer["predict"], 1e-6)
            np.testing.assert_array_equal(self.predict(server, "flow", iris["rows"]), iris["predict"])
            np.testing.assert_array_equal(self.predict(server, "light", diabetes["rows"]), diabetes["predict"])
            self.assertEqual(self.predict(server, "raw", cancer["rows"]).shape, (len(cancer["rows"]), 1))
            proba = self.predict(server, "proba", cancer["rows"])
            np.testing.assert_allclose(proba[:, 1], cancer["predict"], 1e-6)
            np.testing.assert_allclose(proba.sum(1), 1, 1e-6)
            found = self.predict(server, "class", cancer["rows"])[:, 0]
            np.testing.assert_array_equal(found, (np.array(cancer["predict"]) > 0.9).astype(float))
            client = triton.InferenceServerClient(f"127.0.0.1:{server.port}")
            given = triton.InferInput("input__0", [len(cancer["rows"]), 6], "FP32")
            given.set_data_from_numpy(array(cancer["rows"]))
            found = client.infer("raw", [given]).as_numpy("output__0")
            np.testing.assert_allclose(found[:, 0], cancer["predict"], 1e-6)
            client.close()

    def test_joined_requests_have_the_same_bits(self):
        self.put("cancer.ubj", "joined/1/model.ubj")
        self.write("joined/model.yaml", (
            "batching: fixed\nmax-batch-size: 64\nbatch-delay: 20ms\n"))
        cancer = vectors("cancer")
        alone = np.array(cancer["margin"], np.float32)
        with ApusServer(self.folder) as server:
            client = triton.InferenceServerClient(f"127.0.0.1:{server.port}", concurrency=16)
            calls = []
            for row in array(cancer["rows"]):
                given = triton.InferInput("x", [1, 6], "FP32")
                given.set_data_from_numpy(row[None])
                wanted = [triton.InferRequestedOutput("margin")]
                calls.append(client.async_infer("joined", [given], outputs=wanted))
            found = np.concatenate([call.get_result().as_numpy("margin") for call in calls])
            client.close()
            np.testing.assert_array_equal(found, alone)
            stats = requests.get(server.url + "/v2/models/joined/stats", timeout=30).json()["model_stats"][0]
            self.assertLess(stats["execution_count"], stats["inference_count"])


class IsolatedTreesTest(unittest.TestCase):
    """A model in a process of its own behaves as one that has none."""

    MODELS = {
        "iris": ("tabular/iris-classifier.json", "iris-classifier"), "cancer": ("tabular/cancer.ubj", "cancer"),
        "diabetes": ("tabular/diabetes.txt", "diabetes"), "pipeline": ("onnxml/boosting-two.onnx", None),
    }

    def test_isolation_changes_nothing_for_clients(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, (fixture, _) in self.MODELS.items():
                for place, settings in (("here", ""), ("apart", "isolation: process\n")):
                    model = pathlib.Path(folder) / f"{name}-{place}"
                    model.mkdir()
                    file = FIXTURES.parent / fixture
                    shutil.copy(file, model / ("model" + file.suffix))
                    (model / "model.yaml").write_text(settings + "instances: 1\n")
            with ApusServer(folder, grpc=True) as server:
                grpc = triton_grpc.InferenceServerClient(server.grpc_url)
                for name, (_, known) in self.MODELS.items():
                    with self.subTest(model=name):
                        here = self.answers(server, grpc, name + "-here", known)
                        apart = self.answers(server, grpc, name + "-apart", known)
                        for what, answer in here.items():
                            self.assertEqual(apart[what], answer, what)
                grpc.close()

    def answers(self, server, grpc, model, known):
        about = requests.get(f"{server.url}/v2/models/{model}", timeout=30).json()
        width = about["inputs"][0]["shape"][1]
        table = vectors(known) if known else {}
        rows = table.get("rows", [[0.25 * place + column for column in range(width)] for place in range(3)])
        names = table.get("columns") or [f"f{place}" for place in range(width)]
        records = [dict(zip(names[::-1], row[::-1])) for row in rows]
        outputs = [output["name"] for output in about["outputs"]][::-1]
        whole = {"name": "x", "shape": [len(rows), width], "datatype": "FP64", "data": rows}
        columns = [{"name": name, "shape": [len(rows)], "datatype": "FP64", "data": [row[place] for row in rows]}
                   for place, name in enumerate(names)]
        lines = "\n".join(",".join("" if value is None else str(value) for value in row) for row in rows)
        asked = {
            "whole": (f"/v2/models/{model}/infer", {"inputs": [whole]}),
            "outputs": (f"/v2/models/{model}/infer", {"inputs": [whole], "outputs": [{"name": o} for o in outputs]}),
            "columns": (f"/v2/models/{model}/infer", {"inputs": columns[::-1]}),
            "records": (f"/v1/models/{model}:predict", {"instances": records}),
            "rounds": (f"/v1/models/{model}:predict", {"instances": rows, "parameters": {"iteration_range": 2}}),
            "named": (f"/v1/models/{model}:predict", {"instances": rows, "parameters": {"outputs": outputs[0]}}),
            "explain": (f"/v1/models/{model}:explain", {"instances": records}),
            "lines": (f"/models/{model}/invoke", lines),
            "short": (f"/v2/models/{model}/infer", {"inputs": columns[1:]}),
            "unknown": (f"/v2/models/{model}/infer", {"inputs": [whole], "outputs": [{"name": "nothing"}]}),
        }
        found = {"about": self.told(about, model)}
        for what, (path, body) in asked.items():
            headers = {"Content-Type": "text/csv"} if isinstance(body, str) else JSON
            body = body if isinstance(body, str) else json.dumps(body)
            answer = requests.post(server.url + path, data=body, headers=headers, timeout=60)
            kind = answer.headers["content-type"]
            content = self.told(answer.json(), model) if "json" in kind else answer.text
            found[what] = (answer.status_code, content)
        tensors = []
        for place, name in enumerate(names):
            tensors.append(triton_grpc.InferInput(name, [len(rows), 1], "FP32"))
            tensors[-1].set_data_from_numpy(array(rows)[:, place:place + 1])
        answer = grpc.infer(model, tensors).get_response()
        found["grpc"] = (answer.outputs[0].name, list(answer.raw_output_contents))
        for what in ("whole", "outputs", "columns", "records", "named", "lines"):
            self.assertEqual(found[what][0], 200, (what, found[what][1]))
        for what in ("short", "unknown"):
            self.assertEqual(found[what][0], 400, (what, found[what][1]))
        return found

    @staticmethod
    def told(document, model):
        return json.loads(json.dumps(document).replace(model, "MODEL"))


class RealTreesTest(unittest.TestCase):
    """The real models of the shared data, with every vector that there is."""

    def test_every_model_answers_as_its_library_does(self):
        data = shared_data()
        files = [
            *(data / "xgboost").glob("*.ubj"), *(data / "lightgbm").glob("*.txt")]
        names = {path: f"{path.parent.name}-{path.stem}" for path in files}
        with tempfile.TemporaryDirectory() as folder:
            for path, name in names.items():
                place = pathlib.Path(folder) / name / "1"
                place.mkdir(parents=True)
                shutil.copy(path, place / ("model" + path.suffix))
            with ApusServer(folder) as server:
                client = triton.InferenceServerClient(f"127.0.0.1:{server.port}")
                for path, name in names.items():
                    with self.subTest(model=name):
                        self.check(client, path, name)
                client.close()

    def check(self, client, path, name):
        def load(what):
            file = path.with_name(f"{path.stem}-{what}.npy")
            return np.load(file) if file.exists() else None

        rows = load("X")
        given = triton.InferInput("x", list(rows.shape), "FP32")
        given.set_data_from_numpy(rows)
        answer = client.infer(name, [given])
        np.testing.assert_allclose(answer.as_numpy("predict"), load("pred"), rtol=1e-6, atol=1e-7)
        margins = load("margin") if path.suffix == ".ubj" else load("raw")
        if path.stem.endswith("-rf"):
            margins /= 30  # LightGBM's raw score of a forest is the sum that it averages
        leaves = load("leaf")
        outputs = ["margin"] + ([] if leaves is None else ["leaf"])
        answer = client.infer(name, [given], outputs=[triton.InferRequestedOutput(output) for output in outputs])
        np.testing.assert_allclose(answer.as_numpy("margin"), margins, rtol=1e-6, atol=1e-7)
        if leaves is not None:
            np.testing.assert_array_equal(answer.as_numpy("leaf").reshape(leaves.shape), leaves.astype(np.int32))


if __name__ == "__main__":
    unittest.main()
