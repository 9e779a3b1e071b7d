package import Inference
package import Jobs

/// Samples that a target is asked, by number, with what is right for each where that is known.
package struct SampleSet: Sendable {
  /// One or more.
  package let samples: [SampleContent]
  package let truth: SampleTruth?

  package init(_ samples: [SampleContent], truth: SampleTruth? = nil) {
    precondition(!samples.isEmpty, "a set without samples")
    self.samples = samples
    self.truth = truth
  }
}

/// One sample, before it is made what a target takes.
package enum SampleContent: Sendable {
  /// A photo, or whatever is posted as it is; read when it is needed.
  case file(String)
  /// A document that is posted as it is, or a request of the protocol V2.
  case document([UInt8], name: String)
  /// As many rows as the model takes at once, usually one.
  case rows(RowTable)
  /// Arrays, of which a row is the sample; the name is empty where there is only one.
  case arrays([NamedTensor])
  /// Made up for a signature.
  case tensors(TensorRequest)
}
