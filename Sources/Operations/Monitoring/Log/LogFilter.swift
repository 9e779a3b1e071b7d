import Synchronization

/// Which levels are written and in which form; read by every line, changed by operators.
final class LogFilter: Sendable {
  /// One bit for each level.
  private let levels: Atomic<UInt8>
  private let isText: Atomic<Bool>

  init(_ settings: ServerLog.Settings) {
    var bits: UInt8 = 0
    for level in LogLevel.allCases where level >= settings.level { bits |= Self.bit(level) }
    levels = Atomic(bits)
    isText = Atomic(settings.format == .text)
  }

  private static func bit(_ level: LogLevel) -> UInt8 {
    switch level {
    case .debug: 1
    case .info: 2
    case .warn: 4
    case .error: 8
    }
  }

  func takes(_ level: LogLevel) -> Bool {
    levels.load(ordering: .relaxed) & Self.bit(level) != 0
  }

  func set(_ level: LogLevel, isWritten: Bool) {
    if isWritten {
      levels.bitwiseOr(Self.bit(level), ordering: .relaxed)
    } else {
      levels.bitwiseAnd(~Self.bit(level), ordering: .relaxed)
    }
  }

  var format: LogFormat {
    get { isText.load(ordering: .relaxed) ? .text : .json }
    set { isText.store(newValue == .text, ordering: .relaxed) }
  }
}
