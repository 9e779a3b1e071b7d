import Glibc

/// How long a caller of a closed loop waits between an answer and its next request.
package struct ThinkTime: Sendable, Equatable {
  package enum Kind: String, Sendable {
    case constant
    /// Drawn anew each time from an exponential distribution of that mean.
    case exponential = "exp"
  }

  package let kind: Kind
  package let meanNanoseconds: UInt64

  package init(_ kind: Kind, meanNanoseconds: UInt64) {
    self.kind = kind
    self.meanNanoseconds = meanNanoseconds
  }

  func draw(_ generator: inout MersenneTwister) -> UInt64 {
    switch kind {
    case .constant: meanNanoseconds
    case .exponential: UInt64(-log(1 - generator.fraction()) * Double(meanNanoseconds))
    }
  }
}
