import Glibc
import Testing

@Suite struct ModelFormatTests {
  private static let formats = [
    "affine.xml", "affine.tflite", "affine_saved_model", "affine_paddle",
  ].map { "Tests/Fixtures/formats/\($0)" }

  @Test(arguments: formats)
  func `answers with models that are not ONNX`(_ model: String) throws {
    let result = try ChildProcess.run(
      ["run", model, "-", "--json"], input: Array("1,2,-3\n".utf8),
      environment: ["APUS_CACHE_DIRECTORY": "off"])
    #expect(result.status == 0, "\(result.output)")
    let answer = try JSONDocument(result.output)
    #expect(answer["outputs"][0]["data"].elements.map(\.number) == [3, 5, -5])
  }

  @Test(arguments: formats)
  func `says what computes a model that is not ONNX`(_ model: String) throws {
    let result = try ChildProcess.run(
      ["inspect", model], environment: ["APUS_CACHE_DIRECTORY": "off"])
    #expect(result.status == 0, "\(result.output)")
    #expect(result.output.contains("openvino 2026."))
    #expect(result.output.contains("[?,3]"))
  }

  @Test func `keeps what it compiled where the setting says`() throws {
    let folder = try TemporaryFolder()
    let cache = "\(folder.path)/cache"
    for _ in 0..<2 {
      let result = try ChildProcess.run(
        ["inspect", Self.formats[0]], environment: ["APUS_CACHE_DIRECTORY": cache])
      #expect(result.status == 0, "\(result.errors)")
      #expect(access("\(cache)/openvino", R_OK) == 0)
    }
  }

  @Test func `another precision is another runtime, and a wrong one is told`() throws {
    let fast = try ChildProcess.run(
      ["inspect", "shapes", "--precision", "auto"], environment: ["APUS_CACHE_DIRECTORY": "off"])
    #expect(fast.output.contains("openvino_onnx"))
    let refused = try ChildProcess.run(
      ["inspect", "shapes", "--precision", "bf16", "--runtime", "onnxruntime"])
    #expect(refused.status == 1)
    #expect(refused.errors.contains("runtime: openvino"))
  }
}
