/// Every key of one dialect: its kind, and what becomes of it here. The one place where that is
/// written down; readers, checks and the page of documentation follow it.
struct ConfigurationTable: Sendable {
  /// Keys of each kind of group, in the order of the page.
  let groups: [(name: String, fields: [ConfigurationField])]
  /// The group that a whole file is.
  let root: String

  func fields(of group: String) -> [ConfigurationField] {
    groups.first { $0.name == group }?.fields ?? []
  }
}

/// One key.
struct ConfigurationField: Sendable {
  /// What may stand after it.
  enum Kind: Sendable, Equatable {
    case text
    case integer(ClosedRange<Int64>)
    case number
    case boolean
    /// A length of time with its unit.
    case duration
    case choice([String])
    /// A group of the table's, by its name.
    case group(String)
    /// Whatever its reader makes of it.
    case tree(String)
  }

  /// How often a value may come.
  enum Arity: Sendable, Equatable {
    case single
    case repeated
    /// Under names of the operator's choice.
    case keyed
  }

  /// What becomes of it. A value that is its kind's default (nothing, 0, false) says nothing and
  /// is left alone.
  enum Fate: Sendable, Equatable {
    /// Obeyed, in the way that the text says.
    case honoured(String)
    /// It only concerns speed: the model loads without it, and the text says why.
    case warns(String)
    /// It would change answers, order or limits, and is not done here: the model does not load.
    case stops(String)
  }

  let name: String
  /// Its number in the public message; 0 where the dialect has none.
  let number: Int
  let kind: Kind
  let arity: Arity
  let fate: Fate
  /// Of keys with the same word here, one may be given.
  let alternative: String?

  init(
    _ name: String, _ number: Int, _ kind: Kind, _ arity: Arity, _ fate: Fate,
    alternative: String? = nil
  ) {
    self.name = name
    self.number = number
    self.kind = kind
    self.arity = arity
    self.fate = fate
    self.alternative = alternative
  }

  /// A key of a dialect without numbers.
  init(_ name: String, _ kind: Kind, _ arity: Arity, _ fate: Fate, alternative: String? = nil) {
    self.init(name, 0, kind, arity, fate, alternative: alternative)
  }

  /// A single value of a dialect without numbers.
  init(_ name: String, _ kind: Kind, _ fate: Fate, alternative: String? = nil) {
    self.init(name, 0, kind, .single, fate, alternative: alternative)
  }

  /// What may stand there, for sentences.
  var expectation: String {
    switch kind {
    case .text: "a text"
    case .integer(let range):
      range.upperBound >= Int64(Int32.max)
        ? "a whole number from \(range.lowerBound)"
        : "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .number: "a number"
    case .boolean: "true or false"
    case .duration: "a length of time with its unit, such as 20ms"
    case .choice(let names): names.joined(separator: " or ")
    case .group: "a group of keys"
    case .tree(let expectation): expectation
    }
  }
}
