#!/usr/bin/env python3
"""Makes the fixtures of the Trees tests: small models, and beside each what its library answers.

    python3 -m venv venv && venv/bin/pip install xgboost-cpu==3.2.0 lightgbm==4.7.0 catboost==1.2.10 \
        scikit-learn pandas && venv/bin/python Tests/Fixtures/trees/make.py

Made with just these versions. A `.answers` file has a line for each row and kind: `x` the row, then
`margin`, `prediction`, `leaf` and `contribution` where the library gives them, numbers as repr.
"""
import json
import os
import sys

import catboost
import lightgbm
import numpy as np
import pandas
import xgboost

here = os.path.dirname(os.path.abspath(__file__))
random = np.random.RandomState(7)
columns = 5
train = random.randn(400, columns).astype(np.float32)
train[random.rand(400, columns) < 0.1] = np.nan
train[:, 3] = random.randint(0, 6, 400)
train[:, 4] = random.randint(0, 40, 400)
signal = np.nan_to_num(train[:, 0]) + 0.5 * np.nan_to_num(train[:, 1]) ** 2 + (train[:, 4] % 3)
noisy = signal + 0.1 * random.randn(400)
binary = (noisy > np.median(noisy)).astype(int)
classes = np.digitize(noisy, np.quantile(noisy, [0.33, 0.66]))
positive = np.abs(noisy) + 0.1

ask = random.randn(14, columns).astype(np.float32)
ask[:, 3] = random.randint(0, 6, 14)
ask[:, 4] = random.randint(0, 40, 14)
ask[8] = np.nan
ask[9] = [0.0, -0.0, 0.0, -0.0, 0.0]
ask[10] = [1e-45, -1e-45, 1e-36, 0, 1e-42]
ask[11] = [1e38, -1e38, 3e38, 5, 39]
ask[12] = [np.nan, 0.5, np.nan, 2, np.nan]
ask[13] = [1e-35, -1e-35, 1e-35, 1, 3]
# Out of range, no whole number, below zero.
odd = ask[:6].copy()
odd[:, 3] = [6, 1000, 2.5, -0.5, -1, 4.999]
odd[:, 4] = [40, 16777215, 7.75, -0.25, -3, 39.5]
infinite = ask[:4].copy()
infinite[:, :3] = [[np.inf] * 3, [-np.inf] * 3, [np.inf, -np.inf, 0], [0, np.inf, -np.inf]]


def numbers(values):
    return " ".join(repr(float(v)) for v in np.asarray(values).reshape(-1))


def write(name, rows, **answers):
    with open(os.path.join(here, name + ".answers"), "w") as file:
        for place, row in enumerate(rows):
            print("x", numbers(row), file=file)
            for kind, values in answers.items():
                if values is not None:
                    print(kind, numbers(values[place]), file=file)


# XGBoost

only = sys.argv[1] if len(sys.argv) > 1 else ""


def xgb_answers(name, booster, rows, leaves=True, contributions=True, types=None, **rounds):
    matrix = xgboost.DMatrix(
        rows, enable_categorical=types is not None, feature_types=types,
        feature_names=booster.feature_names)
    write(
        name, rows, margin=booster.predict(matrix, output_margin=True, **rounds),
        prediction=booster.predict(matrix, **rounds),
        leaf=booster.predict(matrix, pred_leaf=True, **rounds) if leaves else None,
        contribution=booster.predict(matrix, pred_contribs=True, **rounds) if contributions else None)


def xgb(name, label, rows=ask, types=None, kind="ubj", rounds=3, weight=None, names=None,
        leaves=True, contributions=True, **parameters):
    if only and only not in name:
        return None
    parameters = {"max_depth": 3, "eta": 0.4, "nthread": 1, "seed": 1, **parameters}
    matrix = xgboost.DMatrix(train, label=label, enable_categorical=types is not None,
                             feature_types=types, feature_names=names)
    if parameters.get("objective", "").startswith("rank:"):
        matrix.set_group([20] * 20)
    if parameters.get("objective") == "survival:aft":
        matrix.set_float_info("label_lower_bound", positive)
        matrix.set_float_info("label_upper_bound", positive + 1)
    booster = xgboost.train(parameters, matrix, rounds)
    path = os.path.join(here, name + "." + kind)
    booster.save_model(path)
    xgb_answers(name, xgboost.Booster(model_file=path), rows, leaves, contributions, types)
    return booster


simple = {
    "squarederror": noisy, "squaredlogerror": positive, "pseudohubererror": noisy,
    "absoluteerror": noisy, "gamma": positive, "tweedie": positive, "logistic": binary,
}
for objective, label in simple.items():
    xgb("xgb-reg-" + objective, label, objective="reg:" + objective)
xgb("xgb-reg-quantileerror", noisy, objective="reg:quantileerror", quantile_alpha=[0.2, 0.5, 0.8])
xgb("xgb-count-poisson", np.round(positive), objective="count:poisson", kind="json")
for objective in ["logistic", "logitraw", "hinge"]:
    xgb("xgb-binary-" + objective, binary, objective="binary:" + objective, kind="json")
for objective in ["softmax", "softprob"]:
    xgb("xgb-multi-" + objective, classes, objective="multi:" + objective, num_class=3)
for objective in ["pairwise", "ndcg", "map"]:
    label = binary if objective == "map" else classes
    xgb("xgb-rank-" + objective, label, objective="rank:" + objective)
xgb("xgb-survival-cox", positive, objective="survival:cox")
xgb("xgb-survival-aft", positive, objective="survival:aft")
xgb("xgb-dart", binary, objective="binary:logistic", booster="dart", rate_drop=0.5, rounds=6,
    kind="json")
xgb("xgb-dart-multi", classes, objective="multi:softprob", num_class=3, booster="dart",
    rate_drop=0.5, rounds=4)
xgb("xgb-linear", np.nan_to_num(noisy), objective="reg:squarederror", booster="gblinear",
    leaves=False)
xgb("xgb-linear-multi", classes, objective="multi:softprob", num_class=3, booster="gblinear",
    leaves=False, kind="json")
xgb("xgb-forest", noisy, objective="reg:squarederror", num_parallel_tree=4, subsample=0.7, eta=1,
    rounds=1)
xgb("xgb-boosted-forest", classes, objective="multi:softprob", num_class=3, num_parallel_tree=2,
    subsample=0.7, rounds=2)
two = np.stack([noisy, positive, -noisy], axis=1)
xgb("xgb-outputs", two, objective="reg:squarederror", rounds=2)
xgb("xgb-outputs-vector", two, objective="reg:squarederror", rounds=2, kind="json",
    multi_strategy="multi_output_tree", tree_method="hist", contributions=False)
xgb("xgb-outputs-vector-ubj", two, objective="reg:squarederror", rounds=2,
    multi_strategy="multi_output_tree", tree_method="hist", contributions=False)
xgb("xgb-pruned", noisy, objective="reg:squarederror", gamma=30, max_depth=5, tree_method="exact",
    kind="json")
xgb("xgb-names", noisy, objective="reg:squarederror", kind="json", rounds=1, max_depth=2,
    names=["length", "größe", "a b", "x\"y", "last"])
categorical = ["float", "float", "float", "c", "c"]
xgb("xgb-categories", binary, types=categorical, objective="binary:logistic", tree_method="hist",
    max_cat_to_onehot=4, max_depth=4)
xgb("xgb-categories-onehot", binary, types=categorical, objective="binary:logistic",
    tree_method="hist", max_cat_to_onehot=100, kind="json", max_depth=4)
xgb("xgb-base-score", binary, objective="binary:logistic", base_score=0.2)
xgb("xgb-lossguide", noisy, objective="reg:squarederror", grow_policy="lossguide", max_leaves=9,
    max_depth=0, tree_method="hist")
xgb("xgb-stump", np.ones(400), objective="reg:squarederror", rounds=1, max_depth=1)

if not only or only in "xgb-odd-categories":
    booster = xgboost.Booster(model_file=os.path.join(here, "xgb-categories.ubj"))
    # A matrix refuses negative categories where it knows of them; prediction in place does not.
    frame = odd.copy()
    write("xgb-odd-categories", frame,
          margin=booster.inplace_predict(frame, predict_type="margin"))

if not only or only in "xgb-early-stop":
    matrix = xgboost.DMatrix(train[:300], label=noisy[:300])
    rest = xgboost.DMatrix(train[300:], label=random.randn(100))
    booster = xgboost.train({"max_depth": 2, "eta": 0.9, "nthread": 1}, matrix, 12,
                            evals=[(rest, "rest")], early_stopping_rounds=3, verbose_eval=False)
    booster.save_model(os.path.join(here, "xgb-early-stop.json"))
    xgb_answers("xgb-early-stop", booster, ask, iteration_range=(0, booster.best_iteration + 1))

if not only or only in "xgb-frame":
    frame = pandas.DataFrame({
        "size": train[:, 0],
        "colour": pandas.Categorical.from_codes(train[:, 3].astype(int),
                                                ["red", "green", "blue", "plum", "grey", "pink"]),
        "number": pandas.Categorical(train[:, 4].astype(int) * 10)})
    matrix = xgboost.DMatrix(frame, label=binary, enable_categorical=True)
    booster = xgboost.train({"objective": "binary:logistic", "max_depth": 3, "nthread": 1,
                             "tree_method": "hist"}, matrix, 2)
    for kind in ["json", "ubj"]:
        booster.save_model(os.path.join(here, "xgb-frame." + kind))
    rows = np.stack([train[:10, 0], train[:10, 3], train[:10, 4]], axis=1)
    codes = frame.iloc[:10]
    rows[:, 2] = codes["number"].cat.codes
    asked = xgboost.DMatrix(codes, enable_categorical=True)
    write("xgb-frame", rows, margin=booster.predict(asked, output_margin=True),
          prediction=booster.predict(asked))

if not only or only in "xgb-old":
    # As version 1.0 wrote it: no rounds, targets or categories, truth values, a plain base score.
    model = json.load(open(os.path.join(here, "xgb-binary-logistic.json")))
    model["version"] = [1, 0, 2]
    learner = model["learner"]
    learner["learner_model_param"] = {"base_score": "2.5E-1", "num_class": "0", "num_feature": "5"}
    learner.pop("feature_names")
    learner.pop("feature_types")
    inside = learner["gradient_booster"]["model"]
    inside.pop("iteration_indptr")
    inside.pop("cats", None)
    for tree in inside["trees"]:
        tree["default_left"] = [bool(v) for v in tree["default_left"]]
        for key in list(tree):
            if key.startswith("categories") or key == "split_type":
                tree.pop(key)
    path = os.path.join(here, "xgb-old.json")
    json.dump(model, open(path, "w"), separators=(",", ":"))
    xgb_answers("xgb-old", xgboost.Booster(model_file=path), ask)

if not only or only in "xgb-pickled-state":
    booster = xgboost.Booster(model_file=os.path.join(here, "xgb-count-poisson.json"))
    open(os.path.join(here, "xgb-pickled-state.ubj"), "wb").write(bytes(booster.__getstate__()["handle"]))
    xgb_answers("xgb-pickled-state", booster, ask)

# LightGBM


def lgb_answers(name, booster, rows, leaves=True, contributions=True):
    write(
        name, rows, margin=booster.predict(rows, raw_score=True), prediction=booster.predict(rows),
        leaf=booster.predict(rows, pred_leaf=True) if leaves else None,
        contribution=booster.predict(rows, pred_contrib=True) if contributions else None)


def lgb(name, label, rows=None, rounds=3, categories="auto", contributions=True, data=train,
        group=None, **parameters):
    if only and only not in name:
        return None
    rows = np.concatenate([ask, infinite]) if rows is None else rows
    parameters = {"num_leaves": 6, "learning_rate": 0.4, "verbosity": -1, "num_threads": 1,
                  "seed": 1, "min_data_in_leaf": 5, "deterministic": True, **parameters}
    booster = lightgbm.train(
        parameters, lightgbm.Dataset(data, label=label, group=group, categorical_feature=categories,
                                     params={"verbosity": -1}), rounds)
    path = os.path.join(here, name + ".lgb")
    booster.save_model(path)
    lgb_answers(name, lightgbm.Booster(model_file=path), rows, contributions=contributions)
    return booster


for objective in ["regression", "regression_l1", "huber", "fair", "quantile", "mape"]:
    lgb("lgb-" + objective, noisy, objective=objective)
for objective in ["poisson", "gamma", "tweedie"]:
    lgb("lgb-" + objective, positive, objective=objective)
lgb("lgb-sqrt", noisy, objective="regression", reg_sqrt=True)
lgb("lgb-binary", binary, objective="binary", sigmoid=0.7)
lgb("lgb-multiclass", classes, objective="multiclass", num_class=3)
lgb("lgb-multiclassova", classes, objective="multiclassova", num_class=3, sigmoid=1.3)
lgb("lgb-cross-entropy", binary * 0.9, objective="cross_entropy")
lgb("lgb-cross-entropy-lambda", binary * 0.9, objective="cross_entropy_lambda")
for objective in ["lambdarank", "rank_xendcg"]:
    lgb("lgb-" + objective, classes, objective=objective, group=[20] * 20)
lgb("lgb-dart", binary, objective="binary", boosting="dart", drop_rate=0.6, rounds=6)
lgb("lgb-goss", binary, objective="binary", data_sample_strategy="goss")
lgb("lgb-forest", binary, objective="binary", boosting="rf", bagging_freq=1, bagging_fraction=0.7)
lgb("lgb-forest-multiclass", classes, objective="multiclass", num_class=3, boosting="rf",
    bagging_freq=1, bagging_fraction=0.7)
lgb("lgb-categories", binary, objective="binary", categories=[3, 4], min_data_per_group=5,
    cat_smooth=1, rows=np.concatenate([ask, infinite, odd]))
lgb("lgb-zero-missing", noisy, objective="regression", zero_as_missing=True, num_leaves=12,
    data=np.where(random.rand(400, columns) < 0.3, 0, train), rounds=5)
lgb("lgb-no-missing", noisy, objective="regression", use_missing=False)
lgb("lgb-whole", noisy, objective="regression", data=np.nan_to_num(np.round(train)), num_leaves=20)
lgb("lgb-constant", np.ones(400), objective="regression", rounds=2)
lgb("lgb-linear", noisy, objective="regression", linear_tree=True, contributions=False, rounds=4)
lgb("lgb-custom", noisy, objective=lambda scores, data: (scores - data.get_label(),
                                                         np.ones_like(scores)))
lgb("lgb-deep", noisy, objective="regression", num_leaves=60, min_data_in_leaf=1, rounds=1)

if not only or only in "lgb-frame":
    frame = pandas.DataFrame({
        "size": train[:, 0],
        "colour": pandas.Categorical.from_codes(train[:, 3].astype(int),
                                                ["red", "green", "blue", "grün", "grey", "pink"]),
        "number": pandas.Categorical(train[:, 4].astype(int) * 10)})
    booster = lightgbm.train({"objective": "binary", "verbosity": -1, "num_leaves": 5,
                              "num_threads": 1, "min_data_per_group": 5},
                             lightgbm.Dataset(frame, label=binary), 2)
    booster.save_model(os.path.join(here, "lgb-frame.lgb"))
    rows = np.stack([train[:10, 0], train[:10, 3], frame["number"].cat.codes[:10]], axis=1)
    write("lgb-frame", rows, margin=booster.predict(frame[:10], raw_score=True),
          prediction=booster.predict(frame[:10]))

# Some rounds of several

if not only or only in "rounds":
    model = xgboost.Booster(model_file=os.path.join(here, "xgb-multi-softprob.ubj"))
    xgb_answers("xgb-multi-softprob-1-3", model, ask, leaves=False,
                contributions=False, iteration_range=(1, 3))
    model = xgboost.Booster(model_file=os.path.join(here, "xgb-dart.json"))
    xgb_answers("xgb-dart-1-3", model, ask, leaves=False,
                contributions=False, iteration_range=(1, 3))
    for name in ["lgb-multiclass", "lgb-forest"]:
        model = lightgbm.Booster(model_file=os.path.join(here, name + ".lgb"))
        part = {"start_iteration": 1, "num_iteration": 2}
        write(name + "-1-3", ask, margin=model.predict(ask, raw_score=True, **part),
              prediction=model.predict(ask, **part), leaf=model.predict(ask, pred_leaf=True, **part))

# CatBoost


def cat(name, label, rows=None, data=None, categories=None, probability=False, **parameters):
    if only and only not in name:
        return None
    rows = np.concatenate([ask, infinite]) if rows is None else rows
    parameters = {"iterations": 3, "depth": 3, "learning_rate": 0.4, "verbose": 0,
                  "thread_count": 1, "allow_writing_files": False, "random_seed": 1, **parameters}
    kind = catboost.CatBoostClassifier if probability else catboost.CatBoostRegressor
    pool = catboost.Pool(train if data is None else data, label, cat_features=categories)
    model = kind(**parameters).fit(pool)
    path = os.path.join(here, name + ".json")
    model.save_model(path, format="json", pool=pool)
    slim(path)
    asked = rows if data is None else frame_of(rows)
    asked = catboost.Pool(asked, cat_features=categories)
    margin = model.predict(asked, prediction_type="RawFormulaVal")
    answer = model.predict_proba(asked) if probability else model.predict(asked)
    if probability and margin.ndim == 1:
        answer = answer[:, 1]
    write(name, rows if data is None else coded(rows, path), margin=margin, prediction=answer,
          leaf=model.calc_leaf_indexes(asked) if parameters.get("grow_policy") is None else None)
    return model


def slim(path):
    """Leaves out what describes the training, most of such a file, but not the loss."""
    model = json.load(open(path))
    info = model["model_info"]
    info["params"] = {"loss_function": info["params"]["loss_function"]}
    for key in ["output_options", "training", "catboost_version_info"]:
        info.pop(key, None)
    json.dump(model, open(path, "w"), indent=1)


def coded(rows, path):
    """The rows with codes as the reader hands them out: the places of the hashes that are asked."""
    columns = json.load(open(path))["features_info"]
    known = [hash & 0xFFFFFFFF for hash in columns["categorical_features"][0]["values"]]
    hashes = {entry["value"]: entry["hash"] for entry in columns["cat_features_hash"]}
    frame = frame_of(rows)
    codes = [known.index(hashes[kind]) if hashes.get(kind) in known else -1
             for kind in frame["kind"]]
    return np.stack([frame["size"], codes], axis=1)


def frame_of(rows):
    names = ["k%d" % v for v in range(6)]
    return pandas.DataFrame({"size": rows[:, 0].astype(np.float32), "kind": [
        names[int(v)] if np.isfinite(v) and 0 <= v < 6 else "other" for v in rows[:, 3]]})


cat("cat-regression", noisy, loss_function="RMSE")
cat("cat-binary", binary, probability=True, loss_function="Logloss")
cat("cat-multiclass", classes, probability=True, loss_function="MultiClass")
cat("cat-one-vs-all", classes, probability=True, loss_function="MultiClassOneVsAll")
cat("cat-poisson", np.round(positive), loss_function="Poisson")
cat("cat-lossguide", noisy, loss_function="RMSE", grow_policy="Lossguide", max_leaves=6)
cat("cat-lossguide-multiclass", classes, probability=True, loss_function="MultiClass",
    grow_policy="Depthwise", depth=2)
cat("cat-nan-greatest", noisy, loss_function="RMSE", nan_mode="Max")
cat("cat-one-hot", binary, probability=True, data=frame_of(train), categories=["kind"],
    rows=ask, loss_function="Logloss", one_hot_max_size=10)
if not only or only in "cat-statistics":
    pool = catboost.Pool(frame_of(train), binary, cat_features=["kind"])
    model = catboost.CatBoostClassifier(iterations=3, depth=2, verbose=0, allow_writing_files=False,
                                        one_hot_max_size=2).fit(pool)
    model.save_model(os.path.join(here, "cat-statistics.json"), format="json", pool=pool)
    slim(os.path.join(here, "cat-statistics.json"))

# Seeds of the fuzzer: the least of each form, each smaller than an input may be (4 KiB).
seeds = os.path.join(here, "..", "..", "..", "Fuzz", "Seeds", "trees")
for name in ["xgb-names.json", "xgb-linear.ubj", "xgb-linear-multi.json", "xgb-stump.ubj",
             "xgb-old.json", "xgb-outputs-vector-ubj.ubj", "cat-one-hot.json",
             "cat-lossguide.json"]:
    data = open(os.path.join(here, name), "rb").read()
    if name.startswith("cat-"):
        data = json.dumps(json.loads(data), separators=(",", ":")).encode()
    open(os.path.join(seeds, name), "wb").write(data)
for name in ["lgb-categories.lgb", "lgb-linear.lgb", "lgb-zero-missing.lgb"]:
    text = open(os.path.join(here, name)).read()
    head, trees = text.split("\n\nTree=0", 1)
    head = "\n".join(line for line in head.split("\n") if not line.startswith("tree_sizes"))
    first = trees.split("\n\n\nTree=1", 1)[0]
    open(os.path.join(seeds, name), "w").write(head + "\n\nTree=0" + first + "\n\n\nend of trees\n")
for kind in ["json", "ubj"]:
    small = xgboost.DMatrix(train[:60, 3:], label=binary[:60], feature_types=["c", "c"],
                            enable_categorical=True)
    xgboost.train({"objective": "binary:logistic", "max_depth": 2, "nthread": 1,
                   "tree_method": "hist"}, small, 1).save_model(
                       os.path.join(seeds, "xgb-categories." + kind))
    xgboost.train({"objective": "multi:softprob", "num_class": 2, "max_depth": 1, "nthread": 1,
                   "booster": "dart"}, xgboost.DMatrix(train[:60, 3:], label=binary[:60]),
                  1).save_model(os.path.join(seeds, "xgb-dart." + kind))
