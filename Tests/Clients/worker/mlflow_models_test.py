"""Models that PyPI's mlflow saved, against its own pyfunc."""

import json

import mlflow
import mlflow.sklearn
import numpy as np
import pandas
from mlflow.models import infer_signature
from mlflow.types import ColSpec, Schema
from sklearn import datasets
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from support.worker_models import ModelsTest, api, ports, texts

CANCER, IS_BENIGN = datasets.load_breast_cancer(return_X_y=True, as_frame=True)


class Labels(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        shout = (params or {}).get("shout", False)
        return [str(town).upper() if shout else str(town) for town in model_input["town"]]


class MLflowTest(ModelsTest):
    def setUp(self):
        super().setUp()
        self.place = self.folder / "saved"

    def test_columns(self):
        model = make_pipeline(StandardScaler(), LogisticRegression()).fit(CANCER, IS_BENIGN)
        mlflow.sklearn.save_model(model, str(self.place), signature=infer_signature(CANCER, model.predict(CANCER)),
                                  pip_requirements=[])
        served = self.open(self.place)
        self.assertNotIn("input_example", served.metadata)
        self.assertEqual(ports(served.inputs)[0], ("mean radius", "FP64", [-1]))
        self.assertEqual(ports(served.outputs), [("predictions", "INT64", [-1])])
        self.assertEqual(len(json.loads(served.metadata["feature_names"])), 30)
        self.assertIn("python_env.yaml", served.metadata)
        answer = self.ask(served, **{name: CANCER[name].to_numpy().copy() for name in CANCER})
        self.assertEqual(answer["predictions"].tolist(), model.predict(CANCER).tolist())

    def test_tensors(self):
        rows = CANCER.to_numpy()
        model = LogisticRegression(max_iter=5000).fit(rows, IS_BENIGN)
        mlflow.sklearn.save_model(model, str(self.place), signature=infer_signature(rows, model.predict(rows)),
                                  pip_requirements=[])
        served = self.open(self.place)
        self.assertEqual(ports(served.inputs + served.outputs),
                         [("input", "FP64", [-1, 30]), ("predictions", "INT64", [-1])])
        answer = self.ask(served, input=rows.copy())
        self.assertEqual(answer["predictions"].tolist(), mlflow.pyfunc.load_model(str(self.place)).predict(rows).tolist())

    def test_python_models_are_pickles(self):
        frame = pandas.DataFrame({"town": ["Bern", "Graz"], "rooms": [1, 2]})
        signature = infer_signature(frame, ["Bern"], params={"shout": False})
        mlflow.pyfunc.save_model(str(self.place), python_model=Labels(), signature=signature, pip_requirements=[], input_example=frame)
        self.refuses(["python_model.pkl is a pickle", "allow-pickle: true"], self.open, self.place)
        served = self.open(self.place, allow_pickle=True)
        self.assertEqual(ports(served.inputs), [("town", "BYTES", [-1]), ("rooms", "INT64", [-1])])
        self.assertEqual(json.loads(served.metadata["input_example"]), {"town": "Bern", "rooms": 1})
        self.assertEqual(ports(served.outputs), [("predictions", "BYTES", [-1])])
        asked = dict(town=texts("Bern", "Graz"), rooms=np.array([1, 2]))
        self.assertEqual(self.ask(served, **asked)["predictions"].tolist(), [b"Bern", b"Graz"])
        self.assertEqual(self.ask(served, _parameters={"shout": True}, **asked)["predictions"].tolist(), [b"BERN", b"GRAZ"])

    def test_models_from_code_without_a_signature(self):
        code = self.write("code.py", """
            import mlflow
            class Doubled(mlflow.pyfunc.PythonModel):
                def predict(self, context, model_input, params=None):
                    return model_input * 2
            mlflow.models.set_model(Doubled())
        """)
        mlflow.pyfunc.save_model(str(self.place), python_model=str(code), pip_requirements=[])
        served = self.open(self.place)
        self.assertEqual(ports(served.inputs + served.outputs), [("records", "BYTES", [-1]), ("predictions", "BYTES", [-1])])
        answer = self.ask(served, records=texts('{"a": 1, "b": 2}', '{"a": 3, "b": 4}'))
        self.assertEqual([json.loads(each) for each in answer["predictions"]], [{"a": 2, "b": 4}, {"a": 6, "b": 8}])
        self.refuses("expected a JSON object for each row", self.ask, served, records=texts("{"), kind=api.Refused)

    def test_frames_come_back_by_their_names(self):
        code = self.write("code.py", """
            import mlflow, pandas
            class Both(mlflow.pyfunc.PythonModel):
                def predict(self, context, model_input, params=None):
                    when = model_input["when"]
                    return pandas.DataFrame({"year": when.dt.year.astype("int64"), "text": [str(t.date()) for t in when]})
            mlflow.models.set_model(Both())
        """)
        signature = mlflow.models.ModelSignature(
            Schema([ColSpec("datetime", "when")]), Schema([ColSpec("long", "year"), ColSpec("string", "text")]))
        mlflow.pyfunc.save_model(str(self.place), python_model=str(code), signature=signature, pip_requirements=[])
        served = self.open(self.place)
        answer = self.ask(served, when=texts("2026-01-02T03:04:05", "1999-12-31"))
        self.assertEqual(answer["year"].tolist(), [2026, 1999])
        self.assertEqual(answer["text"].tolist(), [b"2026-01-02", b"1999-12-31"])
        self.refuses("expected dates as ISO 8601 writes them", self.ask, served, when=texts("soon"), kind=api.Refused)
