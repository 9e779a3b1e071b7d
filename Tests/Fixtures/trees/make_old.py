#!/usr/bin/env python3
"""Makes the fixtures of an older XGBoost, whose files differ: base scores without brackets, leaf
vectors among the base weights, no categories of columns. As make.py, with xgboost-cpu==2.1.4 numpy
scipy.
"""
import os

import numpy as np
import xgboost

assert xgboost.__version__.startswith("2.1."), "made with XGBoost 2.1"
here = os.path.dirname(os.path.abspath(__file__))
random = np.random.RandomState(11)
train = random.randn(300, 4).astype(np.float32)
train[random.rand(300, 4) < 0.1] = np.nan
train[:, 3] = random.randint(0, 12, 300)
signal = np.nan_to_num(train[:, 0]) + (train[:, 3] % 3) + 0.1 * random.randn(300)
binary = (signal > 1).astype(int)
ask = np.concatenate([train[:10], random.randn(4, 4).astype(np.float32)])
ask[10:, 3] = [0, 5, 11, 2]


def numbers(values):
    return " ".join(repr(float(v)) for v in np.asarray(values).reshape(-1))


def make(name, label, kind, types=None, leaves=True, contributions=True, **parameters):
    matrix = xgboost.DMatrix(train, label=label, feature_types=types,
                             enable_categorical=types is not None)
    booster = xgboost.train({"max_depth": 3, "nthread": 1, "seed": 1, **parameters}, matrix, 3)
    booster.save_model(os.path.join(here, name + "." + kind))
    asked = xgboost.DMatrix(ask, feature_types=types, enable_categorical=types is not None)
    answers = {"margin": booster.predict(asked, output_margin=True),
               "prediction": booster.predict(asked)}
    if leaves:
        answers["leaf"] = booster.predict(asked, pred_leaf=True)
    if contributions:
        answers["contribution"] = booster.predict(asked, pred_contribs=True)
    with open(os.path.join(here, name + ".answers"), "w") as file:
        for place, row in enumerate(ask):
            print("x", numbers(row), file=file)
            for kind, values in answers.items():
                print(kind, numbers(values[place]), file=file)


make("xgb21-binary", binary, "json", objective="binary:logistic", base_score=0.3)
make("xgb21-poisson", np.round(np.abs(signal)), "ubj", objective="count:poisson")
make("xgb21-outputs-vector", np.stack([signal, -signal], axis=1), "ubj",
     multi_strategy="multi_output_tree", tree_method="hist", contributions=False)
make("xgb21-outputs-vector-text", np.stack([signal, -signal], axis=1), "json",
     multi_strategy="multi_output_tree", tree_method="hist", contributions=False)
make("xgb21-categories", binary, "json", types=["float"] * 3 + ["c"], objective="binary:logistic",
     tree_method="hist", max_cat_to_onehot=3)
make("xgb21-dart", binary, "ubj", objective="binary:logistic", booster="dart", rate_drop=0.5)
make("xgb21-linear", np.clip(np.round(signal), 0, 2), "ubj", objective="multi:softprob",
     num_class=3, booster="gblinear", leaves=False)
make("xgb21-hinge", binary, "ubj", objective="binary:hinge")
