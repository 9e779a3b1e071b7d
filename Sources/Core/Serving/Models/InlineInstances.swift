import Inference

/// One instance of a model for each event loop, made when the loop first runs the model itself.
final class InlineInstances: @unchecked Sendable {
  // Place `n` is touched on event loop `n` only, until `clear`, which comes after the last lease is
  // gone: no loop can reach this object then.
  private let places: UnsafeMutableBufferPointer<(any ModelInstance)?>
  private let model: any ComputingModel

  init(of model: any ComputingModel, loopCount: Int) {
    self.model = model
    places = .allocate(capacity: loopCount)
    places.initialize(repeating: nil)
  }

  deinit {
    places.deinitialize()
    places.deallocate()
  }

  func hasPlace(for loop: Int) -> Bool { loop < places.count }

  /// The instance of that loop; call on the loop.
  func instance(for loop: Int) throws(RuntimeFault) -> any ModelInstance {
    if let instance = places[loop] { return instance }
    let instance = try model.makeInstance(stop: StopFlag())
    places[loop] = instance
    return instance
  }

  func clear() {
    for place in places.indices { places[place] = nil }
  }
}
