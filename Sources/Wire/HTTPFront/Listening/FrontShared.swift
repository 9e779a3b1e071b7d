import FrontSupport
import Inference
import Serving

/// What all event loops of the front share; immutable, or safe by itself.
///
/// A class, as every request holds it: one reference and not a dozen.
final class FrontShared: Sendable {
  let settings: HTTPFrontSettings
  let door: InferenceServer
  let observer: any EventObserver
  let pages: any FrontPages
  let metrics: any FrontMetrics
  let repository: (any FrontRepository)?
  let extensions: FrontExtensions
  let workers: WorkerPool
  let openConnections: OpenConnections
  let collectedBytes: ByteBudget
  let visionTasks: VisionTasks

  init(
    settings: HTTPFrontSettings, door: InferenceServer, observer: any EventObserver,
    pages: any FrontPages, metrics: any FrontMetrics,
    repository: (any FrontRepository)?, workers: WorkerPool,
    extensions: FrontExtensions = FrontExtensions()
  ) {
    self.settings = settings
    self.door = door
    self.observer = observer
    self.pages = pages
    self.metrics = metrics
    self.repository = repository
    self.workers = workers
    self.extensions = extensions
    openConnections = OpenConnections(countMax: settings.limits.connectionCountMax)
    visionTasks = VisionTasks(options: settings.visionOptions)
    collectedBytes = ByteBudget(byteCountMax: settings.limits.collectedBytesMax)
  }
}
