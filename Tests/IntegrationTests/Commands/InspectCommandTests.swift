import Testing

@Suite struct InspectCommandTests {
  @Test func `describes a demo model for programs`() throws {
    let result = try ChildProcess.run(["inspect", "shapes", "--json"])
    #expect(result.status == 0)
    let report = try JSONDocument(result.output)
    #expect(report["task"].text == "detect")
    #expect(report["classes"].elements.map(\.text) == ["circle", "square", "triangle"])
    #expect(report["inputs"][0]["shape"].elements.map(\.number) == [1, 3, 160, 160])
    #expect(report["inputs"][0]["datatype"].text == "FP32")
    #expect(report["runtime"]["name"].text == "onnxruntime")
    #expect(report["memory"]["fits"].text == "yes")
    #expect(try #require(report["memory"]["loaded_bytes"].number) >= 877_513)
    #expect(try #require(report["load_ms"].number) > 0)
    #expect(report["first_run"]["ms"].number != nil)
  }

  @Test func `describes a model for people, and more of it when asked`() throws {
    let short = try ChildProcess.run(["inspect", "iris"])
    #expect(short.status == 0)
    #expect(short.output.contains("will it fit?  yes"))
    #expect(short.output.contains("features  FP32  [batch,4]"))
    #expect(!short.output.contains("petal width"))
    let long = try ChildProcess.run(["inspect", "iris", "--explain"])
    #expect(long.output.contains("petal width"))
    #expect(long.output.contains("1: versicolor"))
  }

  @Test func `shows each model of a directory, and fails for the one that is broken`() throws {
    let folder = try TemporaryFolder()
    try folder.write(try TemporaryFolder.bytes("models/iris/iris.onnx"), to: "good.onnx")
    try folder.write(Array("no model".utf8), to: "worse.onnx")
    let result = try ChildProcess.run(["inspect", folder.path, "--json"])
    #expect(result.status == 1)
    #expect(try JSONDocument(result.output)["name"].text == "good")
    #expect(result.errors.contains("worse"))
  }

  @Test func `a Triton model is explained, and one that may not load says why`() throws {
    let folder = try TemporaryFolder()
    let iris = try TemporaryFolder.bytes("models/iris/iris.onnx")
    for name in ["good", "worse"] { try folder.write(iris, to: "\(name)/1/model.onnx") }
    try folder.write(
      Array("max_batch_size: 8\nruntime: \"x\"\n".utf8), to: "good/config.pbtxt")
    try folder.write(Array("backend: \"tensorrt\"\n".utf8), to: "worse/config.pbtxt")
    let good = try ChildProcess.run(["inspect", "\(folder.path)/good", "--explain", "--json"])
    #expect(good.status == 0)
    let configuration = try JSONDocument(good.output)["configuration"]
    #expect(configuration["understood"][0]["key"].text == "max_batch_size")
    #expect(configuration["completed"][0]["what"].text == "input features")
    #expect(configuration["warnings"][0]["line"].number == 2)
    let worse = try ChildProcess.run(["inspect", "\(folder.path)/worse", "--explain"])
    #expect(worse.status == 1 && worse.output.contains("config.pbtxt:1"))
    #expect(worse.errors.contains("tensorrt is not served here"))
  }

  @Test func `a model that cannot be asked on zeros is described all the same`() throws {
    let result = try ChildProcess.run([
      "inspect", "Tests/Fixtures/onnx/identity-BYTES.onnx", "--json",
    ])
    #expect(result.status == 0)
    #expect(try JSONDocument(result.output)["inputs"][0]["datatype"].text == "BYTES")
  }
}
