/// What somebody has to know; compared without telling how much of a guess was right.
package struct Secret: Sendable, Equatable {
  private let bytes: [UInt8]

  package init(_ text: String) { bytes = Array(text.utf8) }

  /// Takes the same time whatever of `given` is right.
  package func isEqual(to given: some Collection<UInt8>) -> Bool {
    let given = Array(given)
    var difference = UInt8(given.count == bytes.count ? 0 : 1)
    for place in bytes.indices {
      difference |= bytes[place] ^ (place < given.count ? given[place] : ~bytes[place])
    }
    return difference == 0
  }
}
