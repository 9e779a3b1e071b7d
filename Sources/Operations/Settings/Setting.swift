/// One setting: its name, what it may be, what it is when nobody says, and one line about it.
package struct Setting: Sendable {
  /// Which values a setting takes.
  package enum Kind: Sendable, Equatable {
    case integer(ClosedRange<Int>)
    /// As `integer`, or `auto`, which follows the processor's cores.
    case integerOrAuto(ClosedRange<Int>)
    case bytes(ClosedRange<Int>)
    /// As `bytes`, or a share of this machine's memory: `25%`.
    case bytesOrShare(ClosedRange<Int>)
    case bytesPerSecond(ClosedRange<Int>)
    case duration(ClosedRange<Duration>)
    /// As `duration`, or `none`.
    case durationOrNone(ClosedRange<Duration>)
    case choice([String])
    case boolean
    /// Any text; empty means not set.
    case text
    /// As `text`, and shown to nobody.
    case secret
    /// A file's path; empty means not set.
    case path
    /// Names divided by commas.
    case names
    /// As `names`, and shown to nobody.
    case secrets
    /// `name:count` or `name:count:device`, divided by commas.
    case resources
    /// A name and what it sets, divided by commas: `fast,cpu-cores=0-3`.
    case hostPolicies
    /// IP addresses or networks such as `10.0.0.0/8`, divided by commas.
    case networks

    /// Whether there may be several values, in a list or under several flags.
    package var isList: Bool {
      switch self {
      case .names, .secrets, .networks, .resources, .hostPolicies: true
      default: false
      }
    }
  }

  /// Which heading of the reference page a setting stands under.
  package enum Topic: String, Sendable, CaseIterable {
    case addresses = "Addresses and who may call"
    case models = "Models and threads"
    case repository = "Repository and memory"
    case limits = "Limits"
    case stopping = "Stopping"
    case logging = "Logging"
    case settings = "Settings themselves"
  }

  /// Where a setting may be given.
  package enum Reach: Sendable {
    case everywhere
    /// Not in `apus.yaml`, because it says which file that is.
    case flagAndVariable
    /// What one call is to do.
    case flag
  }

  package let name: SettingName
  package let topic: Topic
  package let kind: Kind
  /// As a person would write it.
  package let fallback: String
  package let purpose: String
  package let reach: Reach

  package init(
    _ name: SettingName, _ topic: Topic, _ kind: Kind, fallback: String,
    reach: Reach = .everywhere, _ purpose: String
  ) {
    self.name = name
    self.topic = topic
    self.kind = kind
    self.fallback = fallback
    self.reach = reach
    self.purpose = purpose
  }
}
