"""Makes the models of this folder, and what their libraries say of some rows.

    python Tests/Fixtures/tabular/make.py

Needs xgboost 3.2.0, lightgbm 4.7.0, scikit-learn and numpy. Each model has a few small trees, and beside
it NAME.vectors.json: rows (null is missing), and what the library answers for them.
"""

import json
import pathlib

import lightgbm
import numpy as np
import xgboost
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

HERE = pathlib.Path(__file__).parent


def numbers(values):
    values = np.asarray(values)
    if values.dtype.kind == "f":
        return np.where(np.isnan(values), None, values.astype(object)).tolist()
    return values.tolist()


def write(name, rows, **expected):
    document = {"rows": numbers(rows), **{key: numbers(value) for key, value in expected.items()}}
    (HERE / f"{name}.vectors.json").write_text(json.dumps(document) + "\n")


def iris():
    """An estimator's classifier of three classes, with names of columns."""
    data = load_iris(as_frame=True)
    model = xgboost.XGBClassifier(n_estimators=6, max_depth=2, random_state=1)
    model.fit(data.data, data.target)
    model.save_model(HERE / "iris-classifier.json")
    rows = data.data.iloc[::15].copy()
    rows.iloc[1, 2] = np.nan
    booster = model.get_booster()
    matrix = xgboost.DMatrix(rows)
    write(
        "iris-classifier", rows, columns=list(rows.columns), predict=model.predict(rows),
        predict_proba=model.predict_proba(rows), margin=booster.predict(matrix, output_margin=True),
        leaf=booster.predict(matrix, pred_leaf=True).astype(int),
        contributions=booster.predict(matrix, pred_contribs=True),
        margin_of_two_rounds=booster.predict(matrix, output_margin=True, iteration_range=(0, 2)))


def cancer():
    """A booster of two classes on six of the columns, without their names."""
    data = load_breast_cancer()
    columns = [0, 1, 7, 20, 21, 27]
    rows = data.data[:, columns].astype(np.float32)
    rows[::9, 2] = np.nan
    matrix = xgboost.DMatrix(rows, label=data.target)
    booster = xgboost.train(
        {"objective": "binary:logistic", "max_depth": 3, "seed": 1}, matrix, num_boost_round=8)
    booster.save_model(HERE / "cancer.ubj")
    some = rows[::45]
    matrix = xgboost.DMatrix(some)
    write(
        "cancer", some, predict=booster.predict(matrix),
        margin=booster.predict(matrix, output_margin=True),
        contributions=booster.predict(matrix, pred_contribs=True))


def diabetes():
    """A booster of LightGBM for a number, with names of columns."""
    data = load_diabetes(as_frame=True)
    booster = lightgbm.train(
        {"objective": "regression", "num_leaves": 7, "verbose": -1, "seed": 1, "deterministic": True,
         "force_row_wise": True},
        lightgbm.Dataset(data.data, label=data.target), num_boost_round=8)
    booster.save_model(HERE / "diabetes.txt")
    rows = data.data.iloc[::40].copy()
    rows.iloc[2, 3] = np.nan
    write(
        "diabetes", rows, columns=list(rows.columns), predict=booster.predict(rows),
        leaf=booster.predict(rows, pred_leaf=True),
        contributions=booster.predict(rows, pred_contrib=True))


if __name__ == "__main__":
    iris()
    cancer()
    diabetes()
