import Reports

/// Scenarios and thresholds as test cases, in the XML of JUnit that CI servers read.
package struct JUnitReport: Sendable {
  /// One test case.
  package struct Case: Sendable {
    let suite: String
    let name: String
    let seconds: Double
    let failure: String?
    let notes: [String]

    /// - Parameters:
    ///   - failure: why it failed; `nil` where it passed.
    ///   - notes: what is to be known although it passed.
    package init(
      suite: String, name: String, seconds: Double, failure: String?, notes: [String] = []
    ) {
      self.suite = suite
      self.name = name
      self.seconds = seconds
      self.failure = failure
      self.notes = notes
    }
  }

  private let cases: [Case]

  package init(_ cases: [Case]) { self.cases = cases }

  package var xml: String {
    var markup = Markup()
    let failed = cases.count { $0.failure != nil }
    let time = Readable.decimal(cases.reduce(0) { $0 + $1.seconds }, places: 3)
    let counts: Markup.Attributes = [
      "name": "apus bench", "tests": "\(cases.count)", "failures": "\(failed)", "errors": "0",
      "skipped": "0", "time": time,
    ]
    markup.add(raw: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
    markup.element("testsuites", counts) { markup in
      markup.element("testsuite", counts) { markup in
        for each in cases { Self.write(each, &markup) }
      }
    }
    return markup.text + "\n"
  }

  private static func write(_ each: Case, _ markup: inout Markup) {
    let attributes: Markup.Attributes = [
      "classname": each.suite, "name": each.name,
      "time": Readable.decimal(each.seconds, places: 3),
    ]
    markup.add(raw: "\n")
    markup.element("testcase", attributes) { markup in
      if let failure = each.failure {
        markup.element("failure", ["message": failure], failure)
      }
      if !each.notes.isEmpty {
        markup.element("system-out", each.notes.joined(separator: "\n"))
      }
    }
  }
}
