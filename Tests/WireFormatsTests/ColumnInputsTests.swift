import Inference
import Testing

@testable import WireFormats

/// Tensors that are columns of one table, in each form of the Open Inference Protocol.
@Suite struct ColumnInputsTests {
  /// One tensor of a request: a column, or what is none.
  struct Column {
    var name: String
    var datatype = "FP32"
    var shape: [Int] = [2]
    /// Little-endian elements, and the same in JSON.
    var bytes: [UInt8]
    var text: String
  }

  enum Form: CaseIterable { case json, binary, protobuf, regions }

  private static func numbers<Number: BitwiseCopyable & CustomStringConvertible>(
    _ name: String, _ datatype: String, _ numbers: [Number], shape: [Int]? = nil
  ) -> Column {
    Column(
      name: name, datatype: datatype, shape: shape ?? [numbers.count],
      bytes: numbers.withUnsafeBytes { Array($0) },
      text: "[" + numbers.map(\.description).joined(separator: ",") + "]")
  }

  private static func strings(_ name: String, _ strings: [String]) -> Column {
    let tensor = Tensor(strings: strings, shape: [strings.count])
    return Column(
      name: name, datatype: "BYTES", shape: [strings.count],
      bytes: Array(tensor.hostBytes ?? .init(start: nil, count: 0)),
      text: "[" + strings.map { "\"\($0)\"" }.joined(separator: ",") + "]")
  }

  private func table(
    _ names: [String]? = ["age", "income", "rooms"], _ datatype: Datatype = .float32
  ) -> ModelSignature {
    ModelSignature(
      inputs: [
        TensorDescription(
          name: "input", datatype: datatype, dimensions: [.any(name: nil), .fixed(3)],
          table: FeatureTable(names: names))
      ],
      outputs: [
        .init(name: "predict", datatype: .float32, dimensions: [.any(name: nil)]),
        .init(name: "margin", datatype: .float32, dimensions: [.any(name: nil)], isOnRequest: true),
      ], hasRowAxis: true)
  }

  private static let three = [
    numbers("rooms", "INT64", [Int64(5), 6], shape: [2, 1]),
    numbers("age", "UINT8", [UInt8(1), 2]), numbers("income", "FP64", [3.0, 4.0]),
  ]

  private func decode(
    _ columns: [Column], _ form: Form, _ signature: ModelSignature, contentType: String? = nil
  ) throws(InputProblem) -> OpenInferenceRequest {
    switch form {
    case .json:
      let text = json(columns, contentType) { #""data":\#($0.text)"# }
      return try result(Array(text.utf8)) { bytes throws(InputProblem) in
        try OpenInferenceRequest.decode(json: bytes, signature: signature)
      }
    case .regions:
      let text = json(columns, contentType) {
        #""parameters":{"shared_memory_region":"\#($0.name)","shared_memory_byte_size":\#($0.bytes.count)}"#
      }
      var request = try result(Array(text.utf8)) { bytes throws(InputProblem) in
        try OpenInferenceRequest.decode(json: bytes, signature: signature)
      }
      try request.fill { span in
        let bytes = columns.first { $0.name == span.region }?.bytes ?? []
        let storage = TensorStorage(byteCount: bytes.count)
        bytes.withUnsafeBytes { storage.hostBytesForFilling?.copyMemory(from: $0) }
        return storage
      }
      return request
    case .binary:
      let text = json(columns, contentType) {
        #""parameters":{"binary_data_size":\#($0.bytes.count)}"#
      }
      let body = Array(text.utf8) + columns.flatMap(\.bytes)
      return try result(body) { bytes throws(InputProblem) in
        var binary = try OpenInferenceBinaryBody(
          signature: signature, jsonByteCount: text.utf8.count, bodyByteCount: bytes.count,
          bodyBytesMax: bytes.count)
        try binary.receive(bytes)
        return try binary.finish()
      }
    case .protobuf:
      return try result(message(columns, contentType)) { bytes throws(InputProblem) in
        var layout = InferMessageLayout()
        try layout.read(bytes)
        return try InferMessage.decode(bytes, layout, signature: signature)
      }
    }
  }

  private func result(
    _ bytes: [UInt8],
    _ body: (UnsafeRawBufferPointer) throws(InputProblem) -> OpenInferenceRequest
  ) throws(InputProblem) -> OpenInferenceRequest {
    try bytes.withUnsafeBytes { bytes in
      Result { () throws(InputProblem) in try body(bytes) }
    }.get()
  }

  private func json(
    _ columns: [Column], _ contentType: String?, _ rest: (Column) -> String
  ) -> String {
    let inputs = columns.map {
      #"{"name":"\#($0.name)","datatype":"\#($0.datatype)","shape":\#($0.shape),\#(rest($0))}"#
    }
    let parameters = contentType.map { #","parameters":{"content_type":"\#($0)","own":1}"# } ?? ""
    return #"{"id":"mine","outputs":[{"name":"margin"}],"inputs":["#
      + inputs.joined(separator: ",") + "]\(parameters)}"
  }

  private func message(_ columns: [Column], _ contentType: String?) -> [UInt8] {
    var message = ProtobufBytes()
    message.append(field: 1, text: "m")
    message.append(field: 3, text: "mine")
    if let contentType {
      var value = ProtobufBytes()
      value.append(field: 3, text: contentType)
      var entry = ProtobufBytes()
      entry.append(field: 1, text: "content_type")
      entry.append(field: 2, bytes: value.bytes)
      message.append(field: 4, bytes: entry.bytes)
    }
    for column in columns {
      var input = ProtobufBytes()
      input.append(field: 1, text: column.name)
      input.append(field: 2, text: column.datatype)
      input.append(field: 3, bytes: column.shape.map { UInt8($0) })
      message.append(field: 5, bytes: input.bytes)
    }
    var output = ProtobufBytes()
    output.append(field: 1, text: "margin")
    message.append(field: 6, bytes: output.bytes)
    for column in columns { message.append(field: 7, bytes: column.bytes) }
    return message.bytes
  }

  private func text(
    _ columns: [Column], _ form: Form, _ signature: ModelSignature, contentType: String? = nil
  ) -> String {
    do throws(InputProblem) {
      _ = try decode(columns, form, signature, contentType: contentType)
      return "taken"
    } catch {
      return FailureMessage.text(for: .invalidInput(error))
    }
  }

  // MARK: What is taken

  @Test(arguments: Form.allCases)
  func `columns of every number stand side by side, and the rest of the request holds`(
    _ form: Form
  ) throws {
    let request = try decode(Self.three, form, table(), contentType: form == .json ? "pd" : nil)
    #expect(request.body.inputs.count == 1)
    #expect(request.body.inputs[0]?.shape == [2, 3])
    #expect(request.body.inputs[0]?.elements(as: Float.self) == [1, 3, 5, 2, 4, 6])
    #expect(request.body.outputs == [1] && request.id == "mine")
  }

  @Test(arguments: Form.allCases)
  func `columns of a file without names go by f0 and so on, else by their order`(
    _ form: Form
  ) throws {
    let numbered = zip(Self.three, ["f2", "f0", "f1"]).map { column, name in
      var column = column
      column.name = name
      return column
    }
    let named = try decode(numbered, form, table(nil, .float64))
    #expect(named.body.inputs[0]?.elements(as: Double.self) == [1, 3, 5, 2, 4, 6])
    let ordered = try decode(Self.three, form, table(nil, .float64))
    #expect(ordered.body.inputs[0]?.elements(as: Double.self) == [5, 1, 3, 6, 2, 4])
  }

  @Test func `null and NaN are missing in a column of JSON`() throws {
    var columns = Self.three
    columns[2].text = "[null,NaN]"
    let request = try decode(columns, .json, table())
    let numbers = request.body.inputs[0]?.elements(as: Float.self) ?? []
    #expect(numbers.count == 6 && numbers[1].isNaN && numbers[4].isNaN && numbers[0] == 1)
  }

  @Test(arguments: Form.allCases)
  func `words stand side by side as well`(_ form: Form) throws {
    let signature = ModelSignature(
      inputs: [tensor("x", .bytes, [nil, 2])], outputs: table().outputs, hasRowAxis: true,
      metadata: ["feature_names": "a,b"])
    let request = try decode(
      [Self.strings("b", ["", "two"]), Self.strings("a", ["one", "é"])], form, signature,
      contentType: "pd")
    #expect(request.body.inputs[0]?.strings == ["one", "", "é", "two"])
    #expect(request.body.inputs[0]?.shape == [2, 2])
  }

  @Test(arguments: Form.allCases)
  func `a data frame's columns go to the inputs of their names`(_ form: Form) throws {
    let signature = ModelSignature(
      inputs: [
        tensor("age", .int64, [nil, 1]), tensor("income", .float32, [nil, 1]),
        tensor("town", .bytes, [nil, 1]),
      ], outputs: table().outputs, hasRowAxis: true)
    let columns = [
      Self.strings("town", ["Ulm", "Bonn"]), Self.numbers("age", "INT32", [Int32(3), 4]),
      Self.numbers("income", "FP64", [0.5, 1.5]),
    ]
    let request = try decode(columns, form, signature, contentType: "pd")
    #expect(request.body.inputs.map { $0?.shape } == [[2, 1], [2, 1], [2, 1]])
    #expect(request.body.inputs[0]?.elements(as: Int64.self) == [3, 4])
    #expect(request.body.inputs[1]?.elements(as: Float.self) == [0.5, 1.5])
    #expect(request.body.inputs[2]?.strings == ["Ulm", "Bonn"])
    var fractions = columns
    fractions[1] = Self.numbers("age", "FP64", [3.0, 4.5])
    let refusal = text(fractions, form, signature, contentType: "pd")
    #expect(refusal.contains("`age` must be an integer"), "\(refusal)")
  }

  // MARK: What is refused

  @Test(arguments: Form.allCases)
  func `what is wrong with columns is told`(_ form: Form) {
    let three = Self.three
    let whole = Self.numbers("input", "FP32", [Float(1), 2, 3, 4, 5, 6], shape: [2, 3])
    let cases: [([Column], String)] = [
      (Array(three[..<2]), "column `income` is missing"),
      (three + [Self.numbers("height", "FP32", [Float(1), 2])], "no column `height`"),
      (three + [three[0]], "column `rooms` twice"),
      ([three[0], three[1], Self.numbers("income", "FP64", [1.0])], "`income` has 1 values"),
      ([whole, three[0]], "`input`, which is the whole table, came beside `rooms`"),
      ([three[0], whole], "the whole table"),
      ([three[0], three[1], Self.strings("income", ["a", "b"])], "FP32"),
      (
        [three[0], three[1], Self.numbers("income", "FP32", [Float(1), 2], shape: [1, 2])],
        "[-1, 1]"
      ),
      ([Self.numbers("other", "FP32", [Float(1), 2])], "[-1, 3]"),
    ]
    for (columns, part) in cases {
      let refusal = text(columns, form, table())
      #expect(refusal.contains(part), "\(refusal)")
    }
  }

  @Test(arguments: 0..<400)
  func `columns that went wrong by chance are taken or refused`(seed: Int) {
    var random = Seeded(UInt64(seed))
    let text = json(Self.three, "pd") { #""data":\#($0.text)"# }
    for original in [Array(text.utf8), message(Self.three, nil)] {
      var bytes = original
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        bytes[place] = original[Int.random(in: 0..<original.count, using: &random)]
      }
      do throws(InputProblem) {
        _ = try result(bytes) { bytes throws(InputProblem) in
          guard original.first != UInt8(ascii: "{") else {
            return try OpenInferenceRequest.decode(json: bytes, signature: table())
          }
          var layout = InferMessageLayout()
          try layout.read(bytes)
          return try InferMessage.decode(bytes, layout, signature: table())
        }
      } catch {
        #expect(!FailureMessage.text(for: .invalidInput(error)).isEmpty)
      }
    }
  }

  @Test(arguments: Form.allCases)
  func `tensors that are no data frame are refused as they were`(_ form: Form) {
    let signature = ModelSignature(
      inputs: [tensor("x", .float32, [nil, 3])], outputs: table().outputs, hasRowAxis: true)
    let refusal = text(Self.three, form, signature)
    #expect(refusal.contains("`rooms`") && refusal.contains("`x`"), "\(refusal)")
    #expect(!text(Self.three, form, signature, contentType: "pd").contains("`x`"))
  }
}
