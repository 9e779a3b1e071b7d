"""Makes what the trees are compared with: rows, a model of 100 trees, ONNX files, compiled code.

    python3 Benchmarks/peers/trees_models.py FOLDER XGBOOST_500x8 LIGHTGBM_500x63 COLUMNS_NPY [full]

Rows are drawn column by column from real ones with a little noise, seeded. Prints a line of JSON: where
the libraries are, and for each model its file and those that the peers read.
"""

import json
import pathlib
import sys

import lightgbm
import numpy
import onnxmltools
import tl2cgen
import treelite
import xgboost
from onnxmltools.convert.common.data_types import FloatTensorType


def make_rows(folder, source):
    real = numpy.load(source)
    chance = numpy.random.default_rng(1)
    columns = [
        chance.choice(real[:, c], 20_000) + chance.normal(0, 0.05 * real[:, c].std(), 20_000)
        for c in range(real.shape[1])]
    rows = numpy.stack(columns, 1).astype(numpy.float32)
    rows[:len(real)] = real
    rows.tofile(folder / "rows.f32")
    return rows


def small_model(folder, large, rows):
    labels = (xgboost.Booster(model_file=large).inplace_predict(rows) > 0.5).astype(numpy.float32)
    model = xgboost.train(
        {"max_depth": 6, "objective": "binary:logistic", "tree_method": "hist", "nthread": 1,
         "seed": 1}, xgboost.DMatrix(rows, labels), 100)
    file = folder / "100x6.ubj"
    model.save_model(file)
    return file


def onnx_of(name, booster, convert, folder, columns):
    model = convert(booster, initial_types=[("X", FloatTensorType([None, columns]))])
    file = folder / f"{name}.onnx"
    file.write_bytes(model.SerializeToString())
    return {"file": str(file), "output": model.graph.output[-1].name}


def compiled_of(name, model, folder):
    file = folder / f"{name}.so"
    tl2cgen.export_lib(model, toolchain="gcc", libpath=file, params={}, verbose=False)
    return str(file)


def main(folder, large, leafwise, source, is_full):
    folder = pathlib.Path(folder)
    rows = make_rows(folder, source)
    columns = rows.shape[1]
    models = {}
    for name, file in (("100x6", small_model(folder, large, rows)), ("500x8", large)):
        booster = xgboost.Booster(model_file=file)
        booster.feature_names = None
        models[name] = {"file": str(file), "library": "xgboost"}
        models[name]["onnx"] = onnx_of(name, booster, onnxmltools.convert_xgboost, folder, columns)
        if name == "100x6" or is_full:
            models[name]["compiled"] = compiled_of(
                name, treelite.frontend.from_xgboost(booster), folder)
    booster = lightgbm.Booster(model_file=leafwise)
    models["500x63"] = {"file": leafwise, "library": "lightgbm"}
    models["500x63"]["onnx"] = onnx_of(
        "500x63", booster, lambda model, **more: onnxmltools.convert_lightgbm(
            model, zipmap=False, **more), folder, columns)
    if is_full:
        models["500x63"]["compiled"] = compiled_of(
            "500x63", treelite.frontend.from_lightgbm(booster), folder)
    libraries = {
        "xgboost": str(pathlib.Path(xgboost.__file__).parent / "lib/libxgboost.so"),
        "lightgbm": str(pathlib.Path(lightgbm.__file__).parent / "lib/lib_lightgbm.so"),
    }
    print(json.dumps({"columns": columns, "libraries": libraries, "models": models}))


if __name__ == "__main__":
    main(*sys.argv[1:5], is_full=sys.argv[5:] == ["full"])
