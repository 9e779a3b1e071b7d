import Inference
import Settings
import Testing

@Suite struct ServeSettingsTests {
  let machine = MachineLimits(cores: 4, memoryByteCount: 8 << 30)

  func resolve(
    flags: [String: String] = [:], environment: [String: String] = [:], file: String? = nil
  ) throws(SettingsFault) -> ServeSettings {
    try ServeSettings.resolve(
      flags: flags, environment: environment, file: file, machine: machine)
  }

  func fault(
    flags: [String: String] = [:], environment: [String: String] = [:], file: String? = nil
  ) -> SettingsFault? {
    do {
      _ = try resolve(flags: flags, environment: environment, file: file)
      return nil
    } catch {
      return error
    }
  }

  @Test func `every default is valid and every property has its kind`() throws {
    let settings = try resolve()
    #expect(settings.httpPort == 8000 && settings.grpcPort == 8001 && settings.metricsPort == 8002)
    #expect(settings.host == "127.0.0.1")
    #expect(settings.corsOrigins == [] && settings.allowedHosts == [])
    #expect(settings.trustedProxies == [] && settings.callerHeader == nil)
    #expect(settings.loops == 4 && settings.instances == 4 && settings.runtimeThreads == 1)
    #expect(settings.precision == .f32 && settings.defaultModel == nil)
    #expect(settings.labelsPath == nil && settings.resize == .pillow && settings.isScaledDecoding)
    #expect(settings.bodyBytesMax == 64 << 20 && settings.jsonDepthMax == 64)
    #expect(settings.headerBytesMax == 32 << 10 && settings.headerTimeout == .seconds(10))
    #expect(settings.bodyRateMin == 16 << 10 && settings.bodyGrace == .seconds(10))
    #expect(settings.connectionsMax == 10_000 && settings.idleTimeout == .seconds(75))
    #expect(settings.waitingRequestsMax == 1_024 && settings.imagePixelsMax == 100_000_000)
    #expect(settings.waitingBytesMax == (8 << 30) / 100 * 25 && settings.requestTimeout == nil)
    #expect(settings.drainDelay == .zero && settings.drain == .seconds(30))
    #expect(settings.accessLog == .slow && settings.slowRequest == .seconds(1))
    #expect(settings.logFormat == .json && settings.logLevel == .info && settings.logFile == nil)
    #expect(settings.printConfig == .off)
    #expect(settings.limits.contains { $0.name == "header-timeout" && $0.value == 10 })
  }

  @Test func `host policies name processors, several flags add up`() throws {
    let flags = try ServeArguments.parse(
      [
        "--host-policy=a,cpu-cores=0-1", "--host-policy", "b,numa-node=0",
        "--host-policy=a,cpu-cores=3",
      ]
    ).flags
    let policies = try resolve(flags: flags).hostPolicies
    #expect(policies.map(\.name) == ["a", "b"])
    #expect(policies.map(\.cores) == [[0, 1, 3], []])
    #expect(policies.map(\.namesNode) == [false, true])
  }

  @Test(arguments: [
    "a", "cpu-cores=0", "a,cpu-cores=", "a,cpu-cores=2-1", "a,cpu-cores=x", "a,cpu-cores=0-1-2",
    "a,cpu-cores=-1", "a,cpu-cores=0-9999", "a,memory=1", "a,numa-node=x",
  ])
  func `a policy that is no policy is refused`(_ text: String) {
    guard case .wrongValue(.hostPolicy, _, _, text)? = fault(flags: ["host-policy": text]) else {
      Issue.record("taken")
      return
    }
  }

  @Test func `a policy of processors that are not ours is refused, and ours are named`() {
    let fault = fault(flags: ["host-policy": "a,cpu-cores=2-5"])
    let text = fault.map { "\($0)" } ?? ""
    #expect(text.contains("0-3") && text.contains("core 4") && text.contains("policy a"), "\(text)")
  }

  @Test func `resources have a count, and a device perhaps`() throws {
    let settings = try resolve(
      flags: ["rate-limit-resource": "R1:10,R2:5:0", "rate-limit": "execution_count"])
    #expect(settings.isRateLimited)
    #expect(settings.resourceCounts.map(\.name) == ["R1", "R2"])
    #expect(settings.resourceCounts.map(\.count) == [10, 5])
    #expect(settings.resourceCounts.map(\.device) == [nil, 0])
    #expect(try !resolve().isRateLimited)
    for text in ["R1", "R1:x", ":3", "R1:1:x", "R1:1:2:3", "R1:-1"] {
      #expect(fault(flags: ["rate-limit-resource": text]) != nil, "\(text)")
    }
  }

  @Test func `a flag wins over a variable, that over the file, that over the default`() throws {
    let file = try TemporaryFile("http-port: 3\ngrpc-port: 4\nmetrics-port: 5\n")
    let settings = try resolve(
      flags: ["http-port": "1"], environment: ["APUS_HTTP_PORT": "2", "APUS_GRPC_PORT": "6"],
      file: file.path)
    #expect(settings.httpPort == 1 && settings.origin(of: .httpPort) == .flag("--http-port"))
    #expect(
      settings.grpcPort == 6 && settings.origin(of: .grpcPort) == .variable("APUS_GRPC_PORT"))
    #expect(settings.metricsPort == 5)
    #expect(settings.origin(of: .metricsPort) == .file(path: file.path, line: 3))
    #expect(settings.origin(of: .host) == .fallback)
  }

  @Test func `an unknown flag, variable or key names the nearest known one`() throws {
    #expect(
      fault(flags: ["http-prot": "1"])
        == .unknownName("--http-prot", origin: .flag("--http-prot"), nearest: "--http-port"))
    #expect(
      fault(environment: ["APUS_DRIAN": "1s"])
        == .unknownName("APUS_DRIAN", origin: .variable("APUS_DRIAN"), nearest: "APUS_DRAIN"))
    let file = try TemporaryFile("# mine\nhttpport: 1\n")
    #expect(
      fault(file: file.path)
        == .unknownName(
          "httpport", origin: .file(path: file.path, line: 2), nearest: "http-port"))
    #expect(
      fault(flags: ["frobnicate": "1"])
        == .unknownName("--frobnicate", origin: .flag("--frobnicate"), nearest: nil))
  }

  @Test func `variables of other parts and of other programs are left alone`() throws {
    let environment = ["APUS_NATIVE": "/x", "APUS_SHARED_DATA": "/y", "APUS_BINARY": "z", "A": ""]
    #expect(throws: Never.self) { try resolve(environment: environment) }
  }

  @Test(arguments: [
    ("http-port", "65536"), ("http-port", "eighty"), ("http-port", "-1"), ("http-port", ""),
    ("body-bytes-max", "64QB"), ("body-bytes-max", "0"), ("body-bytes-max", "99999999999GiB"),
    ("drain", "10"), ("drain", "10 fortnights"), ("header-timeout", "0s"),
    ("precision", "f16"), ("scaled-decoding", "perhaps"), ("instances", "0"),
    ("trusted-proxies", "10.0.0.0/33"), ("trusted-proxies", "here"), ("waiting-bytes-max", "101%"),
    ("waiting-bytes-max", "0%"), ("request-timeout", "never"), ("config", "\0"),
  ])
  func `a wrong value is refused with its setting, origin and expectation`(
    _ name: String, _ text: String
  ) throws {
    let found = try #require(fault(flags: [name: text]))
    if name == "config" {
      guard case .fileUnreadable = found else {
        Issue.record("\(found)")
        return
      }
      return
    }
    guard case .wrongValue(let setting, let origin, let expected, let got) = found else {
      Issue.record("\(found)")
      return
    }
    #expect(setting.rawValue == name && origin == .flag("--\(name)") && got == text)
    #expect(!expected.isEmpty)
  }

  @Test func `sizes, rates, shares, times and lists are read`() throws {
    let settings = try resolve(flags: [
      "body-bytes-max": "1MB", "body-rate-min": "2kB/s", "waiting-bytes-max": "50%",
      "drain": "250ms", "request-timeout": "1m", "cors-origins": "https://a.example, *",
      "trusted-proxies": "10.0.0.0/8,::1", "scaled-decoding": "off",
    ])
    #expect(settings.bodyBytesMax == 1_000_000 && settings.bodyRateMin == 2_000)
    #expect(settings.waitingBytesMax == (8 << 30) / 100 * 50)
    #expect(settings.drain == .milliseconds(250) && settings.requestTimeout == .seconds(60))
    #expect(settings.corsOrigins == ["https://a.example", "*"])
    #expect(settings.trustedProxies == ["10.0.0.0/8", "::1"] && !settings.isScaledDecoding)
  }

  @Test func `never more compute threads than cores`() throws {
    #expect(try resolve(flags: ["runtime-threads": "2"]).instances == 2)
    #expect(try resolve(flags: ["runtime-threads": "3"]).instances == 1)
    guard
      case .contradiction(.instances, .runtimeThreads, _) = fault(
        flags: ["runtime-threads": "2", "instances": "3"])
    else {
      Issue.record("six threads on four cores were accepted")
      return
    }
    #expect(fault(flags: ["runtime-threads": "8"]) != nil)
  }

  @Test func `two ports that are the same contradict each other`() {
    guard case .contradiction(.httpPort, .metricsPort, _) = fault(flags: ["metrics-port": "8000"])
    else {
      Issue.record("one port for two listeners was accepted")
      return
    }
    #expect(fault(flags: ["grpc-port": "0", "metrics-port": "0"]) == nil)
  }

  @Test func `a chosen file must exist, the usual one need not`() {
    #expect(fault(file: "/nonexistent/apus.yaml") == nil)
    guard case .fileUnreadable = fault(environment: ["APUS_CONFIG": "/nonexistent/apus.yaml"])
    else {
      Issue.record("a missing file was accepted")
      return
    }
  }

  @Test(arguments: [
    ("- a\n- b\n", 1), ("http-port: {a: 1}\n", 1), ("host: x\nhttp-port: [a: 1]\n", 2),
    ("host: 'x\n", 1), ("host: a\nhost: b\n", 1), ("host: a\n\tb: c\n", 2),
  ])
  func `a malformed file names the line`(_ text: String, _ line: Int) throws {
    let file = try TemporaryFile(text)
    guard case .fileMalformed(file.path, let found, _) = fault(file: file.path) else {
      Issue.record("\(String(describing: fault(file: file.path)))")
      return
    }
    #expect(found >= line)
  }

  @Test func `a list is a list, and only where several are taken`() throws {
    let file = try TemporaryFile("cors-origins:\n  - https://a.example\n  - https://b.example\n")
    #expect(
      try resolve(file: file.path).corsOrigins == ["https://a.example", "https://b.example"])
    let wrong = try TemporaryFile("http-port: [1, 2]\n")
    guard case .wrongValue(.httpPort, _, _, _) = fault(file: wrong.path) else {
      Issue.record("two ports were accepted")
      return
    }
  }

  @Test func `a file does not say which file it is`() throws {
    let file = try TemporaryFile("config: other.yaml\n")
    #expect(
      fault(file: file.path) == .misplaced(.config, origin: .file(path: file.path, line: 1)))
  }

  @Test func `the printed settings are a file that gives the same settings`() throws {
    let settings = try resolve(flags: [
      "cors-origins": "*", "log-file": "/tmp/a b#c.log", "caller-header": "x-user", "drain": "90s",
    ])
    let file = try TemporaryFile(settings.printedText())
    let again = try resolve(file: file.path)
    for name in SettingName.allCases {
      #expect(again.text(of: name) == settings.text(of: name))
    }
    #expect(settings.printedText().contains("# flag --drain"))
    #expect(settings.printedText().contains("# default"))
  }

  @Test func `the printed JSON has value and origin of each`() throws {
    let text = try resolve(environment: ["APUS_LOG_FILE": "a\"b\\"]).printedJSON()
    #expect(
      text.contains(
        #""log-file": {"value": "a\"b\\", "origin": "variable APUS_LOG_FILE"}"#))
    #expect(text.contains(#""instances": {"value": "4", "origin": "default"}"#))
  }

  @Test func `messages say what came, from where, and what is expected`() {
    #expect(
      fault(environment: ["APUS_DRAIN": "10"])?.description
        == "drain (variable APUS_DRAIN): expected a time from 0s to 24h, such as 250ms, 10s or 1m, "
        + "got \"10\"")
    #expect(
      fault(flags: ["hots": "x"])?.description
        == "unknown setting --hots (flag --hots); did you mean --host?")
  }
}

@Suite struct PortProfileTests {
  private func resolve(
    _ flags: [String: String], _ environment: [String: String] = [:]
  ) throws(SettingsFault) -> ServeSettings {
    try ServeSettings.resolve(
      flags: flags, environment: environment, file: nil,
      machine: MachineLimits(cores: 4, memoryByteCount: 8 << 30))
  }

  @Test func `TorchServe has three ports, the third for metrics`() throws {
    let settings = try resolve(["compat": "torchserve=8080,8081,8082 tensorflow=8501"])
    #expect(settings.portProfiles.map(\.port) == [8080, 8081, 8082, 8501])
    #expect(settings.portProfiles.map(\.isMetricsOnly) == [false, false, true, false])
    #expect(settings.portProfiles.last?.dialect.rawValue == "tensorflow")
  }

  @Test func `services have ports of their own`() throws {
    let settings = try resolve(["compat": "torchserve-grpc=7070,7071 tensorflow-grpc=8500"])
    #expect(settings.portProfiles.map(\.port) == [7070, 7071, 8500])
    #expect(settings.portProfiles.map(\.isGRPC) == [true, true, true])
    #expect(settings.portProfiles.map(\.isMetricsOnly) == [false, false, false])
    #expect(throws: SettingsFault.self) {
      try resolve(["compat": "tensorflow-grpc=8500", "grpc-port": "0"])
    }
  }

  @Test(arguments: [
    "torchserve-grpc=1,2,3", "tensorflow-grpc=1,2", "mlflow-grpc=1", "-grpc=1",
    "torchserve", "torchserve=", "torchserve=a", "torchserve=1,2,3,4", "tensorflow=1,2",
    "klingon=1", "mlflow=70000", "mlflow=8000",
  ])
  func `what is no port of a dialect, or is taken, is refused`(text: String) {
    #expect(throws: SettingsFault.self) { try resolve(["compat": text]) }
  }

  @Test func `the variables of SageMaker and Vertex AI open a port to everybody`() throws {
    let sageMaker = try resolve([:], ["SAGEMAKER_BIND_TO_PORT": "8080"])
    #expect(sageMaker.portProfiles.map(\.port) == [8080] && sageMaker.host == "0.0.0.0")
    #expect(sageMaker.origin(of: .compat) == .variable("SAGEMAKER_BIND_TO_PORT"))
    let vertex = try resolve(
      ["host": "127.0.0.1"],
      ["AIP_HTTP_PORT": "8080", "AIP_PREDICT_ROUTE": "/p", "AIP_HEALTH_ROUTE": "/h"])
    #expect(vertex.host == "127.0.0.1" && vertex.portProfiles[0].dialect.rawValue == "vertex")
    #expect(vertex.vertexPredictRoute == "/p" && vertex.vertexHealthRoute == "/h")
  }
}
