"""Makes a repository of Python models, and writes down what their libraries themselves answer.

Run with the Python of .venv-python: `python python_models.py FOLDER`. What is asked and what the answers
are goes to FOLDER.json.
"""

import json
import pathlib
import pickle
import sys
import textwrap
import warnings
import zipfile

warnings.filterwarnings("ignore")

import joblib  # noqa: E402
import lightgbm  # noqa: E402
import mlflow.sklearn  # noqa: E402
import skops.io  # noqa: E402
import xgboost  # noqa: E402
from mlflow.models import infer_signature  # noqa: E402
from sklearn import datasets  # noqa: E402
from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402

ROWS = 20
YAML = """
instances: 1
python:
  interpreter: {python}
  allow-pickle: {pickle}
"""


class Repository:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.expected = {}

    def place(self, name, allows_pickle=False, version=None):
        folder = self.folder / name / (version or "")
        folder.mkdir(parents=True)
        yaml = YAML.format(python=sys.prefix, pickle=str(allows_pickle).lower())
        (self.folder / name / "model.yaml").write_text(yaml)
        return folder

    def write(self, name, files, version=None):
        folder = self.place(name, version=version)
        for path, text in files.items():
            (folder / path).write_text(textwrap.dedent(text))
        return folder

    def expect(self, name, rows, **outputs):
        self.expected[name] = {"rows": plain(rows), "outputs": {key: plain(each) for key, each in outputs.items()}}


def plain(value):
    return value.tolist() if hasattr(value, "tolist") else value


def tabular(repository):
    frame, labels = datasets.load_breast_cancer(return_X_y=True, as_frame=True)
    train, asked = frame[ROWS:], frame[:ROWS]
    targets = labels[ROWS:]
    logistic = make_pipeline(StandardScaler(), LogisticRegression()).fit(train, targets)
    with open(repository.place("cancer", True) / "model.pkl", "wb") as file:
        pickle.dump(logistic, file)
    skops.io.dump(logistic, repository.place("cancer_skops") / "model.skops")
    answers = {"predict": logistic.predict(asked), "predict_proba": logistic.predict_proba(asked)}
    repository.expect("cancer", asked.to_numpy(), **answers)
    repository.expected["columns"] = list(frame.columns)

    boosted = xgboost.XGBClassifier(n_estimators=30, n_jobs=1).fit(train, targets)
    joblib.dump(boosted, repository.place("boosted", True, "1") / "model.joblib")
    repository.expect("boosted", asked.to_numpy(), predict=boosted.predict(asked), predict_proba=boosted.predict_proba(asked))

    light = lightgbm.LGBMClassifier(n_estimators=30, n_jobs=1, verbose=-1).fit(train, targets)
    with open(repository.place("light", True, "1") / "model.pkl", "wb") as file:
        pickle.dump(light, file)
    repository.expect("light", asked.to_numpy(), predict=light.predict(asked), predict_proba=light.predict_proba(asked))

    folder = repository.folder / "logged"
    mlflow.sklearn.save_model(logistic, str(folder), signature=infer_signature(train, logistic.predict(train)), pip_requirements=[])
    (folder / "model.yaml").write_text(YAML.format(python=sys.prefix, pickle="false"))
    repository.expect("logged", asked.to_numpy(), predictions=mlflow.pyfunc.load_model(str(folder)).predict(asked))


def texts(repository):
    news = ["a dog runs", "the cat sleeps", "dogs bark", "a cat and a mouse", "the dog sleeps", "cats purr"]
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(news, ["dog", "cat"] * 3)
    joblib.dump(model, repository.place("animals", True) / "model.joblib")
    asked = ["my dog", "a cat", "über alle Katzen"]
    repository.expect("animals", asked, predict=model.predict(asked), predict_proba=model.predict_proba(asked))


TRITON = {
    "add_sub": ("""
        name: "add_sub"
        backend: "python"
        max_batch_size: 8
        input [ { name: "INPUT0" data_type: TYPE_FP32 dims: [ 4 ] }, { name: "INPUT1" data_type: TYPE_FP32 dims: [ 4 ] } ]
        output [ { name: "OUTPUT0" data_type: TYPE_FP32 dims: [ 4 ] }, { name: "OUTPUT1" data_type: TYPE_FP32 dims: [ 4 ] } ]
        """, """
        import json
        import triton_python_backend_utils as pb_utils

        class TritonPythonModel:
            def initialize(self, args):
                config = json.loads(args["model_config"])
                self.types = [pb_utils.triton_string_to_numpy(
                    pb_utils.get_output_config_by_name(config, name)["data_type"]) for name in ("OUTPUT0", "OUTPUT1")]

            def execute(self, requests):
                responses = []
                for request in requests:
                    a = pb_utils.get_input_tensor_by_name(request, "INPUT0").as_numpy()
                    b = pb_utils.get_input_tensor_by_name(request, "INPUT1").as_numpy()
                    responses.append(pb_utils.InferenceResponse(output_tensors=[
                        pb_utils.Tensor("OUTPUT0", (a + b).astype(self.types[0])),
                        pb_utils.Tensor("OUTPUT1", (a - b).astype(self.types[1]))]))
                return responses
        """),
    "bls": ("""
        backend: "python"
        input { name: "X" data_type: TYPE_FP32 dims: [ 1, 4 ] }
        output { name: "SUM" data_type: TYPE_FP32 dims: [ 1, 4 ] }
        """, """
        import triton_python_backend_utils as pb_utils

        class TritonPythonModel:
            def execute(self, requests):
                responses = []
                for request in requests:
                    x = pb_utils.get_input_tensor_by_name(request, "X").as_numpy()
                    model = "add_sub" if x[0, 0] else "nowhere"
                    asked = pb_utils.InferenceRequest(
                        model_name=model, requested_output_names=["OUTPUT0"],
                        inputs=[pb_utils.Tensor("INPUT0", x), pb_utils.Tensor("INPUT1", x)])
                    answer = asked.exec()
                    if answer.has_error():
                        raise pb_utils.TritonModelException(answer.error().message())
                    responses.append(pb_utils.InferenceResponse([
                        pb_utils.Tensor("SUM", pb_utils.get_output_tensor_by_name(answer, "OUTPUT0").as_numpy())]))
                return responses
        """),
    "countdown": ("""
        backend: "python"
        model_transaction_policy { decoupled: true }
        input { name: "FROM" data_type: TYPE_INT32 dims: 1 }
        output { name: "NOW" data_type: TYPE_INT32 dims: 1 }
        """, """
        import threading
        import numpy as np
        import triton_python_backend_utils as pb_utils

        class TritonPythonModel:
            def execute(self, requests):
                for request in requests:
                    threading.Thread(target=self.answer, args=(request,)).start()

            def answer(self, request):
                sender = request.get_response_sender()
                for number in range(int(pb_utils.get_input_tensor_by_name(request, "FROM").as_numpy()[0]), 0, -1):
                    sender.send(pb_utils.InferenceResponse([pb_utils.Tensor("NOW", np.array([number], np.int32))]))
                sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
        """),
}


def foreign(repository):
    for name, (config, source) in TRITON.items():
        repository.write(name, {"model.py": source}, version="1")
        (repository.folder / name / "config.pbtxt").write_text(textwrap.dedent(config))
    repository.write("hello", {"model-settings.json": json.dumps({
        "name": "hello", "implementation": "models.Hello",
        "inputs": [{"name": "name", "datatype": "BYTES", "shape": [-1]}],
        "outputs": [{"name": "greeting", "datatype": "BYTES", "shape": [-1]}]}), "models.py": """
        from mlserver import MLModel, types
        from mlserver.codecs import StringCodec

        class Hello(MLModel):
            async def load(self) -> bool:
                return True

            async def predict(self, payload: types.InferenceRequest) -> types.InferenceResponse:
                names = self.decode(payload.inputs[0], default_codec=StringCodec)
                return types.InferenceResponse(
                    id=payload.id, model_name=self.name, model_version=self.version,
                    outputs=[StringCodec.encode_output("greeting", ["Hello " + name for name in names])])
        """})
    with zipfile.ZipFile(repository.place("lengths") / "model.mar", "w") as archive:
        archive.writestr("MAR-INF/MANIFEST.json", json.dumps({"model": {"modelName": "lengths", "handler": "handler.py"}}))
        archive.writestr("handler.py", textwrap.dedent("""
            from ts.torch_handler.base_handler import BaseHandler

            class Lengths(BaseHandler):
                def initialize(self, context):
                    self.initialized = True

                def preprocess(self, data):
                    return [row.get("data") or row.get("body") for row in data]

                def inference(self, data):
                    return [len(each) for each in data]

                def postprocess(self, data):
                    return [{"length": each} for each in data]
            """))


def own(repository):
    repository.write("own", {"model.py": """
        import numpy as np
        from apus_worker import api

        class Own:
            def predict(self, x: np.ndarray, factor: float = 2.0) -> np.ndarray:
                if (x < 0).any():
                    raise api.Refused("x must not be negative")
                return x * np.float32(factor)

            @api.method
            def halved(self, x: np.ndarray) -> np.ndarray:
                return x / 2
        """})
    repository.write("words", {"model.py": """
        from typing import Iterator

        class Words:
            def predict(self, prompt: str) -> Iterator[str]:
                yield from prompt.split()
        """})
    repository.write("asking", {"model.py": """
        from numpy.typing import NDArray
        import numpy as np

        class Asking:
            def predict(self, x: NDArray[np.float32], context) -> NDArray[np.float32]:
                return context.call("own", {"x": x + 1})["output"]
        """})
    repository.write("echo", {"model.py": """
        class Echo:
            def predict(self, request: dict) -> dict:
                return {"got": request, "never": float("nan")}
        """})
    repository.write("files", {"model.py": """
        class Files:
            def predict(self, body: bytes, content_type: str = "") -> bytes:
                return content_type.encode() + b":" + body[::-1]
        """})
    repository.write("wrong", {"model.py": """
        import numpy as np

        class Wrong:
            def predict(self, x: np.ndarray) -> np.ndarray:
                return x[:1] if len(x) > 1 else x
        """})


if __name__ == "__main__":
    made = Repository(sys.argv[1])
    for kind in (tabular, texts, foreign, own):
        kind(made)
    pathlib.Path(sys.argv[1] + ".json").write_text(json.dumps(made.expected))
