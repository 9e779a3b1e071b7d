import Inference

/// One decoder under fuzzed bytes: what it is given, and what must hold of what comes out.
struct FuzzTarget: Sendable {
  /// As `make fuzz TARGET=` takes it; its seeds are in the folder of that name.
  let name: String
  let run: @Sendable (UnsafeRawBufferPointer) -> Void

  /// The one that this process runs; set before libFuzzer, which has one thread, is started.
  nonisolated(unsafe) static var chosen: FuzzTarget?

  static let all = [
    FuzzTarget(name: "json", run: fuzzJSON),
    FuzzTarget(name: "infer-json", run: fuzzInferJSON),
    FuzzTarget(name: "infer-binary", run: fuzzInferBinary),
    FuzzTarget(name: "protobuf", run: fuzzProtobuf),
    FuzzTarget(name: "infer-message", run: fuzzInferMessage),
    FuzzTarget(name: "services", run: fuzzServices),
    FuzzTarget(name: "photo-json", run: fuzzPhotoJSON),
    FuzzTarget(name: "multipart", run: fuzzMultipart),
    FuzzTarget(name: "dialects", run: fuzzDialects),
    FuzzTarget(name: "csv", run: fuzzCSV),
    FuzzTarget(name: "numpy", run: fuzzNumpy),
    FuzzTarget(name: "coco", run: fuzzCoco),
    FuzzTarget(name: "server-answers", run: fuzzServerAnswers),
    FuzzTarget(name: "image", run: fuzzImage),
    FuzzTarget(name: "exif", run: fuzzEXIF),
    FuzzTarget(name: "http", run: fuzzHTTP),
    FuzzTarget(name: "http-client", run: fuzzHTTPClient),
    FuzzTarget(name: "grpc", run: fuzzGRPC),
    FuzzTarget(name: "grpc-client", run: fuzzGRPCClient),
    FuzzTarget(name: "unpacking", run: fuzzUnpacking),
    FuzzTarget(name: "model-yaml", run: fuzzModelYAML),
    FuzzTarget(name: "config-pbtxt", run: fuzzConfigPbtxt),
    FuzzTarget(name: "settings-yaml", run: fuzzSettingsYAML),
    FuzzTarget(name: "route", run: fuzzRoute),
    FuzzTarget(name: "trees", run: fuzzTrees),
    FuzzTarget(name: "trees-onnx", run: fuzzTreesOnnx),
    FuzzTarget(name: "worker", run: fuzzWorker),
  ]
}

/// Stops the fuzzer, which then keeps the input, where something does not hold.
func require(_ isTrue: Bool, _ rule: @autoclosure () -> String) {
  if !isTrue { fatalError("does not hold: \(rule())") }
}

/// Every refusal is a sentence for the client: not empty, not endless, without control characters.
func requireSentence(_ problem: InputProblem) {
  requireSentence(InferenceFailure.invalidInput(problem))
}

func requireSentence(_ failure: InferenceFailure) {
  let text = FailureMessage.text(for: failure)
  require(!text.isEmpty && text.utf8.count < 8_192, "a sentence of some length: \(text)")
  let isClean = text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
  require(isClean, "no control character in \(text.debugDescription)")
}

/// The first byte of an input, for targets that have something to choose, and what follows it.
func choice(
  _ bytes: UnsafeRawBufferPointer
) -> (choice: UInt8, rest: UnsafeRawBufferPointer)? {
  guard let first = bytes.first else { return nil }
  return (first, UnsafeRawBufferPointer(rebasing: bytes[1...]))
}

/// Gives `bytes` in pieces of up to `byteCount`, each ending where its allocation ends, so that the
/// address sanitizer sees a step too far.
func inPieces<Failure: Error>(
  _ bytes: UnsafeRawBufferPointer, of byteCount: Int,
  _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
) throws(Failure) {
  var place = 0
  while place < bytes.count {
    let end = min(bytes.count, place + byteCount)
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: end - place, alignment: 1)
    defer { piece.deallocate() }
    piece.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[place..<end]))
    try body(UnsafeRawBufferPointer(piece))
    place = end
  }
}

@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ start: UnsafePointer<UInt8>?, _ byteCount: Int) -> Int32 {
  FuzzTarget.chosen?.run(UnsafeRawBufferPointer(start: start, count: byteCount))
  return 0
}
