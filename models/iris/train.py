"""Fits scikit-learn's scaler and logistic regression to its iris flowers, writes iris.onnx."""

import pathlib

import numpy as np
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import graph

PATH = pathlib.Path(__file__).parent / "iris.onnx"
SEED = 2026
FOLDS = 10


def main():
    flowers = load_iris()
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    measure(pipeline, flowers)
    pipeline.fit(flowers.data, flowers.target)
    graph.save(exported(*pipeline, flowers), PATH)
    check(pipeline, flowers.data.astype(np.float32))


def measure(pipeline, flowers):
    """Accuracy on held-out flowers: each tenth of them by a model fitted to the other nine."""
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    accuracy = cross_val_score(pipeline, flowers.data, flowers.target, cv=folds).mean()
    print(f"iris: {accuracy:.4f} of held-out flowers are right ({FOLDS}-fold cross-validation)")
    assert accuracy >= 0.94, "the classifier is not good enough to be committed"


def exported(scaler, regression, flowers):
    """(features - mean) / scale, then a matrix, then softmax: plain operators of ONNX."""
    built = graph.Graph("iris")
    features = built.input("features", graph.FLOAT, ["batch", 4])
    mean = built.constant(scaler.mean_.astype(np.float32), "mean")
    scale = built.constant(scaler.scale_.astype(np.float32), "scale")
    weights = built.constant(regression.coef_.T.astype(np.float32), "coefficients")
    bias = built.constant(regression.intercept_.astype(np.float32), "intercept")
    scaled = built.node("Div", built.node("Sub", features, mean), scale)
    scores = built.node("Add", built.node("MatMul", scaled, weights), bias)
    built.node("ArgMax", scores, name="label", axis=1, keepdims=0)
    built.node("Softmax", scores, name="probabilities", axis=1)
    built.output("label", graph.INT64, ["batch"])
    built.output("probabilities", graph.FLOAT, ["batch", 3])
    return built.model({
        "description": "Apus demo classifier of iris flowers by four lengths in centimetres",
        "author": "Apus",
        "version": "1.0.0",
        "license": "MIT",
        "task": "classify",
        "names": graph.names(str(each) for each in flowers.target_names),
        "feature_names": str(list(flowers.feature_names)),
    })


def check(pipeline, flowers):
    """The served model says what the pipeline says."""
    label, probabilities = graph.session(PATH).run(None, {"features": flowers})
    assert (label == pipeline.predict(flowers)).all()
    np.testing.assert_allclose(probabilities, pipeline.predict_proba(flowers), atol=1e-5)


if __name__ == "__main__":
    main()
