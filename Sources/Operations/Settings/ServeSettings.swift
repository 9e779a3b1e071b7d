/// The settings of one `apus serve`, all valid, each with where it came from.
package struct ServeSettings: Sendable {
  private var values: [SettingName: SettingValue] = [:]
  private var origins: [SettingName: SettingOrigin] = [:]
  /// What the values that follow the machine were made of.
  package let machine: MachineLimits

  /// Where a setting's value came from.
  package func origin(of name: SettingName) -> SettingOrigin { origins[name] ?? .fallback }

  subscript(name: SettingName) -> SettingValue {
    guard let value = values[name] else {
      preconditionFailure("the setting \(name.rawValue) has no value")
    }
    return value
  }

  /// Takes each setting from the first that gives it: flags, variables, the file, the default.
  ///
  /// `flags` has names without dashes. The file is that of `--config` or `APUS_CONFIG`, which must
  /// exist, else the one at `file`, which need not. Blocks on reading it.
  package static func resolve(
    flags: [String: String], environment: [String: String], file: String?,
    machine: MachineLimits = .current()
  ) throws(SettingsFault) -> ServeSettings {
    var given = try fromFlags(flags)
    for (name, entry) in try fromVariables(environment) where given[name] == nil {
      given[name] = entry
    }
    for (name, entry) in fromPlatform(environment) where given[name] == nil {
      given[name] = entry
    }
    for (name, entry) in try fromFile(given[.config]?.text, otherwise: file)
    where given[name] == nil {
      given[name] = entry
    }
    var settings = ServeSettings(machine: machine)
    for row in SettingsTable.rows { try settings.take(row, given[row.name]) }
    try settings.checkTogether()
    return settings
  }

  /// A value as it was written, and where.
  private struct Entry {
    let text: String
    let origin: SettingOrigin
  }

  private init(machine: MachineLimits) { self.machine = machine }

  private mutating func take(_ row: Setting, _ entry: Entry?) throws(SettingsFault) {
    let text = entry?.text ?? row.fallback
    let origin = entry?.origin ?? .fallback
    guard let value = row.kind.value(of: text, machine: machine) else {
      throw .wrongValue(row.name, origin: origin, expected: row.kind.expectation, got: text)
    }
    values[row.name] = value
    origins[row.name] = origin
  }

  private static func fromFlags(
    _ flags: [String: String]
  ) throws(SettingsFault) -> [SettingName: Entry] {
    var entries: [SettingName: Entry] = [:]
    for (key, text) in flags {
      let origin = SettingOrigin.flag("--\(key)")
      guard let name = SettingName(rawValue: key) else {
        throw .unknownName("--\(key)", origin: origin, nearest: nearest(key).map { $0.flag })
      }
      entries[name] = Entry(text: text, origin: origin)
    }
    return entries
  }

  private static func fromVariables(
    _ environment: [String: String]
  ) throws(SettingsFault) -> [SettingName: Entry] {
    let known = Dictionary(
      uniqueKeysWithValues: SettingsTable.rows.filter { $0.reach != .flag }.map {
        ($0.name.variable, $0.name)
      })
    var entries: [SettingName: Entry] = [:]
    for (variable, text) in environment.sorted(by: { $0.key < $1.key })
    where variable.hasPrefix("APUS_") && !SettingsTable.otherVariables.contains(variable) {
      guard let name = known[variable] else {
        throw .unknownName(
          variable, origin: .variable(variable),
          nearest: NearestName.of(variable, in: known.keys + SettingsTable.otherVariables))
      }
      entries[name] = Entry(text: text, origin: .variable(variable))
    }
    return entries
  }

  /// What SageMaker and Vertex AI tell the containers that they start; such a container is called
  /// from outside.
  private static func fromPlatform(_ environment: [String: String]) -> [SettingName: Entry] {
    var entries: [SettingName: Entry] = [:]
    func take(_ variable: String, as name: SettingName, _ form: (String) -> String) {
      guard let text = environment[variable], !text.isEmpty else { return }
      entries[name] = Entry(text: form(text), origin: .variable(variable))
    }
    take("AIP_HTTP_PORT", as: .compat) { "vertex=\($0)" }
    take("SAGEMAKER_BIND_TO_PORT", as: .compat) { "sagemaker=\($0)" }
    take("AIP_PREDICT_ROUTE", as: .vertexPredictRoute) { $0 }
    take("AIP_HEALTH_ROUTE", as: .vertexHealthRoute) { $0 }
    take("AIP_HTTP_PORT", as: .host) { _ in "0.0.0.0" }
    take("SAGEMAKER_BIND_TO_PORT", as: .host) { _ in "0.0.0.0" }
    return entries
  }

  private static func fromFile(
    _ chosen: String?, otherwise usual: String?
  ) throws(SettingsFault) -> [SettingName: Entry] {
    let isChosen = chosen.map { !$0.isEmpty } ?? false
    guard let path = isChosen ? chosen : usual else { return [:] }
    if !isChosen, !TextFile.exists(path) { return [:] }
    var entries: [SettingName: Entry] = [:]
    for entry in try entriesOfFile(path) {
      let origin = SettingOrigin.file(path: path, line: entry.line)
      guard let name = SettingName(rawValue: entry.key) else {
        throw .unknownName(entry.key, origin: origin, nearest: nearest(entry.key)?.rawValue)
      }
      guard SettingsTable.row(name).reach == .everywhere else {
        throw .misplaced(name, origin: origin)
      }
      entries[name] = Entry(text: try text(entry, of: name, origin), origin: origin)
    }
    return entries
  }

  private static func entriesOfFile(
    _ path: String
  ) throws(SettingsFault) -> [ConfigurationEntry] {
    let text: String
    do {
      text = try TextFile.read(path)
    } catch {
      throw .fileUnreadable(path: path, reason: error.reason)
    }
    do {
      return try ConfigurationText.parse(text)
    } catch {
      throw .fileMalformed(path: path, line: error.line, reason: error.reason)
    }
  }

  /// Lists are for the settings that take several; there a list and commas mean the same.
  private static func text(
    _ entry: ConfigurationEntry, of name: SettingName, _ origin: SettingOrigin
  ) throws(SettingsFault) -> String {
    switch entry.value {
    case .text(let text): return text
    case .list(let texts):
      let kind = SettingsTable.row(name).kind
      guard kind.isList else {
        throw .wrongValue(
          name, origin: origin, expected: kind.expectation,
          got: "[\(texts.joined(separator: ", "))]")
      }
      return texts.joined(separator: ",")
    }
  }

  private static func nearest(_ key: String) -> SettingName? {
    NearestName.of(key, in: SettingName.allCases.map(\.rawValue)).flatMap {
      SettingName(rawValue: $0)
    }
  }

  /// A thread cannot run where the process may not.
  private func checkPolicies() throws(SettingsFault) {
    let allowed = Set(machine.coreNumbers)
    for policy in hostPolicies {
      let strange = policy.cores.filter { !allowed.contains($0) }
      guard let first = strange.first else { continue }
      throw .wrongValue(
        .hostPolicy, origin: origin(of: .hostPolicy),
        expected: "cores that this process may use, which are "
          + "\(CoreList.text(machine.coreNumbers)), for the policy \(policy.name)",
        got: "core \(first)")
    }
  }

  private func checkTLS() throws(SettingsFault) {
    if (tlsCertificate == nil) != (tlsKey == nil) {
      throw .contradiction(
        .tlsCertificate, .tlsKey, reason: "TLS needs both; give the other one, too")
    }
    if tlsClientAuthorities != nil, tlsCertificate == nil {
      throw .contradiction(
        .tlsClientCA, .tlsCertificate, reason: "clients show certificates within TLS only")
    }
  }

  private func checkTogether() throws(SettingsFault) {
    if instances * runtimeThreads > max(machine.cores, 1) {
      throw .contradiction(
        .instances, .runtimeThreads,
        reason: "\(instances) instances of \(runtimeThreads) threads are more than the "
          + "\(machine.cores) cores that Apus may use; lower one of them")
    }
    try checkTLS()
    try checkPolicies()
    guard let profiles = PortProfile.list(text(of: .compat)) else {
      throw .wrongValue(
        .compat, origin: origin(of: .compat), expected: PortProfile.expectation,
        got: text(of: .compat))
    }
    if grpcPort == 0, profiles.contains(where: \.isGRPC) {
      throw .contradiction(
        .grpcPort, .compat, reason: "gRPC is turned off, and its ports are asked for")
    }
    let ports: [(SettingName, Int)] =
      [(.httpPort, httpPort), (.grpcPort, grpcPort), (.metricsPort, metricsPort)]
      + profiles.map { (.compat, $0.port) }
    for (place, port) in ports.enumerated() where port.1 != 0 {
      guard let other = ports[..<place].first(where: { $0.1 == port.1 }) else { continue }
      let areFronts = (other.0, port.0) == (.httpPort, .grpcPort)
      if areFronts, isGRPCBesideHTTP { continue }
      throw .contradiction(
        other.0, port.0,
        reason: "both are port \(port.1)"
          + (areFronts ? ", which they share only with tls-certificate" : ""))
    }
    if let path = httpSocket, path == grpcSocket {
      throw .contradiction(.httpSocket, .grpcSocket, reason: "both are \(path)")
    }
  }
}
