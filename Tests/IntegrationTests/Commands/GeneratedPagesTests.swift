import Testing

@Suite struct GeneratedPagesTests {
  @Test(arguments: [
    "configuration.md", "metrics.md", "errors.md", "endpoints.md", "graph-steps.md",
  ])
  func `the pages of docs are those that the code makes`(page: String) throws {
    let folder = try TemporaryFolder()
    #expect(try ChildProcess.run(["generate-docs", "\(folder.path)/pages"]).status == 0)
    let fresh = try folder.text("pages/\(page)")
    let kept = String(
      decoding: try TemporaryFolder.bytes("docs/operating/\(page)"), as: UTF8.self)
    #expect(fresh == kept, "run make docs")
  }

  @Test func `is not among the commands that help lists`() throws {
    let help = try ChildProcess.run(["--help"])
    #expect(help.status == 0)
    #expect(!help.output.contains("generate-docs"))
    #expect(help.output.contains("inspect"))
  }
}
