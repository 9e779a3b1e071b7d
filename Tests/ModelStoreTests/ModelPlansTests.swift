import Foundation
import Imaging
import Inference
import ModelStore
import Settings
import Testing
import Vision

/// A directory tree made of paths and texts, removed at the end.
final class Tree {
  let path = NSTemporaryDirectory() + "apus-models-" + UUID().uuidString

  init(_ files: [String: String]) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    for (name, text) in files {
      let url = URL(fileURLWithPath: self[name])
      let folder = name.hasSuffix("/") ? url : url.deletingLastPathComponent()
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      if !name.hasSuffix("/") { try Data(text.utf8).write(to: url) }
    }
  }

  func link(_ name: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(atPath: self[name], withDestinationPath: target)
  }

  func write(_ bytes: [UInt8], to name: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: self[name]))
  }

  // Whether the system's own folder keeps a few bytes does not matter to any test.
  deinit { try? FileManager.default.removeItem(atPath: path) }

  subscript(name: String) -> String { "\(path)/\(name)" }
}

extension ModelPlan {
  var place: String { "\(name) \(version) \(source.name)" }
}

func settings(_ flags: [String: String] = [:]) throws -> ServeSettings {
  try ServeSettings.resolve(
    flags: flags, environment: [:], file: nil,
    machine: MachineLimits(cores: 4, memoryByteCount: 1 << 30))
}

/// The sentence with which these paths are refused; `nil` where they are not.
func refusal(_ paths: String..., flags: [String: String] = [:]) throws -> String? {
  let settings = try settings(flags)
  do {
    _ = try ModelPlans.find(paths, settings: settings)
    return nil
  } catch {
    return "\(error)"
  }
}

@Suite struct ModelPlansTests {
  func find(_ paths: String..., flags: [String: String] = [:]) throws -> [ModelPlan] {
    try ModelPlans.find(paths, settings: try settings(flags))
  }

  /// The folder of real models, which is not part of the repository.
  static let sharedModels: String? = {
    let shared =
      ProcessInfo.processInfo.environment["APUS_SHARED_DATA"]
      ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../shared/data").path
    let path = "\(shared)/yolo"
    return FileManager.default.fileExists(atPath: "\(path)/yolo11n.onnx") ? path : nil
  }()

  @Test func `a bare file is version 1 of the model of its name`() throws {
    let tree = try Tree(["yolo11n.onnx": "x", "my model (2).ONNX": "x"])
    #expect(try find(tree["yolo11n.onnx"]).map(\.place) == ["yolo11n 1 \(tree["yolo11n.onnx"])"])
    #expect(try find(tree["my model (2).ONNX"]).map(\.name) == ["my_model__2_"])
  }

  @Test func `several files and directories are served in their order`() throws {
    let tree = try Tree(["b.onnx": "x", "a/1/model.onnx": "x", "c/model.onnx": "x"])
    let plans = try find(tree["b.onnx"], tree["a"], tree["c/"])
    #expect(plans.map(\.name) == ["b", "a", "c"])
  }

  @Test func `nothing named is nothing found`() throws {
    #expect(try ModelPlans.find([], settings: settings()).isEmpty)
  }

  @Test func `a directory of bare files is all of them, whatever lies beside`() throws {
    let tree = try Tree([
      "b.onnx": "x", "a.onnx": "x", "a.pt": "x", "README.md": "x", ".hidden.onnx": "x",
      "data/2017/photo.jpg": "x",
    ])
    #expect(try find(tree.path).map(\.name) == ["a", "b"])
  }

  @Test func `a repository is each of its models, of each the latest version`() throws {
    let tree = try Tree([
      "a/1/model.onnx": "x", "a/2/model.onnx": "x", "a/10/net.onnx": "x", "b/1/model.onnx": "x",
      "c/model.onnx": "x", "notes/todo.txt": "x", "lost+found/": "",
    ])
    #expect(
      try find(tree.path).map(\.place) == [
        "a 10 \(tree["a/10/net.onnx"])", "b 1 \(tree["b/1/model.onnx"])",
        "c 1 \(tree["c/model.onnx"])",
      ])
  }

  @Test(arguments: [
    ("m.onnx", "f32", "auto", "onnxruntime"), ("m.onnx", "auto", "auto", "openvino"),
    ("m.onnx", "bf16", "auto", "openvino"), ("m.onnx", "int8", "auto", "openvino"),
    ("m.onnx", "f32", "openvino", "openvino"), ("m.onnx", "auto", "onnxruntime", "onnxruntime"),
    ("m.xml", "f32", "auto", "openvino"), ("m.tflite", "f32", "auto", "openvino"),
    ("m.pdmodel", "f32", "auto", "openvino"),
  ])
  func `the runtime follows from format and precision, or is said`(
    _ file: String, _ precision: String, _ runtime: String, _ chosen: String
  ) throws {
    let tree = try Tree([file: "x"])
    let flags = ["precision": precision, "runtime": runtime]
    let plan = try #require(try find(tree[file], flags: flags).first)
    #expect(plan.chosenRuntime.rawValue == chosen)
  }

  @Test(arguments: [
    (["m/saved_model.pb"], "m"), (["m/1/saved_model.pb"], "m/1"),
    (["m/1/model.savedmodel/saved_model.pb"], "m/1/model.savedmodel"),
    (["m/inference.pdmodel", "m/inference.pdiparams"], "m/inference.pdmodel"),
    (["m/1/model.xml", "m/1/model.bin"], "m/1/model.xml"),
    (["m/1/net.xml", "m/1/net.bin", "m/1/notes.xml"], "m/1/net.xml"),
    (["m/model.tflite"], "m/model.tflite"),
  ])
  func `other formats are found in directories, alone and in a repository`(
    _ files: [String], _ source: String
  ) throws {
    let tree = try Tree(
      Dictionary(uniqueKeysWithValues: files.map { ("repository/\($0)", "x") }))
    for path in ["repository/m", "repository"] {
      let plans = try find(tree[path])
      #expect(plans.map(\.name) == ["m"])
      #expect(plans.first?.source.name == tree["repository/\(source)"])
      #expect(plans.first?.chosenRuntime == .openvino)
    }
  }

  @Test func `links to models are followed`() throws {
    let tree = try Tree(["real/1/model.onnx": "x", "repository/": ""])
    try tree.link("repository/linked", to: tree["real"])
    #expect(try find(tree["repository"]).map(\.name) == ["linked"])
  }

  @Test func `a directory named with dots is called by its own name`() throws {
    let tree = try Tree(["net/1/model.onnx": "x"])
    #expect(try find(tree["net/1/.."]).map(\.name) == ["net"])
  }

  @Test func `settings reach every plan`() throws {
    let tree = try Tree(["a.onnx": "x", "labels.txt": "cat\r\ndog\n\n"])
    let plan = try #require(
      try find(
        tree["a.onnx"],
        flags: [
          "runtime-threads": "2", "precision": "auto", "resize": "opencv",
          "scaled-decoding": "no", "labels": tree["labels.txt"],
        ]
      ).first)
    #expect(plan.options == RuntimeOptions(threadCount: 2, precision: .auto))
    #expect(plan.vision.resize == .opencv && !plan.vision.isScaledDecoding)
    #expect(plan.labels == ["cat", "dog"])
    #expect(plan.instanceCount == nil && plan.task == nil)
  }

  @Test(.enabled(if: sharedModels != nil, "the shared test data is not here"))
  func `the shared models are found as they lie`() throws {
    let shared = try #require(Self.sharedModels)
    let names = try find(shared).map(\.name)
    #expect(names.sorted() == ["yolo11n", "yolo11n-dynbatch", "yolo11n-fp16", "yolo11n-int8-qdq"])
  }
}

@Suite struct ModelRefusalTests {
  @Test(arguments: [
    ("yolo.pt", "PyTorch", "yolo export"), ("llm.gguf", "GGUF", "ONNX"),
    ("tree.xgb", "XGBoost", "save_model"), ("tree.cbm", "CatBoost", "format=\"json\""),
    ("net.pb", "TensorFlow graph", "tf2onnx"), ("net.engine", "TensorRT", "ONNX model"),
    ("net.zip", "archive", "unpack"), ("notes.txt", "not known", ".onnx"),
    ("w.safetensors", "without their graph", "optimum"),
  ])
  func `a file of another kind is named, with what to do`(
    _ file: String, _ what: String, _ advice: String
  ) throws {
    let tree = try Tree([file: "x"])
    let said = try #require(try refusal(tree[file]))
    #expect(said.contains(what) && said.contains(advice) && said.contains(file), "\(said)")
    // In a directory with nothing else it is named too.
    let whole = try #require(try refusal(tree.path))
    #expect(whole.contains(file), "\(whole)")
  }

  @Test(arguments: [
    (["model_index.json", "unet.onnx"], "Diffusers"),
    (["adapter_config.json"], "adapter"),
    (["1/model.pt"], "PyTorch"),
  ])
  func `a directory of another server is refused, alone and in a repository`(
    _ files: [String], _ what: String
  ) throws {
    let tree = try Tree(
      Dictionary(uniqueKeysWithValues: files.map { ("repository/m/\($0)", "x") }))
    #expect(try #require(try refusal(tree["repository/m"])).contains(what))
    #expect(try #require(try refusal(tree["repository"])).contains(what))
  }

  @Test func `an empty directory is a repository that begins empty`() throws {
    let tree = try Tree(["empty/": ""])
    #expect(try refusal(tree["empty"]) == nil)
  }

  @Test func `what is not there, empty or a loop says so`() throws {
    let tree = try Tree(["empty.onnx": "", "m/1/": "", "m/model.yaml": ""])
    try tree.link("loop", to: tree["loop"])
    try tree.link("broken.onnx", to: tree["nowhere"])
    #expect(try #require(try refusal(tree["gone.onnx"])).contains("No such file"))
    #expect(try #require(try refusal(tree["loop"])).contains("symbolic links"))
    #expect(try #require(try refusal(tree["broken.onnx"])).contains("No such file"))
    #expect(try #require(try refusal(tree["empty.onnx"])).contains("it is empty"))
    #expect(try #require(try refusal(tree["m"])).contains("no model.onnx here"))
    #expect(try #require(try refusal("/dev/null")).contains("neither a file nor a directory"))
    #expect(try #require(try refusal("s3://bucket/m")).contains("fetch it first"))
  }

  @Test func `a link from a directory to itself ends`() throws {
    let tree = try Tree(["a/1/model.onnx": "x"])
    try tree.link("a/again", to: tree.path)
    try tree.link("again", to: tree.path)
    #expect(try refusal(tree.path) == nil)
  }

  @Test(arguments: [
    ("version https://git-lfs.github.com/spec/v1\noid", "git lfs pull"),
    ("<!DOCTYPE html><html>", "web page"),
  ])
  func `a file that only pretends to be a model is seen through`(
    _ text: String, _ reason: String
  ) throws {
    let tree = try Tree(["m.onnx": text])
    #expect(try #require(try refusal(tree["m.onnx"])).contains(reason))
  }

  @Test func `two models of one name clash, and both are named`() throws {
    let tree = try Tree(["x/m.onnx": "x", "y/m.onnx": "x"])
    let said = try #require(try refusal(tree["x/m.onnx"], tree["y/m.onnx"]))
    #expect(said.contains(tree["x/m.onnx"]) && said.contains(tree["y/m.onnx"]))
  }

  @Test func `a name that leaves nothing is refused`() throws {
    let tree = try Tree(["æøå.onnx": "x"])
    #expect(try #require(try refusal(tree["æøå.onnx"])).contains("letters, digits"))
  }

  @Test func `labels are for one model`() throws {
    let tree = try Tree(["a.onnx": "x", "b.onnx": "x", "l.txt": "cat\n", "none.txt": "\n"])
    let said = try #require(try refusal(tree.path, flags: ["labels": tree["l.txt"]]))
    #expect(said.contains("a, b"))
    #expect(try refusal(tree["a.onnx"], flags: ["labels": tree["none.txt"]]) != nil)
    #expect(try refusal(tree["a.onnx"], flags: ["labels": tree["gone.txt"]]) != nil)
  }
}
