import Inference
import Settings
import TestSupport
import Testing

@testable import ModelStore

@Suite struct PythonFormatTests {
  private func find(_ path: String, flags: [String: String] = [:]) throws -> [ModelPlan] {
    try ModelPlans.find([path], settings: try settings(flags))
  }

  private static let ownClass =
    "import numpy\n\nclass Mine:\n    def predict(self, x):\n        return x\n"
  private static let tritonClass = "class TritonPythonModel:\n  def execute(self, requests): pass\n"

  /// Each directory, and what of it is loaded as which model.
  static let served: [(files: [String: String], name: String, source: String)] = [
    (["m/model.py": ownClass], "m", "m"),
    (["m/model.py": ownClass, "m/weights.pkl": "x", "m/net.onnx": "x"], "m", "m"),
    (["m/1/model.py": ownClass, "m/1/other.py": "x"], "m", "m/1"),
    (
      ["m/1/model.py": tritonClass, "m/config.pbtxt": "name: \"m\" backend: \"python\""], "m", "m/1"
    ),
    (["m/MLmodel": "flavors:", "m/model.pkl": "x"], "m", "m"),
    (["m/config.json": "{}", "m/model.safetensors": "x"], "m", "m"),
    (["m/model.joblib": "x"], "m", "m/model.joblib"),
    (["m/1/forest.skops": "x"], "m", "m/1/forest.skops"),
    (["m/1/a.mar": "x", "m/1/b.mar": "x", "m/model.yaml": "file: b.mar"], "m", "m/1/b.mar"),
    (["m/1/net.pt": "PK archive/code/__torch__.py"], "m", "m/1/net.pt"),
    (["m/1/net.pt": "weights", "m/model.yaml": "file: net.pt"], "m", "m/1/net.pt"),
    (["m/1/anything.bin": "x", "m/model.yaml": "runtime: python"], "m", "m/1"),
    (
      [
        "m/model-settings.json": "{\"name\": \"r\", \"implementation\": \"runtime.Mine\"}",
        "m/runtime.py": "x",
      ], "r", "m"
    ),
    (
      [
        "m/model-settings.json":
          "{\"implementation\": \"mlserver_sklearn.SKLearnModel\", \"parameters\": {\"uri\": \"./a.pkl\"}}",
        "m/a.pkl": "x",
      ], "m", "m"
    ),
  ]

  @Test(arguments: served)
  func `a directory is served by Python, alone and in a repository`(
    _ files: [String: String], _ name: String, _ source: String
  ) throws {
    let tree = try Tree(files)
    for path in ["m", ""] {
      let plan = try #require(try find(path.isEmpty ? tree.path : tree[path]).first)
      #expect(plan.chosenRuntime == .python && plan.name == name)
      #expect(plan.source.name == tree[source])
    }
    #expect(try find(tree["m"], flags: ["runtime": "openvino"]).map(\.chosenRuntime) == [.python])
  }

  @Test(arguments: ["a.pkl", "a.pickle", "a.joblib", "a.skops", "a.mar", "model.py"])
  func `a file is served by Python`(_ file: String) throws {
    let tree = try Tree([file: "x"])
    #expect(try find(tree[file]).map(\.chosenRuntime) == [.python])
  }

  @Test func `what a model was made from does not clash with it`() throws {
    let tree = try Tree([
      "yolo.onnx": "x", "yolo.pt": "PK x/code/y", "other.pt": "weights", "model.py": "print()",
      "forest.pkl": "x",
    ])
    let plans = try find(tree.path)
    #expect(Set(plans.map(\.name)) == ["yolo", "forest"])
    #expect(Set(plans.map(\.chosenRuntime)) == [.onnxruntime, .python])
  }

  @Test func `a script of that name is no model`() throws {
    let tree = try Tree(["m/model.py": "class Net:\n  pass\n", "m/model.onnx": "x"])
    #expect(try find(tree["m"]).map(\.chosenRuntime) == [.onnxruntime])
    let snapshot = try Tree([
      "m/config.json": "{}", "m/model.safetensors": "x", "m/model.onnx": "x",
    ])
    #expect(try find(snapshot["m"]).map(\.chosenRuntime) == [.onnxruntime])
  }

  @Test(arguments: ["environment_tarball", "environment_path"])
  func `MLServer's environments are ours`(_ key: String) throws {
    let tree = try Tree([
      "m/model-settings.json":
        #"{"implementation": "runtime.Mine", "parameters": {"\#(key)": "./env.tar.gz"}}"#
    ])
    let plan = try #require(try find(tree["m"]).first)
    #expect(plan.python.interpreter == tree["m"] + "/./env.tar.gz")
  }

  @Test(arguments: [
    ("$$TRITON_MODEL_DIRECTORY/x.tar.gz", "m/x.tar.gz"), ("envs/x", "m/envs/x"),
  ])
  func `parameters of Triton reach the model, and its environment us`(
    _ written: String, _ expected: String
  ) throws {
    let tree = try Tree([
      "m/1/model.py": Self.tritonClass,
      "m/config.pbtxt": """
      backend: "python" parameters { key: "a" value: { string_value: "b" } }
      parameters { key: "EXECUTION_ENV_PATH" value: { string_value: "\(written)" } }
      """,
    ])
    let plan = try #require(try find(tree["m"]).first)
    #expect(plan.python.parameters == ["a": "b"])
    #expect(plan.python.interpreter == tree[expected])
    #expect(!plan.warnings.contains { $0.contains("EXECUTION_ENV_PATH") })
  }
}
