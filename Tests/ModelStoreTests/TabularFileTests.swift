import Foundation
import Inference
import ModelStore
import Settings
import Testing

/// Which files are models of trees, and where they are found.
@Suite struct TabularFileTests {
  private static let xgboost = #"{"learner":{"attributes":{}}}"#
  private static let lightgbm = "tree\nversion=v4\nnum_class=1\n"

  private func find(_ path: String) throws -> [ModelPlan] {
    try ModelPlans.find([path], settings: try settings())
  }

  @Test(arguments: [
    ("m.json", xgboost), ("m.json", "\n { \"learner\" : {"), ("m.bst", xgboost),
    ("m.json", #"{"version":[3,2,0],"learner":{}}"#), ("m.model", xgboost),
    ("m.json", #"{"features_info":{"float_features":[]}}"#), ("m.txt", lightgbm),
    ("m.lgb", lightgbm), ("m.txt", "tree\r\nversion=v4\r\n"),
    ("m.ubj", "{L\0\0\0\0\0\0\0\u{7}learner{"), ("m.ubj", "{i\u{7}learner{"),
  ])
  func `a model of trees is known by its first bytes`(_ name: String, _ text: String) throws {
    let tree = try Tree([name: text])
    for path in [tree[name], tree.path] {
      let plan = try #require(try find(path).first)
      #expect(plan.chosenRuntime == .trees)
      #expect(plan.name == "m")
    }
  }

  @Test(arguments: [
    ("m.json", #"{"version":"1.0.0","name":"package"}"#), ("m.json", "[1, 2]"), ("m.json", ""),
    ("m.txt", "tree of life\nversion=1\n"), ("m.txt", "tree\n"), ("labels.txt", "cat\ndog\n"),
    ("m.model", "some text"), ("m.json", #"{"model_info":{"by":"somebody"}}"#),
  ])
  func `what only has such a name is passed over`(_ name: String, _ text: String) throws {
    let tree = try Tree([name: text, "other.ubj": "{i\u{7}learner{"])
    #expect(try find(tree.path).map(\.name) == ["other"])
    #expect(try #require(try refusal(tree[name])).contains("not known to be a model"))
  }

  @Test(arguments: [
    ("m.model", "binf\0\0", "save_model"), ("m.model", "\0\0\0\u{3f}\0\0", "old binary format"),
    ("m.bst", "\0\0\0\u{3f}", "old binary format"), ("m.cbm", "CBM1xx", "format=\"json\""),
    ("m.ubj", "PK\u{3}\u{4}", "save_model"),
  ])
  func `forms that are not read are refused with what to do`(
    _ name: String, _ text: String, _ advice: String
  ) throws {
    let tree = try Tree([name: text])
    for path in [tree[name], tree.path] {
      let said = try #require(try refusal(path))
      #expect(said.contains(advice) && said.contains(name), "\(said)")
    }
  }

  @Test(arguments: ["xgboost.json", "model.json", "model.bst", "anything.json"])
  func `a version folder may have any usual name`(_ file: String) throws {
    let tree = try Tree(["m/1/\(file)": Self.xgboost, "m/1/package.json": "{}"])
    #expect(try find(tree.path).map(\.source.name) == [tree["m/1/\(file)"]])
  }

  @Test func `the names of Triton's backend for forests and its parameters are obeyed`() throws {
    let tree = try Tree([
      "m/1/xgboost.json": Self.xgboost, "m/1/model.txt": Self.lightgbm,
      "m/config.pbtxt": """
      backend: "fil"
      max_batch_size: 64
      parameters { key: "model_type" value: { string_value: "lightgbm" } }
      parameters { key: "predict_proba" value: { string_value: "true" } }
      parameters { key: "threshold" value: { string_value: "0.25" } }
      parameters { key: "algo" value: { string_value: "ALGO_AUTO" } }
      """,
    ])
    let plan = try #require(try find(tree.path).first)
    #expect(plan.chosenRuntime == .forest)
    #expect(plan.source.name == tree["m/1/model.txt"])
    #expect(plan.backendParameters == ["predict_proba": "true", "threshold": "0.25"])
    #expect(plan.warnings.count == 1 && plan.warnings[0].contains("algo"))
  }

  @Test(arguments: [
    ("model_type", "treelite_checkpoint", "xgboost_ubj"), ("threshold", "half", "number"),
    ("output_class", "maybe", "true or false"),
  ])
  func `wrong parameters of it stop the load`(
    _ key: String, _ value: String, _ expected: String
  ) throws {
    let tree = try Tree([
      "m/1/xgboost.json": Self.xgboost,
      "m/config.pbtxt":
        "backend: \"fil\"\nparameters { key: \"\(key)\" value: { string_value: \"\(value)\" } }",
    ])
    let said = try #require(try refusal(tree.path))
    #expect(said.contains(key) && said.contains(expected), "\(said)")
  }

  @Test func `MLflow's folder is served by its native file`() throws {
    let tree = try Tree([
      "m/model.json": Self.xgboost,
      "m/MLmodel": "flavors:\n  xgboost:\n    data: model.json\n    model_format: json\n",
    ])
    for path in [tree.path, tree["m"]] {
      let plan = try #require(try find(path).first)
      #expect(plan.chosenRuntime == .trees && plan.name == "m")
      #expect(plan.source.name == tree["m/model.json"])
    }
  }

  @Test func `MLflow's folder whose file leads out of it is not followed`() throws {
    let tree = try Tree([
      "secret.json": Self.xgboost,
      "r/m/MLmodel": "flavors:\n  xgboost:\n    data: ../../secret.json\n",
    ])
    let plans = try? find(tree["r"])
    #expect(plans?.contains { $0.chosenRuntime == .trees } != true)
  }

  @Test(arguments: ["mlserver_xgboost.XGBoostModel", "mlserver_lightgbm.LightGBMModel"])
  func `MLServer's classes for trees are served here`(_ implementation: String) throws {
    let tree = try Tree([
      "m/model.bst": Self.xgboost,
      "m/model-settings.json":
        #"{"name": "m", "implementation": "\#(implementation)", "parameters": {"uri": "./model.bst"}}"#,
    ])
    let plan = try #require(try find(tree.path).first)
    #expect(plan.chosenRuntime == .trees && plan.source.name == tree["m/model.bst"])
  }
}
