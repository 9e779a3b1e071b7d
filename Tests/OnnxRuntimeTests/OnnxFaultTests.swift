import Glibc
import Inference
import NativeLibraries
import OnnxRuntime
import TestSupport
import Testing

@Suite struct OnnxFaultTests {
  @Test func `a missing file is named as missing`() {
    expectLoadFault("no such file") { try OnnxFixtures.load(path: "/nowhere/model.onnx") }
  }

  @Test func `a directory is no model`() {
    expectLoadFault("a directory") { try OnnxFixtures.load(path: "/tmp") }
  }

  @Test func `an empty file says so`() throws {
    try withFile([]) { path in
      expectLoadFault("the file is empty") { try OnnxFixtures.load(path: path) }
    }
  }

  @Test func `a file that is cut off says how much of it is there`() throws {
    let whole = try bytes(of: OnnxFixtures.path("add-sub"))
    for count in [whole.count - 1, whole.count / 2] {
      try withFile(Array(whole.prefix(count))) { path in
        expectLoadFault("cut off: it has \(count) bytes") { try OnnxFixtures.load(path: path) }
      }
    }
  }

  @Test func `a text file is not an ONNX model`() throws {
    try withFile(Array("This is a letter, not a model.\n".utf8)) { path in
      expectLoadFault("not an ONNX model") { try OnnxFixtures.load(path: path) }
    }
  }

  @Test func `a corrupt file is refused`() throws {
    var damaged = try bytes(of: OnnxFixtures.path("add-sub"))
    for index in 30..<60 { damaged[index] = 0xff }
    try withFile(damaged) { path in
      expectLoadFault("") { try OnnxFixtures.load(path: path) }
    }
  }

  @Test func `an unknown version of the format is named`() throws {
    var made = MadeModel.single("Identity", input: [1], output: [1])
    made.irVersion = 99
    expectLoadFault("IR version: 99") { try OnnxFixtures.load(embedded: made.bytes) }
    made.irVersion = 8
    made.opset = 999
    expectLoadFault("999") { try OnnxFixtures.load(embedded: made.bytes) }
  }

  @Test func `an unknown operator is named`() throws {
    let made = MadeModel.single("Fly", input: [1], output: [1], domain: "org.birds")
    expectLoadFault("org.birds") { try OnnxFixtures.load(embedded: made.bytes) }
  }

  @Test func `an unsupported element type is named with its output`() throws {
    var made = MadeModel.single("Identity", input: [1], output: [1])
    made.inputs = [MadeModel.value("x", MadeModel.tensor(17, [1]))]
    made.outputs = [MadeModel.value("y", MadeModel.tensor(17, [1]))]
    made.opset = 19
    made.irVersion = 9
    expectLoadFault("'x' is of element type 17") { try OnnxFixtures.load(embedded: made.bytes) }
  }

  @Test func `weights in a file beside the model are found, and missed by a clear fault`() throws {
    var made = MadeModel()
    made.nodes = [MadeModel.node("Add", ["x", "w"], ["y"])]
    made.inputs = [MadeModel.value("x", MadeModel.tensor(1, [2]))]
    made.outputs = [MadeModel.value("y", MadeModel.tensor(1, [2]))]
    let weights = [Float(10), 20].withUnsafeBytes { Array($0) }
    try withFile(weights) { beside in
      let name = String(beside.split(separator: "/").last ?? "")
      made.initializers = [MadeModel.externalFloats("w", count: 2, file: name)]
      try withFile(made.bytes) { path in
        let output = try answer(try OnnxFixtures.load(path: path), [.float([1, 2], [2])])[0]
        #expect(output.floats == [11, 22])
      }
    }
    made.initializers = [MadeModel.externalFloats("w", count: 2, file: "absent.weights")]
    try withFile(made.bytes) { path in
      expectLoadFault("absent.weights") { try OnnxFixtures.load(path: path) }
    }
  }

  @Test func `a model whose file is cut and removed while it is loaded answers on`() throws {
    let whole = try bytes(of: OnnxFixtures.path("add-sub"))
    try withFile(whole) { path in
      let model = try OnnxFixtures.load(path: path)
      try #require(truncate(path, 10) == 0)
      let tensor = Tensor([Int32](repeating: 2, count: 16), datatype: .int32, shape: [1, 16])
      #expect(try answer(model, [tensor, tensor])[0].elements(as: Int32.self).first == 4)
      unlink(path)
      #expect(try answer(model, [tensor, tensor])[1].elements(as: Int32.self).first == 0)
    }
  }

  @Test func `a run that fails says why and leaves the next one alone`() throws {
    let model = try OnnxFixtures.load("fails-at-run")
    let fault = #expect(throws: RuntimeFault.self) { try answer(model, [.int64([4], [1])]) }
    #expect(fault?.message.contains("out of data bounds") == true)
    #expect(fault?.message.contains("/onnxruntime") == false, "no place in the library's sources")
    #expect(try answer(model, [.int64([3], [1])])[0].floats == [3.5])
    try checkModelInstance(
      model, answers: RunBatch(inputs: [.int64([0, 1], [2])], rowCount: 2))
  }

  @Test func `an output wanted twice is a fault and no crash`() throws {
    let model = try OnnxFixtures.load("add-sub")
    let tensor = Tensor([Int32](repeating: 1, count: 16), datatype: .int32, shape: [1, 16])
    let batch = RunBatch(inputs: [tensor, tensor], rowCount: 1, outputs: [0, 0])
    let instance = try model.makeInstance(stop: StopFlag())
    let fault = #expect(throws: RuntimeFault.self) { try instance.run(batch) { _ in } }
    #expect(fault?.code == .invalidArgument)
  }

  @Test func `strings that are fewer than declared are refused`() throws {
    let model = try OnnxFixtures.load("identity-BYTES")
    let two = Tensor(strings: ["a", "b"], shape: [1, 2])
    let short = Tensor(
      datatype: .bytes, shape: [1, 3], storage: two.storage, byteCount: two.byteCount)
    let torn = Tensor(datatype: .bytes, shape: [1, 2], storage: two.storage, byteCount: 9)
    for tensor in [short, torn] {
      let fault = #expect(throws: RuntimeFault.self) { try answer(model, [tensor]) }
      #expect(fault?.code == .invalidArgument)
    }
  }

  @Test func `a missing library is a fault that says where it was looked for`() {
    let places = NativeLibraryPlaces(directories: ["/nowhere"], includesSystem: false)
    let fault = #expect(throws: RuntimeFault.self) {
      try OnnxLoader(places: places).load(
        .file(path: OnnxFixtures.path("add-sub")), options: RuntimeOptions())
    }
    #expect(fault?.code == .runtimeMissing)
    #expect(fault?.message.contains("/nowhere") == true)
    #expect(fault?.message.contains("scripts/bootstrap") == true)
  }

  @Test func `a library that is not the runtime is refused`() {
    let fault = #expect(throws: RuntimeFault.self) {
      try withFile([], named: "libonnxruntime.so.1") { path in
        // The C library itself under the runtime's name.
        unlink(path)
        symlink("/lib/x86_64-linux-gnu/libm.so.6", path)
        let directory = path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
        _ = try OnnxRuntimeLibrary.open(
          in: NativeLibraryPlaces(directories: [directory], includesSystem: false))
      }
    }
    #expect(fault?.code == .runtimeMissing)
  }

  @Test func `the library that is found says its version`() throws {
    let library = try OnnxRuntimeLibrary.open()
    #expect(library.version.hasPrefix("1."))
    #expect(library.path.contains("onnxruntime"))
  }

  /// The load fails with that text, and the next load of a good model is none the worse.
  private func expectLoadFault(_ text: String, _ load: () throws -> Any) {
    let fault = #expect(throws: RuntimeFault.self) { _ = try load() }
    #expect(fault?.code == .invalidModel)
    #expect(fault?.message.contains(text) == true, "\(fault?.message ?? "")")
    #expect(fault?.message.contains("/tmp/") == false, "\(fault?.message ?? "")")
    #expect(throws: Never.self) { _ = try OnnxFixtures.load("add-sub") }
  }
}
