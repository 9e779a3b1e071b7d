import Inference
import Testing

@Suite struct DatatypeTests {
  @Test(arguments: Datatype.allCases)
  func `a datatype is found again by its name`(_ datatype: Datatype) {
    #expect(Datatype(name: datatype.name) == datatype)
  }

  @Test func `a name in the wrong case is not a datatype`() {
    #expect(Datatype(name: "fp32") == nil)
  }
}
