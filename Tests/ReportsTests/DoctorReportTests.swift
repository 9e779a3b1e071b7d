import Testing
import WireFormats

@testable import Reports

@Suite struct DoctorReportTests {
  private let fine = Finding.works(.machine, "cores", "2")

  @Test func `everything works where nothing is missing`() {
    let report = DoctorReport([fine, .noted(.serving, "port 8000", "taken")])
    #expect(report.isFit)
    #expect(report.lines.last == "everything works")
  }

  @Test func `is fit without what serving does not need, and says how to get it`() {
    let report = DoctorReport([
      fine, .missing(.runtimes, "WebP photos", "not found", remedy: "apt-get install libwebp7"),
    ])
    #expect(report.isFit)
    #expect(report.lines.contains { $0.hasSuffix("-> apt-get install libwebp7") })
    #expect(report.lines.last == "ONNX models can be served; of the rest is missing: WebP photos")
  }

  @Test func `is not fit without what serving needs`() {
    let report = DoctorReport([.needed(.runtimes, "ONNX Runtime", "not found", remedy: "get it")])
    #expect(!report.isFit)
    #expect(report.json["fit"] == .bool(false))
    guard case .array(let findings)? = report.json["findings"] else {
      Issue.record("no findings")
      return
    }
    #expect(findings.first?["state"] == .string("missing"))
    #expect(findings.first?["remedy"] == .string("get it"))
  }
}
