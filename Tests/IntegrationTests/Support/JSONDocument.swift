import Foundation

/// A JSON text read by another codec than ours.
struct JSONDocument {
  let value: Any?

  init(_ text: some StringProtocol) throws {
    value = try JSONSerialization.jsonObject(with: Data(text.utf8))
  }

  private init(value: Any?) { self.value = value }

  subscript(key: String) -> JSONDocument {
    JSONDocument(value: (value as? [String: Any])?[key])
  }

  subscript(index: Int) -> JSONDocument {
    let elements = value as? [Any] ?? []
    return JSONDocument(value: elements.indices.contains(index) ? elements[index] : nil)
  }

  var count: Int { (value as? [Any])?.count ?? (value as? [String: Any])?.count ?? 0 }
  var text: String? { value as? String }
  var number: Double? { value as? Double }
  var isTrue: Bool? { value as? Bool }
  var elements: [JSONDocument] { (value as? [Any] ?? []).map { JSONDocument(value: $0) } }
}
