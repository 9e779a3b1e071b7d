import Inference
import Testing

@testable import FrontSupport

@Suite struct ManagementKeyTests {
  @Test func `without a key leaves management to this machine`() {
    let key = ManagementKey(nil)
    #expect(key.refusal(authorization: nil, isHere: true) == nil)
    #expect(
      key.refusal(authorization: "Bearer x", isHere: false) == .forbidden(.managementFromAfar))
  }

  @Test(arguments: [
    ("Bearer secret", true), ("bearer secret", true), ("Bearer secre", false),
    ("Bearer secret ", false), ("Basic secret", false), ("secret", false), ("Bearer ", false),
  ])
  func `with a key asks everybody for it`(_ authorization: String, _ isRight: Bool) {
    let refusal = ManagementKey("secret").refusal(authorization: authorization, isHere: true)
    #expect(refusal == (isRight ? nil : .unauthenticated))
  }

  @Test func `refuses who brings nothing`() {
    #expect(ManagementKey("secret").refusal(authorization: nil, isHere: true) == .unauthenticated)
  }
}
