package import Inference

/// The first elements of a tensor as text, for people and traces.
package struct TensorDigest: Sendable {
  /// Commas between them; numbers as in answers, strings in quotes, with `\u{FFFD}` for what is no
  /// text.
  package let text: String
  package let elementCount: Int

  /// - Parameter byteCountMax: so many of the tensor's own bytes are looked at.
  package init(of tensor: Tensor, byteCountMax: Int) {
    if let size = tensor.datatype.elementByteCount {
      let count = min(tensor.elementCount, byteCountMax / size)
      elementCount = tensor.hostBytes == nil ? 0 : count
      text = elementCount == 0 ? "" : Self.numbers(of: tensor, count, size)
    } else {
      (text, elementCount) = Self.strings(of: tensor, byteCountMax)
    }
  }

  private static func numbers(of tensor: Tensor, _ count: Int, _ size: Int) -> String {
    let first = Tensor(
      datatype: tensor.datatype, shape: [count], storage: tensor.storage,
      byteOffset: tensor.byteOffset, byteCount: count * size)
    let room = TensorText.numbersByteCountMax(of: first) + NumberPrinting.slackByteCount
    return String(unsafeUninitializedCapacity: room) { memory in
      guard let start = memory.baseAddress else { return 0 }
      return TensorText.write(first, at: start) - start
    }
  }

  private static func strings(
    of tensor: Tensor, _ byteCountMax: Int
  ) -> (text: String, elementCount: Int) {
    var text = ""
    var (count, byteCount) = (0, 0)
    _ = tensor.forEachByteString { element in
      byteCount += 4 + element.count
      guard byteCount <= byteCountMax else { return }
      if count > 0 { text += "," }
      let quoted = JSONValue.string(String(decoding: element, as: UTF8.self)).bytes
      text += String(decoding: quoted, as: UTF8.self)
      count += 1
    }
    return (text, count)
  }
}
