/// A list that is never empty and keeps its first element inline, so that the usual list of one
/// touches no heap.
///
/// Inlinable, because every run passes through it in another room: without, each element is handled
/// by its type's description at run time.
package struct OneOrMore<Element: Sendable>: RandomAccessCollection, Sendable {
  package var first: Element
  package var others: [Element]

  @inlinable @inline(__always) package init(_ first: Element) {
    self.first = first
    others = []
  }

  /// `nil` where there is nothing to list.
  @inlinable @inline(__always) package init?(listing elements: some Collection<Element>) {
    guard let first = elements.first else { return nil }
    self.first = first
    others = elements.count == 1 ? [] : Array(elements.dropFirst())
  }

  @inlinable @inline(__always) package mutating func append(_ element: Element) {
    others.append(element)
  }

  @inlinable @inline(__always) package var startIndex: Int { 0 }
  @inlinable @inline(__always) package var endIndex: Int { 1 + others.count }

  @inlinable @inline(__always) package subscript(index: Int) -> Element {
    index == 0 ? first : others[index - 1]
  }

  /// Of our own, because the one that collections get for free reads each element through an
  /// accessor whose frame lies on the heap.
  package struct Iterator: IteratorProtocol {
    @usableFromInline let list: OneOrMore<Element>
    @usableFromInline var index = 0

    @inlinable @inline(__always) init(_ list: OneOrMore<Element>) { self.list = list }

    @inlinable @inline(__always) package mutating func next() -> Element? {
      guard index < list.endIndex else { return nil }
      defer { index += 1 }
      return list[index]
    }
  }

  @inlinable @inline(__always) package func makeIterator() -> Iterator { Iterator(self) }

  /// The same places with other elements.
  @inlinable @inline(__always) package func mapped<Other: Sendable>(
    _ transform: (Element) -> Other
  ) -> OneOrMore<Other> {
    var result = OneOrMore<Other>(transform(first))
    for element in others { result.append(transform(element)) }
    return result
  }
}

extension OneOrMore: Equatable where Element: Equatable {}
