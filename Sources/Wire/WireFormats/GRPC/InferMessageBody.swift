package import Inference

/// Receives a `ModelInferRequest` in pieces: raw contents go from each piece straight into the
/// 64-byte aligned storage of a tensor, everything else is collected.
///
/// Storage is taken when the first byte of its content comes, and never for more than the message
/// still has. Push-driven: `receive` as bytes come, in order, then `finish` once; after a throw it
/// must not be used again. One thread at a time.
package struct InferMessageBody {
  /// A `ModelInferRequest` whose raw contents were taken out.
  package struct Parts: Sendable {
    /// The message without `raw_input_contents`.
    package let head: [UInt8]
    /// What stood in `raw_input_contents`, in order.
    package let rawInputs: [TensorStorage]
  }

  private static let rawInputsNumber: UInt64 = 7

  private var head: [UInt8] = []
  private var rawInputs: [TensorStorage] = []
  private var filling: FillingTensor?
  /// A field's number and length, as far as they have come.
  private var prefix: [UInt8] = []
  /// Bytes that the field at hand still has, all of which go to `head`.
  private var copyByteCount = 0
  /// Bytes of the message that have not come.
  private var restByteCount: Int

  package init(byteCount: Int) {
    restByteCount = byteCount
    prefix.reserveCapacity(20)
  }

  /// Bytes that are held beside tensors' storage.
  package var headByteCount: Int { head.count }

  /// Bytes that a tensor lacks whose first have come, or are to come next; 0 where other fields are.
  package var missingTensorByteCount: Int {
    filling.map { $0.byteCount - $0.filledByteCount } ?? 0
  }

  /// Memory for the tensor's next bytes, where much is missing: what is read into it and then received
  /// is not copied.
  package var openMemory: BodyMemory? { filling?.openMemory }

  /// Takes the next bytes, at most as many as the message still has.
  package mutating func receive(_ bytes: UnsafeRawBufferPointer) throws(InputProblem) {
    precondition(bytes.count <= restByteCount, "more bytes than the message has")
    var rest = bytes
    while !rest.isEmpty {
      let taken: Int
      if filling != nil {
        taken = filling?.append(rest) ?? 0
      } else if copyByteCount > 0 {
        taken = min(copyByteCount, rest.count)
        head.append(contentsOf: rest[..<taken])
        copyByteCount -= taken
      } else {
        prefix.append(rest[0])
        taken = 1
      }
      restByteCount -= taken
      rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
      try look()
    }
  }

  /// Goes on to the next field where one is complete, or has said what it is.
  private mutating func look() throws(InputProblem) {
    if let storage = filling?.whole {
      rawInputs.append(storage)
      filling = nil
    }
    guard !prefix.isEmpty, prefix[prefix.count - 1] < 0x80 || prefix.count > 20 else { return }
    let begun = prefix.withUnsafeBytes { bytes in
      Result { () throws(InputProblem) in try Self.begunField(bytes) }
    }
    guard let field = try begun.get() else { return }
    if field.isRawInput {
      try beginRawInput(byteCount: field.byteCount)
    } else {
      guard field.byteCount <= restByteCount else { throw Self.cutOff }
      head.append(contentsOf: prefix)
      copyByteCount = field.byteCount
    }
    prefix.removeAll(keepingCapacity: true)
  }

  private mutating func beginRawInput(byteCount: Int) throws(InputProblem) {
    guard byteCount <= restByteCount else { throw Self.cutOff }
    guard rawInputs.count < InferMessageLayout.partCountMax else {
      throw .framing("a request has at most \(InferMessageLayout.partCountMax) of everything")
    }
    if byteCount == 0 {
      rawInputs.append(TensorStorage(byteCount: 0))
    } else {
      filling = FillingTensor(byteCount: byteCount)
    }
  }

  /// A field whose number and length are there; `nil` where the length is still to come.
  private static func begunField(
    _ prefix: UnsafeRawBufferPointer
  ) throws(InputProblem) -> (isRawInput: Bool, byteCount: Int)? {
    var reader = ProtobufReader(prefix)
    guard let field = try reader.next() else { return nil }
    switch field.wireType {
    case .fixed32: return (false, 4)
    case .fixed64: return (false, 8)
    case .varint:
      if reader.isAtEnd { return nil }
      _ = try reader.varint()
      return (false, 0)
    case .bytes:
      if reader.isAtEnd { return nil }
      let length = try reader.varint()
      guard let byteCount = Int(exactly: length) else { throw cutOff }
      return (field.number == Self.rawInputsNumber, byteCount)
    }
  }

  private static let cutOff = InputProblem.framing(
    "a field of the message is longer than the message")

  /// What the message was made of, once all of its bytes have come.
  package mutating func finish() throws(InputProblem) -> Parts {
    guard restByteCount == 0, prefix.isEmpty, copyByteCount == 0, filling == nil else {
      throw Self.cutOff
    }
    return Parts(head: head, rawInputs: rawInputs)
  }
}
