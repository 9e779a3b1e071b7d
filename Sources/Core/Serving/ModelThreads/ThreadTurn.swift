/// How long a turn on a core a model's thread wants: as long as its runs take. So of several models that
/// share the cores, one with short runs does not wait for the long ones of another to end.
struct ThreadTurn: Sendable {
  private var nanoseconds: UInt64 = 0

  /// A run took so long. The turn to be asked for; `nil` where that is of the order of the last one.
  mutating func ran(for duration: UInt64) -> UInt64? {
    guard duration > nanoseconds * 2 || duration < nanoseconds / 2 else { return nil }
    nanoseconds = duration
    return duration
  }
}
