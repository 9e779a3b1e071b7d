import ArgumentParser
import LoadTesting

/// What is known to be right, and what else is looked at than speed.
struct SampleArguments: ParsableArguments {
  @Option(
    help: """
      The column of --data that says what is right; of an .npz the array. The other columns are asked.
      """)
  var label: String?

  @Option(
    help: """
      A file that says what is right: COCO annotations (.json), a table `file,label` for photos, or an \
      array (.npy) with a label for each row.
      """)
  var truth: String?

  @Flag(
    help: """
      Check that answers in the timed run are those that each sample gets by itself, and that nothing \
      is remembered. Named after MLPerf's audit tests; no MLPerf result.
      """)
  var compliance = false

  @Option(
    help: """
      By how much numbers may differ for --compliance, in proportion; 0 is not by a bit. (default: 0)
      """)
  var tolerance: String?

  /// Nothing but speed is asked for.
  var areAbsent: Bool { label == nil && truth == nil && !compliance }

  var toleranceValue: Double {
    get throws {
      guard let tolerance else { return 0 }
      guard compliance, let value = Double(tolerance), (0..<1).contains(value) else {
        throw Failure.usage("--tolerance: expected a number from 0 and below 1, with --compliance")
      }
      return value
    }
  }
}
