import Imaging
import Inference
import ModelStore
import Testing
import Vision

@Suite struct ModelConfigurationTests {
  func plans(_ yaml: String, _ files: [String] = ["m/1/model.onnx"]) throws -> [ModelPlan] {
    let tree = try tree(yaml, files)
    return try ModelPlans.find([tree["m"]], settings: settings())
  }

  func tree(_ yaml: String, _ files: [String] = ["m/1/model.onnx"]) throws -> Tree {
    var texts = Dictionary(uniqueKeysWithValues: files.map { ($0, "x") })
    texts["m/model.yaml"] = yaml
    texts["m/names.txt"] = "one\ntwo\n"
    return try Tree(texts)
  }

  @Test func `every key reaches the plan`() throws {
    let plan = try #require(
      try plans(
        """
        name: other
        file: net.onnx
        runtime: onnxruntime
        task: detect
        labels: [cat, dog]
        instances: 2
        runtime-threads: 2
        precision: auto
        waiting-requests-max: 7
        resize: opencv
        scaled-decoding: false
        mean: [0.485, 0.456, 0.406]
        std: [0.229, 0.224, 0.225]
        """, ["m/1/net.onnx", "m/1/model.onnx"]
      ).first)
    #expect(plan.name == "other" && plan.source.name.hasSuffix("m/1/net.onnx"))
    #expect(plan.runtime == .onnxruntime && plan.task == "detect" && plan.labels == ["cat", "dog"])
    #expect(plan.instanceCount == 2 && plan.waitingRequestsMax == 7)
    #expect(plan.options == RuntimeOptions(threadCount: 2, precision: .auto))
    #expect(plan.vision.resize == .opencv && !plan.vision.isScaledDecoding)
    #expect(plan.vision.mean == [0.485, 0.456, 0.406])
    #expect(plan.vision.deviation == [0.229, 0.224, 0.225])
  }

  @Test func `an empty file says nothing`() throws {
    #expect(try plans("# nothing\n").map(\.name) == ["m"])
  }

  @Test func `labels may be a file beside it`() throws {
    #expect(try plans("labels: names.txt\n").first?.labels == ["one", "two"])
  }

  @Test(
    arguments: [
      ("", [10]), ("versions: latest\n", [10]), ("versions: all\n", [1, 2, 10]),
      ("versions: 2\n", [2]), ("versions: [10, 1]\n", [1, 10]),
    ] as [(String, [Int64])])
  func `versions are chosen`(_ yaml: String, _ versions: [Int64]) throws {
    let files = ["m/1/model.onnx", "m/2/model.onnx", "m/10/model.onnx"]
    #expect(try plans(yaml, files).map(\.version) == versions)
  }

  @Test(arguments: [
    ("instnaces: 2\n", "did you mean instances?"), ("zebra: 1\n", "unknown key zebra"),
    ("x: 1\nname: a/b\n", "line 1"), ("\nname: a/b\n", "line 2"),
    ("runtime: tensorrt\n", "auto or onnxruntime"), ("task: segment\n", "detect or classify"),
    ("instances: 0\n", "from 1 to"), ("instances: 5\n", "4 cores"),
    ("instances: 2\nruntime-threads: 3\n", "4 cores"), ("precision: f16\n", "f32 or auto"),
    ("labels: []\n", "class names"), ("labels: gone.txt\n", "gone.txt"),
    ("versions: [0]\n", "numbers from 1"), ("versions: 3\n", "no version 3; there are 1"),
    ("mean: [1, x]\n", "expected a number, got x"), ("mean: []\n", "in units of 0 to 1"),
    ("std: 0\n", "in units of 0 to 1"),
    ("mean: [1, 2]\nstd: [1, 2, 3]\n", "as many of each"), ("file: ../x.onnx\n", "version folder"),
    ("file: gone.onnx\n", "which is not here"), ("name: [a]\n", "got [a]"),
    ("name: a\nname: b\n", "twice"), ("scaled-decoding: maybe\n", "true or false"),
    ("waiting-requests-max: -1\n", "from 1 to"), ("- a\n", "key: value"),
  ])
  func `a wrong key or value is refused with what is expected`(
    _ yaml: String, _ expected: String
  ) throws {
    let tree = try tree(yaml)
    let said = try #require(try refusal(tree["m"]), "accepted: \(yaml)")
    #expect(said.contains(expected), "\(said)")
    #expect(said.contains("m/"), "\(said)")
  }

  @Test func `several models in one version need a choice`() throws {
    let tree = try tree("", ["m/1/a.onnx", "m/1/b.onnx"])
    #expect(try #require(try refusal(tree["m"])).contains("a.onnx, b.onnx"))
  }

  @Test func `versions are numbered from 1, each once`() throws {
    let zero = try tree("", ["m/0/model.onnx"])
    #expect(try #require(try refusal(zero["m"])).contains("numbered from 1"))
    let twice = try tree("", ["m/1/model.onnx", "m/01/model.onnx"])
    #expect(try #require(try refusal(twice["m"])).contains("same version 1"))
  }
}
