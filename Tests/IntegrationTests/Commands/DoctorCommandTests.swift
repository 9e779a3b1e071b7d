import Testing

@Suite struct DoctorCommandTests {
  @Test func `finds this machine fit after the set-up`() throws {
    let result = try ChildProcess.run(["doctor", "--json"])
    #expect(result.status == 0, "\(result.output)")
    let report = try JSONDocument(result.output)
    #expect(report["fit"].isTrue == true)
    let subjects = report["findings"].elements.compactMap { $0["subject"].text }
    for subject in [
      "processor", "cores", "memory", "GPU", "ONNX Runtime", "OpenVINO", "JPEG photos",
      "model digits",
      "open files", "temporary files", "port 8000", "port 8001", "port 8002",
    ] { #expect(subjects.contains(subject), "\(subjects)") }
  }

  @Test func `prints the same for people`() throws {
    let result = try ChildProcess.run(["doctor"])
    #expect(result.status == 0)
    #expect(result.output.contains("ONNX Runtime"))
    #expect(result.output.contains("loaded in"))
  }

  @Test func `looks at the ports that the settings name`() throws {
    let result = try ChildProcess.run(
      ["doctor", "--json"], environment: ["APUS_HTTP_PORT": "18999", "APUS_METRICS_PORT": "0"])
    #expect(result.output.contains("port 18999"))
    #expect(!result.output.contains("port 8002"))
  }

  @Test func `says which setting is wrong`() throws {
    let result = try ChildProcess.run(["doctor"], environment: ["APUS_HTTP_PROT": "1"])
    #expect(result.status == 0)
    #expect(result.output.contains("APUS_HTTP_PROT"))
  }
}
