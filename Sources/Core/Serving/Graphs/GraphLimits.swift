/// Bounds of graphs.
package struct GraphLimits: Sendable, Equatable {
  /// Requests of one graph that may be under way at once; more wait in its queue.
  package var runsMax = 256
  /// Elements that a step may take a tensor apart into.
  package var elementsMax = 1_024
  /// Asks of one step that may be under way at once for one request, where the graph does not say.
  package var inFlightRequestsMax = 64
  /// Asks that one request of a graph may make, tries after failures included.
  package var asksMax = 4_096
  /// Graphs within graphs.
  package var depthMax = 8
  /// Work on inputs of up to so many bytes is done on the thread that has them.
  package var briefBytesMax = 64 << 10
  /// Calls of built-in steps that may wait for a worker.
  package var waitingWorkMax = 4_096

  package init() {}
}
