import Inference
import Testing

@testable import Serving

@Suite struct RunSwitchTests {
  private let now = Instant(nanoseconds: 7)

  @Test func `stops the run that is meant and no later one`() {
    let runSwitch = RunSwitch()
    runSwitch.begin(1, at: now)
    runSwitch.stop(number: 1)
    #expect(runSwitch.flag.isRaised)
    runSwitch.end()
    runSwitch.begin(2, at: now)
    runSwitch.stop(number: 1)
    #expect(!runSwitch.flag.isRaised)
  }

  @Test func `a stop that comes between a run's order and its start is kept for it`() {
    let runSwitch = RunSwitch()
    runSwitch.begin(1, at: now)
    runSwitch.end()
    runSwitch.stop(number: 2)
    #expect(!runSwitch.flag.isRaised)
    runSwitch.begin(2, at: now)
    #expect(runSwitch.flag.isRaised)
    runSwitch.end()
    runSwitch.begin(3, at: now)
    #expect(!runSwitch.flag.isRaised)
  }

  @Test func `a stop for good outlasts every start`() {
    let runSwitch = RunSwitch()
    runSwitch.stopForGood()
    runSwitch.begin(1, at: now)
    #expect(runSwitch.flag.isRaised)
  }
}
