import Inference

/// An operator's setting: `AttributeProto`, decoded as what it is asked for.
struct OnnxAttribute {
  private(set) var name = ""
  private let message: UnsafeRawBufferPointer

  init(_ attribute: UnsafeRawBufferPointer) throws(PipelineObstacle) {
    message = attribute
    var scanner = OnnxMessage(attribute)
    while let (number, value) = try scanner.next() {
      if number == 1 { name = try value.asText() }
    }
  }

  /// Calls `body` with each field of that number.
  private func forEach(
    _ wanted: Int, _ body: (ProtobufScanner.Value) throws(PipelineObstacle) -> Void
  ) throws(PipelineObstacle) {
    var scanner = OnnxMessage(message)
    while let (number, value) = try scanner.next() {
      if number == wanted { try body(value) }
    }
  }

  fileprivate func float() throws(PipelineObstacle) -> Float? {
    var found: Float?
    try forEach(2) { (value) throws(PipelineObstacle) in found = try value.asFloat() }
    return found
  }

  fileprivate func integer() throws(PipelineObstacle) -> Int64? {
    var found: Int64?
    try forEach(3) { (value) throws(PipelineObstacle) in found = try value.asInteger() }
    return found
  }

  fileprivate func text() throws(PipelineObstacle) -> [UInt8]? {
    var found: [UInt8]?
    try forEach(4) { (value) throws(PipelineObstacle) in found = Array(try value.asBytes()) }
    return found
  }

  fileprivate func tensor() throws(PipelineObstacle) -> OnnxTensor? {
    var found: OnnxTensor?
    try forEach(5) { (value) throws(PipelineObstacle) in
      found = try OnnxTensor(try value.asBytes())
    }
    return found
  }

  fileprivate func floats() throws(PipelineObstacle) -> [Float] {
    var all: [Float] = []
    try forEach(7) { (value) throws(PipelineObstacle) in try all.append(fixed: value) }
    return all
  }

  fileprivate func integers() throws(PipelineObstacle) -> [Int64] {
    var all: [Int64] = []
    try forEach(8) { (value) throws(PipelineObstacle) in
      try all.append(varints: value) { Int64(bitPattern: $0) }
    }
    return all
  }

  fileprivate func forEachText(
    _ body: (UnsafeRawBufferPointer) throws(PipelineObstacle) -> Void
  ) throws(PipelineObstacle) {
    try forEach(9) { (value) throws(PipelineObstacle) in try body(try value.asBytes()) }
  }
}

/// An operator's settings by name; what is left out is `nil`, or empty.
extension OnnxNode {
  func float(_ name: String) throws(PipelineObstacle) -> Float? { try attributes[name]?.float() }

  func integer(_ name: String) throws(PipelineObstacle) -> Int64? {
    try attributes[name]?.integer()
  }

  func text(_ name: String) throws(PipelineObstacle) -> String? {
    try attributes[name]?.text().map { String(decoding: $0, as: UTF8.self) }
  }

  func bytes(_ name: String) throws(PipelineObstacle) -> [UInt8]? { try attributes[name]?.text() }

  func tensor(_ name: String) throws(PipelineObstacle) -> OnnxTensor? {
    try attributes[name]?.tensor()
  }

  func floats(_ name: String) throws(PipelineObstacle) -> [Float] {
    try attributes[name]?.floats() ?? []
  }

  func integers(_ name: String) throws(PipelineObstacle) -> [Int64] {
    try attributes[name]?.integers() ?? []
  }

  func texts(_ name: String) throws(PipelineObstacle) -> [[UInt8]] {
    var all: [[UInt8]] = []
    try attributes[name]?.forEachText { all.append(Array($0)) }
    return all
  }

  /// As `texts`, without an array for each.
  func forEachText(
    _ name: String, _ body: (UnsafeRawBufferPointer) throws(PipelineObstacle) -> Void
  ) throws(PipelineObstacle) {
    try attributes[name]?.forEachText(body)
  }
}
