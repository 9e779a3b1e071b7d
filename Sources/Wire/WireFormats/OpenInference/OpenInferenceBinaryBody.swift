package import Inference

/// Receives an inference request whose tensors follow its JSON as raw bytes.
///
/// The JSON is collected; from then on each read is copied once, straight into the 64-byte aligned
/// storage of the tensor it belongs to. Storage is taken when a tensor's first byte comes, and never
/// before its size was checked against its shape and the body's length. A header length of 0 means
/// a raw request: the whole body is the only input. Push-driven: `receive` as bytes come, in order,
/// then `finish` once; after a throw it must not be used again. One thread at a time.
package struct OpenInferenceBinaryBody {
  private let signature: ModelSignature
  private let jsonByteCount: Int
  private let bodyByteCount: Int?
  private let bodyBytesMax: Int
  private let depthMax: Int
  private var json: [UInt8] = []
  private var document: OpenInferenceDocument?
  private var raw: RawTensorBody?
  private var slotIndex = 0
  private var filling: FillingTensor?

  /// - Parameters:
  ///   - jsonByteCount: the value of `Inference-Header-Content-Length`.
  ///   - bodyByteCount: the declared length of the whole body, where there is one.
  ///   - bodyBytesMax: the limit of a body, which bounds what is allocated where none is declared.
  package init(
    signature: ModelSignature, jsonByteCount: Int, bodyByteCount: Int?, bodyBytesMax: Int,
    depthMax: Int = JSONValue.depthMax
  ) throws(InputProblem) {
    guard jsonByteCount >= 0 else {
      throw .framing("Inference-Header-Content-Length is negative")
    }
    if jsonByteCount > bodyByteCount ?? bodyBytesMax {
      throw .framing(
        "Inference-Header-Content-Length is \(jsonByteCount), but the body has "
          + (bodyByteCount.map { "\($0) bytes" } ?? "at most \(bodyBytesMax) bytes"))
    }
    self.signature = signature
    self.jsonByteCount = jsonByteCount
    self.bodyByteCount = bodyByteCount
    self.bodyBytesMax = bodyBytesMax
    self.depthMax = depthMax
    if jsonByteCount == 0 {
      raw = try RawTensorBody(signature: signature, bodyByteCount: bodyByteCount)
    }
  }

  /// What the JSON says is known, or there is none.
  package var hasHead: Bool { document != nil || raw != nil }

  /// Takes the next bytes of the body.
  package mutating func receive(_ bytes: UnsafeRawBufferPointer) throws(InputProblem) {
    guard raw == nil else {
      raw?.append(bytes)
      return
    }
    var rest = bytes[...]
    if document == nil {
      let part = rest.prefix(jsonByteCount - json.count)
      json.append(contentsOf: part)
      rest = rest.dropFirst(part.count)
      guard json.count == jsonByteCount else { return }
      try readDocument()
    }
    try fill(from: UnsafeRawBufferPointer(rebasing: rest))
  }

  private mutating func readDocument() throws(InputProblem) {
    let read: Result<OpenInferenceDocument, InputProblem> = json.withUnsafeBytes { bytes in
      Result { () throws(InputProblem) in
        try OpenInferenceDocument.read(bytes, signature: signature, depthMax: depthMax)
      }
    }
    let document = try read.get()
    json = []
    var total = jsonByteCount
    for slot in document.binarySlots {
      let (sum, overflow) = total.addingReportingOverflow(slot.byteCount)
      guard !overflow, sum <= bodyByteCount ?? bodyBytesMax else {
        throw .framing(
          "binary_data_size of input `\(slot.name)` reaches beyond the end of the body")
      }
      total = sum
    }
    if let bodyByteCount, total != bodyByteCount {
      throw .framing("\(bodyByteCount - total) bytes follow the last tensor of the body")
    }
    self.document = document
    try openNextSlots()
  }

  /// Completes tensors of no bytes, and takes storage for the next that has some.
  private mutating func openNextSlots() throws(InputProblem) {
    guard let slots = document?.binarySlots else { return }
    while filling == nil, slotIndex < slots.count {
      let slot = slots[slotIndex]
      if slot.byteCount == 0 {
        try complete(slot, TensorStorage(byteCount: 0))
      } else {
        filling = FillingTensor(byteCount: slot.byteCount)
      }
    }
  }

  private mutating func complete(
    _ slot: OpenInferenceDocument.BinarySlot, _ storage: TensorStorage
  ) throws(InputProblem) {
    let tensor = Tensor(datatype: slot.datatype, shape: slot.shape, storage: storage)
    try tensor.checkRawElements(input: slot.name)
    document?.fill(slot, with: tensor)
    slotIndex += 1
  }

  private mutating func fill(from bytes: UnsafeRawBufferPointer) throws(InputProblem) {
    var rest = bytes
    while !rest.isEmpty {
      guard filling != nil, let slot = document?.binarySlots[slotIndex] else {
        // How many is not known before the body has ended.
        throw .framing("bytes follow the last tensor of the body")
      }
      let taken = filling?.append(rest) ?? 0
      rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
      if let storage = filling?.whole {
        filling = nil
        try complete(slot, storage)
        try openNextSlots()
      }
    }
  }

  /// Where the next bytes of the body belong, if it is known yet and they are many: who writes them
  /// there itself gives `receive` that same memory, and nothing is copied.
  package var memoryForNextBytes: BodyMemory? {
    raw == nil ? filling?.openMemory : raw?.openMemory
  }

  /// The request, once the body has ended.
  package mutating func finish() throws(InputProblem) -> OpenInferenceRequest {
    if let raw { return try raw.request() }
    guard let document else {
      throw .framing(
        "the body ended after \(json.count) of the \(jsonByteCount) bytes of JSON that"
          + " Inference-Header-Content-Length announces")
    }
    if let filling {
      throw .wrongByteCount(
        input: document.binarySlots[slotIndex].name, expected: filling.byteCount,
        got: filling.filledByteCount)
    }
    return try document.request()
  }
}

/// The part of a tensor's memory that is still to be filled, never shared before it is.
package struct BodyMemory {
  package let bytes: UnsafeMutableRawBufferPointer
  /// Keeps the bytes valid.
  package let owner: TensorStorage

  /// The first bytes of it, `count` at most.
  package func prefix(_ count: Int) -> BodyMemory {
    BodyMemory(bytes: UnsafeMutableRawBufferPointer(rebasing: bytes.prefix(count)), owner: owner)
  }
}

/// Storage of known size that is filled from the front.
struct FillingTensor {
  /// Less than this is as soon copied.
  private static let openBytesMin = 64 << 10

  let byteCount: Int
  private(set) var filledByteCount = 0
  private let storage: TensorStorage

  init(byteCount: Int) {
    self.byteCount = byteCount
    storage = TensorStorage(byteCount: byteCount)
  }

  /// What is left of the memory, where that is much.
  var openMemory: BodyMemory? {
    guard byteCount - filledByteCount >= Self.openBytesMin,
      let memory = storage.hostBytesForFilling
    else { return nil }
    return BodyMemory(
      bytes: UnsafeMutableRawBufferPointer(rebasing: memory[filledByteCount...]), owner: storage)
  }

  /// Copies as much as belongs here, but for what is here already; gives how much that was.
  mutating func append(_ bytes: UnsafeRawBufferPointer) -> Int {
    let count = min(bytes.count, byteCount - filledByteCount)
    guard count > 0, let memory = storage.hostBytesForFilling else { return 0 }
    let place = UnsafeMutableRawBufferPointer(
      rebasing: memory[filledByteCount..<filledByteCount + count])
    if bytes.baseAddress != UnsafeRawPointer(place.baseAddress) {
      place.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
    }
    filledByteCount += count
    return count
  }

  /// The storage, when nothing is missing.
  var whole: TensorStorage? { filledByteCount == byteCount ? storage : nil }
}

extension Tensor {
  /// Raw bytes must be values of the datatype, where not every pattern of bits is one.
  func checkRawElements(input: String) throws(InputProblem) {
    switch datatype {
    case .bytes: try checkByteStrings(input: input)
    case .bool:
      guard let index = hostBytes?.firstIndex(where: { $0 > 1 }) else { return }
      throw .elementOutOfRange(input: input, datatype: .bool, index: index)
    default: return
    }
  }

  /// The lengths must add up to the bytes, and the elements to the shape.
  private func checkByteStrings(input: String) throws(InputProblem) {
    guard let count = forEachByteString({ _ in }) else {
      throw .syntax(
        .binaryTensor,
        expected: "a length of 4 bytes and so many bytes for each element of input `\(input)`",
        byteOffset: byteCount)
    }
    if count != elementCount {
      throw .wrongElementCount(input: input, expected: elementCount, got: count)
    }
  }
}
