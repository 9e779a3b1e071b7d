package import Inference

/// What the graphs of one server share: the way to their models, and the threads between these.
///
/// Made beside the server and shut down after it.
package final class GraphWorkshop: Sendable {
  package let limits: GraphLimits
  let entrance: Entrance
  let workers: GraphWorkers
  let make: BuiltInMaker

  /// - Parameters:
  ///   - workerCount: threads for built-in steps and for combining.
  ///   - make: makes built-in steps from their settings.
  package init(
    server: InferenceServer, workerCount: Int, limits: GraphLimits = GraphLimits(),
    make: @escaping BuiltInMaker
  ) {
    self.limits = limits
    self.make = make
    entrance = server.makeEntrance(isEventLoop: false)
    workers = GraphWorkers(count: workerCount, waitingMax: limits.waitingWorkMax)
  }

  /// What loads a graph of that name.
  ///
  /// - Parameter rowsMax: most rows of a request, 0 for a graph without a row axis; `nil` where the
  ///   graph's models are to say.
  package func loader(
    of description: GraphDescription, named name: String, rowsMax: Int?
  ) -> GraphLoader {
    GraphLoader(name: name, description: description, rowsMax: rowsMax, workshop: self)
  }

  /// Ends the threads; blocks until what they do is done.
  package func shutDown() { workers.stop() }
}
