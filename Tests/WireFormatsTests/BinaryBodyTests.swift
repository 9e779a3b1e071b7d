import Inference
import Testing
import WireFormats

@Suite struct BinaryBodyTests {
  private static let pair = signature([
    tensor("a", .float32, [2]), tensor("b", .bytes, [nil], isOptional: true),
    tensor("c", .int32, [nil], isOptional: true),
  ])

  /// Feeds a body in parts of `partByteCount`, its length declared or not.
  private func received(
    _ json: String, _ rest: [UInt8], _ signature: ModelSignature = pair, headerLength: Int? = nil,
    partByteCount: Int = .max, isDeclared: Bool = true
  ) -> Result<OpenInferenceRequest, InputProblem> {
    let body = Array(json.utf8) + rest
    return Result { () throws(InputProblem) in
      var receiver = try OpenInferenceBinaryBody(
        signature: signature, jsonByteCount: headerLength ?? json.utf8.count,
        bodyByteCount: isDeclared ? body.count : nil, bodyBytesMax: 10_000)
      var place = 0
      while place < body.count {
        let end = min(body.count, partByteCount == .max ? body.count : place + partByteCount)
        try Array(body[place..<end]).withUnsafeBytes { bytes in
          Result { () throws(InputProblem) in try receiver.receive(bytes) }
        }.get()
        place = end
      }
      return try receiver.finish()
    }
  }

  private static let a =
    #"{"name":"a","shape":[2],"datatype":"FP32","parameters":{"binary_data_size":8}}"#
  private static let b =
    #"{"name":"b","shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":11}}"#
  private static let c = #"{"name":"c","shape":[2],"datatype":"INT32","data":[7,8]}"#
  private static let aBytes: [UInt8] = [0, 0, 128, 63, 0, 0, 0, 64]
  private static let bBytes: [UInt8] = [3, 0, 0, 0, 97, 98, 99, 0, 0, 0, 0]

  @Test(arguments: [1, 2, 3, 5, 7, 64, .max], [true, false])
  func `tensors come in the order of the inputs, in whatever parts`(
    _ partByteCount: Int, _ isDeclared: Bool
  ) throws {
    let request = try received(
      #"{"id":"1","inputs":[\#(Self.b),\#(Self.c),\#(Self.a)]}"#, Self.bBytes + Self.aBytes,
      partByteCount: partByteCount, isDeclared: isDeclared
    ).get()
    #expect(request.id == "1")
    let inputs = request.body.inputs
    #expect(inputs[0]?.elements(as: Float.self) == [1, 2])
    #expect(inputs[1]?.strings == ["abc", ""])
    #expect(inputs[2]?.elements(as: Int32.self) == [7, 8])
    let base = try #require(inputs[0]?.hostBytes?.baseAddress)
    #expect(UInt(bitPattern: base) % 64 == 0)
  }

  @Test(arguments: [true, false])
  func `bytes may be written where they belong before they are told of`(_ isDirect: Bool) throws {
    let count = 200_000
    let json = #"""
      {"inputs":[{"name":"a","shape":[\#(count / 4)],"datatype":"FP32",
      "parameters":{"binary_data_size":\#(count)}}]}
      """#
    var receiver = try OpenInferenceBinaryBody(
      signature: signature([tensor("a", .float32, [nil])]), jsonByteCount: json.utf8.count,
      bodyByteCount: json.utf8.count + count, bodyBytesMax: 1_000_000)
    #expect(receiver.memoryForNextBytes == nil)
    try Array(json.utf8).withUnsafeBytes { bytes in
      Result { () throws(InputProblem) in try receiver.receive(bytes) }
    }.get()
    let sent = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
    var place = 0
    while place < count {
      // As a network may: some bytes at the place itself, others from elsewhere.
      let part = Array(sent[place..<min(count, place + 30_000)])
      if isDirect, let memory = receiver.memoryForNextBytes?.bytes {
        let own = UnsafeMutableRawBufferPointer(rebasing: memory[..<part.count])
        own.copyBytes(from: part)
        try receiver.receive(UnsafeRawBufferPointer(own))
      } else {
        try part.withUnsafeBytes { bytes in
          Result { () throws(InputProblem) in try receiver.receive(bytes) }
        }.get()
      }
      place += part.count
    }
    // A few bytes are as soon copied, and none are left to come.
    #expect(receiver.memoryForNextBytes == nil)
    let request = try receiver.finish()
    #expect(request.body.inputs[0]?.hostBytes.map { Array($0) } == sent)
  }

  @Test func `a body without tensors behind its JSON is whole`() throws {
    let request = try received(
      #"{"inputs":[{"name":"a","shape":[2],"datatype":"FP32","data":[1,2]}]}"#, []
    ).get()
    #expect(request.body.inputs[0]?.elements(as: Float.self) == [1, 2])
  }

  @Test func `a tensor of no bytes is whole at once`() throws {
    let empty =
      #"{"name":"c","shape":[0],"datatype":"INT32","parameters":{"binary_data_size":0}}"#
    let request = try received(#"{"inputs":[\#(empty),\#(Self.a)]}"#, Self.aBytes).get()
    #expect(request.body.inputs[2]?.elementCount == 0)
  }

  @Test func `what the lengths leave over or lack is refused`() throws {
    let json = #"{"inputs":[\#(Self.a)]}"#
    #expect(
      received(json, Self.aBytes + [0]).failure
        == .framing("1 bytes follow the last tensor of the body"))
    #expect(
      received(json, Self.aBytes + [0, 0], isDeclared: false).failure
        == .framing("bytes follow the last tensor of the body"))
    #expect(
      received(json, Array(Self.aBytes.dropLast())).failure
        == .framing("binary_data_size of input `a` reaches beyond the end of the body"))
    #expect(
      received(json, Array(Self.aBytes.dropLast()), isDeclared: false).failure
        == .wrongByteCount(input: "a", expected: 8, got: 7))
  }

  @Test(arguments: [1, 2, 3, .max])
  func `what follows the last tensor is refused alike however the network cuts it`(
    _ partByteCount: Int
  ) {
    #expect(
      received(
        #"{"inputs":[\#(Self.a)]}"#, Self.aBytes + [1, 2, 3], partByteCount: partByteCount,
        isDeclared: false
      ).failure == .framing("bytes follow the last tensor of the body"))
  }

  @Test func `a header length beyond the body is refused before anything is read`() {
    #expect(
      received("{}", [], headerLength: 3).failure
        == .framing("Inference-Header-Content-Length is 3, but the body has 2 bytes"))
    #expect(
      received("{}", [], headerLength: 10_001, isDeclared: false).failure
        == .framing(
          "Inference-Header-Content-Length is 10001, but the body has at most 10000 bytes"))
    #expect(
      received("{}", [], headerLength: -1).failure
        == .framing("Inference-Header-Content-Length is negative"))
    #expect(
      received("{}", [], headerLength: 3, isDeclared: false).failure
        == .framing(
          "the body ended after 2 of the 3 bytes of JSON that Inference-Header-Content-Length"
            + " announces"))
  }

  @Test func `a size that is not the shape's is refused before memory is taken`() {
    let huge =
      #"{"name":"c","shape":[2],"datatype":"INT32","parameters":{"binary_data_size":4000000000000}}"#
    #expect(
      received(#"{"inputs":[\#(huge)]}"#, [], isDeclared: false).failure
        == .wrongByteCount(input: "c", expected: 8, got: 4_000_000_000_000))
    let consistent =
      #"{"name":"c","shape":[1000000000000],"datatype":"INT32","#
      + #""parameters":{"binary_data_size":4000000000000}}"#
    #expect(
      received(#"{"inputs":[\#(consistent)]}"#, [], isDeclared: false).failure
        == .framing("binary_data_size of input `c` reaches beyond the end of the body"))
  }

  @Test(
    arguments: [
      [9, 0, 0, 0, 97, 98, 99, 0, 0, 0, 0], [3, 0, 0, 0, 97, 98, 99, 1, 0, 0, 0],
      [3, 0, 0, 0, 97, 98, 99, 0, 0, 0, 255],
    ] as [[UInt8]])
  func `lengths of strings that do not add up are refused`(_ bytes: [UInt8]) throws {
    let failure = try #require(
      received(#"{"inputs":[\#(Self.a),\#(Self.b)]}"#, Self.aBytes + bytes).failure)
    guard case .syntax(.binaryTensor, _, 11) = failure else {
      Issue.record("\(failure)")
      return
    }
  }

  @Test func `strings fewer or more than the shape has are refused`() {
    let one: [UInt8] = [7, 0, 0, 0, 97, 98, 99, 0, 0, 0, 0]
    #expect(
      received(#"{"inputs":[\#(Self.a),\#(Self.b)]}"#, Self.aBytes + one).failure
        == .wrongElementCount(input: "b", expected: 2, got: 1))
  }

  @Test func `a truth value other than 0 and 1 is refused`() {
    let flag = signature([tensor("f", .bool, [2])])
    let json =
      #"{"inputs":[{"name":"f","shape":[2],"datatype":"BOOL","parameters":{"binary_data_size":2}}]}"#
    #expect(
      received(json, [1, 2], flag).failure
        == .elementOutOfRange(input: "f", datatype: .bool, index: 1))
    #expect(received(json, [1, 0], flag).failure == nil)
  }

  @Test(
    arguments: [
      ([2], false, 8, [2]), ([nil], false, 12, [3]), ([nil, 2], true, 8, [1, 2]),
      ([nil, nil, 2], true, 16, [1, 2, 2]), ([nil, 2], false, 16, [2, 2]), ([nil], false, 0, [0]),
    ] as [([Int?], Bool, Int, [Int])], [true, false])
  func `a raw body is the only input, one open axis filled in`(
    _ known: (lengths: [Int?], hasRowAxis: Bool, byteCount: Int, shape: [Int]), _ isDeclared: Bool
  ) throws {
    let model = signature(
      [tensor("x", .float32, known.lengths)], hasRowAxis: known.hasRowAxis)
    let request = try received(
      "", [UInt8](repeating: 0, count: known.byteCount), model, headerLength: 0, partByteCount: 5,
      isDeclared: isDeclared
    ).get()
    #expect(request.body.inputs[0]?.shape.array == known.shape)
    #expect(request.responsePlan.standard.isBinary)
  }

  @Test func `a raw body that does not fit is refused`() throws {
    let fixed = signature([tensor("x", .float32, [2])])
    #expect(
      received("", [0, 0, 0], fixed, headerLength: 0).failure
        == .wrongByteCount(input: "x", expected: 8, got: 3))
    let open = signature([tensor("x", .float32, [nil, nil])])
    let twoOpen = try #require(received("", [0, 0, 0, 0], open, headerLength: 0).failure)
    guard case .framing = twoOpen else {
      Issue.record("\(twoOpen)")
      return
    }
    let two = signature([tensor("x", .float32, [2]), tensor("y", .float32, [2])])
    #expect(
      received("", [0], two, headerLength: 0).failure
        == .framing("a raw binary request needs a model with one input; this one has 2"))
  }

  @Test func `a raw body for strings is one string`() throws {
    let model = signature([tensor("x", .bytes, [1])])
    let request = try received("", Array("two words".utf8), model, headerLength: 0).get()
    #expect(request.body.inputs[0]?.strings == ["two words"])
    let three = signature([tensor("x", .bytes, [3])])
    #expect(received("", [1], three, headerLength: 0).failure != nil)
  }
}
