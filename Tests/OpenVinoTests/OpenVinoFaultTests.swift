import Glibc
import Inference
import NativeLibraries
import OpenVino
import TestSupport
import Testing

@Suite(.enabled(if: OpenVinoFixtures.isPresent, OpenVinoFixtures.absence))
struct OpenVinoFaultTests {
  @Test(arguments: [
    ("model.onnx", [], "the file is empty"), ("model.xml", [], "the file is empty"),
    ("model.onnx", Array("a letter".utf8), "not an ONNX model"),
    ("model.xml", Array("<html></html>".utf8), "not an OpenVINO model"),
    ("model.xml", Array("<net name=\"a\"><layers>".utf8), "cut off"),
    ("model.tflite", Array("a letter, not a model".utf8), "not a TensorFlow Lite model"),
  ])
  func `what is plainly no model is refused in words`(
    _ name: String, _ content: [UInt8], _ text: String
  ) throws {
    try withFile(content, named: name) { expectFault(text, $0) }
  }

  @Test(arguments: ["onnx/add-sub.onnx", "formats/affine.tflite"])
  func `a file that is cut off is refused`(_ fixture: String) throws {
    let whole = try bytes(of: TestFiles.fixture(fixture))
    let name = String(fixture.split(separator: "/").last ?? "")
    for count in [whole.count / 2, whole.count * 9 / 10] {
      try withFile(Array(whole.prefix(count)), named: name) { expectFault("", $0) }
    }
  }

  @Test(arguments: ["affine_saved_model/saved_model.pb", "affine_paddle/inference.pdmodel"])
  func `a graph that is cut off in its directory is refused`(_ fixture: String) throws {
    let whole = try bytes(of: TestFiles.fixture("formats/\(fixture)"))
    let name = String(fixture.split(separator: "/").last ?? "")
    try withFile(Array(whole.dropLast(10)), named: name) { path in
      let folder = String(path.dropLast(name.count + 1))
      let weights = "\(folder)/inference.pdiparams"
      symlink(TestFiles.fixture("formats/affine_paddle/inference.pdiparams"), weights)
      defer { unlink(weights) }
      expectFault("parsed", name.hasSuffix(".pb") ? folder : path)
    }
  }

  @Test func `absent files and directories are named as such`() {
    expectFault("there is no such file", "/nowhere/model.onnx")
    expectFault("without a saved_model.pb", "/tmp")
  }

  @Test func `weights that are absent or cut off are named`() throws {
    let graph = try bytes(of: TestFiles.fixture("formats/affine.xml"))
    try withFile(graph, named: "affine.xml") { path in
      expectFault("its weights in affine.bin: there is no such file", path)
      let weights = String(path.dropLast(3)) + "bin"
      let stream = fopen(weights, "w")
      fwrite([UInt8(1), 2, 3, 4], 1, 4, stream)
      fclose(stream)
      defer { unlink(weights) }
      expectFault("", path)
    }
  }

  @Test func `operators, strings and versions that it has not are named`() throws {
    let foreign = MadeModel.single("Fly", input: [1], output: [1], domain: "org.birds")
    try withFile(foreign.bytes, named: "bird.onnx") { expectFault("Fly", $0) }
    expectFault("of strings", TestFiles.fixture("onnx/identity-BYTES.onnx"))
    expectFault("output_probability", TestFiles.fixture("onnx/zipmap.onnx"))
  }

  @Test func `a missing library is a fault that says where it was looked for`() {
    let places = NativeLibraryPlaces(directories: ["/nowhere"], includesSystem: false)
    let fault = #expect(throws: RuntimeFault.self) {
      try OpenVinoLoader(places: places).load(
        .file(path: TestFiles.fixture("formats/affine.xml")), options: RuntimeOptions())
    }
    #expect(fault?.code == .runtimeMissing)
    #expect(fault?.message.contains("/nowhere") == true)
    #expect(fault?.message.contains("scripts/bootstrap") == true)
  }

  @Test func `a library that is not the runtime is refused`() throws {
    try withFile([], named: "libopenvino_c.so.2641") { path in
      // The C library's mathematics under the runtime's name.
      unlink(path)
      let libraries = ["x86_64", "aarch64"].map { "/lib/\($0)-linux-gnu/libm.so.6" }
      let mathematics: String = try #require(libraries.first { access($0, R_OK) == 0 })
      symlink(mathematics, path)
      let directory = path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
      let fault = #expect(throws: RuntimeFault.self) {
        _ = try OpenVinoLibrary.open(
          in: NativeLibraryPlaces(directories: [directory], includesSystem: false))
      }
      #expect(fault?.message.contains("it has no ov_get_openvino_version") == true)
    }
  }

  /// The load fails with that text, without a place of this machine, and the next is none the worse.
  private func expectFault(_ text: String, _ path: String) {
    let fault = #expect(throws: RuntimeFault.self) { _ = try OpenVinoFixtures.load(path: path) }
    #expect(fault?.code == .invalidModel)
    #expect(fault?.message.contains(text) == true, "\(fault?.message ?? "")")
    #expect(fault?.message.contains("/tmp/") == false, "\(fault?.message ?? "")")
    #expect(fault?.message.contains("src/") == false, "\(fault?.message ?? "")")
    #expect(throws: Never.self) { _ = try OpenVinoFixtures.load("formats/affine.xml") }
  }
}
