/// Groups of addresses and calls that can be put under a key together, as Triton names them.
package enum EndpointGroup: String, Sendable, CaseIterable {
  case health
  case metadata
  case inference
  case sharedMemory = "shared-memory"
  case modelConfig = "model-config"
  case modelRepository = "model-repository"
  case statistics
  case trace
  case logging
}

/// Which groups take a header, or over gRPC a piece of metadata, and with which value.
package struct RestrictedGroups: Sendable {
  /// What opens a group.
  package struct Lock: Sendable, Equatable {
    /// In lower case.
    package let header: String
    private let value: Secret

    init(header: String, value: String) {
      self.header = header
      self.value = Secret(value)
    }

    package func isOpened(by given: String?) -> Bool { value.isEqual(to: (given ?? "").utf8) }
  }

  /// What is wrong with a restriction.
  package struct Problem: Error, Sendable, Equatable {
    package let reason: String
  }

  private let locks: [EndpointGroup: Lock]

  package static let none = RestrictedGroups(locks: [:])

  private init(locks: [EndpointGroup: Lock]) { self.locks = locks }

  /// Reads `GROUP,GROUP:HEADER=VALUE`, one or several, taken apart at their commas.
  ///
  /// - Parameter headerPrefix: what stands before the name on the wire.
  package init(pieces: [String], headerPrefix: String = "") throws(Problem) {
    var locks: [EndpointGroup: Lock] = [:]
    var groups: [EndpointGroup] = []
    for piece in pieces {
      let parts = piece.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard let group = EndpointGroup(rawValue: String(parts[0])) else {
        let known = EndpointGroup.allCases.map(\.rawValue).joined(separator: ", ")
        throw Problem(reason: "there is no group \(parts[0]); there are \(known)")
      }
      groups.append(group)
      guard parts.count == 2 else { continue }
      let lock = try Self.lock(parts[1], headerPrefix)
      for group in groups where locks.updateValue(lock, forKey: group) != nil {
        throw Problem(reason: "\(group.rawValue) is restricted twice")
      }
      groups = []
    }
    if let open = groups.last {
      throw Problem(reason: "\(open.rawValue) has no key; write GROUP,...:HEADER=VALUE")
    }
    self.locks = locks
  }

  private static func lock(_ text: Substring, _ prefix: String) throws(Problem) -> Lock {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
      throw Problem(reason: "expected HEADER=VALUE after the groups")
    }
    return Lock(header: (prefix + parts[0]).lowercased(), value: String(parts[1]))
  }

  package var isEmpty: Bool { locks.isEmpty }

  /// Headers that a front has to keep of each request.
  package var headers: Set<String> { Set(locks.values.map(\.header)) }

  /// `nil` where everybody may.
  package func lock(of group: EndpointGroup) -> Lock? { locks[group] }
}
