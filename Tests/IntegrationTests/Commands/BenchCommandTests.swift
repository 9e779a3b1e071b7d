import Testing

@Suite struct BenchCommandTests {
  @Test func `measures a model in its own process`() throws {
    let result = try ChildProcess.run(["bench", "iris", "--requests", "100"])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("single-stream, iris: 100 queries"))
    #expect(result.output.contains("offline, iris: 1 query of 100 samples"))
    #expect(result.output.contains("p90, early stopping"))
    #expect(result.output.contains("not a full run"))
  }

  @Test(arguments: [
    "single-stream", "multi-stream", "server", "offline", "closed-loop", "constant-rate",
  ])
  func `writes one document for one scenario`(scenario: String) throws {
    let rate = ["server", "constant-rate"].contains(scenario) ? ["--rate", "2000"] : []
    let result = try ChildProcess.run(
      ["bench", "iris", "--scenario", scenario, "--requests", "50", "--json", "-"] + rate)
    #expect(result.status == 0, "\(result.errors)")
    let document = try JSONDocument(result.output)
    #expect(document["scenario"].text == scenario)
    #expect(document["full_run"].isTrue == false)
    #expect((document["latency_ms"]["p99"].number ?? 0) > 0)
    #expect((document["throughput"]["value"].number ?? 0) > 0)
    #expect(document["errors"]["rate"].number == 0)
    #expect(document["environment"]["target"].text == "iris")
    #expect(document["command"].text?.contains("bench iris --scenario \(scenario)") == true)
    #expect(document["run"]["queries"].number == 50)
  }

  @Test func `asks with rows and photos of files`() throws {
    let folder = try TemporaryFolder()
    let rows = try folder.write("5.1,3.5,1.4,0.2\n6.1,3.5,1.4,0.2\n", to: "rows.csv")
    for arguments in [
      ["iris", "--data", rows], ["shapes", "--data", "models/shapes/example-1.png"],
    ] {
      let result = try ChildProcess.run(
        ["bench"] + arguments + ["--scenario", "single-stream", "--requests", "5"])
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.output.contains("errors") && result.output.contains("none"))
    }
  }

  @Test func `compares two targets in turns`() throws {
    let command = [
      "bench", "iris", "--against", "digits", "--concurrency", "2", "--requests", "200",
    ]
    let result = try ChildProcess.run(command)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("in turns, 10 rounds"))
    let document = try JSONDocument(try ChildProcess.run(command + ["--json", "-"]).output)
    #expect(document["against"]["environment"]["target"].text == "digits")
    #expect((document["ratio"]["throughput"]["low"].number ?? 0) > 0)
    let missing = try ChildProcess.run([
      "bench", "iris", "--against", "http://127.0.0.1:1/v2/models/x",
    ])
    #expect(missing.status == 1)
    #expect(missing.errors.contains("nothing listens"))
  }

  @Test func `ends with 1 beyond a threshold and says which`() throws {
    let command = ["bench", "iris", "--scenario", "single-stream", "--requests", "70", "--fail-if"]
    let beyond = try ChildProcess.run(command + ["p50>1us,errors>0"])
    #expect(beyond.status == 1)
    #expect(beyond.errors.contains("--fail-if p50>1us: single-stream has p50"))
    #expect(!beyond.errors.contains("errors>0"))
    #expect(try ChildProcess.run(command + ["p50>100s"]).status == 0)
  }

  @Test(arguments: [
    (["bench"], "<target>"), (["bench", "iris", "--scenario", "best"], "single-stream"),
    (["bench", "iris", "--scenario", "constant-rate"], "needs --rate"),
    (["bench", "iris", "--scenario", "server", "--against", "digits"], "say the --rate"),
    (["bench", "iris", "--rate=-1"], "queries a second"),
    (["bench", "iris", "--scenario", "offline", "--rate", "5"], "server, constant-rate"),
    (
      ["bench", "iris", "--scenario", "server", "--rate", "5", "--concurrency", "5"], "closed-loop"
    ),
    (["bench", "iris", "--concurrency", "0"], "1 to 1024"),
    (["bench", "iris", "--duration", "long"], "500ms"),
    (["bench", "iris", "--duration", "2d"], "24h"),
    (["bench", "iris", "--requests", "0"], "integer from 1"),
    (["bench", "iris", "--seed", "x"], "integer from 0"),
    (["bench", "iris", "--fail-if", "p99"], "p99>20ms"),
    (["bench", "iris", "--shape", "features"], "NAME=1,3,640,640"),
    (["bench", "iris", "--latency-bound", "5ms"], "for the scenario server"),
    (["bench", "ftp://localhost/v2/models/iris"], "http://, https://, grpc:// or unix:"),
    (["bench", "http://localhost:0/v2/models/iris"], "1 to 65535"),
    (["bench", "http:///v2/models/iris"], "HOST:PORT"),
    (["bench", "http://localhost:1/x", "--label", "y"], "need --data"),
    (["bench", "http://localhost:1/v2/models/iris", "--encoding", "xml"], "binary, json"),
    (["bench", "http://localhost:1/v2/models/iris", "--precision", "bf16"], "in this process"),
  ])
  func `wrong usage ends with 2 and says why`(arguments: [String], words: String) throws {
    let result = try ChildProcess.run(arguments)
    #expect(result.status == 2)
    #expect(result.errors.contains(words), "\(result.errors)")
    #expect(result.output.isEmpty)
  }

  @Test(arguments: [
    (["bench", "no-such-model.onnx"], "no-such-model.onnx: No such file"),
    (["bench", "iris", "--data", "/nowhere.csv"], "No such file"),
    (["bench", "iris", "--data", "models/README.md"], "models/README.md"),
    (["bench", "iris", "--shape", "x=1,4"], "it has features"),
    (["bench", "iris", "--scenario", "server", "--latency-bound", "2us"], "no rate keeps"),
    (["bench", "iris", "--shape", "features=1,5"], "[-1,4]"),
    (["bench", "http://127.0.0.1:1/v2/models/iris"], "nothing listens"),
    (["bench", "http://no-such-host.invalid/v2/models/iris"], "no-such-host.invalid"),
    (["bench", "iris", "--requests", "5", "--json", "/nowhere/x.json"], "/nowhere/x.json"),
  ])
  func `what cannot be done ends with 1 and says why`(arguments: [String], words: String) throws {
    let result = try ChildProcess.run(arguments)
    #expect(result.status == 1)
    #expect(result.errors.contains(words), "\(result.errors)")
  }
}
