import Inference
import Testing
import WireFormats

@Suite struct RestrictedGroupsTests {
  @Test func `groups share a lock, several locks are told apart`() throws {
    // As the flag given twice comes, taken apart at its commas.
    let groups = try RestrictedGroups(
      pieces: ["health", "metadata:X-Key=a=b:c", "trace:other=1"], headerPrefix: "p-")
    let lock = try #require(groups.lock(of: .health))
    #expect(lock == groups.lock(of: .metadata) && lock.header == "p-x-key")
    #expect(lock.isOpened(by: "a=b:c"))
    #expect(groups.headers == ["p-x-key", "p-other"] && groups.lock(of: .inference) == nil)
    for wrong in [nil, "", "a=b:", "a=b:cc", "A=b:c"] as [String?] {
      #expect(!lock.isOpened(by: wrong))
    }
    #expect(RestrictedGroups.none.isEmpty && !groups.isEmpty)
  }

  @Test(arguments: [
    ["nothing:k=v"], ["health"], ["health:k"], ["health:=v"], ["health:k="],
    ["health:k=v", "trace"],
    ["health", "health:k=v"], ["health:k=v", "health:l=w"], [""],
  ])
  func `what makes no sense is refused`(_ pieces: [String]) {
    #expect(throws: RestrictedGroups.Problem.self) { try RestrictedGroups(pieces: pieces) }
  }
}

@Suite struct SettingChangesTests {
  func changes(_ text: String) throws -> [(name: String, value: RunningSetting.Value?)] {
    var text = text
    return try text.withUTF8 {
      try OpenInferenceDocuments.settingChanges(UnsafeRawBufferPointer($0))
    }
  }

  @Test func `every kind of value is read`() throws {
    let changes = try changes(#"{"a":true,"b":7,"c":"x","d":["y","z"],"e":null}"#)
    #expect(changes.map(\.name) == ["a", "b", "c", "d", "e"])
    #expect(
      changes.map(\.value) == [
        .boolean(true), .integer(7), .text("x"), .texts(["y", "z"]), nil,
      ])
    #expect(try self.changes("").isEmpty)
  }

  @Test(arguments: ["[]", "1", #"{"a":{}}"#, #"{"a":1.5}"#, #"{"a":[1]}"#, #"{"a""#])
  func `what is no setting is refused`(_ text: String) {
    #expect(throws: InputProblem.self) { try changes(text) }
  }
}
