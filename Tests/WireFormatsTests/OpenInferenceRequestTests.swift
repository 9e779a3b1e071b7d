import Inference
import Testing
import WireFormats

@Suite struct OpenInferenceRequestTests {
  private static let pair = signature(
    [tensor("a", .float32, [2, 2]), tensor("b", .int64, [nil], isOptional: true)],
    outputs: [tensor("y", .float32, [2]), tensor("z", .bytes, [1])])

  private static let a = #"{"name":"a","shape":[2,2],"datatype":"FP32","data":[[1,2],[3,4]]}"#

  @Test func `a request in full is read in full`() throws {
    let request = try decoded(
      """
      {"id": "r\\u0031", "parameters": {"sequence_id": 18446744073709551615, "sequence_start": true,
        "sequence_end": false, "priority": 3, "timeout": 2500, "binary_data_output": true,
        "temperature": 0.5, "n": 7, "on": true, "who": "me"},
       "inputs": [\(Self.a), {"name": "b", "shape": [3], "datatype": "INT64", "data": [1, -2, 3],
         "parameters": {"content_type": "np"}}],
       "outputs": [{"name": "z", "parameters": {"binary_data": false}},
         {"name": "y", "parameters": {"classification": 2}}], "other": {"ignored": [null]}}
      """, Self.pair
    ).get()
    #expect(request.id == "r1")
    #expect(request.sequence == SequenceMark(id: .number(.max), isStart: true, isEnd: false))
    #expect(request.priority == 3)
    #expect(request.timeoutMicroseconds == 2_500)
    #expect(
      request.body.parameters == [
        Parameter(name: "temperature", value: .number(0.5)),
        Parameter(name: "n", value: .integer(7)),
        Parameter(name: "on", value: .bool(true)), Parameter(name: "who", value: .string("me")),
      ])
    #expect(request.body.outputs == [1, 0])
    #expect(
      request.responsePlan
        == OpenInferenceResponsePlan(
          forms: [.init(isBinary: false), .init(isBinary: true, classCount: 2)],
          standard: .init(isBinary: true)))
    #expect(request.body.inputs[0]?.elements(as: Float.self) == [1, 2, 3, 4])
    #expect(request.body.inputs[1]?.elements(as: Int64.self) == [1, -2, 3])
    #expect(request.body.inputs[1]?.shape == [3])
  }

  @Test(arguments: [
    #"{"data":[1,2,3,4],"datatype":"FP32","shape":[2,2],"name":"a"}"#,
    #"{"shape":[2,2],"data":[ [ 1 , 2 ] , [ 3 , 4 ] ],"name":"a","datatype":"FP32"}"#,
    #"{"datatype":"FP32","name":"a","parameters":{},"shape":[2,2],"data":[1.0,2e0,0.3e1,40E-1]}"#,
  ])
  func `keys may come in any order`(_ input: String) throws {
    let request = try decoded(#"{"inputs":[\#(input)]}"#, Self.pair).get()
    #expect(request.body.inputs[0]?.elements(as: Float.self) == [1, 2, 3, 4])
    #expect(request.body.inputs[1] == nil)
  }

  @Test(
    arguments: [
      ("{}", .missingField("inputs")),
      ("[]", .syntax(.json, expected: "`{`", byteOffset: 0)),
      (#"{"inputs":null}"#, .fieldOfWrongKind("inputs", expected: "an array of objects")),
      (#"{"inputs":[]}"#, .missingInput("a")),
      (#"{"inputs":[1]}"#, .fieldOfWrongKind("inputs[0]", expected: "an object")),
      (#"{"inputs":[{}]}"#, .missingField("inputs[0].data")),
      (#"{"inputs":[{"data":[]}]}"#, .missingField("inputs[0].name")),
      (#"{"inputs":[{"name":"a","data":[]}]}"#, .missingField("inputs[0].datatype")),
      (#"{"inputs":[{"name":"a","datatype":"FP32","data":[]}]}"#, .missingField("inputs[0].shape")),
      (#"{"inputs":[{"name":7}]}"#, .fieldOfWrongKind("inputs[0].name", expected: "a string")),
      (
        #"{"inputs":[{"name":"a","name":"a"}]}"#,
        .fieldOfWrongKind("inputs[0].name", expected: "given once")
      ),
      (#"{"inputs":[\#(a)],"inputs":[]}"#, .fieldOfWrongKind("inputs", expected: "given once")),
      (#"{"inputs":[\#(a),\#(a)]}"#, .inputGivenTwice("a")),
      (#"{"inputs":[\#(a)],"id":5}"#, .fieldOfWrongKind("id", expected: "a string")),
      (#"{"inputs":[\#(a)],"id":null}"#, .fieldOfWrongKind("id", expected: "a string")),
      (#"{"inputs":[\#(a)]"#, .syntax(.json, expected: "`,` or `}`", byteOffset: 77)),
      (
        #"{"inputs":[\#(a)]}}"#, .syntax(.json, expected: "the end of the document", byteOffset: 78)
      ),
      (
        #"{"inputs":[\#(a)],"parameters":[]}"#,
        .fieldOfWrongKind("parameters", expected: "an object")
      ),
      (
        #"{"inputs":[\#(a)],"parameters":{"priority":-1}}"#,
        .parameter("priority", expected: "a whole number of 0 or more", got: "-1")
      ),
      (
        #"{"inputs":[\#(a)],"parameters":{"timeout":1.5}}"#,
        .parameter("timeout", expected: "a whole number of 0 or more", got: "1.5")
      ),
      (
        #"{"inputs":[\#(a)],"parameters":{"priority":4294967296}}"#,
        .parameter("priority", expected: "a whole number below 2^32", got: "4294967296")
      ),
      (
        #"{"inputs":[\#(a)],"parameters":{"sequence_start":1}}"#,
        .parameter("sequence_start", expected: "true or false", got: "a number")
      ),
      (
        #"{"inputs":[\#(a)],"parameters":{"sequence_end":true}}"#,
        .missingField("parameters.sequence_id")
      ),
      (
        #"{"inputs":[\#(a)],"parameters":{"headers":{}}}"#,
        .parameter("headers", expected: "a string, a number, true or false", got: "an object")
      ),
      (
        #"{"inputs":[\#(a)],"parameters":{"x":null}}"#,
        .parameter("x", expected: "a string, a number, true or false", got: "null")
      ),
      (#"{"inputs":[\#(a)],"outputs":[{"name":"w"}]}"#, .unknownOutput("w", known: ["y", "z"])),
      (#"{"inputs":[\#(a)],"outputs":[{}]}"#, .missingField("outputs[0].name")),
      (
        #"{"inputs":[\#(a)],"outputs":[{"name":"y"},{"name":"y"}]}"#,
        .fieldOfWrongKind("outputs", expected: "without `y` twice")
      ),
      (
        #"{"inputs":[\#(a)],"outputs":[{"name":"z","parameters":{"classification":1}}]}"#,
        .parameter("classification", expected: "an output of numbers", got: "`z` of BYTES")
      ),
      (
        #"{"inputs":[\#(a)],"outputs":[{"name":"z","parameters":{"shared_memory_region":"r"}}]}"#,
        .missingField("shared_memory_byte_size")
      ),
    ] as [(String, InputProblem)])
  func `a document that is wrong is refused with what is wrong`(
    _ text: String, _ problem: InputProblem
  ) {
    #expect(decoded(text, Self.pair).failure == problem)
  }

  @Test(
    arguments: [
      (#""c","shape":[2,2],"datatype":"FP32","data":[]"#, .unknownInput("c", known: ["a", "b"])),
      (
        #""a","shape":[2,2],"datatype":"fp32","data":[]"#, .unknownDatatype(input: "a", got: "fp32")
      ),
      (
        #""a","shape":[2,2],"datatype":"FP64","data":[]"#,
        .wrongDatatype(input: "a", expected: .float32, got: .float64)
      ),
      (
        #""a","shape":[2,3],"datatype":"FP32","data":[]"#,
        .wrongShape(input: "a", expected: [2, 2], got: [2, 3])
      ),
      (
        #""a","shape":[4],"datatype":"FP32","data":[]"#,
        .wrongShape(input: "a", expected: [2, 2], got: [4])
      ),
      (
        #""a","shape":[1,1,1,1,1,1,1,1,4],"datatype":"FP32","data":[]"#,
        .rankTooHigh(input: "a", got: 9, limit: 8)
      ),
      (#""a","shape":[-1,2],"datatype":"FP32","data":[]"#, .negativeLength(input: "a")),
      (
        #""a","shape":[2.0,2],"datatype":"FP32","data":[]"#,
        .fieldOfWrongKind("inputs[0].shape", expected: "an array of integers")
      ),
      (
        #""a","shape":"2","datatype":"FP32","data":[]"#,
        .fieldOfWrongKind("inputs[0].shape", expected: "an array of integers")
      ),
      (
        #""b","shape":[9000000000000000000],"datatype":"INT64","data":[1,2]"#,
        .wrongElementCount(input: "b", expected: 9_000_000_000_000_000_000, got: 2)
      ),
      (
        #""a","shape":[2,2],"datatype":"FP32","data":{}"#,
        .fieldOfWrongKind("data of input `a`", expected: "an array")
      ),
      (
        #""a","shape":[2,2],"datatype":"FP32","data":[1,2,3,4],"parameters":{"binary_data_size":16}"#,
        .framing("input `a` has both data and binary_data_size")
      ),
      (
        #""a","shape":[2,2],"datatype":"FP32","parameters":{"binary_data_size":16}"#,
        .framing(
          "input `a` has binary_data_size, but the request has no Inference-Header-Content-Length")
      ),
      (
        #""a","shape":[2,2],"datatype":"FP32","parameters":{"binary_data_size":15}"#,
        .wrongByteCount(input: "a", expected: 16, got: 15)
      ),
    ] as [(String, InputProblem)])
  func `an input that does not fit the signature is refused`(
    _ input: String, _ problem: InputProblem
  ) {
    #expect(decoded(#"{"inputs":[{"name":\#(input)}]}"#, Self.pair).failure == problem)
  }

  @Test(
    arguments: [
      ("[]", .wrongElementCount(input: "x", expected: 4, got: 0)),
      ("[1,2,3]", .wrongElementCount(input: "x", expected: 4, got: 3)),
      ("[1,2,3,4,5,6]", .wrongElementCount(input: "x", expected: 4, got: 6)),
      ("[[1,2],[3]]", .raggedArray(input: "x")), ("[[1,2],[3,4,5]]", .raggedArray(input: "x")),
      ("[[1,2]]", .raggedArray(input: "x")), ("[[1,2],[3,4],[5,6]]", .raggedArray(input: "x")),
      ("[[1,2],3,4]", .raggedArray(input: "x")), ("[1,2,[3,4]]", .raggedArray(input: "x")),
      ("[[[1,2]],[3,4]]", .raggedArray(input: "x")), ("[[],[]]", .raggedArray(input: "x")),
      ("[1,2,null,4]", .elementOfWrongKind(input: "x", datatype: .float32, index: 2)),
      ("[1,\"2\",3,4]", .elementOfWrongKind(input: "x", datatype: .float32, index: 1)),
      ("[true,2,3,4]", .elementOfWrongKind(input: "x", datatype: .float32, index: 0)),
      ("[[1,{}],[3,4]]", .elementOfWrongKind(input: "x", datatype: .float32, index: 1)),
      ("[1,2,3,NaN]", .nonFiniteElement(input: "x", index: 3)),
      ("[1,Infinity,3,4]", .nonFiniteElement(input: "x", index: 1)),
      ("[[-Infinity,2],[3,4]]", .nonFiniteElement(input: "x", index: 0)),
      ("[1,2,1e400,4]", .elementOutOfRange(input: "x", datatype: .float32, index: 2)),
      ("[1,2,1e39,4]", .elementOutOfRange(input: "x", datatype: .float32, index: 2)),
      ("[1,2,3,4,]", .syntax(.json, expected: "a value", byteOffset: 71)),
      ("[1,2,3,]", .syntax(.json, expected: "a value", byteOffset: 69)),
      ("[1,2,3,01]", .syntax(.json, expected: "no digit after a leading zero", byteOffset: 70)),
      ("[1,2,3,1.]", .syntax(.json, expected: "a digit after the decimal point", byteOffset: 71)),
      ("[1,2,3,+1]", .syntax(.json, expected: "a value", byteOffset: 69)),
      ("[1,2,3,-]", .syntax(.json, expected: "a digit", byteOffset: 70)),
      ("[1,2,3 4]", .syntax(.json, expected: "`,` or `]`", byteOffset: 69)),
    ] as [(String, InputProblem)])
  func `elements that are wrong are refused with their place`(
    _ data: String, _ problem: InputProblem
  ) {
    let text = request(.float32, "[2,2]", data)
    #expect(decoded(text, signature([tensor("x", .float32, [2, 2])])).failure == problem)
  }

  @Test(
    arguments: [
      (.int32, "1.0"), (.int32, "1e3"), (.int32, "true"), (.bool, "1"), (.bool, "null"),
      (.bytes, "5"), (.bytes, "null"), (.bytes, "{\"b64\":\"\"}"), (.float64, "\"1\""),
    ] as [(Datatype, String)])
  func `an element of another kind is refused`(_ datatype: Datatype, _ element: String) {
    let failure = decoded(
      request(datatype, "[1]", "[\(element)]"), signature([tensor("x", datatype, [1])])
    ).failure
    #expect(failure == .elementOfWrongKind(input: "x", datatype: datatype, index: 0))
  }

  @Test func `strings become bytes with their lengths`() throws {
    let request = try decoded(
      request(.bytes, "[2,2]", #"[["é","a\u0000\n"],["",":-)"]]"#),
      signature([tensor("x", .bytes, [nil, 2])])
    ).get()
    #expect(request.body.inputs[0]?.strings == ["é", "a\u{0}\n", "", ":-)"])
  }

  @Test(arguments: [("[0]", "[]"), ("[2,0]", "[[],[]]"), ("[2,0]", "[]"), ("[0,3]", "[]")])
  func `a tensor may have no elements`(_ shape: String, _ data: String) throws {
    let rank = shape.split(separator: ",").count
    let lengths = [Int?](repeating: nil, count: rank)
    let request = try decoded(
      request(.float32, shape, data), signature([tensor("x", .float32, lengths)])
    ).get()
    #expect(request.body.inputs[0]?.byteCount == 0)
  }

  @Test func `a scalar is an array of one`() throws {
    let request = try decoded(request(.bool, "[]", "[true]"), signature([tensor("x", .bool, [])]))
      .get()
    #expect(request.body.inputs[0]?.elements(as: UInt8.self) == [1])
  }

  @Test func `elements lie aligned to 64 bytes`() throws {
    let request = try decoded(
      request(.float32, "[3]", "[1,2,3]"), signature([tensor("x", .float32, [3])])
    ).get()
    let base = try #require(request.body.inputs[0]?.hostBytes?.baseAddress)
    #expect(UInt(bitPattern: base) % 64 == 0)
  }

  @Test func `a deeply nested member is refused wherever it stands`() {
    let deep = String(repeating: "[", count: 1_000)
    #expect(
      decoded(#"{"inputs":[\#(Self.a)],"x":\#(deep)"#, Self.pair).failure
        == .nestedTooDeep(.json, limit: 64))
  }

  @Test func `a sequence id of zero or nothing means no sequence`() throws {
    for id in ["0", #""""#] {
      let text = #"{"inputs":[\#(Self.a)],"parameters":{"sequence_id":\#(id)}}"#
      #expect(try decoded(text, Self.pair).get().sequence == nil)
    }
  }
}
