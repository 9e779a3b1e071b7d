/// A list that is never empty and keeps its first element inline, so that the usual list of one
/// touches no heap.
package struct OneOrMore<Element: Sendable>: RandomAccessCollection, Sendable {
  package private(set) var first: Element
  package private(set) var others: [Element] = []

  package init(_ first: Element) { self.first = first }

  /// `nil` where there is nothing to list.
  package init?(listing elements: some Collection<Element>) {
    guard let first = elements.first else { return nil }
    self.first = first
    others = Array(elements.dropFirst())
  }

  package mutating func append(_ element: Element) { others.append(element) }

  package var startIndex: Int { 0 }
  package var endIndex: Int { 1 + others.count }

  package subscript(index: Int) -> Element {
    get { index == 0 ? first : others[index - 1] }
    set {
      if index == 0 { first = newValue } else { others[index - 1] = newValue }
    }
  }

  /// The same places with other elements.
  package func mapped<Other: Sendable>(
    _ transform: (Element) -> Other
  ) -> OneOrMore<Other> {
    var result = OneOrMore<Other>(transform(first))
    for element in others { result.append(transform(element)) }
    return result
  }
}

extension OneOrMore: Equatable where Element: Equatable {}
