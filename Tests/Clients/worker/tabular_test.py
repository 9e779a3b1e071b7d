"""scikit-learn, XGBoost and LightGBM without code, against the libraries' own answers."""

import json
import pickle

import joblib
import lightgbm
import numpy as np
import pandas
import skops.io
import xgboost
from sklearn import datasets
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import IsolationForest, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from support.worker_models import ModelsTest, ports, texts

CANCER, IS_BENIGN = datasets.load_breast_cancer(return_X_y=True, as_frame=True)
IRIS, SPECIES = datasets.load_iris(return_X_y=True)
TITLES = ["a dog runs", "the cat sleeps", "dogs bark", "a cat and a mouse", "the dog sleeps", "cats purr"]
ABOUT = ["dog", "cat", "dog", "cat", "dog", "cat"]


def cancer_pipeline():
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(CANCER, IS_BENIGN)


class ScikitTest(ModelsTest):
    def pickled(self, thing, name="model.pkl", **settings):
        with open(self.folder / name, "wb") as file:
            pickle.dump(thing, file)
        return self.open(self.folder / name, **dict({"allow_pickle": True}, **settings))

    def test_a_pipeline_on_a_frame(self):
        model = cancer_pipeline()
        served = self.pickled(model)
        self.assertEqual(ports(served.inputs), [("X", "FP64", [-1, 30])])
        self.assertEqual(ports(served.outputs), [("predict", "INT64", [-1]), ("predict_proba", "FP64", [-1, 2])])
        self.assertEqual(json.loads(served.metadata["feature_names"])[:2], ["mean radius", "mean texture"])
        self.assertEqual(served.metadata["estimator"], "StandardScaler > LogisticRegression")
        answer = self.ask(served, X=CANCER.to_numpy()[:50].copy())
        self.assertEqual(answer["predict"].tolist(), model.predict(CANCER[:50]).tolist())
        self.assertEqual(answer["predict_proba"].tolist(), model.predict_proba(CANCER[:50]).tolist())

    def test_a_pipeline_on_texts(self):
        model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TITLES, ABOUT)
        served = self.pickled(model)
        self.assertEqual(ports(served.inputs), [("text", "BYTES", [-1])])
        self.assertEqual(ports(served.outputs)[0], ("predict", "BYTES", [-1]))
        answer = self.ask(served, text=texts("a dog", "my cat"))
        self.assertEqual(answer["predict"].tolist(), [b"dog", b"cat"])
        self.assertEqual(answer["predict_proba"].tolist(), model.predict_proba(["a dog", "my cat"]).tolist())

    def test_columns_of_both_kinds(self):
        frame = pandas.DataFrame({"town": ["Bern", "Graz", "Bern", "Graz"], "rooms": [1.0, 2, 3, 4], "age": [9.0, 1, 4, 2]})
        columns = ColumnTransformer([("t", OneHotEncoder(), ["town"]), ("n", StandardScaler(), ["rooms", "age"])])
        model = make_pipeline(columns, LinearRegression()).fit(frame, [1.0, 2, 4, 3])
        served = self.pickled(model)
        self.assertEqual(ports(served.inputs), [("town", "BYTES", [-1]), ("rooms", "FP64", [-1]), ("age", "FP64", [-1])])
        answer = self.ask(served, town=texts(*frame["town"]), rooms=frame["rooms"].to_numpy().copy(), age=frame["age"].to_numpy().copy())
        self.assertEqual(answer["predict"].tolist(), model.predict(frame).tolist())

    def test_signatures(self):
        two = np.column_stack([SPECIES, SPECIES % 2])
        for model, inputs, outputs in [
            (RandomForestClassifier(5).fit(IRIS, SPECIES), [-1, 4], [("predict", "INT64", [-1]), ("predict_proba", "FP64", [-1, 3])]),
            (LinearRegression().fit(IRIS, SPECIES), [-1, 4], [("predict", "FP64", [-1])]),
            (LinearRegression().fit(IRIS, two), [-1, 4], [("predict", "FP64", None)]),
            (KMeans(2, n_init=1).fit(IRIS), [-1, 4], [("predict", "INT32", [-1])]),
            (IsolationForest(n_estimators=5).fit(IRIS), [-1, 4], [("predict", "INT64", [-1])]),
            (StandardScaler().fit(IRIS), [-1, 4], [("transform", "FP64", [-1, -1])]),
            (MultiOutputClassifier(LogisticRegression(max_iter=500)).fit(IRIS, two), [-1, 4],
             [("predict", "INT64", [-1, 2])]),
            (GridSearchCV(LogisticRegression(max_iter=500), {"C": [1.0]}, cv=2).fit(IRIS, SPECIES), [-1, 4],
             [("predict", "INT64", [-1]), ("predict_proba", "FP64", [-1, 3])]),
        ]:
            with self.subTest(type(model).__name__):
                served = self.pickled(model)
                self.assertEqual(ports(served.inputs), [("X", "FP64", inputs)])
                self.assertEqual(ports(served.outputs), outputs)
                answer = self.ask(served, X=IRIS[:7].copy())
                for name, _, _ in outputs:
                    self.assertEqual(answer[name].tolist(), getattr(model, name)(IRIS[:7]).tolist())

    def test_a_single_row_and_none(self):
        served = self.pickled(cancer_pipeline())
        self.assertEqual(self.ask(served, X=CANCER.to_numpy()[:1].copy())["predict"].shape, (1,))

    def test_joblib_and_skops(self):
        model = cancer_pipeline()
        rows = CANCER.to_numpy()[:9].copy()
        joblib.dump(model, self.folder / "a.joblib", compress=3)
        skops.io.dump(model, self.folder / "b.skops")
        for name, settings in [("a.joblib", {"allow_pickle": True}), ("b.skops", {})]:
            with self.subTest(name):
                served = self.open(self.folder / name, **settings)
                self.assertEqual(self.ask(served, X=rows)["predict_proba"].tolist(),
                                 model.predict_proba(CANCER[:9]).tolist())

    def test_skops_says_what_it_does_not_trust(self):
        model = xgboost.XGBClassifier(n_estimators=2).fit(IRIS, SPECIES)
        skops.io.dump(model, self.folder / "b.skops")
        sentence = str(self.refuses(["does not trust: xgboost.", "trusted-types"], self.open, self.folder / "b.skops"))
        names = sentence.split("trust: ")[1].split(". If you do")[0]
        served = self.open(self.folder / "b.skops", parameters={"trusted-types": names})
        self.assertEqual(self.ask(served, X=IRIS[:5].copy())["predict"].tolist(), model.predict(IRIS[:5]).tolist())


class BoostersTest(ModelsTest):
    def pickled(self, thing):
        with open(self.folder / "model.pkl", "wb") as file:
            pickle.dump(thing, file)
        return self.open(self.folder, allow_pickle=True)

    def test_xgboost(self):
        model = xgboost.XGBClassifier(n_estimators=20).fit(CANCER, IS_BENIGN)
        served = self.pickled(model)
        self.assertEqual(ports(served.outputs), [("predict", "INT64", [-1]), ("predict_proba", "FP32", [-1, 2])])
        answer = self.ask(served, X=CANCER.to_numpy().copy())
        self.assertEqual(answer["predict"].tolist(), model.predict(CANCER).tolist())
        self.assertTrue(np.array_equal(answer["predict_proba"], model.predict_proba(CANCER)))
        self.assertIn("mean radius", served.metadata["feature_names"])

    def test_xgboost_regressor_and_booster(self):
        model = xgboost.XGBRegressor(n_estimators=5).fit(IRIS, SPECIES)
        served = self.pickled(model)
        self.assertEqual(ports(served.outputs), [("predict", "FP32", [-1])])
        self.assertTrue(np.array_equal(self.ask(served, X=IRIS.copy())["predict"], model.predict(IRIS)))
        booster = xgboost.XGBClassifier(n_estimators=5).fit(IRIS, SPECIES).get_booster()
        served = self.pickled(booster)
        self.assertEqual(ports(served.inputs), [("X", "FP32", [-1, 4])])
        self.assertTrue(np.array_equal(self.ask(served, X=IRIS.astype(np.float32))["predict"],
                                       booster.predict(xgboost.DMatrix(IRIS.astype(np.float32)))))

    def test_lightgbm(self):
        model = lightgbm.LGBMClassifier(n_estimators=10, verbose=-1).fit(CANCER, IS_BENIGN)
        for thing, expected in [(model, model.predict_proba(CANCER)), (model.booster_, None)]:
            served = self.pickled(thing)
            answer = self.ask(served, X=CANCER.to_numpy().copy())
            if expected is not None:
                self.assertTrue(np.array_equal(answer["predict_proba"], expected))
                self.assertEqual(answer["predict"].tolist(), model.predict(CANCER).tolist())
            else:
                self.assertEqual(ports(served.outputs), [("predict", "FP64", [-1])])
                self.assertTrue(np.array_equal(answer["predict"], model.booster_.predict(CANCER)))

    def test_lightgbm_of_several_classes(self):
        booster = lightgbm.LGBMClassifier(n_estimators=4, verbose=-1).fit(IRIS, SPECIES).booster_
        served = self.pickled(booster)
        self.assertEqual(ports(served.outputs), [("predict", "FP64", [-1, 3])])
        self.assertTrue(np.array_equal(self.ask(served, X=IRIS.copy())["predict"], booster.predict(IRIS)))


class PicklesTest(ModelsTest):
    def test_the_runtime_of_mlserver_is_ours(self):
        model = LinearRegression().fit([[0.0], [1]], [0, 2])
        (self.folder / "m.pkl").write_bytes(pickle.dumps(model))
        self.write("model-settings.json", json.dumps({
            "name": "s", "implementation": "mlserver_sklearn.SKLearnModel", "parameters": {"uri": "./m.pkl"}}))
        self.refuses("m.pkl is a pickle", self.open)
        served = self.open(allow_pickle=True)
        self.assertEqual(self.ask(served, X=np.array([[3.0]]))["predict"].tolist(), model.predict([[3.0]]).tolist())

    def test_none_is_opened_unasked(self):
        class Trap:
            def __reduce__(self):
                return (open, (str(marker), "w"))

        marker = self.folder / "ran"
        for name in ("a.pkl", "a.joblib", "a.pickle"):
            (self.folder / name).write_bytes(pickle.dumps(Trap()))
            for settings in ({}, {"allow_pickle": False}, {"allow_pickle": "yes"}):
                self.refuses([name, "runs whatever code the file holds", "allow-pickle: true", "skops", "ONNX"],
                             self.open, self.folder / name, **settings)
        self.assertFalse(marker.exists())

    def test_broken_ones(self):
        whole = pickle.dumps(cancer_pipeline())
        for name, content in [("a.pkl", whole[:-100]), ("b.pkl", b"not a pickle"), ("c.joblib", whole[:500])]:
            (self.folder / name).write_bytes(content)
            with self.subTest(name):
                self.refuses(name + " cannot be unpickled", self.open, self.folder / name, allow_pickle=True)
        (self.folder / "d.pkl").write_bytes(pickle.dumps({"weights": [1]}))
        self.refuses("holds a builtins.dict, which has no predict; write a model.py", self.open, self.folder / "d.pkl",
                     allow_pickle=True)
        (self.folder / "e.pkl").write_bytes(b"\x80\x04cno_such_library.inner\nModel\n.")
        self.refuses(["no_such_library", "not installed", "pip install"], self.open, self.folder / "e.pkl", allow_pickle=True)
        (self.folder / "f.skops").write_bytes(b"x")
        self.refuses("f.skops is no skops file", self.open, self.folder / "f.skops")

    def test_several_in_one_folder(self):
        for name in ("a.pkl", "b.pkl"):
            (self.folder / name).write_bytes(b"")
        self.refuses("several models: a.pkl, b.pkl; name one with file: in model.yaml", self.open)
