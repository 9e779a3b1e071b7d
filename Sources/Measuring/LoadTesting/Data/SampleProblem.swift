/// Why samples cannot be had of what somebody named, or a target cannot be asked with them.
package struct SampleProblem: Error, Sendable, Equatable, CustomStringConvertible {
  /// One sentence, the file's name first where there is one.
  package let description: String

  package init(_ description: String) { self.description = description }
}
