import Inference
import Serving

/// What all event loops of the front share; immutable, or safe by itself.
struct FrontShared: Sendable {
  let settings: HTTPFrontSettings
  let door: InferenceServer
  let observer: any EventObserver
  let pages: any FrontPages
  let metrics: any FrontMetrics
  let workers: WorkerPool
  let openConnections: OpenConnections
  let collectedBytes: ByteBudget
  let visionTasks: VisionTasks
}
