import Inference
import Testing
import Vision
import WireFormats

/// Documents that went wrong by chance: whatever comes, a decoder answers or refuses, and never
/// reads beyond its input (each input lies at the very end of its own allocation, where the address
/// sanitizer sees a step too far).
@Suite struct MutationTests {
  private static let model = signature(
    [
      tensor("x", .float32, [nil, 2]), tensor("s", .bytes, [nil], isOptional: true),
      tensor("f", .bool, [nil], isOptional: true), tensor("i", .int64, [nil], isOptional: true),
    ], outputs: [tensor("y", .float32, [nil])])

  private static let json = Array(
    #"""
    {"id":"caf\u00e9 \ud83d\ude00","parameters":{"priority":1,"timeout":10,"k":-1.5e3,"b":true},
    "inputs":[{"name":"x","shape":[2,2],"datatype":"FP32","data":[[1.5,-2e-3],[0.12345678901234567,4]]},
    {"data":["a","\n\"é"],"name":"s","shape":[2],"datatype":"BYTES"},
    {"name":"f","shape":[2],"datatype":"BOOL","data":[true,false]},
    {"name":"i","shape":[1],"datatype":"INT64","data":[-9223372036854775808]}],
    "outputs":[{"name":"y","parameters":{"binary_data":true,"classification":3}}]}
    """#.utf8)

  private static let head =
    #"{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":8}},"#
    + #"{"name":"s","shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":11}}]}"#

  private static let form = Array(
    ("preamble\r\n--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a;\\\"b.jpg\"\r\n"
      + "Content-Type: image/jpeg\r\n\r\n\u{1}\r\n--\r\n--b\r\n"
      + "content-disposition: form-data; name=iou\r\n\r\n0.5\r\n--b--\r\nepilogue").utf8)

  private static let photo = Array(
    #"{"image":{"b64":"aGVsbG8gd29ybGQ="},"parameters":{"confidence":0.5,"multi_label":true}}"#.utf8
  )

  /// Overwrites, removes, repeats and inserts a few bytes.
  private func mutated(_ bytes: [UInt8], _ random: inout Seeded) -> [UInt8] {
    let pool =
      Array("\"\\{}[]:,.-+eE0123456789tfnu \r\n-=;/".utf8) + [0, 0x7F, 0x80, 0xC3, 0xE2, 0xFF]
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
      let place = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0...4, using: &random) {
      case 0: bytes[place] = pool.randomElement(using: &random) ?? 0
      case 1: bytes.remove(at: place)
      case 2: bytes.insert(pool.randomElement(using: &random) ?? 0, at: place)
      case 3: bytes.removeSubrange(place...)
      default:
        let end = min(bytes.count, place + Int.random(in: 1...12, using: &random))
        bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0...place, using: &random))
      }
    }
    return bytes
  }

  /// Calls `body` with a copy that ends where its allocation ends.
  private func atTheEnd<Value>(
    _ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(InputProblem) -> Value
  ) -> Result<Value, InputProblem> {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { memory.deallocate() }
    memory.copyBytes(from: bytes)
    return Result { () throws(InputProblem) in try body(UnsafeRawBufferPointer(memory)) }
  }

  @Test(arguments: 0..<UInt64(8))
  func `a mutated JSON request is answered or refused`(_ seed: UInt64) {
    var random = Seeded(seed)
    var acceptedCount = 0
    for _ in 0..<8_000 {
      let outcome = atTheEnd(mutated(Self.json, &random)) { (bytes) throws(InputProblem) in
        try OpenInferenceRequest.decode(json: bytes, signature: Self.model)
      }
      if outcome.failure == nil { acceptedCount += 1 }
      if let failure = outcome.failure {
        #expect(!FailureMessage.text(for: .invalidInput(failure)).isEmpty)
      }
    }
    // Both ways are walked: mutations inside strings and numbers often leave a valid request.
    #expect(acceptedCount > 10 && acceptedCount < 6_000)
  }

  @Test(arguments: 0..<UInt64(4))
  func `a mutated generate request is answered or refused`(_ seed: UInt64) {
    let json = Array(
      #"""
      {"id":"\u00e9","x":[[1.5,-2e-3],[4,5]],"s":"a\n\"é","parameters":{"f":[true,false],"k":-1.5e3},
      "i":-9223372036854775808,"timeout":10,"other":"text"}
      """#.utf8)
    var random = Seeded(seed + 3_000)
    var acceptedCount = 0
    for _ in 0..<4_000 {
      let outcome = atTheEnd(mutated(json, &random)) { (bytes) throws(InputProblem) in
        try GenerateRequest.decode(json: bytes, signature: Self.model, depthMax: 64)
      }
      guard case .success(let request) = outcome else { continue }
      acceptedCount += 1
      #expect(request.body.inputs[0]?.shape[1] == 2)
    }
    #expect(acceptedCount > 10 && acceptedCount < 3_000)
  }

  @Test(arguments: 0..<UInt64(4))
  func `a mutated binary request is answered or refused`(_ seed: UInt64) {
    var random = Seeded(seed + 1_000)
    let rest: [UInt8] = [0, 0, 128, 63, 0, 0, 0, 64, 3, 0, 0, 0, 97, 98, 99, 0, 0, 0, 0]
    for _ in 0..<4_000 {
      let body = mutated(Array(Self.head.utf8) + rest, &random)
      let isDeclared = Bool.random(using: &random)
      let partByteCount = Int.random(in: 1...80, using: &random)
      let outcome = Result { () throws(InputProblem) in
        var receiver = try OpenInferenceBinaryBody(
          signature: Self.model, jsonByteCount: Self.head.utf8.count,
          bodyByteCount: isDeclared ? body.count : nil, bodyBytesMax: 4_096)
        var place = 0
        while place < body.count {
          let end = min(body.count, place + partByteCount)
          try atTheEnd(Array(body[place..<end])) { (bytes) throws(InputProblem) in
            try receiver.receive(bytes)
          }.get()
          place = end
        }
        return try receiver.finish()
      }
      if case .success(let request) = outcome {
        #expect(request.body.inputs[0] != nil)
      }
    }
  }

  @Test(arguments: 0..<UInt64(4))
  func `a mutated photo request is answered or refused`(_ seed: UInt64) {
    var random = Seeded(seed + 2_000)
    for round in 0..<5_000 {
      let isForm = round % 2 == 0
      let bytes = mutated(isForm ? Self.form : Self.photo, &random)
      let outcome = atTheEnd(bytes) { (bytes) throws(InputProblem) in
        try PhotoRequest.read(
          bytes, contentType: isForm ? "multipart/form-data; boundary=b" : "application/json")
      }
      if case .success(let request) = outcome, case .inBody(let range) = request.photo {
        #expect(range.upperBound <= bytes.count)
      }
    }
  }
}
