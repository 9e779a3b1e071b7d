import Settings
import Testing

@Suite struct ServeArgumentsTests {
  @Test func `models and flags may be mixed, in both spellings`() throws {
    let given = try ServeArguments.parse(["a.onnx", "--http-port", "9", "b.onnx", "--host=::1"])
    #expect(given.models == ["a.onnx", "b.onnx"])
    #expect(given.flags == ["http-port": "9", "host": "::1"])
  }

  @Test func `names of a flag that is given several times are all taken`() throws {
    let given = try ServeArguments.parse([
      "--load-model", "a", "--load-model=b,c", "--http-port", "1", "--http-port", "2",
    ])
    #expect(given.flags == ["load-model": "a,b,c", "http-port": "2"])
  }

  @Test func `after two dashes everything is a model`() throws {
    let given = try ServeArguments.parse(["--", "--odd.onnx"])
    #expect(given.models == ["--odd.onnx"])
  }

  @Test func `yes-or-no flags may stand alone and leave the model that follows`() throws {
    let given = try ServeArguments.parse(["--scaled-decoding", "a.onnx", "--print-config"])
    #expect(given.models == ["a.onnx"])
    #expect(given.flags == ["scaled-decoding": "true", "print-config": "text"])
  }

  @Test func `a flag without its value says what belongs there`() {
    #expect(throws: SettingsFault.self) { try ServeArguments.parse(["a.onnx", "--http-port"]) }
  }

  @Test func `an unknown flag is named with the nearest known one`() throws {
    let given = try ServeArguments.parse(["--htp-port", "9"])
    #expect {
      try ServeSettings.resolve(flags: given.flags, environment: [:], file: nil)
    } throws: { error in
      "\(error)".contains("--http-port")
    }
  }

  @Test func `help lists every setting`() {
    for row in SettingsTable.rows {
      #expect(SettingsTable.helpText().contains(row.name.flag))
    }
  }
}
