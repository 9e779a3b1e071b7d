/// One setting that may change while the server runs, by the name that clients know.
package struct RunningSetting: Sendable, Equatable {
  package enum Value: Sendable, Equatable {
    case boolean(Bool)
    case integer(Int64)
    case text(String)
    case texts([String])
  }

  package let name: String
  package let value: Value

  package init(_ name: String, _ value: Value) {
    self.name = name
    self.value = value
  }
}

/// Settings of one topic, such as tracing, that operators read and change through any front.
///
/// Called from any thread; takes a lock for a moment.
package protocol RunningSettings: Sendable {
  /// What is in force, for one model or, with `nil`, for the server.
  func values(ofModel model: String?) -> [RunningSetting]
  /// Changes all of them, or none and throws; `nil` for a value goes back to what was there before
  /// anybody changed it.
  func change(
    _ changes: [(name: String, value: RunningSetting.Value?)], ofModel model: String?
  ) throws(InferenceFailure)
}
