/// What was understood of a model's configuration, what was not obeyed, and what forbids to load it.
package struct ConfigurationNotes: Sendable, Equatable {
  /// One thing to say about one place of a file.
  package struct Note: Sendable, Equatable {
    package let file: String
    /// `nil` where it concerns the whole file.
    package let place: ConfigurationTree.Place?
    package let text: String

    /// The place and the text, without the file.
    package var sentence: String {
      place.map { "line \($0.line), column \($0.column): \(text)" } ?? text
    }
  }

  /// A value that was read.
  package struct Fact: Sendable, Equatable {
    package let file: String
    package let place: ConfigurationTree.Place
    /// The key with the keys around it: `dynamic_batching.max_queue_delay_microseconds`.
    package let path: String
    package let value: String
  }

  package private(set) var facts: [Fact] = []
  package private(set) var warnings: [Note] = []
  package private(set) var stops: [Note] = []

  package init() {}

  /// Notes of a kind that are kept; a file with more wrong is not read to its end.
  package static let countMax = 100

  /// So much is wrong already that the rest need not be looked at.
  var isFull: Bool { stops.count >= Self.countMax }

  mutating func understood(
    _ path: String, _ value: String, in file: String, at place: ConfigurationTree.Place
  ) {
    facts.append(Fact(file: file, place: place, path: path, value: value))
  }

  mutating func warn(_ text: String, in file: String, at place: ConfigurationTree.Place?) {
    guard warnings.count < Self.countMax else { return }
    warnings.append(Note(file: file, place: place, text: text))
  }

  mutating func stop(_ text: String, in file: String, at place: ConfigurationTree.Place?) {
    guard !isFull else { return }
    stops.append(Note(file: file, place: place, text: text))
  }
}
