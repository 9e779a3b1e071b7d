import Settings
import Testing

@Suite struct SettingsTableTests {
  @Test func `each setting has exactly one row and a purpose`() {
    #expect(
      SettingsTable.rows.map(\.name).sorted { $0.rawValue < $1.rawValue }
        == SettingName.allCases.sorted { $0.rawValue < $1.rawValue })
    for row in SettingsTable.rows { #expect(row.purpose.hasSuffix(".")) }
  }

  @Test func `flag and variable are made of the name`() {
    #expect(SettingName.httpPort.flag == "--http-port")
    #expect(SettingName.bodyBytesMax.variable == "APUS_BODY_BYTES_MAX")
    #expect(SettingName.grpcHTTP2MaxPingStrikes.variable == "APUS_GRPC_HTTP2_MAX_PING_STRIKES")
  }

  @Test func `the page has a line for each setting`() {
    let page = SettingsTable.markdown()
    for row in SettingsTable.rows { #expect(page.contains("| `\(row.name.flag)` |")) }
    #expect(!page.contains("`APUS_PRINT_CONFIG`"))
  }
}

@Suite struct QuantitiesTests {
  @Test(arguments: [
    ("64MiB", 64 << 20), ("64MB", 64_000_000), ("65536", 65_536), ("1 kB", 1_000),
    ("2gib", 2 << 30),
    ("0", 0), ("7B", 7),
  ])
  func `a size is read`(_ text: String, _ bytes: Int) {
    #expect(ByteSize.parse(text) == bytes)
  }

  @Test(arguments: ["", "MiB", "-1", "1.5MiB", "1 M i B", "9223372036854775807KiB", "1Mib/s"])
  func `what is no size is refused`(_ text: String) {
    #expect(ByteSize.parse(text) == nil)
  }

  @Test(arguments: [
    ("10s", Duration.seconds(10)), ("250ms", .milliseconds(250)), ("1m", .seconds(60)),
    ("2h", .seconds(7_200)), ("5us", .microseconds(5)), ("0", .zero),
  ])
  func `a time is read and written back`(_ text: String, _ duration: Duration) {
    #expect(TimeSpan.parse(text) == duration)
    #expect(TimeSpan.parse(TimeSpan.text(duration)) == duration)
  }

  @Test(arguments: ["", "10", "s", "-1s", "1d", "10S", "9223372036854775807h"])
  func `what is no time is refused`(_ text: String) {
    #expect(TimeSpan.parse(text) == nil)
  }

  @Test(arguments: [
    (64 << 20, "64MiB"), (1_000, "1000"), (0, "0"), (3 << 30, "3GiB"), (1_536, "1536"),
    (2_048, "2KiB"),
  ])
  func `a size is written in the largest unit that divides it`(_ bytes: Int, _ text: String) {
    #expect(ByteSize.text(bytes) == text)
  }
}

@Suite struct NearestNameTests {
  @Test func `a slip finds its name`() {
    let known = ["http-port", "grpc-port", "host", "drain"]
    #expect(NearestName.of("htpp-port", in: known) == "http-port")
    #expect(NearestName.of("gprc-port", in: known) == "grpc-port")
    #expect(NearestName.of("drian", in: known) == "drain")
  }

  @Test func `what resembles nothing finds nothing`() {
    #expect(NearestName.of("elephant", in: ["host", "drain"]) == nil)
    #expect(NearestName.of("x", in: []) == nil)
    #expect(NearestName.of("", in: ["host"]) == nil)
  }
}
