"""Makes the ONNX files of this folder, and beside each what ONNX Runtime answers.

    python -m venv venv
    venv/bin/pip install scikit-learn==1.9.1 skl2onnx==1.20.0 onnxmltools==1.16.0 onnx==1.23.2 \
        onnxruntime==1.31.1 xgboost-cpu==3.2.0 lightgbm==4.7.0 pandas==3.1.1
    venv/bin/python make.py

A `.vectors` file has a line for each tensor: `input` or `output`, name, datatype as the Open Inference
Protocol spells it, shape, and the little-endian bytes in hexadecimal digits; strings as that
protocol's binary extension has them. A line `signature NAME DATATYPE SHAPE` says how ONNX Runtime
declares an output (-1: any length), a line `keys NAME JSON` how a map's keys are ordered.
"""

import json
import pathlib
import struct
import warnings

import numpy as np
import onnx
import onnx.helper as helper
import onnxruntime
import pandas
from onnx import TensorProto, numpy_helper
from onnxmltools import convert_lightgbm, convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as ToolsFloat
from skl2onnx import convert_sklearn, to_onnx
from skl2onnx.common.data_types import (
    FloatTensorType, Int64TensorType, StringTensorType)
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    AdaBoostClassifier, BaggingClassifier, ExtraTreesClassifier, GradientBoostingClassifier,
    GradientBoostingRegressor, HistGradientBoostingClassifier, HistGradientBoostingRegressor,
    IsolationForest, RandomForestClassifier, RandomForestRegressor)
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (
    Lasso, LogisticRegression, PoissonRegressor, Ridge, RidgeClassifier, SGDClassifier)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    Binarizer, MinMaxScaler, Normalizer, OneHotEncoder, OrdinalEncoder, PolynomialFeatures,
    PowerTransformer, RobustScaler, StandardScaler)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import lightgbm
import xgboost

warnings.filterwarnings("ignore")
FOLDER = pathlib.Path(__file__).parent
DATATYPES = {"float32": "FP32", "float64": "FP64", "int64": "INT64", "int32": "INT32", "bool": "BOOL"}
DECLARED = {"tensor(float)": "FP32", "tensor(double)": "FP64", "tensor(int64)": "INT64",
            "tensor(int32)": "INT32", "tensor(bool)": "BOOL", "tensor(string)": "BYTES"}


def plain(value):
    """The converter hands NumPy's numbers and truths to a function that takes Python's alone."""
    if isinstance(value, np.generic):
        value = value.item()
    return int(value) if isinstance(value, bool) else value


make_attribute = helper.make_attribute
helper.make_attribute = lambda key, value, *rest, **named: make_attribute(
    key, [plain(v) for v in value] if isinstance(value, list) else value, *rest, **named)


def line(what, name, array):
    shape = ",".join(map(str, array.shape)) or "-"
    if array.dtype.kind in "OUS":
        datatype = "BYTES"
        texts = [t if isinstance(t, bytes) else str(t).encode() for t in array.ravel()]
        data = b"".join(struct.pack("<I", len(t)) + t for t in texts)
    else:
        datatype = DATATYPES[str(array.dtype)]
        data = np.ascontiguousarray(array).tobytes()
    return f"{what} {name} {datatype} {shape} {data.hex() or '-'}"


def save(name, model, inputs):
    data = model.SerializeToString()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    lines = [line("input", key, array) for key, array in inputs.items()]
    for port, answer in zip(session.get_outputs(), session.run(None, inputs)):
        if isinstance(answer, list):
            keys = sorted(answer[0])
            answer = np.array([[row[key] for key in keys] for row in answer], np.float32)
            lines.append(f"signature {port.name} FP32 -1,-1")
            lines.append(f"keys {port.name} {json.dumps(keys, separators=(',', ':'))}")
        else:
            shape = ",".join(str(d) if isinstance(d, int) else "-1" for d in port.shape) or "-"
            lines.append(f"signature {port.name} {DECLARED[port.type]} {shape}")
        lines.append(line("output", port.name, np.asarray(answer)))
    (FOLDER / f"{name}.onnx").write_bytes(data)
    (FOLDER / f"{name}.vectors").write_text("\n".join(lines) + "\n")
    print(f"{name:28} {len(data):7}  {' '.join(sorted({n.op_type for n in model.graph.node}))}")


def rows_of(X, count=12, odd=()):
    """Some rows, and where a model takes them a row each of odd numbers."""
    X = X[:: max(1, len(X) // count)][:count].copy()
    for place, number in enumerate(odd):
        X[place, place % X.shape[1]] = number
    return X


ODD = [np.nan, np.inf, -np.inf, -0.0, 1e-45, 3.4e38]


def learned(name, estimator, X, y, zipmap=False, odd=(), **named):
    estimator.fit(X) if y is None else estimator.fit(X, y)
    options = {id(estimator): {"zipmap": zipmap}} if hasattr(estimator, "predict_proba") else None
    model = to_onnx(estimator, X[:1], options=options, **named)
    save(name, model, {"X": rows_of(X, odd=odd)})


def scikit_learn():
    iris, flowers = load_iris(return_X_y=True)
    cancer, ill = load_breast_cancer(return_X_y=True)
    sugar, progress = load_diabetes(return_X_y=True)
    iris, cancer, sugar = (X.astype(np.float32) for X in (iris, cancer, sugar))
    names = np.array(["setosa", "versicolor", 'virgi"nica'])[flowers]
    gaps = cancer.copy()
    gaps[::7, 3] = gaps[::5, 20] = np.nan
    seeded = {"random_state": 0}
    learned("forest", RandomForestClassifier(5, max_depth=4, **seeded), iris, flowers, odd=ODD)
    learned("forest-names", RandomForestClassifier(3, max_depth=2, **seeded), iris, names, True)
    learned("forest-two", RandomForestClassifier(5, max_depth=3, **seeded), cancer, ill, odd=ODD)
    learned("forest-regression", RandomForestRegressor(5, max_depth=4, **seeded), sugar, progress,
            odd=ODD)
    learned("forest-two-targets", RandomForestRegressor(3, max_depth=3, **seeded), sugar,
            np.c_[progress, progress[::-1]])
    learned("extra-trees", ExtraTreesClassifier(4, max_depth=3, **seeded), iris, flowers)
    learned("tree", DecisionTreeClassifier(max_depth=3, **seeded), iris, flowers)
    learned("tree-whole-numbers", DecisionTreeClassifier(max_depth=3, **seeded),
            (iris * 10).astype(np.int64), flowers)
    learned("tree-regression", DecisionTreeRegressor(max_depth=3, **seeded), sugar, progress)
    learned("boosting", GradientBoostingClassifier(n_estimators=3, max_depth=2, **seeded), iris,
            flowers)
    learned("boosting-two", GradientBoostingClassifier(n_estimators=5, max_depth=2, **seeded),
            cancer, ill, odd=ODD)
    learned("boosting-regression", GradientBoostingRegressor(n_estimators=8, max_depth=2, **seeded),
            sugar, progress)
    learned("histogram-two", HistGradientBoostingClassifier(max_iter=4, max_depth=3, **seeded), gaps,
            ill, odd=ODD)
    learned("histogram", HistGradientBoostingClassifier(max_iter=2, max_depth=2, **seeded), iris,
            flowers)
    learned("histogram-regression", HistGradientBoostingRegressor(max_iter=4, max_depth=3, **seeded),
            sugar, progress, odd=ODD)
    learned("adaboost", AdaBoostClassifier(n_estimators=3, **seeded), iris, flowers)
    learned("bagging", BaggingClassifier(DecisionTreeClassifier(max_depth=2), 3, **seeded), iris,
            flowers)
    learned("calibrated", CalibratedClassifierCV(DecisionTreeClassifier(max_depth=2, **seeded), cv=2),
            iris, flowers)
    learned("logistic", LogisticRegression(), iris, flowers)
    learned("logistic-names", LogisticRegression(), iris, names, True)
    learned("logistic-scaled", make_pipeline(StandardScaler(), LogisticRegression()), cancer, ill)
    learned("logistic-double", make_pipeline(StandardScaler(), LogisticRegression()),
            iris.astype(np.float64), flowers)
    learned("logistic-one-versus-rest", OneVsRestClassifier(LogisticRegression()), iris, flowers)
    learned("logistic-sgd", SGDClassifier(loss="log_loss", **seeded), iris, flowers)
    learned("logistic-components", make_pipeline(PCA(2), LogisticRegression()), iris, flowers)
    learned("logistic-power", make_pipeline(PowerTransformer(), LogisticRegression()), iris, flowers)
    learned("logistic-whole-numbers", make_pipeline(StandardScaler(), LogisticRegression()),
            (iris * 10).astype(np.int64), flowers)
    learned("ridge", make_pipeline(MinMaxScaler(clip=True), Ridge()), sugar, progress)
    learned("ridge-classes", RidgeClassifier(), iris, flowers)
    learned("lasso", make_pipeline(RobustScaler(), Lasso()), sugar, progress)
    for norm in ["max", "l1", "l2"]:
        learned(f"normalised-{norm}", make_pipeline(Normalizer(norm), Ridge()), sugar, progress)
    learned("binarised", make_pipeline(Binarizer(), Ridge()), sugar, progress)
    learned("polynomial", make_pipeline(PolynomialFeatures(2), Ridge()), iris, flowers * 1.0)
    learned("best-columns", make_pipeline(
        SelectKBest(k=2), DecisionTreeClassifier(max_depth=2, **seeded)), iris, flowers)
    learned("imputed", make_pipeline(
        SimpleImputer(strategy="median"), RandomForestClassifier(3, max_depth=2, **seeded)), gaps, ill,
        odd=[np.nan])
    learned("two-regressions", MultiOutputRegressor(DecisionTreeRegressor(max_depth=2, **seeded)),
            sugar, np.c_[progress, progress[::-1]])
    learned("anomalies", IsolationForest(n_estimators=2, max_samples=8, **seeded), iris, None,
            target_opset={"": 17, "ai.onnx.ml": 3})
    learned("poisson", make_pipeline(StandardScaler(), PoissonRegressor()), sugar, progress)


def frame():
    random = np.random.default_rng(0)
    count = 200
    table = pandas.DataFrame({
        "age": random.normal(40, 10, count).astype(np.float32),
        "fare": random.exponential(30, count).astype(np.float32),
        "sex": random.choice(["male", "female"], count),
        "embarked": random.choice(["S", "C", "Köln"], count),
        "class": random.integers(1, 4, count)})
    table.loc[::9, "age"] = np.nan
    return table, (random.random(count) + (table["sex"] == "female") * 0.5 > 0.8).astype(int)


def several_inputs():
    table, survived = frame()
    types = [("age", FloatTensorType([None, 1])), ("fare", FloatTensorType([None, 1])),
             ("sex", StringTensorType([None, 1])), ("embarked", StringTensorType([None, 1])),
             ("class", Int64TensorType([None, 1]))]
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    texts = ["sex", "embarked", "class"]
    seeded = {"random_state": 0}
    for name, encoder, model, target, zipmap in [
        ("table-forest", hot, RandomForestClassifier(4, max_depth=3, **seeded), survived, False),
        ("table-logistic", hot, LogisticRegression(),
         np.where(survived == 1, "yes", "no"), True),
        ("table-boosting", ordinal, GradientBoostingClassifier(n_estimators=3, **seeded), survived,
         False),
        ("table-regression", hot, GradientBoostingRegressor(n_estimators=3, **seeded),
         survived * 1.5, None),
        ("table-strict", OneHotEncoder(drop="first", sparse_output=False),
         RandomForestClassifier(2, max_depth=2, **seeded),
         np.where(survived == 1, "yes", "no"), False),
    ]:
        steps = ColumnTransformer([("n", numbers, ["age", "fare"]), ("c", encoder, texts)])
        pipeline = Pipeline([("prepare", steps), ("model", model)]).fit(table, target)
        options = None if zipmap is None else {id(model): {"zipmap": zipmap}}
        inputs = {key: table[[key]].to_numpy()[:12].copy() for key, _ in types}
        if name != "table-strict":
            inputs["sex"][3], inputs["embarked"][4], inputs["class"][5] = "other", "", 9
        save(name, convert_sklearn(pipeline, initial_types=types, options=options), inputs)


def boosted():
    iris, flowers = load_iris(return_X_y=True)
    cancer, ill = load_breast_cancer(return_X_y=True)
    sugar, progress = load_diabetes(return_X_y=True)
    gaps = cancer.astype(np.float32)
    gaps[::7, 3] = np.nan
    small = {"n_estimators": 3, "max_depth": 3}
    for name, model, X, y in [
        ("xgboost-two", xgboost.XGBClassifier(**small), gaps, ill),
        ("xgboost", xgboost.XGBClassifier(**small), iris, flowers),
        ("xgboost-regression", xgboost.XGBRegressor(**small), sugar, progress),
        ("xgboost-logistic", xgboost.XGBRegressor(objective="reg:logistic", **small), cancer, ill),
        ("xgboost-poisson", xgboost.XGBRegressor(objective="count:poisson", **small), cancer, ill),
        ("xgboost-forest", xgboost.XGBRFClassifier(**small), cancer, ill),
    ]:
        model.fit(X, y)
        kind = [("X", ToolsFloat([None, X.shape[1]]))]
        save(name, convert_xgboost(model, initial_types=kind, target_opset=15),
             {"X": rows_of(X.astype(np.float32), odd=ODD)})
    small["verbose"] = -1
    for name, model, X, y, zipmap in [
        ("lightgbm-two", lightgbm.LGBMClassifier(**small), gaps, ill, False),
        ("lightgbm", lightgbm.LGBMClassifier(**small), iris, flowers, True),
        ("lightgbm-regression", lightgbm.LGBMRegressor(**small), sugar, progress, False),
        ("lightgbm-poisson", lightgbm.LGBMRegressor(objective="poisson", **small), sugar, progress,
         False),
        ("lightgbm-forest", lightgbm.LGBMClassifier(
            boosting_type="rf", bagging_freq=1, bagging_fraction=0.5, **small), cancer, ill, False),
    ]:
        model.fit(X, y)
        kind = [("X", ToolsFloat([None, X.shape[1]]))]
        save(name, convert_lightgbm(model, initial_types=kind, target_opset=15, zipmap=zipmap),
             {"X": rows_of(X.astype(np.float32), odd=ODD)})


# MARK: What exporters seldom write: every variant of the ensembles, from nodes written here.

MODES = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT"]
THRESHOLDS = [0.0, -0.0, 0.5, np.inf, -np.inf, 3.4028235e38]
TRANSFORMS = ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"]


def stumps(random, outputs, count=3, positive=False):
    """Trees of three splits: columns 0 and 1, every mode and odd thresholds."""
    nodes = {key: [] for key in ["treeids", "nodeids", "featureids", "modes", "values",
                                 "truenodeids", "falsenodeids", "missing_value_tracks_true"]}
    leaves = {"treeids": [], "nodeids": [], "ids": [], "weights": []}
    for tree in range(count):
        for node in range(7):
            is_leaf = node > 2
            nodes["treeids"].append(tree)
            nodes["nodeids"].append(node)
            nodes["featureids"].append(0 if is_leaf else node % 2)
            nodes["modes"].append("LEAF" if is_leaf else MODES[(tree + node) % 4])
            nodes["values"].append(
                0.0 if is_leaf else THRESHOLDS[(int(random.integers(3)) + 2 * node) % 6])
            nodes["truenodeids"].append(0 if is_leaf else 2 * node + 1)
            nodes["falsenodeids"].append(0 if is_leaf else 2 * node + 2)
            nodes["missing_value_tracks_true"].append(0 if is_leaf else int(random.integers(2)))
            for output in outputs if is_leaf else []:
                weight = random.random() if positive else random.normal()
                leaves["treeids"].append(tree)
                leaves["nodeids"].append(node)
                leaves["ids"].append(output)
                leaves["weights"].append(float(np.float32(weight / count)))
    return nodes, leaves


def graph(name, nodes, ports, inputs, versions):
    outputs = [helper.make_tensor_value_info(port, kind, shape) for port, kind, shape in ports]
    kinds = {"float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE, "int64": TensorProto.INT64,
             "int32": TensorProto.INT32, "bool": TensorProto.BOOL, "object": TensorProto.STRING}
    takes = [helper.make_tensor_value_info(key, kinds[str(a.dtype)], ["N", *a.shape[1:]])
             for key, a in inputs.items()]
    model = helper.make_model(
        helper.make_graph(nodes, name, takes, outputs),
        opset_imports=[helper.make_opsetid(*version) for version in versions], ir_version=9)
    save(name, model, inputs)


def learning(op, inputs, outputs, **settings):
    return helper.make_node(op, inputs, outputs, domain="ai.onnx.ml", **settings)


def grid(dtype=np.float32):
    values = [0.0, -0.0, 0.5, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e-45, 3.4028235e38]
    return np.array([[a, b] for a in values for b in [0.25, np.nan]], dtype)


def variants():
    random = np.random.default_rng(1)
    nodes, ports = [], []
    texts = {"classlabels_strings": ["no", "yes"]}
    numbers = {"classlabels_int64s": [3, 7]}
    for outputs, labels, count in [([0], numbers, 2), ([1], texts, 2), ([0, 1], numbers, 2),
                                   ([0, 1, 2], {"classlabels_int64s": [4, 5, 9]}, 3)]:
        bases = [[], [0.1], [0.1, -0.2]] if count == 2 else [[], [0.1, -0.2, 0.3]]
        for transform in TRANSFORMS:
            for base in bases:
                for positive in [False, True]:
                    trees, leaves = stumps(random, outputs, positive=positive)
                    number = len(nodes)
                    nodes.append(learning(
                        "TreeEnsembleClassifier", ["X"], [f"label{number}", f"scores{number}"],
                        post_transform=transform, **labels,
                        **({"base_values": base} if base else {}),
                        **{f"nodes_{k}": v for k, v in trees.items()},
                        **{f"class_{k}": v for k, v in leaves.items()}))
                    kind = TensorProto.STRING if "classlabels_strings" in labels else TensorProto.INT64
                    ports += [(f"label{number}", kind, ["N"]),
                              (f"scores{number}", TensorProto.FLOAT, ["N", count])]
    graph("classifier-variants", nodes, ports, {"X": grid()}, [("", 17), ("ai.onnx.ml", 1)])
    nodes, ports = [], []
    for count in [1, 2]:
        for transform in TRANSFORMS:
            for aggregate in ["SUM", "AVERAGE"]:
                for base in [[], [0.25] * count]:
                    trees, leaves = stumps(random, range(count))
                    nodes.append(learning(
                        "TreeEnsembleRegressor", ["X"], [f"target{len(nodes)}"], n_targets=count,
                        post_transform=transform, aggregate_function=aggregate,
                        **({"base_values": base} if base else {}),
                        **{f"nodes_{k}": v for k, v in trees.items()},
                        **{f"target_{k}": v for k, v in leaves.items()}))
                    ports.append((f"target{len(nodes) - 1}", TensorProto.FLOAT, ["N", count]))
    graph("regressor-variants", nodes, ports, {"X": grid()}, [("", 17), ("ai.onnx.ml", 1)])


def doubles():
    """Version 3's tensors of Float64, and version 5's one operator."""
    random = np.random.default_rng(2)
    trees, leaves = stumps(random, [0])

    def tensor(name, values):
        return numpy_helper.from_array(np.array(values, np.float64), name)

    precise = {f"nodes_{k}": v for k, v in trees.items() if k != "values"}
    precise["nodes_values_as_tensor"] = tensor("values", [v + 1e-12 for v in trees["values"]])
    places = {k: v for k, v in leaves.items() if k != "weights"}
    nodes = [
        learning("TreeEnsembleRegressor", ["X"], ["target"], n_targets=1,
                 base_values_as_tensor=tensor("base", [0.3]),
                 target_weights_as_tensor=tensor("weights", leaves["weights"]), **precise,
                 **{f"target_{k}": v for k, v in places.items()}),
        learning("TreeEnsembleClassifier", ["X"], ["label", "scores"],
                 classlabels_int64s=[0, 1], post_transform="LOGISTIC",
                 class_weights_as_tensor=tensor("weights", leaves["weights"]), **precise,
                 **{f"class_{k}": v for k, v in places.items()})]
    ports = [("target", TensorProto.FLOAT, ["N", 1]), ("label", TensorProto.INT64, ["N"]),
             ("scores", TensorProto.FLOAT, ["N", 2])]
    graph("double-ensembles", nodes, ports, {"X": grid(np.float64)}, [("", 17), ("ai.onnx.ml", 3)])
    for dtype, kind in [(np.float32, TensorProto.FLOAT), (np.float64, TensorProto.DOUBLE)]:
        nodes = []
        for transform, aggregate in [(0, 1), (2, 0), (1, 1)]:
            nodes.append(learning(
                "TreeEnsemble", ["X"], [f"target{len(nodes)}"], n_targets=2,
                post_transform=transform, aggregate_function=aggregate, tree_roots=[0, 2, 3],
                nodes_featureids=[0, 1, 0, 1],
                nodes_modes=numpy_helper.from_array(np.array([0, 1, 2, 3], np.uint8), "modes"),
                nodes_splits=numpy_helper.from_array(np.array([0.5, 0, 0.25, 1], dtype), "splits"),
                nodes_truenodeids=[1, 0, 2, 4], nodes_trueleafs=[0, 1, 1, 1],
                nodes_falsenodeids=[3, 1, 3, 4], nodes_falseleafs=[1, 1, 1, 1],
                nodes_missing_value_tracks_true=[1, 0, 1, 0], leaf_targetids=[0, 1, 0, 1, 0],
                leaf_weights=numpy_helper.from_array(
                    np.array([0.1, -0.2, 0.3, 0.4, 0.7], dtype), "weights")))
        ports = [(f"target{n}", kind, ["N", 2]) for n in range(len(nodes))]
        graph(f"version-five-{np.dtype(dtype).name}", nodes, ports, {"X": grid(dtype)},
              [("", 21), ("ai.onnx.ml", 5)])


def operators():
    """Operators by themselves, each an output."""
    random = np.random.default_rng(3)
    X = random.normal(size=(8, 3)).astype(np.float32)
    X[0], X[1, 1], X[2, 2] = 0, np.nan, np.inf
    whole = random.integers(-3, 4, (8, 2))
    words = np.array([["a"], ["b"], [""], ["Köln"], ["a"], ["nothing"], ["b"], ["b"]], object)

    def constant(name, values):
        return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(
            np.array(values), name))

    nodes = [
        constant("row", np.array([1, -2, 0.5], np.float32)), constant("one", np.float32(1)),
        constant("axis", np.array([1])), constant("picks", np.array([2, 0])),
        constant("low", np.float32(-0.5)), constant("high", np.float32(0.75)),
        constant("start", np.array([-2])), constant("end", np.array([99])),
        constant("flat", np.array([-1, 1, 3])), constant("back", np.array([0, -1])),
        constant("spare", np.array([1]))]
    ports = []

    def out(node, kind, *shape):
        nodes.append(node)
        ports.append((node.output[0], kind, ["N", *shape]))

    real, integer, truth, text = (
        TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL, TensorProto.STRING)
    for op in ["Add", "Sub", "Mul", "Div", "Pow", "Max", "Min"]:
        out(helper.make_node(op, ["X", "row"], [op]), real, 3)
    for op in ["Abs", "Ceil", "Exp", "Floor", "Log", "Neg", "Reciprocal", "Relu", "Sigmoid", "Sqrt",
               "Tanh"]:
        out(helper.make_node(op, ["X"], [op]), real, 3)
    for op in ["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"]:
        out(helper.make_node(op, ["X", "one"], [op]), truth, 3)
    for op in ["And", "Or", "Xor"]:
        out(helper.make_node(op, ["Less", "Greater"], [op]), truth, 3)
    out(helper.make_node("Not", ["Less"], ["Not"]), truth, 3)
    out(helper.make_node("IsNaN", ["X"], ["IsNaN"]), truth, 3)
    out(helper.make_node("Where", ["Less", "X", "row"], ["Where"]), real, 3)
    out(helper.make_node("Clip", ["X", "low", "high"], ["Clip"]), real, 3)
    for op in ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd",
               "ReduceSumSquare"]:
        out(helper.make_node(op, ["Clip", "axis"], [op]), real, 1)
    out(helper.make_node("Mul", ["Clip", "ReduceSum"], ["spread"]), real, 3)
    out(helper.make_node("ArgMax", ["Clip"], ["ArgMax"], axis=1, keepdims=0), integer)
    out(helper.make_node("ArgMin", ["Clip"], ["ArgMin"], axis=1), integer, 1)
    out(helper.make_node("Softmax", ["Clip"], ["Softmax"]), real, 3)
    out(helper.make_node("Gather", ["X", "picks"], ["Gather"], axis=1), real, 2)
    out(helper.make_node("Slice", ["X", "start", "end", "axis"], ["Slice"]), real, 2)
    out(helper.make_node("Concat", ["X", "Gather"], ["Concat"], axis=1), real, 5)
    out(helper.make_node("Reshape", ["X", "flat"], ["Reshape"]), real, 1, 3)
    out(helper.make_node("Squeeze", ["Reshape", "spare"], ["Squeeze"]), real, 3)
    out(helper.make_node("Unsqueeze", ["X", "spare"], ["Unsqueeze"]), real, 1, 3)
    out(helper.make_node("Reshape", ["Reshape", "back"], ["backed"]), real, 3)
    out(helper.make_node("Flatten", ["Reshape"], ["Flatten"]), real, 3)
    out(helper.make_node("Cast", ["whole"], ["as_float"], to=real), real, 2)
    out(helper.make_node("Cast", ["Clip"], ["as_whole"], to=integer), integer, 3)
    out(helper.make_node("Cast", ["whole"], ["as_truth"], to=truth), truth, 2)
    out(helper.make_node("Add", ["whole", "whole"], ["doubled"]), integer, 2)
    out(learning("Scaler", ["whole"], ["Scaler"], offset=[1.0, 2.0], scale=[0.5, 0.25]), real, 2)
    out(learning("Imputer", ["X"], ["Imputer"], imputed_value_floats=[9.0, 8.0, 7.0],
                 replaced_value_float=float("nan")), real, 3)
    out(learning("Imputer", ["whole"], ["ImputerWhole"], imputed_value_int64s=[5],
                 replaced_value_int64=0), integer, 2)
    out(learning("Binarizer", ["Scaler"], ["Binarizer"], threshold=0.25), real, 2)
    out(learning("OneHotEncoder", ["words"], ["OneHot"], cats_strings=["b", "a", ""]), real, 1, 3)
    out(learning("OneHotEncoder", ["X"], ["OneHotReal"], cats_int64s=[0, 1, -1]), real, 3, 3)
    out(learning("LabelEncoder", ["words"], ["text_number"], keys_strings=["a", "b", "a"],
                 values_int64s=[7, 8, 9]), integer, 1)
    out(learning("LabelEncoder", ["words"], ["text_real"], keys_strings=["a", "b"],
                 values_floats=[0.5, 1.5], default_float=-3.0), real, 1)
    out(learning("LabelEncoder", ["whole"], ["number_text"], keys_int64s=[0, 1, 2],
                 values_strings=["zero", "one", "two"]), text, 2)
    out(learning("LabelEncoder", ["X"], ["real_number"], keys_floats=[0.0, float("nan")],
                 values_int64s=[1, 2]), integer, 3)
    out(learning("FeatureVectorizer", ["X", "Gather"], ["vector"], inputdimensions=[3, 2]), real, 5)
    out(learning("ArrayFeatureExtractor", ["X", "picks"], ["extracted"]), real, 2)
    for norm in ["MAX", "L1", "L2"]:
        out(learning("Normalizer", ["Clip"], [f"norm{norm}"], norm=norm), real, 3)
    for transform in TRANSFORMS:
        out(learning("LinearRegressor", ["Clip"], [f"linear{transform}"],
                     coefficients=[0.1, 0.2, -0.3, 0.4, 0.5, 0.1], intercepts=[0.4, 0.5], targets=2,
                     post_transform=transform), real, 2)
        name = f"class{transform}"
        nodes.append(learning(
            "LinearClassifier", ["Clip"], [f"{name}label", name], coefficients=[0.1, 0.2, -0.3],
            intercepts=[0.05], classlabels_strings=["no", "yes"], post_transform=transform))
        ports.extend([(f"{name}label", text, ["N"]), (name, real, ["N", 2])])
    graph("operators", nodes, ports, {"X": X, "whole": whole, "words": words},
          [("", 18), ("ai.onnx.ml", 2)])


def later_labels():
    """Version 4 of LabelEncoder, whose keys and values may be tensors, and NaN a key."""
    def tensor(values, dtype):
        return numpy_helper.from_array(np.array(values, dtype))

    X = np.array([[0.0, -0.0], [np.nan, 1.5], [2.5, np.inf]])
    nodes = [learning("LabelEncoder", ["X"], ["labels"], keys_tensor=tensor([0, np.nan, 1.5], "f8"),
                      values_tensor=tensor([3, 4, 5], "f8"), default_tensor=tensor([-1], "f8")),
             learning("LabelEncoder", ["F"], ["numbers"], keys_floats=[np.nan, 0.0],
                      values_int64s=[7, 8], default_int64=-9),
             learning("LabelEncoder", ["words"], ["texts"], keys_strings=["x", "y"],
                      values_strings=["ex", "why"], default_string="none")]
    ports = [("labels", TensorProto.DOUBLE, ["N", 2]), ("numbers", TensorProto.INT64, ["N", 2]),
             ("texts", TensorProto.STRING, ["N"])]
    words = np.array(["y", "x", "z"], object)
    graph("later-labels", nodes, ports, {"X": X, "F": X.astype(np.float32), "words": words},
          [("", 21), ("ai.onnx.ml", 4)])


def left():
    """Good files that ask for more than is computed: read as such, and answered by ONNX Runtime."""
    random = np.random.default_rng(4)
    trees, leaves = stumps(random, [0], count=1)

    def regressor(name, change, **settings):
        nodes = {f"nodes_{k}": v for k, v in change(dict(trees)).items()}
        node = learning("TreeEnsembleRegressor", ["X"], ["Y"], n_targets=1, **settings, **nodes,
                        **{f"target_{k}": v for k, v in leaves.items()})
        keep(name, [node], [("", 17), ("ai.onnx.ml", 1)])

    def keep(name, nodes, versions):
        ports = [helper.make_tensor_value_info(p, TensorProto.FLOAT, ["N", 2]) for p in "XY"]
        model = helper.make_model(
            helper.make_graph(nodes, name, ports[:1], ports[1:]),
            opset_imports=[helper.make_opsetid(*version) for version in versions], ir_version=9)
        (FOLDER / "left").mkdir(exist_ok=True)
        (FOLDER / "left" / f"{name}.onnx").write_bytes(model.SerializeToString())

    regressor("probit", lambda t: t, post_transform="PROBIT")
    regressor("smallest-leaf", lambda t: t, aggregate_function="MIN")
    regressor("equal", lambda t: t | {"modes": ["BRANCH_EQ"] * 3 + ["LEAF"] * 4})
    no_learning = [helper.make_node("Relu", ["X"], ["Y"])]
    keep("no-learning", no_learning, [("", 17)])
    keep("later-version", [learning("Normalizer", ["X"], ["Y"])], [("ai.onnx.ml", 99)])
    keep("unknown-operator", [learning("SVMRegressor", ["X"], ["Y"])], [("ai.onnx.ml", 1)])
    keep("across-rows", [helper.make_node("ReduceMax", ["X"], ["Z"], axes=[0]),
                         learning("Normalizer", ["Z"], ["Y"])], [("", 13), ("ai.onnx.ml", 1)])


if __name__ == "__main__":
    left()
    later_labels()
    scikit_learn()
    several_inputs()
    boosted()
    variants()
    doubles()
    operators()
